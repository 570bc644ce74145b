//! Vault (or `OpenBao`; the API is the same): what is asked of it and what it says.
//!
//! Paths and fields are those of Vault's HTTP API, version 1; seen on real servers, see
//! `docs/components.md`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
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
    /// What opens it: `shamir` (shares), `transit`, ….
    pub kind: String,
    /// Address of the one of its cluster that leads, as far as an open one knows.
    pub leader: String,
    /// Whether that is itself.
    pub leads: bool,
}

impl Seal {
    /// Whether it opens by itself; what it gave are then shares of a key for recovery.
    pub fn opens_itself(&self) -> bool {
        !matches!(self.kind.as_str(), "" | "shamir")
    }
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
    let open = status.body["initialized"] == true && status.body["sealed"] == false;
    let leader = if open {
        api.look("/v1/sys/leader").await?.body
    } else {
        Value::Null
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Seal {
        leader: text(&leader["leader_address"]),
        leads: leader["is_self"] == true,
        initialized: status.body["initialized"] == true,
        sealed: status.body["sealed"] == true,
        threshold: number("t"),
        shares: number("n"),
        progress: number("progress"),
        kind: text(&status.body["type"]),
        version: text(&status.body["version"]),
    })
}

/// Makes the master key. The answer is the only copy of it in the world.
///
/// # Errors
/// It refuses, or it does not answer: then nobody knows whether it was done.
pub async fn initialise(
    api: &Api,
    (shares, threshold): (u64, u64),
    before: &Seal,
) -> Result<Keys, ServiceError> {
    let (kind, field) = if before.opens_itself() {
        ("recovery", "recovery_keys_base64")
    } else {
        ("secret", "keys_base64")
    };
    let mut body = serde_json::Map::new();
    body.insert(format!("{kind}_shares"), shares.into());
    body.insert(format!("{kind}_threshold"), threshold.into());
    let answer = api
        .change(Method::PUT, "/v1/sys/init", Some(&Value::Object(body)))
        .await?;
    let text = |value: &Value| value.as_str().map(|text| Secret::new(text.to_owned()));
    let made = answer[field].as_array().into_iter().flatten();
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

/// What becomes of shares that others gave before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They are dropped: all that it takes are given now.
    Dropped,
    /// They count: operators give theirs one after the other.
    Count,
}

/// Opens it with these shares, and waits until it serves.
///
/// # Errors
/// A share is refused, they are too few, or it does not serve within the limit.
pub async fn unseal(
    api: &Api,
    (shares, others): (&[Secret<String>], Others),
    limit: Duration,
) -> Result<Seal, ServiceError> {
    let reader = api.reader();
    let before = seal(reader).await?;
    if before.progress > 0 && others == Others::Dropped {
        // Shares of somebody who did not finish: with ours they may not make a key.
        let again = json!({ "reset": true });
        api.change(Method::PUT, "/v1/sys/unseal", Some(&again))
            .await?;
    }
    let mut missing = before.threshold;
    if others == Others::Count {
        missing = missing.saturating_sub(before.progress);
    }
    let mut sealed = before.sealed;
    for share in shares {
        if !sealed || missing == 0 {
            break;
        }
        let body = json!({ "key": share.expose() });
        let after = api
            .change(Method::PUT, "/v1/sys/unseal", Some(&body))
            .await?;
        sealed = after["sealed"] != false;
        // One that joins a cluster has all it takes, and opens when it has joined.
        missing = match after["progress"].as_u64() {
            Some(given) if sealed && given > 0 => before.threshold.saturating_sub(given),
            _ => missing.saturating_sub(1),
        };
    }
    if sealed && missing > 0 {
        return Err(ServiceError::Protocol(format!(
            "Vault at {} is still sealed: it takes {} shares, and {} were given",
            reader.url(),
            before.threshold,
            before.threshold - missing
        )));
    }
    serving(reader, limit).await?;
    seal(reader).await
}

/// Waits until a Vault without data has found the cluster that it is to join; its seal then.
///
/// # Errors
/// It does not within the limit.
pub async fn joined(api: &ApiReader, limit: Duration) -> Result<Seal, ServiceError> {
    let until = api.clock().elapsed() + limit;
    loop {
        let now = seal(api).await?;
        if now.initialized {
            return Ok(now);
        }
        if api.clock().elapsed() >= until {
            return Err(ServiceError::Unreachable {
                what: format!(
                    "Vault at {} has found no cluster to join after {} s",
                    api.url(),
                    limit.as_secs()
                ),
                help: "look whether the other hosts of group `vault` can be reached from it, and at `journalctl -u vault`".to_owned(),
            });
        }
        api.clock().sleep(PACE).await;
    }
}

/// Whether the token that the API asks with is one.
///
/// # Errors
/// It does not answer, or not to that.
pub async fn is_token(api: &ApiReader) -> Result<bool, ServiceError> {
    let path = "/v1/auth/token/lookup-self";
    let answer = api.look(path).await?;
    match answer.code {
        200..=299 => Ok(true),
        403 => Ok(false),
        _ => Err(api.refused("GET", path, &answer)),
    }
}

/// Makes a root token of shares of the key.
///
/// # Errors
/// A share is refused, or they are too few; no attempt is left behind then.
pub async fn make_root(
    api: &Api,
    shares: &[Secret<String>],
) -> Result<Secret<String>, ServiceError> {
    let path = "/v1/sys/generate-root/attempt";
    let started = api.reader().look(path).await?.body["started"] == true;
    if started {
        // Of somebody who did not finish: its pad is known to nobody else.
        api.change(Method::DELETE, path, None).await?;
    }
    let attempt = api.change(Method::PUT, path, Some(&json!({}))).await?;
    let made = give_all(api, shares, &attempt).await;
    if made.is_err() {
        // The first failure is the one to tell.
        let _ = api.change(Method::DELETE, path, None).await;
    }
    made
}

async fn give_all(
    api: &Api,
    shares: &[Secret<String>],
    attempt: &Value,
) -> Result<Secret<String>, ServiceError> {
    let pad = attempt["otp"].as_str().unwrap_or_default();
    for share in shares {
        let body = json!({ "key": share.expose(), "nonce": attempt["nonce"] });
        let after = api
            .change(Method::PUT, "/v1/sys/generate-root/update", Some(&body))
            .await?;
        if after["complete"] != true {
            continue;
        }
        let mixed = after["encoded_token"].as_str().unwrap_or_default();
        let mixed = STANDARD_NO_PAD.decode(mixed.trim_end_matches('='));
        let token = mixed.ok().filter(|mixed| mixed.len() == pad.len());
        let token = token.map(|mixed| mixed.iter().zip(pad.bytes()).map(|(a, b)| a ^ b).collect());
        let token = token.and_then(|bytes: Vec<u8>| String::from_utf8(bytes).ok());
        return token.map(Secret::new).ok_or_else(|| {
            ServiceError::Protocol("Vault made a root token that cannot be read".to_owned())
        });
    }
    Err(ServiceError::Protocol(format!(
        "Vault makes no root token: it takes {} shares, and {} were given",
        attempt["required"],
        shares.len()
    )))
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
