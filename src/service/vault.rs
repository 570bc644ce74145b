//! Vault (or `OpenBao`; the API is the same): what is asked of it and what it says.
//!
//! Paths and fields are those of Vault's HTTP API, version 1; seen on real servers, see
//! `docs/components.md`.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use super::{Api, ApiReader, Credential, ServiceError};
use crate::secret::Secret;

/// The header that carries a token.
const TOKEN: &str = "x-vault-token";
/// How often a Vault that was just unsealed is asked whether it serves.
const PACE: Duration = Duration::from_millis(250);

/// Whether a Vault is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seal {
    /// It has a master key.
    pub initialized: bool,
    /// It does not have it in memory.
    pub sealed: bool,
    /// Shares that together open it.
    pub threshold: u64,
    /// Shares that there are.
    pub shares: u64,
    /// Shares that it has been given so far.
    pub progress: u64,
    /// Its version.
    pub version: String,
}

/// What a Vault gives once, when it is initialised.
pub struct Keys {
    /// The shares of the master key, base64.
    pub shares: Vec<Secret<String>>,
    /// The token that may do everything.
    pub root_token: Secret<String>,
}

/// A token as a credential.
pub const fn token(token: Secret<String>) -> Credential {
    Credential::new(TOKEN, token)
}

/// Whether it is open; answers without a token.
///
/// # Errors
/// It does not answer.
pub async fn seal(api: &ApiReader) -> Result<Seal, ServiceError> {
    let status = api.look("/v1/sys/seal-status").await?;
    if !(200..300).contains(&status.code) || !status.body["sealed"].is_boolean() {
        return Err(api.refused("GET", "/v1/sys/seal-status", &status));
    }
    let number = |key: &str| status.body[key].as_u64().unwrap_or_default();
    Ok(Seal {
        initialized: status.body["initialized"] == true,
        sealed: status.body["sealed"] == true,
        threshold: number("t"),
        shares: number("n"),
        progress: number("progress"),
        version: status.body["version"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    })
}

/// Makes the master key. The answer is the only copy of it in the world.
///
/// # Errors
/// It refuses, or it does not answer: then nobody knows whether it was done.
pub async fn initialise(api: &Api, shares: u64, threshold: u64) -> Result<Keys, ServiceError> {
    let body = json!({ "secret_shares": shares, "secret_threshold": threshold });
    let answer = api.change(Method::PUT, "/v1/sys/init", Some(&body)).await?;
    let text = |value: &Value| value.as_str().map(|text| Secret::new(text.to_owned()));
    let made = answer["keys_base64"].as_array().into_iter().flatten();
    let made: Vec<_> = made.filter_map(text).collect();
    match text(&answer["root_token"]) {
        Some(root_token) if made.len() as u64 == shares => Ok(Keys {
            shares: made,
            root_token,
        }),
        _ => Err(ServiceError::Protocol(
            "Vault was initialised and did not say its keys".to_owned(),
        )),
    }
}

/// Opens it with these shares, and waits until it serves.
///
/// # Errors
/// A share is refused, they are too few, or it does not serve within the limit.
pub async fn unseal(
    api: &Api,
    shares: &[Secret<String>],
    limit: Duration,
) -> Result<Seal, ServiceError> {
    let reader = api.reader();
    let before = seal(reader).await?;
    if before.progress > 0 {
        // Shares of somebody who did not finish: with ours they may not make a key.
        let again = json!({ "reset": true });
        api.change(Method::PUT, "/v1/sys/unseal", Some(&again))
            .await?;
    }
    let mut sealed = before.sealed;
    for share in shares {
        if !sealed {
            break;
        }
        let body = json!({ "key": share.expose() });
        let after = api
            .change(Method::PUT, "/v1/sys/unseal", Some(&body))
            .await?;
        sealed = after["sealed"] != false;
    }
    if sealed {
        return Err(ServiceError::Protocol(format!(
            "Vault at {} is still sealed: it takes {} shares, and {} were given",
            reader.url(),
            before.threshold,
            shares.len()
        )));
    }
    serving(reader, limit).await?;
    seal(reader).await
}

/// Whether a Vault that stands by knows one that leads: else it answers 500 to everything, as the
/// only one of a cluster does for a moment before it leads (seen with `OpenBao` 2.4).
async fn is_led(api: &ApiReader) -> Result<bool, ServiceError> {
    let leader = api.look("/v1/sys/leader").await?.body;
    let known = |field: &str| leader[field].as_str().is_some_and(|text| !text.is_empty());
    Ok(known("leader_address") && known("leader_cluster_address"))
}

/// Waits until an open Vault serves: with integrated storage it first becomes the leader.
///
/// # Errors
/// It does not within the limit; with its last status.
pub async fn serving(api: &ApiReader, limit: Duration) -> Result<(), ServiceError> {
    let until = api.clock().elapsed() + limit;
    loop {
        let answer = api.look("/v1/sys/health").await?;
        if matches!(answer.code, 200 | 472 | 473) || answer.code == 429 && is_led(api).await? {
            return Ok(());
        }
        if api.clock().elapsed() >= until {
            let state = match answer.code {
                501 => "it is not initialised",
                429 => "no Vault of its cluster leads",
                503 => "it is sealed",
                530 => "it was removed from its cluster",
                _ => "it does not say why",
            };
            return Err(ServiceError::Unreachable {
                what: format!(
                    "Vault at {} does not serve after {} s: status {}, {state}",
                    api.url(),
                    limit.as_secs(),
                    answer.code
                ),
                help: "look at its journal on its host: `journalctl -u vault`".to_owned(),
            });
        }
        api.clock().sleep(PACE).await;
    }
}
