//! `kubernetes.core.k8s_cluster_info`: which Kubernetes answers. Of what Ansible's module gives
//! only `version` is here; the kinds that a cluster has are found by the modules themselves.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::reach::Reach;
use crate::connection::{Probe, Reader};
use crate::modules::{Context, Diff, Failure, Given, Module, Outcome, Site};

/// The module.
pub struct About {
    reach: Reach,
}

impl About {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Self {
        Self {
            reach: Reach::new(given, context),
        }
    }
}

#[async_trait]
impl Module for About {
    type Seen = Value;

    fn foresee(&self) -> Vec<Probe> {
        self.reach.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Value, Failure> {
        let reader = self.reach.open(at).await?;
        Ok(reader.raw("/version").await?)
    }

    fn diff(&self, server: &Value) -> Result<Diff, Failure> {
        let version = json!({ "server": { "kubernetes": server } });
        Ok(Diff {
            reason: Some("it only looks".to_owned()),
            result: Map::from_iter([("version".to_owned(), version)]),
            ..Diff::default()
        })
    }

    async fn apply(&self, _: &Site<'_>, _: Value, _: &Diff) -> Result<Outcome, Failure> {
        Ok(Outcome::default())
    }
}
