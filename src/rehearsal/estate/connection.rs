//! The host protocol, answered by the estate.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;

use super::Estate;
use super::request::{Asked, Timed, process, stopped, unreachable};
use crate::connection::{
    Action, Connection, ConnectionError, Deadline, Done, Identity, Probe, Reply, Stream,
};
use crate::input::Clock;
use crate::rehearsal::act::{self, Failed};
use crate::rehearsal::network::Reach;

/// A connection to a simulated host.
pub struct ModelConnection {
    estate: Estate,
    host: String,
    /// Why it is gone: said again to whoever asks after that.
    gone: OnceLock<ConnectionError>,
}

impl ModelConnection {
    /// A connection to a host that is on the estate.
    pub fn new(estate: Estate, host: &str) -> Self {
        Self {
            estate,
            host: host.to_owned(),
            gone: OnceLock::new(),
        }
    }

    fn open(&self) -> Result<(), ConnectionError> {
        self.gone.get().cloned().map_or(Ok(()), Err)
    }

    /// A lost connection stays lost.
    fn after_loss<T>(&self, answer: &Result<T, ConnectionError>) {
        if let Err(ConnectionError::Unreachable { what, .. }) = answer {
            let _ = self.gone.set(unreachable(what.clone()));
        }
    }

    fn perform(&self, who: &Identity, action: Action, limit: Duration) -> Timed<Done> {
        let mut after = Duration::from_millis(30);
        let mut slowness = 1.0;
        let (line, bytes) = size_of(&action);
        let asked = Asked {
            line: &line,
            bytes,
            limit,
            login: false,
        };
        let answer = self
            .estate
            .with_host(&self.host, asked, |host, world, now| {
                slowness = world.faults.slowness(&host.name);
                let (user, _) = host.identity(who)?;
                let mut process = process(host, world, &user, (now, limit));
                let acted = act::act(&mut process, action);
                after += process.spent;
                match acted {
                    Ok(executed) => Ok(Done { executed }),
                    Err(Failed::Refused(what)) => Err(ConnectionError::Refused { what }),
                    Err(Failed::Stopped(stop)) => Err(stopped(stop, limit, &process)),
                }
            });
        self.after_loss(&answer);
        after = match &answer {
            Err(ConnectionError::TimedOut { after, .. }) => *after,
            _ => after.mul_f64(slowness),
        };
        // What is too slow for its deadline is ended there.
        if after > limit && answer.is_ok() {
            let tail = String::new();
            return Timed {
                answer: Err(ConnectionError::TimedOut { after: limit, tail }),
                after: limit,
            };
        }
        Timed { answer, after }
    }
}

#[async_trait]
impl Connection for ModelConnection {
    fn host(&self) -> &str {
        &self.host
    }

    async fn probe(&self, who: &Identity, probes: &[Probe]) -> Result<Vec<Reply>, ConnectionError> {
        self.open()?;
        let timed = self.estate.ask(&self.host, who, probes);
        self.after_loss(&timed.answer);
        self.estate.clock.sleep(timed.after).await;
        timed.answer
    }

    async fn act(
        &self,
        who: &Identity,
        action: Action,
        deadline: Deadline,
    ) -> Result<Done, ConnectionError> {
        self.open()?;
        let timed = self.perform(who, action, deadline.0);
        self.estate.clock.sleep(timed.after).await;
        timed.answer
    }

    async fn dial(&self, name: &str, port: u16) -> Result<Box<dyn Stream>, ConnectionError> {
        self.open()?;
        let from = self.host.clone();
        let asked = Asked {
            line: "",
            bytes: 100,
            limit: Duration::from_secs(30),
            login: true,
        };
        let opened = self
            .estate
            .with_host(&self.host, asked, |host, world, now| {
                let reach = world.reach(host, name, port, now);
                let resolved = host.resolve(name);
                let local = ["localhost", "127.0.0.1", "::1"].contains(&name)
                    || host.answers_to(name)
                    || host.answers_to(&resolved);
                let at = if local {
                    host.name.clone()
                } else {
                    world
                        .host_at(&resolved)
                        .map_or_else(|| name.to_owned(), |h| h.name.clone())
                };
                let served = world.hosts.get(&at).unwrap_or(host);
                world.refresh_cluster(served, host, now);
                let service = world
                    .service_at(served, port, now)
                    .or_else(|| world.network.get(name, port));
                Ok((reach, service))
            })?;
        self.estate.clock.sleep(Duration::from_millis(30)).await;
        let refused = |why: &str| ConnectionError::Refused {
            what: format!("connect to {name} port {port} from {from}: {why}"),
        };
        match opened {
            (Reach::Open, Some(service)) => Ok(service.open(&from)),
            (Reach::Open, None) => Err(ConnectionError::Undescribed {
                what: format!(
                    "`{name}:{port}` is open on the estate, but nobody described what it answers"
                ),
            }),
            (Reach::Refused, _) => Err(refused("Connection refused")),
            (Reach::Unknown, _) => Err(refused("Name or service not known")),
            (Reach::Silent, _) => Err(refused("Connection timed out")),
        }
    }

    async fn close(&self) {
        let what = format!("the connection to `{}` is closed", self.host);
        let _ = self.gone.set(unreachable(what));
    }
}

/// A request's command line, if it runs a program, and about how many bytes it carries.
fn size_of(action: &Action) -> (String, u64) {
    match action {
        Action::Exec(exec) => {
            let stdin = exec.stdin.as_ref().map_or(0, bytes::Bytes::len) as u64;
            (exec.argv.join(" "), 200 + stdin)
        }
        Action::WriteFile { content, .. } => (String::new(), 200 + content.len() as u64),
        Action::With { action, .. } => size_of(action),
        Action::Package(action) => (format!("apt-get {action:?}"), 200),
        Action::Unit { name, action } => {
            (format!("systemctl {action:?} {name}").to_lowercase(), 200)
        }
        _ => (String::new(), 200),
    }
}
