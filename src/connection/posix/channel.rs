//! One started driver: requests go in one at a time, their sections come out.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::super::ConnectionError;
use super::driver::{self, nonce};
use super::frame::{Lane, Section};
use super::inbox::{Hello, Inbox};
use super::pipe::{Chunk, Input, Pipe};
use super::script::{Answer, Script};

/// How long output may still come once the program has told its exit code.
const AFTER_EXIT: Duration = Duration::from_secs(2);

/// Why a request has no answer.
#[derive(Debug)]
pub enum Failure {
    /// The program at the other end is gone.
    Ended {
        /// Its exit code, if it told one: then the driver ended in order.
        exit: Option<i32>,
        /// Whether the request had begun.
        begun: bool,
        /// The end of what it printed on stderr outside requests.
        said: String,
    },
    /// What came back is not an answer.
    Broken(String),
    /// It takes longer than allowed. The request still runs.
    Late,
    /// It prints without end. The request still runs.
    Flood,
    /// The request could not be written down.
    Invalid(ConnectionError),
}

/// A driver on the host.
pub struct Channel {
    input: Box<dyn Input>,
    inbox: Arc<Inbox>,
    reader: JoinHandle<()>,
    defined: HashSet<&'static str>,
    token: String,
    spoiled: bool,
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Channel {
    /// Takes over a started loader. `prompt` is the marker that sudo prints.
    pub fn new(pipe: Pipe, token: String, prompt: Option<String>) -> Self {
        let inbox = Arc::new(Inbox::new(token.clone(), prompt));
        let (filled, mut output) = (Arc::clone(&inbox), pipe.output);
        let reader = tokio::spawn(async move {
            // A background process may hold the streams open after the program's end.
            let mut patience = Duration::MAX;
            while let Ok(Some(chunk)) = tokio::time::timeout(patience, output.next()).await {
                if matches!(chunk, Chunk::Exit(_)) {
                    patience = AFTER_EXIT;
                }
                filled.feed(Some(chunk));
            }
            filled.feed(None);
        });
        Self {
            input: pipe.input,
            inbox,
            reader,
            defined: HashSet::new(),
            token,
            spoiled: false,
        }
    }

    /// Sends the driver. Requests may follow at once.
    pub async fn load(&mut self) -> std::io::Result<()> {
        self.input
            .send(Bytes::from(driver::driver(&self.token)))
            .await
    }

    /// The gathered output.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Writes bytes to whatever reads now (sudo's password prompt).
    pub async fn say(&mut self, bytes: Bytes) -> std::io::Result<()> {
        self.input.send(bytes).await
    }

    /// What the driver said of itself; waits for it.
    pub async fn hello(&self) -> Result<Hello, Failure> {
        self.inbox
            .until(|s| match (s.hello, s.ended) {
                (Some(hello), _) => Some(Ok(hello)),
                (None, true) => Some(Err(ended(s))),
                (None, false) => None,
            })
            .await
    }

    /// Whether another request can be asked.
    pub fn is_usable(&self) -> bool {
        let state = self.inbox.state();
        !self.spoiled && !state.ended && state.exit.is_none()
    }

    /// Asks and waits for the answer, at most `within`.
    pub async fn ask(&mut self, script: &Script, within: Duration) -> Result<Answer, Failure> {
        let exact = match script.blob() {
            Some(_) => {
                tokio::time::timeout(within, self.hello())
                    .await
                    .unwrap_or(Err(Failure::Late))?
                    .exact
            }
            None => true,
        };
        let nonce = nonce().map_err(Failure::Invalid)?;
        let limits = script.limits;
        self.inbox.state().lanes = Some((
            Lane::new(&nonce, limits.keep),
            Lane::new(&nonce, limits.keep),
        ));
        let inbox = Arc::clone(&self.inbox);
        // Half-sent requests leave a channel that nobody can use: spoiled until all is sent.
        self.spoiled = true;
        let sent = std::sync::atomic::AtomicBool::new(false);
        let talk = async {
            let send = async {
                let outcome = self.send(script, &nonce, exact).await;
                sent.store(matches!(outcome, Ok(true)), Ordering::Relaxed);
                outcome
            };
            let answer = finished(&inbox, limits.flood);
            tokio::pin!(send, answer);
            tokio::select! {
                biased;
                // What this machine cannot read will never be sent: no answer comes.
                outcome = &mut send => if let Err(error) = outcome { return Err(Failure::Invalid(error)) },
                found = &mut answer => return found,
            }
            answer.await
        };
        let found = tokio::time::timeout(within, talk)
            .await
            .unwrap_or(Err(Failure::Late));
        let last = matches!(&found, Ok(answer) if answer.last);
        self.spoiled = last || !sent.into_inner();
        found
    }

    /// Sends a request; whether all of it went out. A broken pipe shows as the end of the output.
    async fn send(
        &mut self,
        script: &Script,
        nonce: &str,
        exact: bool,
    ) -> Result<bool, ConnectionError> {
        let mut text = String::new();
        for function in script.functions() {
            if self.defined.insert(function.name) {
                text.push_str(function.text);
                text.push('\n');
            }
        }
        text.push_str(script.body());
        let request = driver::request(nonce, &text);
        let mut open = self.input.send(Bytes::from(request)).await.is_ok();
        if let Some(blob) = script.blob() {
            let mut offset = 0;
            while open {
                let piece = blob
                    .piece(offset)
                    .map_err(|error| ConnectionError::Refused {
                        what: format!("this machine: {error}"),
                    })?;
                if piece.is_empty() {
                    break;
                }
                offset += piece.len() as u64;
                open = self.input.send(piece).await.is_ok();
            }
            if exact && open {
                open = self
                    .input
                    .send(Bytes::from(format!("{nonce}\n")))
                    .await
                    .is_ok();
            }
        }
        Ok(open)
    }

    /// After [`Failure::Late`] or [`Failure::Flood`]: waits until the request has ended after all
    /// (because it was killed). `false` means that the channel is of no use any more.
    pub async fn settle(&self, within: Duration) -> bool {
        let ended = finished(&self.inbox, u64::MAX);
        matches!(tokio::time::timeout(within, ended).await, Ok(Ok(_))) && !self.spoiled
    }

    /// The last lines of what the request under way has printed.
    pub fn tail(&self) -> String {
        const LINES: usize = 20;
        let state = self.inbox.state();
        let Some((out, err)) = &state.lanes else {
            return String::new();
        };
        let mut text = String::from_utf8_lossy(&out.unfinished()).into_owned();
        text.push_str(&String::from_utf8_lossy(&err.unfinished()));
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

fn ended(state: &super::inbox::Gathered) -> Failure {
    Failure::Ended {
        exit: state.exit,
        begun: state.lanes.as_ref().is_some_and(|(out, _)| out.begun()),
        said: String::from_utf8_lossy(&state.said).into_owned(),
    }
}

/// Waits for both streams' ends.
async fn finished(inbox: &Inbox, flood: u64) -> Result<Answer, Failure> {
    inbox
        .until(|state| {
            let (out, err) = state.lanes.as_ref()?;
            if let Some(why) = out.broken().or_else(|| err.broken()) {
                return Some(Err(Failure::Broken(why.to_owned())));
            }
            if out.ended() && err.ended() {
                let (out, err) = state.lanes.take()?;
                return Some(Ok(Answer {
                    last: out.leaving(),
                    out: sections(out),
                    err: sections(err),
                }));
            }
            if out.dropped().max(err.dropped()) > flood {
                return Some(Err(Failure::Flood));
            }
            let left = state.exit == Some(driver::LEAVING) && !out.begun();
            (state.ended || left).then(|| Err(ended(state)))
        })
        .await
}

fn sections(lane: Lane) -> Vec<Section> {
    lane.into_sections()
}
