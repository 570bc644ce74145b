//! A host that is spoken to in POSIX sh: the [`Connection`] of ssh and local.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::super::{
    Action, Connection, ConnectionError, Deadline, Done, Identity, Probe, Reply, Stream,
};
use super::becoming::Method;
use super::channel::Failure;
use super::driver::LEAVING;
use super::pipe::{DialError, Traffic, Wire};
use super::pool::{Lease, Pool, explain};
use super::script::{Answer, Script};
use super::{action, kill, probe, reboot};

/// How long a connect for a `dial` may take.
const DIALLING: Duration = Duration::from_secs(30);

/// One host over one wire.
pub struct PosixHost {
    name: String,
    wire: Arc<dyn Wire>,
    pool: Pool,
}

/// A request that failed, and whether asking again can help: probes may, actions may not.
pub(super) struct Failed {
    /// Why.
    pub error: ConnectionError,
    /// Whether another channel may do better.
    pub fresh_may_help: bool,
}

impl PosixHost {
    /// Over this wire, becoming other users by this method.
    pub fn new(name: &str, wire: Arc<dyn Wire>, method: Method) -> Self {
        Self {
            name: name.to_owned(),
            pool: Pool::new(Arc::clone(&wire), method),
            wire,
        }
    }

    /// The wire itself, for what is not a probe or an action (forwards).
    pub fn wire(&self) -> &Arc<dyn Wire> {
        &self.wire
    }

    /// Asks; again over another channel if the driver had left this one before it began.
    pub(super) async fn run(
        &self,
        who: &Identity,
        script: &Script,
        within: Duration,
    ) -> Result<Answer, Failed> {
        for _ in 0..3 {
            if let Some(outcome) = self.run_once(who, script, within).await {
                return outcome;
            }
        }
        Err(Failed {
            error: ConnectionError::Protocol {
                what: format!("`{}` leaves every channel", self.name),
            },
            fresh_may_help: false,
        })
    }

    async fn run_once(
        &self,
        who: &Identity,
        script: &Script,
        within: Duration,
    ) -> Option<Result<Answer, Failed>> {
        let mut lease = match self.pool.lease(who).await {
            Ok(lease) => lease,
            Err(error) => {
                return Some(Err(Failed {
                    error,
                    fresh_may_help: false,
                }));
            }
        };
        self.wire.meter().round_trip();
        Some(match lease.channel.ask(script, within).await {
            Err(Failure::Ended {
                exit: Some(LEAVING),
                begun: false,
                ..
            }) => return None,
            Ok(answer) => {
                self.pool.give_back(lease);
                Ok(answer)
            }
            Err(failure @ (Failure::Late | Failure::Flood)) => {
                Err(self.end(who, lease, (failure, within)).await)
            }
            Err(failure) => {
                let fresh_may_help = matches!(failure, Failure::Broken(_))
                    || matches!(failure, Failure::Ended { begun: true, .. });
                let user = self.pool.user(who);
                Err(Failed {
                    error: explain(failure, user.as_deref(), within),
                    fresh_may_help,
                })
            }
        })
    }

    /// Kills what runs too long or prints without end, over another channel.
    async fn end(
        &self,
        who: &Identity,
        lease: Lease,
        (failure, within): (Failure, Duration),
    ) -> Failed {
        let tail = lease.channel.tail();
        let ended = match self.pool.spare(who).await {
            Ok(mut spare) => kill::end_request(&lease.channel, &mut spare).await,
            Err(_) => false,
        };
        if ended {
            self.pool.give_back(lease);
        }
        let user = self.pool.user(who);
        let error = match explain(failure, user.as_deref(), within) {
            ConnectionError::TimedOut { after, .. } => ConnectionError::TimedOut { after, tail },
            other => other,
        };
        Failed {
            error,
            fresh_may_help: false,
        }
    }
}

#[async_trait]
impl Connection for PosixHost {
    fn host(&self) -> &str {
        &self.name
    }

    async fn probe(&self, who: &Identity, probes: &[Probe]) -> Result<Vec<Reply>, ConnectionError> {
        let (replies, ports) =
            futures::future::try_join(self.look_all(who, probes), self.ports(probes)).await?;
        let mut replies = replies;
        for (at, reply) in ports {
            replies[at] = Some(reply);
        }
        let answered: Option<Vec<Reply>> = replies.into_iter().collect();
        answered.ok_or_else(|| ConnectionError::Protocol {
            what: format!("`{}` answered something that is not a reply", self.name),
        })
    }

    async fn act(
        &self,
        who: &Identity,
        action: Action,
        deadline: Deadline,
    ) -> Result<Done, ConnectionError> {
        if let Action::Reboot {
            command,
            post_delay,
        } = &action
        {
            let order = reboot::Order {
                command: command.as_deref(),
                post_delay: Duration::from_secs(*post_delay),
                within: deadline.0,
            };
            let back = reboot::restart(self, who, &order).await;
            return back.map(|()| Done::default());
        }
        let script = action::compose(&action)?;
        let answer = self.run(who, &script, deadline.0).await;
        action::parse(&action, &answer.map_err(|failed| failed.error)?)
    }

    async fn act_and_look(
        &self,
        who: &Identity,
        (action, deadline): (Action, Deadline),
        probes: &[Probe],
    ) -> Result<(Done, Vec<Option<Reply>>), ConnectionError> {
        let asked: Vec<(usize, &Probe)> = probes.iter().enumerate().collect();
        if asked.is_empty() || matches!(action, Action::Reboot { .. }) {
            let done = self.act(who, action, deadline).await?;
            return Ok((done, Vec::new()));
        }
        let mut script = action::compose(&action)?;
        probe::compose_behind(&mut script, &asked)?;
        let answer = self.run(who, &script, deadline.0).await;
        let answer = answer.map_err(|failed| failed.error)?;
        let done = action::parse(&action, &answer)?;
        let mut replies = vec![None; probes.len()];
        probe::parse(&asked, &answer, &mut replies);
        Ok((done, replies))
    }

    fn traffic(&self) -> Traffic {
        self.wire.meter().traffic()
    }

    async fn dial(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, ConnectionError> {
        let late = || ConnectionError::TimedOut {
            after: DIALLING,
            tail: format!("connecting to {host}:{port} from `{}`", self.name),
        };
        let dialled = tokio::time::timeout(DIALLING, self.wire.dial(host, port));
        match dialled.await.map_err(|_| late())? {
            Ok(stream) => Ok(stream),
            Err(DialError::Closed(what) | DialError::Forbidden(what)) => {
                Err(ConnectionError::Refused { what })
            }
            Err(DialError::Lost(error)) => Err(error),
        }
    }

    async fn close(&self) {
        self.pool.clear();
        self.wire.close().await;
    }
}

impl PosixHost {
    /// After a restart of the host: the old channels are gone, the wire is made again.
    pub(super) async fn renew(&self) -> Result<(), ConnectionError> {
        self.pool.clear();
        self.wire.renew().await
    }
}
