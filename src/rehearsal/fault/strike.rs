//! A fault's moment: what it does to the host, and what the request under way learns of it.

use std::time::Duration;

use super::super::host::{Host, Power, identifier};
use super::super::shell::glob_matches;
use super::super::tree::Time;
use super::{Faults, Kind, When};

/// What a request meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Struck {
    /// Nothing.
    Nothing,
    /// The host does not answer at all.
    Silent,
    /// The connection is lost; the effect happened or not.
    Lost {
        /// Whether the request was carried out.
        done: bool,
    },
    /// The program never ends.
    Hangs,
    /// The host key is not the known one.
    OtherKey,
}

/// What a request is, as far as faults look at it.
pub struct Incoming<'a> {
    /// Its command line, if it runs a program.
    pub line: &'a str,
    /// Bytes it carries.
    pub bytes: u64,
    /// The host's time.
    pub now: Time,
    /// The estate's seed.
    pub seed: u64,
    /// Whether it is only the login.
    pub login: bool,
}

impl Faults {
    /// Counts a request and lets due faults strike.
    pub fn strike(&mut self, host: &mut Host, incoming: &Incoming<'_>) -> Struck {
        if !incoming.login {
            host.requests += 1;
            host.bytes += incoming.bytes;
        }
        let name = host.name.clone();
        let task = self
            .tasks
            .get(&name)
            .or_else(|| self.tasks.get(""))
            .cloned();
        let mut struck = Struck::Nothing;
        for (fault, hosts) in &mut self.all {
            if !glob_matches(&fault.host, &name) {
                continue;
            }
            let already = hosts.contains(&name);
            let due = match &fault.when {
                When::Always => true,
                When::Task(wanted) => task.as_ref().is_some_and(|task| task == wanted),
                When::Request(nth) => host.requests >= *nth,
                When::After(time) => {
                    incoming.now.0.saturating_sub(host.made.0) >= Time::from(*time).0
                }
            };
            let ripe = match &fault.kind {
                Kind::DropAfter(bytes) => host.bytes > *bytes,
                Kind::Hang(part) => {
                    !incoming.line.is_empty() && incoming.line.contains(part.as_str())
                }
                Kind::Drop | Kind::Reboot | Kind::PowerOff(_) => !incoming.login,
                _ => true,
            };
            if already {
                if let Kind::LinkDown(duration) = &fault.kind
                    && link_is_down(host, *duration, incoming.now)
                {
                    struck = Struck::Silent;
                }
                if fault.kind == Kind::ChangedHostKey {
                    struck = Struck::OtherKey;
                }
                continue;
            }
            if due && ripe {
                hosts.push(name.clone());
                let found = apply(&fault.kind, host, incoming);
                if found != Struck::Nothing {
                    struck = found;
                }
            }
        }
        struck
    }
}

fn link_is_down(host: &mut Host, duration: Option<Duration>, now: Time) -> bool {
    let since = host
        .memory
        .get("link_down")
        .and_then(serde_json::Value::as_u64)
        .unwrap_or(now.0);
    duration.is_none_or(|duration| now.0 < since + Time::from(duration).0)
}

fn apply(kind: &Kind, host: &mut Host, incoming: &Incoming<'_>) -> Struck {
    let now = incoming.now;
    match kind {
        Kind::Drop | Kind::DropAfter(_) => {
            let words = [
                host.name.as_str(),
                &host.requests.to_string(),
                &incoming.seed.to_string(),
            ];
            let done = identifier(&words).as_bytes()[0].is_multiple_of(2);
            return Struck::Lost { done };
        }
        Kind::PowerOff(back) => {
            host.lose_power(now);
            if let Some(after) = back {
                host.power = Power::Booting(Time(now.0 + Time::from(*after).0));
            }
            return Struck::Lost { done: false };
        }
        Kind::Reboot => {
            host.reboot(now);
            return Struck::Lost { done: false };
        }
        Kind::Hang(_) => return Struck::Hangs,
        Kind::ChangedHostKey => return Struck::OtherKey,
        Kind::LinkDown(_) => {
            host.memory.insert("link_down".to_owned(), now.0.into());
            return Struck::Silent;
        }
        Kind::DiskFull => host.tree.capacity = host.tree.used(),
        Kind::AptLock(time) => host.dpkg_busy = Time(now.0 + Time::from(*time).0),
        Kind::ClockJump(seconds) => {
            host.skew = host
                .skew
                .saturating_add(seconds.saturating_mul(1_000_000_000));
        }
        Kind::ReadOnly(path) => host.tree.read_only.push(path.clone()),
        Kind::SudoPassword => {
            // A password of the model's own making: nobody can know it.
            let secret = identifier(&["sudo", &host.name, &incoming.seed.to_string()]);
            let _ = host.require_password(&secret, now);
        }
        // These stay in force and are asked about where they matter.
        Kind::Slow(_)
        | Kind::MissingPackage(_)
        | Kind::WrongDigest(_)
        | Kind::Http(..)
        | Kind::HttpTimeout(_)
        | Kind::HttpReset(_)
        | Kind::UnitFails(_)
        | Kind::Pod(..) => {}
    }
    Struck::Nothing
}
