//! Which cluster a task means: its kubeconfig is a file of the task's host, as in Ansible.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cluster::{self, ClusterReader, Which};
use crate::connection::{Probe, Reader, Reply};
use crate::input::Clock;
use crate::modules::{Context, Failure, Given};

/// Where k3s leaves its kubeconfig: looked for last, so that a fresh server needs no argument.
const OF_K3S: &str = "/etc/rancher/k3s/k3s.yaml";

/// The way to a cluster.
pub struct Reach {
    kubeconfig: Option<String>,
    context: Option<String>,
    clock: Arc<dyn Clock>,
}

impl Reach {
    /// Reads the arguments and the task's environment.
    pub fn new(given: &Given, context: &Context<'_>) -> Self {
        let environment: &BTreeMap<String, String> = context.environment;
        let first = |names: &[&str]| {
            let mut found = names.iter().filter_map(|name| environment.get(*name));
            found.find(|value| !value.is_empty()).cloned()
        };
        Self {
            kubeconfig: given
                .some("kubeconfig")
                .or_else(|| first(&["K8S_AUTH_KUBECONFIG", "KUBECONFIG"])),
            context: given
                .some("context")
                .or_else(|| first(&["K8S_AUTH_CONTEXT"])),
            clock: context.clock.clone(),
        }
    }

    /// The questions that are known before anything is asked.
    pub fn questions(&self) -> Vec<Probe> {
        match &self.kubeconfig {
            Some(path) if path.starts_with('/') => vec![cluster::question(path)],
            _ => Vec::new(),
        }
    }

    /// Opens the cluster.
    pub async fn open(&self, at: &Reader<'_>) -> Result<ClusterReader, Failure> {
        let which = Which {
            paths: self.paths(at).await?,
            context: self.context.clone(),
        };
        Ok(cluster::open(at, &which, &self.clock).await?)
    }

    async fn paths(&self, at: &Reader<'_>) -> Result<Vec<String>, Failure> {
        let home_path = match &self.kubeconfig {
            Some(path) if path.starts_with('/') => return Ok(vec![path.clone()]),
            Some(path) => path
                .strip_prefix("~/")
                .map(ToOwned::to_owned)
                .ok_or_else(|| {
                    Failure::msg(format!("`kubeconfig` must be an absolute path: `{path}`"))
                        .help("name the file on the host with its whole path, or `~/…`")
                })?,
            None => ".kube/config".to_owned(),
        };
        let Reply::Facts(facts) = at.ask_one(Probe::Facts).await? else {
            return Err(Failure::msg(
                "the host did not say where its home directory is",
            ));
        };
        let home = facts
            .get("user_dir")
            .and_then(|home| home.as_str())
            .unwrap_or("/root");
        let mut paths = vec![format!("{}/{home_path}", home.trim_end_matches('/'))];
        if self.kubeconfig.is_none() {
            paths.push(OF_K3S.to_owned());
        }
        Ok(paths)
    }

    /// The time that waits go by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}
