//! Opens the connections of a real run: SSH, or this machine, as `ansible_connection` says.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::posix::Method;
use super::ssh::{self, Sessions};
use super::{Connection, ConnectionError, Connector, local};
use crate::input::{Clock, Files};
use crate::secret::Secret;

/// Asks the person at the terminal; without a terminal there is no answer.
pub trait Ask: Send + Sync {
    /// A secret, such as the passphrase of a key; `None` if nobody can be asked.
    fn secret(&self, question: &str) -> Option<Secret<String>>;
}

/// What connecting needs from the machine that runs this program.
#[derive(Clone)]
pub struct World {
    /// Key files, `ssh_config`, `known_hosts`.
    pub files: Arc<dyn Files>,
    /// For the validity of host certificates.
    pub clock: Arc<dyn Clock>,
    /// Passphrases.
    pub ask: Arc<dyn Ask>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// The name of the user who runs this program.
    pub user: String,
    /// `SSH_AUTH_SOCK`.
    pub agent: Option<PathBuf>,
    /// The SSH configuration; `None` is `~/.ssh/config`.
    pub config: Option<PathBuf>,
}

/// The connector of a real run.
pub struct HostConnector {
    world: World,
    sessions: Arc<Sessions>,
}

impl HostConnector {
    /// In this world.
    pub fn new(world: World) -> Self {
        Self {
            world,
            sessions: Arc::default(),
        }
    }

    /// As [`Connector::connect`], with the host's own type (its traffic can be read).
    pub async fn open(
        &self,
        host: &str,
        vars: &Map<String, Value>,
    ) -> Result<Arc<super::posix::PosixHost>, ConnectionError> {
        let method = ssh::text(vars, &["ansible_become_method"]);
        let method = method.map_or(Ok(Method::default()), |m| Method::named(&m))?;
        let unnamed = || {
            let here = ["localhost", "127.0.0.1", "::1"].contains(&host);
            let local = here && !vars.contains_key("ansible_host");
            if local { "local" } else { "ssh" }.to_owned()
        };
        let kind = ssh::text(vars, &["ansible_connection"]).unwrap_or_else(unnamed);
        match kind.rsplit('.').next().unwrap_or(&kind) {
            "local" => Ok(local::open(host, &self.world.user, method)),
            "ssh" | "smart" | "paramiko" | "paramiko_ssh" => {
                ssh::open(&self.world, &self.sessions, (host, vars), method).await
            }
            "rehearsal" => Err(ConnectionError::Untrusted {
                what: format!("`{host}` is a simulated host, and this run is on real ones"),
                help: "simulate the whole run with `--rehearse`".to_owned(),
            }),
            other => Err(ConnectionError::Untrusted {
                what: format!("connection `{other}` of host `{host}` is not supported"),
                help: "set `ansible_connection` to ssh, local or rehearsal".to_owned(),
            }),
        }
    }
}

#[async_trait]
impl Connector for HostConnector {
    async fn connect(
        &self,
        host: &str,
        vars: &Map<String, Value>,
    ) -> Result<Arc<dyn Connection>, ConnectionError> {
        Ok(self.open(host, vars).await?)
    }
}
