//! `vault_unseal`: opens a sealed Vault with shares of its key, and waits until it serves.

use std::time::Duration;

use async_trait::async_trait;

use super::init::told;
use super::remote;
use super::shares::Shares;
use crate::connection::{Probe, Reader};
use crate::modules::remote::Remote;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Site};
use crate::service::vault::{self, Others, Seal};
use crate::service::{Api, ApiReader};

/// The module.
pub struct Unseal {
    remote: Remote,
    shares: Shares,
    /// One of several: it may not have joined the others yet.
    joins: bool,
    limit: Duration,
}

impl Unseal {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        Ok(Self {
            remote: remote(given, context)?,
            shares: Shares::new(given),
            joins: given.flag("joins"),
            limit: Duration::from_secs(given.count("wait_timeout")),
        })
    }
}

impl Unseal {
    /// Gives the shares that can be used.
    async fn open(&self, api: &Api, seal: &Seal) -> Result<(), Failure> {
        let shares = self.shares.open();
        let others = if self.shares.are_sealed() {
            Others::Count
        } else {
            Others::Dropped
        };
        if shares.is_empty() {
            return Err(Failure::msg(format!(
                "Vault at {} is sealed: it has {} of the {} shares that open it, and none can be used here",
                api.reader().url(),
                seal.progress,
                seal.threshold
            ))
            .help(self.shares.help()));
        }
        let opened = vault::unseal(api, (&shares, others), self.limit).await;
        opened.map(|_| ()).map_err(|why| {
            let failure = Failure::from(why);
            if self.shares.are_sealed() {
                failure.help(self.shares.help())
            } else {
                failure
            }
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
        if !seal.initialized && !self.joins {
            return Err(
                Failure::msg(format!("Vault at {} is not initialised", api.url()))
                    .help("`vault_init` makes its key"),
            );
        }
        let mut diff = Diff {
            result: told(seal),
            ..Diff::default()
        };
        if seal.sealed || !seal.initialized {
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
        (api, seal): Self::Seen,
        _: &Diff,
    ) -> Result<Outcome, Failure> {
        let api = api.writer(at.connection);
        let seal = if seal.initialized {
            seal
        } else {
            vault::joined(api.reader(), self.limit).await?
        };
        if seal.opens_itself() {
            vault::serving(api.reader(), self.limit).await?;
        } else {
            self.open(&api, &seal).await?;
        }
        let seal = vault::seal(api.reader()).await?;
        Ok(Outcome {
            result: told(&seal),
            changed: Some(true),
        })
    }
}
