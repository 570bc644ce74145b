//! Byte streams through a session. Each is drained by a task of its own, because a channel that
//! nobody reads would stall the whole session (russh has no window per channel to close).
//!
//! What the reader does not take waits in a buffer. When that is full the task waits for the
//! reader; one that takes nothing for [`PATIENCE`] loses its stream, not everybody theirs.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::FusedFuture;
use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelOpenFailure, ChannelReadHalf, ChannelWriteHalf};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, SimplexStream};
use tokio::io::{ReadHalf, WriteHalf};
use tokio::sync::oneshot;

use super::super::posix::DialError;
use super::session::Guard;
use super::wire::gone;

/// What may wait for a slow reader.
const INBOUND: usize = 32 << 20;
/// What may wait for the host.
const OUTBOUND: usize = 256 << 10;
/// How long a full buffer waits for its reader.
const PATIENCE: Duration = Duration::from_secs(3);

/// A stream to a port as seen from the host.
pub struct Dialled {
    reader: ReadHalf<SimplexStream>,
    writer: WriteHalf<SimplexStream>,
    /// Its end tells the tasks that nobody holds the stream any more.
    _held: oneshot::Sender<()>,
}

/// Opens a stream to `host:port` as seen from the session's host.
pub async fn open(handle: &Handle<Guard>, host: &str, port: u16) -> Result<Dialled, DialError> {
    let opened = handle
        .channel_open_direct_tcpip(host, u32::from(port), "127.0.0.1", 0)
        .await;
    match opened {
        Ok(channel) => Ok(pump(channel)),
        Err(russh::Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited)) => {
            Err(DialError::Forbidden(format!(
                "the host's SSH server forbids the connection to {host}:{port}: set `AllowTcpForwarding yes` in its sshd_config"
            )))
        }
        Err(russh::Error::ChannelOpenFailure(_)) => Err(DialError::Closed(format!(
            "nothing accepts connections at {host}:{port} as seen from the host"
        ))),
        Err(error) => Err(DialError::Lost(gone(&error))),
    }
}

fn pump(channel: Channel<Msg>) -> Dialled {
    let (from_host, to_host) = channel.split();
    let (reader, inbound) = tokio::io::simplex(INBOUND);
    let (outbound, writer) = tokio::io::simplex(OUTBOUND);
    let (held, dropped) = oneshot::channel();
    tokio::spawn(async move {
        let writing = send(outbound, &to_host).fuse();
        let reading = receive(from_host, inbound);
        tokio::pin!(writing);
        tokio::select! {
            _ = async {
                let written = async { (&mut writing).await; Ok(()) };
                tokio::try_join!(written, reading)
            } => {}
            _ = dropped => {
                // What was written before the drop still goes out.
                if !writing.is_terminated() {
                    let _ = tokio::time::timeout(PATIENCE, &mut writing).await;
                }
            }
        }
        let _ = to_host.close().await;
    });
    Dialled {
        reader,
        writer,
        _held: held,
    }
}

/// Nobody takes what comes from the host: the stream ends.
struct Unread;

/// From the host to the reader.
async fn receive(
    mut from: ChannelReadHalf,
    mut to: WriteHalf<SimplexStream>,
) -> Result<(), Unread> {
    while let Some(message) = from.wait().await {
        let ChannelMsg::Data { data } = message else {
            if matches!(message, ChannelMsg::Eof | ChannelMsg::Close) {
                break;
            }
            continue;
        };
        let mut rest = data.as_ref();
        while !rest.is_empty() {
            match tokio::time::timeout(PATIENCE, to.write(rest)).await {
                Ok(Ok(n)) if n > 0 => rest = &rest[n..],
                _ => return Err(Unread),
            }
        }
    }
    let _ = to.shutdown().await;
    Ok(())
}

/// From the writer to the host.
async fn send(mut from: ReadHalf<SimplexStream>, to: &ChannelWriteHalf<Msg>) {
    let mut buffer = vec![0; 32 << 10];
    loop {
        match from.read(&mut buffer).await {
            Ok(n) if n > 0 => {
                if to
                    .data_bytes(Bytes::copy_from_slice(&buffer[..n]))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            _ => {
                let _ = to.eof().await;
                return;
            }
        }
    }
}

impl AsyncRead for Dialled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(cx, buf)
    }
}

impl AsyncWrite for Dialled {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}
