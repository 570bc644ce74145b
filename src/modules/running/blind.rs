//! Modules that cannot look first: check mode skips them, as Ansible does.

use async_trait::async_trait;

use crate::connection::Reader;
use crate::modules::{Diff, Failure, Module, Outcome, Site};

/// What such a module does. It says itself whether something changed.
#[async_trait]
pub trait Blind: Send + Sync {
    /// Does it.
    async fn go(&self, at: &Site<'_>) -> Result<Outcome, Failure>;
}

/// A blind module in the shape of all modules.
pub struct Unseen<B>(pub B);

#[async_trait]
impl<B: Blind> Module for Unseen<B> {
    type Seen = ();

    async fn observe(&self, _: &Reader<'_>) -> Result<(), Failure> {
        Ok(())
    }

    fn diff(&self, (): &()) -> Result<Diff, Failure> {
        Ok(Diff {
            blind: true,
            reason: Some("this module does not support check mode".to_owned()),
            ..Diff::default()
        })
    }

    async fn apply(&self, at: &Site<'_>, (): (), _: &Diff) -> Result<Outcome, Failure> {
        self.0.go(at).await
    }
}
