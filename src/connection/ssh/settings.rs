//! How to reach one host: Ansible's variables first, then the SSH arguments, then `ssh_config`,
//! then the defaults of `ssh`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::super::ConnectionError;
use super::super::connector::World;
use super::args::{Args, split};
use super::way::resolve;
use crate::secret::Secret;
use serde_json::{Map, Value};

/// What to trust a host by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Only keys in the `known_hosts` files.
    Strict,
    /// As strict, but a host that is unknown is believed once and written down.
    AcceptNew,
    /// Only keys with one of these fingerprints, `SHA256:…`.
    Pinned(Vec<String>),
}

/// How to get a byte stream to the host.
#[derive(Clone, PartialEq, Eq)]
pub enum Way {
    /// A TCP connection from here.
    Direct,
    /// Through another host.
    Jump(Arc<Settings>),
    /// The input and output of a program that runs here.
    Program(String),
}

/// Everything needed to open a session.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the user calls the host, for messages.
    pub name: String,
    /// Name or address to connect to, and to look up in `known_hosts`.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Login user.
    pub user: String,
    /// Name in `known_hosts` instead of `host`.
    pub alias: Option<String>,
    /// Key files that were asked for by name.
    pub identities: Vec<PathBuf>,
    /// Certificate files that were asked for by name.
    pub certificates: Vec<PathBuf>,
    /// Only those keys, not all that the agent has.
    pub identities_only: bool,
    /// `ansible_password`.
    pub password: Option<Secret<String>>,
    /// The user's `known_hosts` files; new keys go to the first.
    pub known_hosts: Vec<PathBuf>,
    /// The system's `known_hosts` files.
    pub global_known_hosts: Vec<PathBuf>,
    /// Trust in the host's key.
    pub trust: Trust,
    /// For the TCP connection and the login, each.
    pub timeout: Duration,
    /// A keepalive goes out when nothing came for so long; zero: never.
    pub alive_interval: Duration,
    /// The session ends after so many keepalives without an answer.
    pub alive_count: usize,
    /// The way there.
    pub way: Way,
}

/// The first of several variables that is set, as text.
pub fn text(vars: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match vars.get(*name)? {
        Value::String(s) if s.is_empty() => None,
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    })
}

pub(super) fn refused(what: String, help: &str) -> ConnectionError {
    ConnectionError::Untrusted {
        what,
        help: help.to_owned(),
    }
}

impl Settings {
    /// For a host of the inventory.
    pub fn of_host(
        world: &World,
        name: &str,
        vars: &Map<String, Value>,
    ) -> Result<Self, ConnectionError> {
        let mut args = Args::default();
        // ssh's own order: args, then common, then extra; the first value of an option counts.
        for variable in [
            "ansible_ssh_args",
            "ansible_ssh_common_args",
            "ansible_ssh_extra_args",
        ] {
            if let Some(line) = text(vars, &[variable]) {
                args.words(split(&line)?)?;
            }
        }
        if let Some(user) = text(vars, &["ansible_user", "ansible_ssh_user"]) {
            args.user = Some(user);
        }
        if let Some(port) = text(vars, &["ansible_port", "ansible_ssh_port"]) {
            args.port = None;
            args.option("port", &port)?;
        }
        let key = ["ansible_private_key_file", "ansible_ssh_private_key_file"];
        if let Some(key) = text(vars, &key) {
            args.identities.insert(0, key);
        }
        if let Some(seconds) = text(vars, &["ansible_timeout", "ansible_ssh_timeout"]) {
            args.timeout = args.timeout.or(seconds.parse().ok());
        }
        let address = text(vars, &["ansible_host", "ansible_ssh_host"]);
        let mut settings = resolve(world, &address.unwrap_or_else(|| name.to_owned()), args, 0)?;
        name.clone_into(&mut settings.name);
        let passwords = [
            "ansible_password",
            "ansible_ssh_password",
            "ansible_ssh_pass",
        ];
        settings.password = text(vars, &passwords).map(Secret::new);
        settings.trust = trust(vars, settings.trust)?;
        Ok(settings)
    }
}

/// Fingerprints in the inventory pin the key; host key checking cannot be switched off.
fn trust(vars: &Map<String, Value>, otherwise: Trust) -> Result<Trust, ConnectionError> {
    let mut pins = Vec::new();
    for name in ["nautes_host_key", "ansible_host_key_fingerprint"] {
        match vars.get(name) {
            Some(Value::String(pin)) => pins.push(pin.clone()),
            Some(Value::Array(all)) => {
                pins.extend(all.iter().filter_map(|p| p.as_str().map(ToOwned::to_owned)));
            }
            _ => {}
        }
    }
    if let Some(odd) = pins.iter().find(|p| !p.starts_with("SHA256:")) {
        return Err(refused(
            format!("`{odd}` is not a host key fingerprint"),
            "write it as `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints it on the host: `SHA256:…`",
        ));
    }
    let checking = ["ansible_host_key_checking", "ansible_ssh_host_key_checking"];
    if text(vars, &checking).is_some_and(|v| ["false", "no", "False", "0"].contains(&&*v)) {
        return Err(unchecked("ansible_host_key_checking: false"));
    }
    Ok(if pins.is_empty() {
        otherwise
    } else {
        Trust::Pinned(
            pins.iter()
                .map(|p| p.trim_end_matches('=').to_owned())
                .collect(),
        )
    })
}

pub(super) fn unchecked(setting: &str) -> ConnectionError {
    refused(
        format!("`{setting}` would trust any host that answers"),
        "use `-o StrictHostKeyChecking=accept-new` in `ansible_ssh_common_args`, or pin the key with `nautes_host_key: SHA256:…`",
    )
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
