//! The host protocol: look with typed probes, act with typed actions, and `dial` byte streams.
//!
//! A [`Connection`] is one host seen by one run. `ssh` and `local` speak POSIX sh over a framed
//! channel (no Python, no agent, nothing left behind); the rehearsal answers the same probes and
//! actions from a model. Modules see a [`Reader`] while they look, which cannot change anything
//! by type, and a [`Connection`] only when they act.

mod action;
mod answers;
mod connector;
mod dialler;
mod error;
mod footprint;
mod forward;
pub mod local;
pub mod posix;
mod probe;
mod reader;
pub mod ssh;
pub mod tls;

pub use action::{Action, Attributes, Done, Exec, Executed, PackageAction, UnitAction};
pub use answers::{Answers, Expected};
pub use connector::{Ask, HostConnector, World};
pub use dialler::{Dialler, Kept};
pub use error::ConnectionError;
pub use forward::{Forward, forward, forward_through};
pub use posix::{NO_DOWNLOADER, Traffic};
pub use probe::{
    Account, Entry, EntryKind, FileStat, Footprint, Listing, PackageState, Probe, Reply, Touch,
    UnitState,
};
pub use reader::{Reader, ways};

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::secret::Secret;

/// A byte stream as seen from a host: a TCP connection it opened, or a model's end of one.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// On whose behalf something is done on the host.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The user to become; `None` is the login user.
    pub user: Option<String>,
    /// The password that becoming asks for (`ansible_become_password`).
    pub password: Option<Secret<String>>,
}

/// How long one request may take before its process group is killed and it counts as timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(pub Duration);

impl Default for Deadline {
    /// Ten minutes: longer than an apt run on a slow mirror, shorter than a night.
    fn default() -> Self {
        Self(Duration::from_mins(10))
    }
}

/// One host, as one run sees it. Cheap to share; requests of different tasks run side by side.
#[async_trait]
pub trait Connection: Send + Sync {
    /// The host's inventory name, for messages.
    fn host(&self) -> &str;

    /// Looks. All probes go out in one batch (one round trip) and are answered in order. A thing
    /// that is not there is an answer, not an error.
    async fn probe(&self, who: &Identity, probes: &[Probe]) -> Result<Vec<Reply>, ConnectionError>;

    /// Changes one thing. A command that ran and answered non-zero is an `Ok` with its exit code;
    /// an action that could not be done is [`ConnectionError::Refused`] with the host's words.
    async fn act(
        &self,
        who: &Identity,
        action: Action,
        deadline: Deadline,
    ) -> Result<Done, ConnectionError>;

    /// Changes one thing and then looks, in one round trip where that is possible. Whoever asks
    /// must do without the answers: there are none if looking failed, or where it costs extra.
    async fn act_and_look(
        &self,
        who: &Identity,
        (action, deadline): (Action, Deadline),
        probes: &[Probe],
    ) -> Result<(Done, Vec<Option<Reply>>), ConnectionError> {
        let done = self.act(who, action, deadline).await?;
        if probes.is_empty() {
            return Ok((done, Vec::new()));
        }
        let replies = self.probe(who, probes).await.unwrap_or_default();
        Ok((done, replies.into_iter().map(Some).collect()))
    }

    /// What crossed the wire so far; nothing where there is no wire.
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    /// A byte stream to `host:port` as seen from this host.
    async fn dial(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, ConnectionError>;

    /// Ends the connection; later requests answer [`ConnectionError::Unreachable`].
    async fn close(&self);
}

/// Opens connections: the one thing that differs between a run and its rehearsal.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Connects to a host of the inventory. `vars` are its rendered connection variables
    /// (`ansible_host`, `ansible_port`, `ansible_user`, …).
    async fn connect(
        &self,
        host: &str,
        vars: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Arc<dyn Connection>, ConnectionError>;
}
