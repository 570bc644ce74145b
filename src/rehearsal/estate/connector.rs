//! Connecting: a host that is not on the estate yet is made bare.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::{Estate, ModelConnection};
use crate::connection::{Connection, ConnectionError, Connector};
use crate::input::Clock;
use crate::rehearsal::host::{Host, Profile};
use crate::rehearsal::tree::Time;

/// How long ssh takes until the first request can be sent.
const LOGIN: Duration = Duration::from_millis(400);

/// Opens connections to simulated hosts.
#[derive(Clone)]
pub struct EstateConnector(Estate);

impl EstateConnector {
    /// Connects to hosts of this estate.
    pub const fn new(estate: Estate) -> Self {
        Self(estate)
    }
}

impl Estate {
    /// A connector to this estate.
    pub fn connector(&self) -> EstateConnector {
        EstateConnector::new(self.clone())
    }

    /// Puts a bare host on the estate, unless it is there.
    ///
    /// # Errors
    /// Connection variables that the model cannot follow, in one line.
    pub fn ensure_host(&self, name: &str, vars: &Map<String, Value>) -> Result<(), String> {
        let now = Time::from(self.clock.since_epoch());
        let mut world = self.world();
        if world.hosts.contains_key(name) {
            return Ok(());
        }
        let mut profile = Profile::from_vars(vars, world.hosts.len())?;
        if is_controller(name, vars) {
            // Whoever runs the program owns its folders there; `ansible_user` is for other hosts.
            "root".clone_into(&mut profile.login);
        }
        let made = Host::bare(name, profile, &world.base, now);
        let mut host = made.map_err(|error| format!("`{name}` cannot be made: {error}"))?;
        let password = [
            "ansible_become_password",
            "ansible_become_pass",
            "ansible_sudo_pass",
        ]
        .into_iter()
        .find_map(|key| vars.get(key).and_then(Value::as_str));
        if let Some(password) = password {
            host.require_password(password, now)
                .map_err(|error| format!("`{name}` cannot be made: {error}"))?;
        }
        world.hosts.insert(name.to_owned(), host);
        Ok(())
    }
}

/// Whether a host is the machine that the program runs on.
fn is_controller(name: &str, vars: &Map<String, Value>) -> bool {
    match vars.get("ansible_connection").and_then(Value::as_str) {
        Some(kind) => kind.rsplit('.').next() == Some("local"),
        None => ["localhost", "127.0.0.1", "::1"].contains(&name),
    }
}

#[async_trait]
impl Connector for EstateConnector {
    async fn connect(
        &self,
        host: &str,
        vars: &Map<String, Value>,
    ) -> Result<Arc<dyn Connection>, ConnectionError> {
        self.0
            .ensure_host(host, vars)
            .map_err(|what| ConnectionError::Unreachable {
                what,
                help: Some(format!("correct the variable `rehearsal` of `{host}`")),
                in_doubt: false,
            })?;
        self.0.clock.sleep(LOGIN).await;
        self.0.greet(host)?;
        Ok(Arc::new(ModelConnection::new(self.0.clone(), host)))
    }
}
