//! One request on its way: the host's state, faults and time come together here.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Estate;
use crate::connection::{ConnectionError, Identity, Probe, Reply};
use crate::rehearsal::act::{self, Failed};
use crate::rehearsal::fault::{Incoming, Struck};
use crate::rehearsal::host::{Asking, Host};
use crate::rehearsal::network::Reach;
use crate::rehearsal::process::{PATH, Process, Stop};
use crate::rehearsal::tree::Time;
use crate::rehearsal::world::World;

/// How long a request takes on its way there and back.
const ROUND_TRIP: Duration = Duration::from_millis(30);

/// A request's answer, and how long it takes until it is here.
pub(super) struct Timed<T> {
    pub answer: Result<T, ConnectionError>,
    pub after: Duration,
}

impl Estate {
    /// Whether a host answers a new connection.
    pub(super) fn greet(&self, name: &str) -> Result<(), ConnectionError> {
        let login = Asked {
            line: "",
            bytes: 0,
            limit: ROUND_TRIP,
            login: true,
        };
        self.with_host(name, login, |_, _, _| Ok(()))
    }

    /// Runs something with a host that is on, taken out of the world meanwhile; faults strike
    /// first.
    pub(super) fn with_host<T>(
        &self,
        name: &str,
        incoming: Asked<'_>,
        run: impl FnOnce(&mut Host, &mut World, Time) -> Result<T, ConnectionError>,
    ) -> Result<T, ConnectionError> {
        let mut world = self.world();
        let now = Time::from(self.clock.since_epoch());
        let Some(mut host) = world.hosts.remove(name) else {
            return Err(unreachable(format!("`{name}` is not on the estate")));
        };
        host.writeback(host.local(now));
        let struck = match host.answers(host.local(now)) {
            Ok(true) => {
                let seed = world.seed;
                let incoming = incoming.at(host.local(now), seed);
                world.faults.strike(&mut host, &incoming)
            }
            _ => Struck::Silent,
        };
        let local = host.local(now);
        let result = match struck {
            Struck::Nothing => run(&mut host, &mut world, local),
            Struck::Lost { done } => {
                if done {
                    // The answer is lost, the effect is not.
                    let _ = run(&mut host, &mut world, local);
                }
                Err(lost(name))
            }
            Struck::Silent if incoming.login => Err(silent(&host)),
            // Somebody who is connected already learns it from the missing answer.
            Struck::Silent => Err(lost(name)),
            Struck::OtherKey => Err(ConnectionError::Untrusted {
                what: format!("the host key of `{name}` is not the known one"),
                help: format!(
                    "find out why; then remove the old key: ssh-keygen -R {}",
                    host.profile.address
                ),
            }),
            Struck::Hangs => Err(ConnectionError::TimedOut {
                after: incoming.limit,
                tail: String::new(),
            }),
        };
        world.hosts.insert(name.to_owned(), host);
        result
    }

    /// Answers a batch of probes.
    pub(super) fn ask(&self, name: &str, who: &Identity, probes: &[Probe]) -> Timed<Vec<Reply>> {
        let mut after = ROUND_TRIP;
        let mut slowness = 1.0;
        let asked = Asked {
            line: "",
            bytes: 200 * probes.len() as u64,
            limit: ROUND_TRIP,
            login: false,
        };
        let answer = self.with_host(name, asked, |host, world, now| {
            slowness = world.faults.slowness(&host.name);
            let (user, caller) = host.identity(who)?;
            let accounts = host.accounts();
            let mut replies = Vec::with_capacity(probes.len());
            for probe in probes {
                let asking = Asking {
                    caller: &caller,
                    accounts: &accounts,
                    archive: &world.archive,
                    now,
                };
                let reply = match host.answer(probe, &asking) {
                    Some(reply) => reply,
                    None => further(host, world, (probe, &user), (now, &mut after))?,
                };
                replies.push(reply);
            }
            Ok(replies)
        });
        Timed {
            answer,
            after: after.mul_f64(slowness),
        }
    }
}

