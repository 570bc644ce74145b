//! This machine as a host (`ansible_connection: local`): the same shell layer over a child `sh`.

use std::process::Stdio;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::posix::{Chunk, DialError, Input, Meter, Method, Output, Pipe, PosixHost, Wire};
use super::{ConnectionError, Stream};

/// Opens this machine under an inventory name. `login` is the name of the user who runs us.
pub fn open(name: &str, login: &str, method: Method) -> Arc<PosixHost> {
    let wire = Local {
        login: login.to_owned(),
        meter: Arc::default(),
    };
    Arc::new(PosixHost::new(name, Arc::new(wire), method))
}

struct Local {
    login: String,
    meter: Arc<Meter>,
}

struct Writer {
    stdin: ChildStdin,
    meter: Arc<Meter>,
}

#[async_trait]
impl Input for Writer {
    async fn send(&mut self, bytes: Bytes) -> std::io::Result<()> {
        self.meter.sent(bytes.len());
        self.stdin.write_all(&bytes).await?;
        self.stdin.flush().await
    }
}

struct Reader {
    child: Child,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    out: Vec<u8>,
    err: Vec<u8>,
    exited: bool,
    meter: Arc<Meter>,
}

/// Reads from a stream that may have ended; an ended one never answers.
async fn read(stream: &mut Option<impl AsyncReadExt + Unpin>, buffer: &mut [u8]) -> usize {
    match stream {
        Some(stream) => stream.read(buffer).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

#[async_trait]
impl Output for Reader {
    async fn next(&mut self) -> Option<Chunk> {
        loop {
            if self.stdout.is_none() && self.stderr.is_none() && self.exited {
                return None;
            }
            tokio::select! {
                status = self.child.wait(), if !self.exited => {
                    self.exited = true;
                    return status.ok().map(|s| Chunk::Exit(code(s)));
                }
                n = read(&mut self.stdout, &mut self.out) => {
                    if n > 0 {
                        self.meter.received(n);
                        return Some(Chunk::Out(Bytes::copy_from_slice(&self.out[..n])));
                    }
                    self.stdout = None;
                }
                n = read(&mut self.stderr, &mut self.err) => {
                    if n > 0 {
                        self.meter.received(n);
                        return Some(Chunk::Err(Bytes::copy_from_slice(&self.err[..n])));
                    }
                    self.stderr = None;
                }
            }
        }
    }
}

/// The exit code, 128 + n for a signal n.
fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let signal = status.signal().map(|s| 128 + s);
    status.code().or(signal).unwrap_or(-1)
}

#[async_trait]
impl Wire for Local {
    async fn start(&self, command: &str) -> Result<Pipe, ConnectionError> {
        let lost = |what: String| ConnectionError::Unreachable {
            what,
            help: None,
            in_doubt: false,
        };
        let mut child = Command::new("/bin/sh")
            .args(["-c", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|e| lost(format!("cannot start /bin/sh here: {e}")))?;
        let stdin = child.stdin.take();
        let stdin = stdin.ok_or_else(|| lost("the shell has no input".to_owned()))?;
        Ok(Pipe {
            input: Box::new(Writer {
                stdin,
                meter: Arc::clone(&self.meter),
            }),
            output: Box::new(Reader {
                stdout: child.stdout.take(),
                stderr: child.stderr.take(),
                child,
                out: vec![0; 64 << 10],
                err: vec![0; 16 << 10],
                exited: false,
                meter: Arc::clone(&self.meter),
            }),
        })
    }

    async fn dial(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, DialError> {
        match tokio::net::TcpStream::connect((host, port)).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                Ok(Box::new(stream))
            }
            Err(e) => Err(DialError::Closed(format!("{host}:{port}: {e}"))),
        }
    }

    fn login(&self) -> &str {
        &self.login
    }

    async fn renew(&self) -> Result<(), ConnectionError> {
        Ok(())
    }

    async fn close(&self) {}

    fn meter(&self) -> &Meter {
        &self.meter
    }
}
