//! `vault_unseal`: opens a sealed Vault with shares of its key, and waits until it serves.

use std::time::Duration;

use async_trait::async_trait;

use super::init::told;
use super::remote;
use crate::connection::{Probe, Reader};
use crate::modules::remote::Remote;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Site};
use crate::secret::Secret;
use crate::service::ApiReader;
use crate::service::vault::{self, Seal};

/// The module.
pub struct Unseal {
    remote: Remote,
    keys: Vec<Secret<String>>,
    limit: Duration,
}

impl Unseal {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        Ok(Self {
            remote: remote(given, context)?,
            keys: given.list("keys").into_iter().map(Secret::new).collect(),
            limit: Duration::from_secs(given.count("wait_timeout")),
        })
    }
}

#[async_trait]
impl Module for Unseal {
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
        if !seal.initialized {
            return Err(
                Failure::msg(format!("Vault at {} is not initialised", api.url()))
                    .help("`vault_init` makes its key"),
            );
        }
        let mut diff = Diff {
            result: told(seal),
            ..Diff::default()
        };
        if seal.sealed {
            let subject = format!("seal of {}", api.url());
            diff.changes.push(Change::new(
                subject,
                "sealed\n".to_owned(),
                "open\n".to_owned(),
            ));
        } else {
            diff.reason = Some("it is open".to_owned());
        }
        Ok(diff)
    }

    async fn apply(
        &self,
        at: &Site<'_>,
        (api, _): Self::Seen,
        _: &Diff,
    ) -> Result<Outcome, Failure> {
        let api = api.writer(at.connection);
        let seal = vault::unseal(&api, &self.keys, self.limit).await?;
        Ok(Outcome {
            result: told(&seal),
            changed: Some(true),
        })
    }
}
