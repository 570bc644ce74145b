//! Where a channel's output is gathered: its task fills it as fast as the host prints, so that
//! one talkative program cannot stall the session; whoever asked waits on it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::frame::Lane;
use super::pipe::Chunk;

/// Most bytes kept of what is printed before the driver answers.
const OPENING: usize = 8 << 10;

/// What the driver said when it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Process id of the driver on the host.
    pub pid: u32,
    /// Whether its `head -c` does not read ahead.
    pub exact: bool,
}

/// The state of a channel's output.
#[derive(Default)]
pub struct Gathered {
    /// Printed on stdout before the hello, its end.
    opening: Vec<u8>,
    /// Printed on stderr outside requests, its end.
    pub said: Vec<u8>,
    /// How often the password prompt was printed.
    pub prompts: usize,
    /// The loader is there.
    pub up: bool,
    /// The driver is there.
    pub hello: Option<Hello>,
    /// stdout and stderr of the request under way.
    pub lanes: Option<(Lane, Lane)>,
    /// The exit code, if the program ended and said so.
    pub exit: Option<i32>,
    /// Nothing will come any more.
    pub ended: bool,
}

/// Shared by the task that reads and the one that asks.
pub struct Inbox {
    token: String,
    prompt: Option<String>,
    state: Mutex<Gathered>,
    changed: Notify,
}

impl Inbox {
    /// For a driver with this token, started behind this password prompt.
    pub fn new(token: String, prompt: Option<String>) -> Self {
        Self {
            token,
            prompt,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// The state now.
    pub fn state(&self) -> MutexGuard<'_, Gathered> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a piece of output; `None` is the end.
    pub fn feed(&self, chunk: Option<Chunk>) {
        let mut state = self.state();
        match chunk {
            Some(Chunk::Out(bytes)) => self.out(&mut state, &bytes),
            Some(Chunk::Err(bytes)) => self.err(&mut state, &bytes),
            Some(Chunk::Exit(code)) => state.exit = Some(code),
            None => state.ended = true,
        }
        drop(state);
        self.changed.notify_one();
    }

    fn out(&self, state: &mut Gathered, bytes: &[u8]) {
        if state.hello.is_some() {
            if let Some((out, _)) = &mut state.lanes {
                out.feed(bytes);
            }
            return;
        }
        state.opening.extend_from_slice(bytes);
        let text = String::from_utf8_lossy(&state.opening).into_owned();
        state.up |= text.contains(&format!("\n{} up\n", self.token));
        let mark = format!("\n{} hello ", self.token).into_bytes();
        let found = state.opening.windows(mark.len()).position(|w| w == mark);
        let Some(start) = found.map(|at| at + mark.len()) else {
            tail(&mut state.opening, OPENING);
            return;
        };
        let Some(length) = state.opening[start..].iter().position(|b| *b == b'\n') else {
            return;
        };
        let line = String::from_utf8_lossy(&state.opening[start..start + length]).into_owned();
        let mut words = line.split(' ');
        state.hello = Some(Hello {
            pid: words.next().and_then(|w| w.parse().ok()).unwrap_or(0),
            exact: words.next() == Some("b"),
        });
        let rest = std::mem::take(&mut state.opening).split_off(start + length);
        if let Some((out, _)) = &mut state.lanes {
            out.feed(&rest);
        }
    }

    fn err(&self, state: &mut Gathered, bytes: &[u8]) {
        let quiet = match &mut state.lanes {
            Some((_, err)) if state.hello.is_some() || err.begun() => {
                err.feed(bytes);
                err.begun()
            }
            Some((_, err)) => {
                err.feed(bytes);
                false
            }
            None => false,
        };
        if quiet {
            return;
        }
        state.said.extend_from_slice(bytes);
        if let Some(prompt) = &self.prompt {
            let text = String::from_utf8_lossy(&state.said);
            state.prompts = state.prompts.max(text.matches(prompt.as_str()).count());
        }
        tail(&mut state.said, OPENING);
    }

    /// Waits until `look` finds what it wants.
    pub async fn until<T>(&self, mut look: impl FnMut(&mut Gathered) -> Option<T>) -> T {
        loop {
            if let Some(found) = look(&mut self.state()) {
                return found;
            }
            self.changed.notified().await;
        }
    }
}

/// Keeps the last `most` bytes.
fn tail(bytes: &mut Vec<u8>, most: usize) {
    if bytes.len() > most {
        bytes.drain(..bytes.len() - most);
    }
}
