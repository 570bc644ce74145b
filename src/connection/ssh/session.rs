//! One SSH session: the way there, the exchange with the host's key judged, the login.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use russh::client::{self, Handle};
use russh::keys::Algorithm;
use russh::keys::PublicKeyOrCertificate;
use russh::{Disconnect, Preferred};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::super::connector::World;
use super::super::posix::{DialError, Meter};
use super::super::{ConnectionError, Stream};
use super::auth::Login;
use super::settings::{Settings, Way};
use super::trust::Judge;
use super::{dial, program};

/// What russh calls back.
pub struct Guard {
    judge: Judge,
}

impl client::Handler for Guard {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        offered: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        Ok(self.judge.believes(offered))
    }
}

/// A session that is logged in.
pub struct Session {
    /// russh's handle.
    pub handle: Handle<Guard>,
    /// Keeps the session it goes through.
    _through: Option<Arc<Session>>,
}

/// Sessions to jump hosts, shared by all hosts behind them.
#[derive(Default)]
pub struct Sessions {
    jumps: tokio::sync::Mutex<HashMap<String, Weak<Session>>>,
}

impl Session {
    /// Opens a session.
    pub async fn open(
        world: &World,
        sessions: &Sessions,
        (settings, meter): (&Settings, &Arc<Meter>),
    ) -> Result<Self, ConnectionError> {
        let (stream, through) = Box::pin(reach(world, sessions, settings)).await?;
        let judge = Judge::new(world, settings);
        let refusal = judge.refusal();
        let alive = (settings.alive_interval, settings.alive_count);
        let config = Arc::new(config(&judge, alive));
        let counted = Counted {
            inner: stream,
            meter: Arc::clone(meter),
        };
        let greeting = client::connect_stream(config, counted, Guard { judge });
        let greeting = tokio::time::timeout(settings.timeout, greeting);
        let mut handle = match greeting.await {
            Ok(Ok(handle)) => handle,
            Ok(Err(error)) => {
                let mut refused = refusal.lock().unwrap_or_else(PoisonError::into_inner);
                return Err(refused.take().unwrap_or_else(|| broken(settings, &error)));
            }
            Err(_) => return Err(slow(settings, "did not greet")),
        };
        let mut login = Login {
            handle: &mut handle,
            world,
            settings,
            tried: Vec::new(),
        };
        // Passphrases are typed by people: the login may take longer than the greeting.
        tokio::time::timeout(settings.timeout.max(Duration::from_mins(2)), login.run())
            .await
            .unwrap_or_else(|_| Err(slow(settings, "did not finish the login")))?;
        Ok(Self {
            handle,
            _through: through,
        })
    }

    /// Says goodbye.
    pub async fn close(&self) {
        let bye = self.handle.disconnect(Disconnect::ByApplication, "", "en");
        let _ = tokio::time::timeout(Duration::from_secs(2), bye).await;
    }
}

/// nodelay is set on the socket itself ([`reach`]): without it small requests wait 40 ms each.
fn config(judge: &Judge, alive: (Duration, usize)) -> client::Config {
    let mut preferred = Preferred::default();
    let mut key: Vec<Algorithm> = Vec::new();
    let all: Vec<Algorithm> = preferred.key.to_vec();
    for known in judge.algorithms() {
        // An RSA key signs with several algorithms; SHA-1's is never offered.
        let same = |a: &&Algorithm| match (&known, a) {
            (Algorithm::Rsa { .. }, Algorithm::Rsa { hash }) => hash.is_some(),
            (known, a) => known == *a,
        };
        key.extend(all.iter().filter(same).cloned());
    }
    let weak = Algorithm::Rsa { hash: None };
    for algorithm in all {
        if !key.contains(&algorithm) && algorithm != weak {
            key.push(algorithm);
        }
    }
    if judge.has_authority() {
        preferred.host_key_certificates = Cow::Owned(key.clone());
    }
    preferred.key = Cow::Owned(key);
    client::Config {
        preferred,
        nodelay: true,
        keepalive_interval: Some(alive.0).filter(|interval| !interval.is_zero()),
        keepalive_max: alive.1,
        inactivity_timeout: None,
        ..client::Config::default()
    }
}

