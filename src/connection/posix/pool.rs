//! The channels of one connection: up to four per user, reused, and never more than sshd's
//! `MaxSessions` (10) allows with two kept back for killing what passed its deadline.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use super::super::{ConnectionError, Identity};
use super::becoming::{self, Method};
use super::channel::{Channel, Failure};
use super::driver::{LOADER, announcing_loader, nonce};
use super::pipe::Wire;

/// Channels per user.
const PER_USER: usize = 4;
/// Channels of all users together.
const TOTAL: usize = 8;
/// How long sudo may take to ask or to start: PAM with a slow directory server.
const OPENING: Duration = Duration::from_mins(1);

/// What is known of becoming one user.
#[derive(Default)]
struct User {
    idle: Vec<Channel>,
    /// The password once worked: further channels open side by side.
    proven: bool,
    /// The identity that was refused, and how: it is not tried again.
    refused: Option<(Identity, ConnectionError)>,
}

/// The pool.
pub struct Pool {
    wire: Arc<dyn Wire>,
    method: Method,
    users: std::sync::Mutex<HashMap<Option<String>, User>>,
    limits: std::sync::Mutex<HashMap<Option<String>, Arc<Semaphore>>>,
    total: Arc<Semaphore>,
    /// One try of a password at a time, so that a wrong one counts once.
    gate: Mutex<()>,
}

