//! `vault_init`: the master key, made once. Its answer is the only copy of the shares in the world,
//! so a file on the host says beforehand that it is being made: whoever finds that file beside an
//! initialised Vault knows that nobody has used it yet.

use async_trait::async_trait;
use serde_json::{Map, json};

use super::remote;
use crate::connection::{Action, Attributes, Probe, Reader};
use crate::input::Json;
use crate::modules::remote::Remote;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Site};
use crate::service::ApiReader;
use crate::service::vault::{self, Seal};

/// The module.
pub struct Init {
    remote: Remote,
    shares: u64,
    threshold: u64,
    pending: Option<String>,
}

impl Init {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let (shares, threshold) = (given.count("shares"), given.count("threshold"));
        if threshold == 0 || threshold > shares || (threshold == 1 && shares > 1) {
            return Err(
                Failure::msg(format!("{threshold} of {shares} shares cannot open Vault"))
                    .help("`threshold` is at least 2 (or 1 of 1) and not more than `shares`"),
            );
        }
        Ok(Self {
            remote: remote(given, context)?,
            shares,
            threshold,
            pending: given.path("pending")?,
        })
    }
}

/// What a Vault says of itself, as result fields.
pub(super) fn told(seal: &Seal) -> Map<String, Json> {
    let fields = [
        ("initialized", json!(seal.initialized)),
        ("sealed", json!(seal.sealed)),
        ("t", json!(seal.threshold)),
        ("n", json!(seal.shares)),
        ("progress", json!(seal.progress)),
        ("version", json!(seal.version)),
    ];
    fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

#[async_trait]
impl Module for Init {
    type Seen = (ApiReader, Seal);

    fn foresee(&self) -> Vec<Probe> {
        self.remote.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Self::Seen, Failure> {
        let api = self.remote.open(at).await?;
        let seal = vault::seal(&api).await?;
        Ok((api, seal))
    }

    fn diff(&self, (api, seal): &Self::Seen) -> Result<Diff, Failure> {
        let mut diff = Diff {
            result: told(seal),
            ..Diff::default()
        };
        if seal.initialized {
            diff.reason = Some("it is initialised".to_owned());
        } else {
            diff.changes.push(Change::new(
                format!("master key of {}", api.url()),
                String::new(),
                format!(
                    "{} shares, {} of them open it\n",
                    self.shares, self.threshold
                ),
            ));
        }
        Ok(diff)
    }

    async fn apply(
        &self,
        at: &Site<'_>,
        (api, seal): Self::Seen,
        _: &Diff,
    ) -> Result<Outcome, Failure> {
        let mut result = told(&seal);
        if let Some(path) = &self.pending {
            at.act(Action::WriteFile {
                path: path.clone(),
                content: b"Vault is being initialised: nobody has its keys yet\n"
                    .to_vec()
                    .into(),
                attributes: Attributes {
                    mode: Some(0o600),
                    ..Attributes::default()
                },
                validate: None,
                backup: None,
            })
            .await?;
        }
        let api = api.writer(at.connection);
        let keys = vault::initialise(&api, self.shares, self.threshold).await?;
        let shares: Vec<&str> = keys
            .shares
            .iter()
            .map(|one| one.expose().as_str())
            .collect();
        result.insert("initialized".to_owned(), true.into());
        result.insert("keys_base64".to_owned(), json!(shares));
        result.insert("root_token".to_owned(), json!(keys.root_token.expose()));
        Ok(Outcome {
            result,
            changed: Some(true),
        })
    }
}
