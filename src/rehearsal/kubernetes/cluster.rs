//! The door of a simulated cluster: a request goes in, an answer comes out, time passes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch::{Receiver, Sender, channel};

use super::asked::Asked;
use super::serve;
use super::state::{NodeFact, State};
use super::watch::Watch;
use crate::rehearsal::clock::EstateClock;
use crate::rehearsal::git::Offer;
use crate::rehearsal::network::{Request, Response};

/// A simulated cluster; clones are the same one.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    clock: EstateClock,
    changed: Sender<u64>,
}

/// An answer: whole, or one that goes on.
pub enum Answer {
    /// All at once.
    Plain(Response),
    /// Watch events, line by line.
    Watch(Box<Watch>),
}

impl Cluster {
    /// A cluster that begins now, with the objects that a fresh one has.
    ///
    /// # Errors
    /// A built-in table does not parse: a defect of this program.
    pub fn new(name: &str, clock: &EstateClock) -> Result<Self, String> {
        let mut state = State::new(name, clock.since_epoch())?;
        super::meta::begin(&mut state);
        Ok(Self::of(state, clock))
    }

    /// A cluster as it was saved.
    ///
    /// # Errors
    /// A built-in table does not parse: a defect of this program.
    pub fn load(saved: &Value, clock: &EstateClock) -> Result<Self, String> {
        let name = saved["name"].as_str().unwrap_or("default");
        let mut state = State::new(name, clock.since_epoch())?;
        state.load(saved);
        Ok(Self::of(state, clock))
    }

    fn of(state: State, clock: &EstateClock) -> Self {
        let changed = channel(state.store.revision).0;
        Self(Arc::new(Inner {
            state: Mutex::new(state),
            clock: clock.clone(),
            changed,
        }))
    }

    /// The same state, going on by itself by another clock.
    #[must_use]
    pub fn fork(&self, clock: &EstateClock) -> Self {
        Self::of(self.state().clone(), clock)
    }

    /// For saving.
    pub fn save(&self) -> Value {
        self.settled().save()
    }

    /// Its members, as the estate has them now.
    pub fn set_nodes(&self, nodes: Vec<NodeFact>) {
        let mut state = self.settled();
        if state.nodes != nodes {
            state.nodes = nodes;
            state.settled = None;
            state.ran.clear();
            self.catch_up(&mut state);
        }
    }

    /// Pods that never get ready: a name or pattern, and why.
    pub fn set_faults(&self, faults: Vec<(String, String)>) {
        let mut state = self.settled();
        if state.faults != faults {
            state.faults = faults;
            state.settled = None;
            state.ran.clear();
            self.catch_up(&mut state);
        }
    }

    /// Repositories that it can reach.
    pub fn set_repositories(&self, offers: Vec<Offer>) {
        let mut state = self.settled();
        if *state.repositories != offers {
            state.repositories = Arc::new(offers);
            state.settled = None;
            state.ran.clear();
            self.catch_up(&mut state);
        }
    }

    /// The certificate that namespaces are told of, PEM.
    pub fn set_authority(&self, certificate: &str) {
        certificate.clone_into(&mut self.state().authority);
    }

    /// Whether a token was given to an account.
    pub fn knows(&self, token: &str) -> bool {
        let signature = token.rsplit('.').next().unwrap_or_default();
        self.state().tokens.contains(signature)
    }

    /// Answers a request.
    pub fn ask(&self, request: &Request) -> Answer {
        // Whoever sleeps on the clock must not take this moment for a quiet one.
        self.0.clock.advance(Duration::ZERO);
        let mut state = self.settled();
        let asked = Asked::new(request);
        let answer = match serve::answer(&mut state, &asked) {
            serve::Outcome::Plain(response) => Answer::Plain(response),
            serve::Outcome::Watch(begin) => {
                Answer::Watch(Box::new(Watch::new(self.clone(), *begin)))
            }
        };
        self.catch_up(&mut state);
        answer
    }

    /// Forgets what happened until now, as etcd's compaction does every five minutes.
    pub fn compact(&self) {
        self.state().store.compact();
    }

    /// Whether this is the cluster of a name.
    pub fn is_called(&self, name: &str) -> bool {
        self.state().name == name
    }

    /// The clock it goes by.
    pub fn clock(&self) -> &EstateClock {
        &self.0.clock
    }

    /// Tells of every change.
    pub(super) fn changes(&self) -> Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// The state, once the controllers have caught up with the clock.
    pub(in crate::rehearsal) fn settled(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        self.catch_up(&mut state);
        state
    }

    fn catch_up(&self, state: &mut State) {
        state.settle(self.0.clock.since_epoch());
        let revision = state.store.revision;
        self.0
            .changed
            .send_if_modified(|seen| std::mem::replace(seen, revision) != revision);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
