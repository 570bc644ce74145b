//! Finding and opening a cluster from a host: its kubeconfig by probe, its API by dial, both once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use super::ClusterError;
use super::client::ClusterReader;
use super::kubeconfig::Kubeconfig;
use crate::connection::{Probe, Reader, Reply};
use crate::input::Clock;
use crate::secret::Secret;

/// The largest kubeconfig that is read, in bytes.
const LIMIT: u64 = 4 << 20;

/// The clusters that tasks on a host reach, kept beside what was seen of it.
#[derive(Default)]
pub struct Clusters(Mutex<HashMap<Key, ClusterReader>>);

/// Digest of everything that was read, and the context.
type Key = ([u8; 32], Option<String>);

/// Which cluster is meant: the kubeconfig on the host and the context in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Paths of the kubeconfig, the first that is there counts; all as seen on the host.
    pub paths: Vec<String>,
    /// Its context; `None` is the current one.
    pub context: Option<String>,
}

/// The question for a file.
pub fn question(path: &str) -> Probe {
    Probe::Read {
        path: path.to_owned(),
        limit: LIMIT,
    }
}

/// Opens the cluster that a kubeconfig on the host leads to; tasks of a run share it.
///
/// # Errors
/// There is no such kubeconfig, or it cannot be used.
pub async fn open(
    at: &Reader<'_>,
    which: &Which,
    clock: &Arc<dyn Clock>,
) -> Result<ClusterReader, ClusterError> {
    let (path, text) = kubeconfig(at, which).await?;
    let config = Kubeconfig::read(&path, &text, which.context.as_deref())?;
    let files = read(at, &config.files()).await?;
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    digest.update(text.expose().as_bytes());
    for bytes in files.values() {
        digest.update(bytes);
    }
    let mut key: Key = ([0; 32], which.context.clone());
    key.0.copy_from_slice(digest.finish().as_ref());
    let clusters = at.kept().get::<Clusters>();
    if let Some(known) = clusters
        .0
        .lock()
        .ok()
        .and_then(|all| all.get(&key).cloned())
    {
        return Ok(known);
    }
    let reader = ClusterReader::new(at.dialler(), config.access(&files)?, clock.clone());
    if let Ok(mut all) = clusters.0.lock() {
        return Ok(all.entry(key).or_insert(reader).clone());
    }
    Ok(reader)
}

/// The first kubeconfig that is there.
async fn kubeconfig(
    at: &Reader<'_>,
    which: &Which,
) -> Result<(String, Secret<String>), ClusterError> {
    let probes: Vec<Probe> = which.paths.iter().map(|path| question(path)).collect();
    let replies = at.ask(&probes).await.map_err(ClusterError::Host)?;
    let mut refused = None;
    for (path, reply) in which.paths.iter().zip(replies) {
        match reply {
            Reply::Content(Some(bytes)) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                return Ok((path.clone(), Secret::new(text)));
            }
            Reply::Refused(why) => refused = refused.or(Some((path, why))),
            _ => {}
        }
    }
    let host = at.host();
    Err(match refused {
        Some((path, why)) => ClusterError::Kubeconfig {
            what: format!("the kubeconfig `{path}` on `{host}` cannot be read: {why}"),
            help: "use `become: true`, or name one that the user may read with `kubeconfig`".to_owned(),
        },
        None => ClusterError::Kubeconfig {
            what: format!("`{host}` has no kubeconfig: looked for {}", which.paths.join(", ")),
            help: "name it with `kubeconfig` (k3s has /etc/rancher/k3s/k3s.yaml), a path on the host that the task runs on".to_owned(),
        },
    })
}

async fn read(
    at: &Reader<'_>,
    paths: &[String],
) -> Result<BTreeMap<String, Vec<u8>>, ClusterError> {
    if paths.is_empty() {
        return Ok(BTreeMap::new());
    }
    let probes: Vec<Probe> = paths.iter().map(|path| question(path)).collect();
    let replies = at.ask(&probes).await.map_err(ClusterError::Host)?;
    let found = paths
        .iter()
        .zip(replies)
        .filter_map(|(path, reply)| match reply {
            Reply::Content(Some(bytes)) => Some((path.clone(), bytes)),
            _ => None,
        });
    Ok(found.collect())
}
