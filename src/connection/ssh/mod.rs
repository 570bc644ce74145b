//! Hosts over SSH, by russh: sessions, trust in host keys, logins, jump hosts, streams.

mod args;
mod auth;
mod config;
mod dial;
mod known_hosts;
mod program;
mod session;
mod settings;
mod trust;
mod way;
mod wire;

pub use known_hosts::{KnownHosts, Place, Verdict};
pub use session::Sessions;
pub use settings::text;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::ConnectionError;
use super::connector::World;
use super::posix::{Method, PosixHost};
use settings::Settings;
use wire::SshWire;

/// Connects to a host of the inventory.
pub async fn open(
    world: &World,
    sessions: &Arc<Sessions>,
    (name, vars): (&str, &Map<String, Value>),
    method: Method,
) -> Result<Arc<PosixHost>, ConnectionError> {
    let settings = Settings::of_host(world, name, vars)?;
    let wire = SshWire::open(world, sessions, settings).await?;
    Ok(Arc::new(PosixHost::new(name, Arc::new(wire), method)))
}
