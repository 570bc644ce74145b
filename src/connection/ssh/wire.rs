//! The shell layer's wire over a session: programs on session channels, streams on forwarded ones.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use russh::client::Msg;
use russh::{ChannelMsg, ChannelOpenFailure, ChannelReadHalf, ChannelWriteHalf};
use tokio::sync::RwLock;

use super::super::connector::World;
use super::super::posix::{Chunk, DialError, Input, Meter, Output, Pipe, Wire};
use super::super::{ConnectionError, Stream};
use super::dial;
use super::session::{Session, Sessions};
use super::settings::Settings;

/// How long the host may take to open a channel.
const OPENING: Duration = Duration::from_secs(30);

/// An SSH connection that can be made again.
pub struct SshWire {
    world: World,
    sessions: Arc<Sessions>,
    settings: Settings,
    session: RwLock<Option<Arc<Session>>>,
    meter: Arc<Meter>,
}

/// The connection is gone.
pub fn gone(error: &russh::Error) -> ConnectionError {
    ConnectionError::Unreachable {
        what: format!("the SSH connection was lost: {error}"),
        help: None,
        in_doubt: false,
    }
}

impl SshWire {
    /// Connects.
    pub async fn open(
        world: &World,
        sessions: &Arc<Sessions>,
        settings: Settings,
    ) -> Result<Self, ConnectionError> {
        let meter = Arc::default();
        let session = Session::open(world, sessions, (&settings, &meter)).await?;
        Ok(Self {
            world: world.clone(),
            sessions: Arc::clone(sessions),
            settings,
            session: RwLock::new(Some(Arc::new(session))),
            meter,
        })
    }

    async fn session(&self) -> Result<Arc<Session>, ConnectionError> {
        let session = self.session.read().await.clone();
        session.ok_or_else(|| ConnectionError::Unreachable {
            what: format!("the connection to `{}` was closed", self.settings.name),
            help: None,
            in_doubt: false,
        })
    }
}

struct Writer(Option<ChannelWriteHalf<Msg>>);

#[async_trait]
impl Input for Writer {
    async fn send(&mut self, bytes: Bytes) -> std::io::Result<()> {
        let Some(half) = &self.0 else {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        half.data_bytes(bytes).await.map_err(std::io::Error::other)
    }
}

impl Drop for Writer {
    // A channel that is only dropped stays open on the host.
    fn drop(&mut self) {
        if let (Some(half), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                let _ = half.close().await;
            });
        }
    }
}

struct Reader(ChannelReadHalf);

#[async_trait]
impl Output for Reader {
    async fn next(&mut self) -> Option<Chunk> {
        loop {
            return match self.0.wait().await? {
                ChannelMsg::Data { data } => Some(Chunk::Out(data)),
                ChannelMsg::ExtendedData { data, .. } => Some(Chunk::Err(data)),
                ChannelMsg::ExitStatus { exit_status } => {
                    Some(Chunk::Exit(i32::try_from(exit_status).unwrap_or(i32::MAX)))
                }
                ChannelMsg::Close => None,
                _ => continue,
            };
        }
    }
}

#[async_trait]
impl Wire for SshWire {
    async fn start(&self, command: &str) -> Result<Pipe, ConnectionError> {
        let session = self.session().await?;
        let opened = tokio::time::timeout(OPENING, session.handle.channel_open_session()).await;
        let lost = |what: String| ConnectionError::Unreachable {
            what,
            help: None,
            in_doubt: false,
        };
        let channel = match opened {
            Ok(Ok(channel)) => channel,
            Ok(Err(russh::Error::ChannelOpenFailure(why))) => {
                let limit = matches!(
                    why,
                    ChannelOpenFailure::ConnectFailed | ChannelOpenFailure::ResourceShortage
                );
                let hint = if limit {
                    " (see `MaxSessions` in its sshd_config)"
                } else {
                    ""
                };
                return Err(lost(format!(
                    "`{}` refuses another SSH session{hint}: {why:?}",
                    self.settings.name
                )));
            }
            Ok(Err(error)) => return Err(gone(&error)),
            Err(_) => {
                return Err(lost(format!(
                    "`{}` did not open an SSH session within {} s",
                    self.settings.name,
                    OPENING.as_secs()
                )));
            }
        };
        // No reply is asked for: what we send next goes out at once.
        let exec = channel.exec(false, command).await;
        exec.map_err(|error| gone(&error))?;
        let (output, input) = channel.split();
        Ok(Pipe {
            input: Box::new(Writer(Some(input))),
            output: Box::new(Reader(output)),
        })
    }

    async fn dial(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, DialError> {
        let session = self.session().await.map_err(DialError::Lost)?;
        Ok(Box::new(dial::open(&session.handle, host, port).await?))
    }

    fn login(&self) -> &str {
        &self.settings.user
    }

    async fn renew(&self) -> Result<(), ConnectionError> {
        let old = self.session.write().await.take();
        if let Some(old) = old {
            old.close().await;
        }
        let opening = Session::open(&self.world, &self.sessions, (&self.settings, &self.meter));
        let session = opening.await?;
        *self.session.write().await = Some(Arc::new(session));
        Ok(())
    }

    async fn close(&self) {
        let session = self.session.write().await.take();
        if let Some(session) = session {
            session.close().await;
        }
    }

    fn meter(&self) -> &Meter {
        &self.meter
    }
}