/// A channel for one request; it goes back with [`Pool::give_back`], or is closed when dropped.
pub struct Lease {
    /// The channel.
    pub channel: Channel,
    user: Option<String>,
    _permits: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl Pool {
    /// For this host.
    pub fn new(wire: Arc<dyn Wire>, method: Method) -> Self {
        Self {
            wire,
            method,
            users: std::sync::Mutex::default(),
            limits: std::sync::Mutex::default(),
            total: Arc::new(Semaphore::new(TOTAL)),
            gate: Mutex::new(()),
        }
    }

    /// The user to become: none if it is the login user.
    pub fn user(&self, who: &Identity) -> Option<String> {
        who.user
            .clone()
            .filter(|user| user != self.wire.login() && !user.is_empty())
    }

    fn with_user<T>(&self, user: Option<&str>, act: impl FnOnce(&mut User) -> T) -> T {
        let mut users = self
            .users
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        act(users.entry(user.map(ToOwned::to_owned)).or_default())
    }

    /// A channel that nobody else uses; waits while all are busy.
    pub async fn lease(&self, who: &Identity) -> Result<Lease, ConnectionError> {
        let user = self.user(who);
        let limit = {
            let mut limits = self
                .limits
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let fresh = || Arc::new(Semaphore::new(PER_USER));
            Arc::clone(limits.entry(user.clone()).or_insert_with(fresh))
        };
        let mine = acquire(limit).await?;
        let shared = acquire(Arc::clone(&self.total)).await?;
        let idle = self.with_user(user.as_deref(), |u| {
            u.idle.retain(Channel::is_usable);
            u.idle.pop()
        });
        let channel = if let Some(channel) = idle {
            channel
        } else {
            self.make_room();
            self.open(who, user.as_deref()).await?
        };
        Ok(Lease {
            channel,
            user,
            _permits: (mine, shared),
        })
    }

    /// Closes idle channels of other users when one more would pass the total.
    fn make_room(&self) {
        let mut users = self
            .users
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let busy = TOTAL - self.total.available_permits();
        let mut idle: usize = users.values().map(|u| u.idle.len()).sum();
        for user in users.values_mut() {
            while busy + idle > TOTAL && user.idle.pop().is_some() {
                idle -= 1;
            }
        }
    }

    /// Takes a channel back for the next request.
    pub fn give_back(&self, lease: Lease) {
        let Lease { channel, user, .. } = lease;
        if channel.is_usable() {
            self.with_user(user.as_deref(), |u| u.idle.push(channel));
        }
    }

    /// Forgets every idle channel: the host restarted or the connection ends.
    pub fn clear(&self) {
        if let Ok(mut users) = self.users.lock() {
            users.values_mut().for_each(|u| u.idle.clear());
        }
    }

    /// A channel outside the limits, to kill what does not end.
    pub async fn spare(&self, who: &Identity) -> Result<Channel, ConnectionError> {
        self.open(who, self.user(who).as_deref()).await
    }

    async fn open(&self, who: &Identity, user: Option<&str>) -> Result<Channel, ConnectionError> {
        let (Some(name), Some(password)) = (user, &who.password) else {
            return self.start(user, None).await;
        };
        let known = |u: &mut User| match &u.refused {
            Some((identity, error)) if identity == who => Err(error.clone()),
            _ => Ok(u.proven),
        };
        let _turn = if self.with_user(user, known)? {
            None
        } else {
            let turn = self.gate.lock().await;
            // Another request may have tried meanwhile.
            self.with_user(user, known)?;
            Some(turn)
        };
        let opening = self.start_with_password(name, password.expose());
        let opened = tokio::time::timeout(OPENING, opening).await;
        let opened = opened.unwrap_or_else(|_| Err(slow_sudo(name)));
        self.with_user(user, |u| match &opened {
            Ok(_) => u.proven = true,
            Err(error @ ConnectionError::Become { .. }) => {
                u.refused = Some((who.clone(), error.clone()));
            }
            Err(_) => {}
        });
        opened
    }

    /// Without a password the driver and the first request can go out at once.
    async fn start(
        &self,
        user: Option<&str>,
        prompt: Option<&str>,
    ) -> Result<Channel, ConnectionError> {
        let command = becoming::command(self.method, user, prompt, LOADER)?;
        let pipe = self.wire.start(&command).await?;
        let mut channel = Channel::new(pipe, nonce()?, None);
        // A failure to send shows as the end of the channel, with its reason on stderr.
        let _ = channel.load().await;
        Ok(channel)
    }

    /// Waits for the prompt or for the loader; gives the password at most once.
    async fn start_with_password(
        &self,
        user: &str,
        password: &str,
    ) -> Result<Channel, ConnectionError> {
        let (token, prompt) = (nonce()?, format!("[{}]", nonce()?));
        let loader = announcing_loader(&token);
        let command = becoming::command(self.method, Some(user), Some(&prompt), &loader)?;
        let pipe = self.wire.start(&command).await?;
        let mut channel = Channel::new(pipe, token, Some(prompt));
        if !ready(&channel, user, 0).await? {
            let line = Bytes::from(format!("{password}\n"));
            let _ = channel.say(line).await;
            ready(&channel, user, 1).await?;
        }
        let _ = channel.load().await;
        Ok(channel)
    }
}

async fn acquire(limit: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, ConnectionError> {
    limit
        .acquire_owned()
        .await
        .map_err(|_| ConnectionError::Unreachable {
            what: "the connection was closed".to_owned(),
            help: None,
            in_doubt: false,
        })
}

/// Whether the loader is up (`true`) or sudo asks (`false`), after `asked` earlier prompts.
async fn ready(channel: &Channel, user: &str, asked: usize) -> Result<bool, ConnectionError> {
    channel
        .inbox()
        .until(|s| {
            if s.up {
                return Some(Ok(true));
            }
            if s.prompts > asked {
                return Some(if asked == 0 {
                    Ok(false)
                } else {
                    Err(becoming::wrong_password(user))
                });
            }
            let said = String::from_utf8_lossy(&s.said).into_owned();
            let gone = |exit| match exit {
                Some(_) if asked > 0 && said.contains("incorrect password") => {
                    becoming::wrong_password(user)
                }
                Some(_) => becoming::failure(user, &said),
                None => lost("the connection ended while becoming another user", false),
            };
            s.ended.then(|| Err(gone(s.exit)))
        })
        .await
}

fn slow_sudo(user: &str) -> ConnectionError {
    ConnectionError::Become {
        what: format!(
            "cannot become `{user}`: sudo neither asked nor started within {} s",
            OPENING.as_secs()
        ),
        help: "try it by hand: ssh to the host and run `sudo -v`".to_owned(),
    }
}

/// The connection is gone.
pub fn lost(what: &str, in_doubt: bool) -> ConnectionError {
    ConnectionError::Unreachable {
        what: what.to_owned(),
        help: None,
        in_doubt,
    }
}

/// A request that has no answer, as an error of the connection.
pub fn explain(failure: Failure, user: Option<&str>, within: Duration) -> ConnectionError {
    match failure {
        Failure::Invalid(error) => error,
        Failure::Broken(what) => ConnectionError::Protocol { what },
        Failure::Flood => ConnectionError::Protocol {
            what: "the command printed without end and was killed".to_owned(),
        },
        Failure::Late => ConnectionError::TimedOut {
            after: within,
            tail: String::new(),
        },
        Failure::Ended { exit, begun, said } => match (exit, user) {
            (Some(_), Some(user)) if !begun => becoming::failure(user, &said),
            (Some(code), None) if !begun => {
                let last = said.lines().rfind(|l| !l.trim().is_empty());
                lost(
                    &format!(
                        "the login shell did not start: {}",
                        last.map_or_else(|| format!("exit code {code}"), str::to_owned)
                    ),
                    false,
                )
            }
            _ => lost("the connection was lost during a request", true),
        },
    }
}
