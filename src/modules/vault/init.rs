//! `vault_init`: the master key, made once. Its answer is the only copy of the shares in the world,
//! so a file on the host says beforehand that it is being made: whoever finds that file beside an
//! initialised Vault knows that nobody has used it yet.

use std::time::Duration;

use age::x25519::Recipient;
use async_trait::async_trait;
use serde_json::{Map, json};

use super::{remote, shares};
use crate::connection::{Action, Attributes, Probe, Reader};
use crate::input::Json;
use crate::modules::remote::Remote;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Site};
use crate::service::ApiReader;
use crate::service::vault::{self, Others, Seal};

/// How long a Vault may take to serve once it is open.
const OPENS: Duration = Duration::from_secs(120);

/// The module.
pub struct Init {
    remote: Remote,
    shares: u64,
    threshold: u64,
    pending: Option<String>,
    recipients: Vec<Recipient>,
}

impl Init {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let (shares_made, threshold) = (given.count("shares"), given.count("threshold"));
        if threshold == 0 || threshold > shares_made || (threshold == 1 && shares_made > 1) {
            return Err(Failure::msg(format!(
                "{threshold} of {shares_made} shares cannot open Vault"
            ))
            .help("`threshold` is at least 2 (or 1 of 1) and not more than `shares`"));
        }
        Ok(Self {
            remote: remote(given, context)?,
            shares: shares_made,
            threshold,
            pending: given.path("pending")?,
            recipients: shares::recipients(given, shares_made)?,
        })
    }
}

impl Init {
    /// Who holds the shares, for people.
    fn held(&self) -> String {
        let lines = self.recipients.iter();
        lines
            .map(|one| format!("sealed to {one}\n"))
            .collect::<String>()
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
        ("type", json!(seal.kind)),
        ("leader_address", json!(seal.leader)),
        ("leads", json!(seal.leads)),
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
                    "{} shares, {} of them open it\n{}",
                    self.shares,
                    self.threshold,
                    self.held()
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
        let made = (self.shares, self.threshold);
        let keys = vault::initialise(&api, made, &seal).await?;
        if seal.opens_itself() {
            vault::serving(api.reader(), OPENS).await?;
        }
        let mut plain: Vec<&str> = Vec::new();
        let mut sealed = Vec::new();
        if self.recipients.is_empty() {
            plain = keys
                .shares
                .iter()
                .map(|one| one.expose().as_str())
                .collect();
        } else {
            sealed = shares::dealt(&keys.shares, &self.recipients)?;
            if !seal.opens_itself() {
                // The only time that this machine can: from here on operators hold them.
                vault::unseal(&api, (&keys.shares, Others::Dropped), OPENS).await?;
            }
        }
        result.insert("initialized".to_owned(), true.into());
        result.insert("keys_base64".to_owned(), json!(plain));
        result.insert("keys_sealed".to_owned(), json!(sealed));
        result.insert("root_token".to_owned(), json!(keys.root_token.expose()));
        Ok(Outcome {
            result,
            changed: Some(true),
        })
    }
}
