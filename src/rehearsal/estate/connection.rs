//! The host protocol, answered by the estate.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::Estate;
use super::request::{Timed, process, stopped, unreachable};
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
    closed: AtomicBool,
}

impl ModelConnection {
    /// A connection to a host that is on the estate.
    pub fn new(estate: Estate, host: &str) -> Self {
        Self {
            estate,
            host: host.to_owned(),
            closed: AtomicBool::new(false),
        }
    }

    fn open(&self) -> Result<(), ConnectionError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(unreachable(format!(
                "the connection to `{}` is closed",
                self.host
            )));
        }
        Ok(())
    }

    fn perform(&self, who: &Identity, action: Action, limit: Duration) -> Timed<Done> {
        let mut after = Duration::from_millis(30);
        let answer = self.estate.with_host(&self.host, |host, world, now| {
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
        let opened = self.estate.with_host(&self.host, |host, world, now| {
            let reach = world.reach(host, name, port, now);
            let local = ["localhost", "127.0.0.1", "::1"].contains(&name) || host.answers_to(name);
            let at = if local {
                host.name.clone()
            } else {
                world
                    .host_at(&host.resolve(name))
                    .map_or_else(|| name.to_owned(), |h| h.name.clone())
            };
            let service = world
                .network
                .get(&at, port)
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
        self.closed.store(true, Ordering::Relaxed);
    }
}
