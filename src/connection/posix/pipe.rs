//! What a transport gives to the shell layer: programs started by the login user's shell, byte
//! streams to ports, and counters of what crossed the wire.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use super::super::{ConnectionError, Stream};

/// A piece of what a program printed.
#[derive(Debug)]
pub enum Chunk {
    /// Standard output.
    Out(Bytes),
    /// Standard error.
    Err(Bytes),
    /// Its exit code.
    Exit(i32),
}

/// The input of a started program.
#[async_trait]
pub trait Input: Send + Sync {
    /// Sends all of this.
    async fn send(&mut self, bytes: Bytes) -> std::io::Result<()>;
}

/// The output of a started program. It is drained by a task of its own, always.
#[async_trait]
pub trait Output: Send {
    /// The next piece; `None` when the program or the connection is gone.
    async fn next(&mut self) -> Option<Chunk>;
}

/// A started program.
pub struct Pipe {
    /// Its input; dropping it closes the program's stdin.
    pub input: Box<dyn Input>,
    /// Its output.
    pub output: Box<dyn Output>,
}

/// A host that can start programs for its login user: over SSH, or here.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Starts a command line by the login user's shell.
    async fn start(&self, command: &str) -> Result<Pipe, ConnectionError>;
    /// A byte stream to an address as seen from the host.
    async fn dial(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, DialError>;
    /// The login user's name.
    fn login(&self) -> &str;
    /// Makes the connection again after the host restarted.
    async fn renew(&self) -> Result<(), ConnectionError>;
    /// Ends everything.
    async fn close(&self);
    /// Counters of this connection.
    fn meter(&self) -> &Meter;
}

/// Why a stream could not be opened.
#[derive(Debug)]
pub enum DialError {
    /// Nothing accepts there.
    Closed(String),
    /// The host's SSH server forbids forwarding.
    Forbidden(String),
    /// The connection itself failed.
    Lost(ConnectionError),
}

/// What crossed the wire of one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes sent, with the protocol's own.
    pub sent: u64,
    /// Bytes received, with the protocol's own.
    pub received: u64,
    /// Requests that waited for an answer.
    pub round_trips: u64,
}

/// Counts [`Traffic`].
#[derive(Debug, Default)]
pub struct Meter {
    sent: AtomicU64,
    received: AtomicU64,
    round_trips: AtomicU64,
}

impl Meter {
    /// Adds sent bytes.
    pub fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Adds received bytes.
    pub fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Adds a round trip.
    pub fn round_trip(&self) {
        self.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    /// The sums so far.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            sent: self.sent.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
            round_trips: self.round_trips.load(Ordering::Relaxed),
        }
    }
}