type Reached = (Box<dyn Stream + Sync>, Option<Arc<Session>>);

/// A byte stream to the host's SSH port.
async fn reach(
    world: &World,
    sessions: &Sessions,
    settings: &Settings,
) -> Result<Reached, ConnectionError> {
    let unreachable = |what: String, help: &str| ConnectionError::Unreachable {
        what,
        help: Some(help.to_owned()),
        in_doubt: false,
    };
    let Settings {
        name, host, port, ..
    } = settings;
    match &settings.way {
        Way::Direct => {
            let connect = TcpStream::connect((host.as_str(), *port));
            match tokio::time::timeout(settings.timeout, connect).await {
                Ok(Ok(stream)) => {
                    let _ = stream.set_nodelay(true);
                    Ok((Box::new(stream), None))
                }
                Ok(Err(e)) => Err(unreachable(
                    format!("cannot reach `{name}` at {host}:{port}: {e}"),
                    "check `ansible_host` and `ansible_port`, and that the host is up",
                )),
                Err(_) => Err(slow(settings, "did not answer the connect")),
            }
        }
        Way::Jump(jump) => {
            let through = sessions.jump(world, jump).await?;
            let opening = dial::open(&through.handle, host, *port);
            match tokio::time::timeout(settings.timeout, opening).await {
                Ok(Ok(stream)) => Ok((Box::new(stream), Some(through))),
                Ok(Err(DialError::Lost(error))) => Err(error),
                Ok(Err(DialError::Closed(what) | DialError::Forbidden(what))) => Err(unreachable(
                    format!("cannot reach `{name}` through `{}`: {what}", jump.name),
                    "check that the jump host reaches it and allows forwarding",
                )),
                Err(_) => Err(slow(settings, "did not answer through the jump host")),
            }
        }
        Way::Program(command) => {
            let started = program::start(command).map_err(|e| {
                unreachable(
                    format!("cannot start the proxy command of `{name}`: {e}"),
                    "correct `ProxyCommand`",
                )
            })?;
            Ok((Box::new(started), None))
        }
    }
}

impl Sessions {
    /// The session to a jump host, opened once.
    async fn jump(
        &self,
        world: &World,
        settings: &Settings,
    ) -> Result<Arc<Session>, ConnectionError> {
        let key = format!("{}@{}:{}", settings.user, settings.host, settings.port);
        let known = self.jumps.lock().await.get(&key).and_then(Weak::upgrade);
        if let Some(session) = known.filter(|s| !s.handle.is_closed()) {
            return Ok(session);
        }
        let meter = Arc::default();
        let session = Session::open(world, self, (settings, &meter)).await?;
        let session = Arc::new(session);
        let mut jumps = self.jumps.lock().await;
        // Somebody else may have been faster; then theirs is used and ours closes.
        let other = jumps.get(&key).and_then(Weak::upgrade);
        if let Some(other) = other.filter(|s| !s.handle.is_closed()) {
            return Ok(other);
        }
        jumps.insert(key, Arc::downgrade(&session));
        Ok(session)
    }
}

fn slow(settings: &Settings, what: &str) -> ConnectionError {
    ConnectionError::Unreachable {
        what: format!(
            "`{}` at {}:{} {what} within {} s",
            settings.name,
            settings.host,
            settings.port,
            settings.timeout.as_secs()
        ),
        help: Some("check that the host is up, or raise `ansible_timeout`".to_owned()),
        in_doubt: false,
    }
}

fn broken(settings: &Settings, error: &russh::Error) -> ConnectionError {
    ConnectionError::Unreachable {
        what: format!(
            "`{}` at {}:{} broke off the SSH greeting: {error}",
            settings.name, settings.host, settings.port
        ),
        help: Some("check that an SSH server listens there".to_owned()),
        in_doubt: false,
    }
}

/// Counts what passes.
struct Counted<S> {
    inner: S,
    meter: Arc<Meter>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.meter.received(buf.filled().len() - before);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        if let Poll::Ready(Ok(n)) = &polled {
            self.meter.sent(*n);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