/// A request, as far as faults look at it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub line: &'a str,
    pub bytes: u64,
    pub limit: Duration,
    pub login: bool,
}

impl<'a> Asked<'a> {
    const fn at(&self, now: Time, seed: u64) -> Incoming<'a> {
        Incoming {
            line: self.line,
            bytes: self.bytes,
            now,
            seed,
            login: self.login,
        }
    }
}

/// A request was under way.
fn lost(name: &str) -> ConnectionError {
    ConnectionError::Unreachable {
        what: format!("the connection to `{name}` was lost"),
        help: None,
        in_doubt: true,
    }
}

fn silent(host: &Host) -> ConnectionError {
    unreachable(format!(
        "cannot connect to {} port 22: connection timed out",
        host.profile.address
    ))
}

/// Probes that ask for more than the host's own state.
fn further(
    host: &mut Host,
    world: &mut World,
    (probe, user): (&Probe, &str),
    (now, after): (Time, &mut Duration),
) -> Result<Reply, ConnectionError> {
    Ok(match probe {
        Probe::Facts => Reply::Facts(host.facts(user, now)),
        Probe::Port {
            host: name,
            port,
            timeout_ms,
        } => match world.reach(host, name, *port, now) {
            Reach::Open => Reply::Port(true),
            Reach::Silent => {
                *after += Duration::from_millis(*timeout_ms);
                Reply::Port(false)
            }
            Reach::Refused | Reach::Unknown => Reply::Port(false),
        },
        Probe::Command(exec) => {
            let limit = Duration::from_mins(10);
            let mut process = process(host, world, user, (now, limit));
            let done = act::execute(&mut process, (**exec).clone());
            *after += process.spent;
            match done {
                Ok(executed) => Reply::Command(executed),
                Err(Failed::Refused(what)) => Reply::Refused(what),
                Err(Failed::Stopped(stop)) => return Err(stopped(stop, limit, &process)),
            }
        }
        _ => Reply::Refused("not answered".to_owned()),
    })
}

/// A process of a user, at the beginning.
pub(super) fn process<'a>(
    host: &'a mut Host,
    world: &'a mut World,
    user: &str,
    (started, limit): (Time, Duration),
) -> Process<'a> {
    let accounts = host.accounts();
    let account = accounts.user(user).cloned().unwrap_or_default();
    let caller = accounts
        .caller(user)
        .unwrap_or_else(crate::rehearsal::tree::Caller::root);
    let env = BTreeMap::from(
        [
            ("PATH", PATH),
            ("HOME", &account.home),
            ("USER", user),
            ("LOGNAME", user),
            ("SHELL", &account.shell),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    Process {
        host,
        world,
        argv: Vec::new(),
        env,
        cwd: account.home,
        stdin: bytes::Bytes::new(),
        user: user.to_owned(),
        caller,
        out: Vec::new(),
        err: Vec::new(),
        started,
        spent: Duration::ZERO,
        limit,
        pid: 1,
        depth: 0,
    }
}

/// The error of a program that did not come to its end.
pub(super) fn stopped(stop: Stop, limit: Duration, process: &Process<'_>) -> ConnectionError {
    match stop {
        Stop::Killed => ConnectionError::TimedOut {
            after: limit,
            tail: tail(process),
        },
        Stop::Undescribed(what) => ConnectionError::Undescribed { what },
        Stop::Gone => ConnectionError::Unreachable {
            what: format!(
                "the connection to `{}` was closed by the host",
                process.host.name
            ),
            help: None,
            in_doubt: true,
        },
    }
}

/// The last lines of what was printed.
fn tail(process: &Process<'_>) -> String {
    const LINES: usize = 20;
    let mut text = String::from_utf8_lossy(&process.out).into_owned();
    text.push_str(&String::from_utf8_lossy(&process.err));
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

/// Nothing was under way.
pub(super) const fn unreachable(what: String) -> ConnectionError {
    ConnectionError::Unreachable {
        what,
        help: None,
        in_doubt: false,
    }
}
