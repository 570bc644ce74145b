//! What happens by itself as time passes: controllers, the scheduler and nodes, as far as a client
//! sees it.

mod claims;
mod course;
mod events;
mod garbage;
mod jobs;
mod namespaces;
mod nodes;
mod pieces;
mod pods;
mod replicas;
mod services;
mod sets;

use std::time::Duration;

use serde_json::Value;

use super::state::State;
use super::store::Key;

/// More rounds than any chain of owners needs.
const ROUNDS: usize = 40;

impl State {
    /// Lets everything that was due until a moment happen, each at its time.
    pub fn settle(&mut self, until: Duration) {
        loop {
            self.quiesce();
            match self.due {
                Some(due) if due <= until && due > self.now => self.now = due,
                _ => break,
            }
            self.settled = None;
        }
        if until > self.now {
            self.now = until;
        }
    }

    /// Runs the controllers until nothing changes at this moment.
    fn quiesce(&mut self) {
        for _ in 0..ROUNDS {
            if self.settled == Some(self.store.revision) {
                return;
            }
            let seen = self.store.revision;
            let mut due = self.settle_crds();
            for step in [
                Self::settle_nodes,
                Self::settle_namespaces,
                Self::settle_replicas,
                Self::settle_sets,
                Self::settle_jobs,
                Self::settle_claims,
                Self::settle_pods,
                Self::settle_services,
                Self::collect_garbage,
            ] {
                due = earlier(due, step(self));
            }
            self.due = due;
            self.settled = Some(seen);
        }
    }
}

/// The earlier of two moments.
pub fn earlier(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Deletes an object as far as its finalizers allow; whether it is gone.
pub fn end(state: &mut State, key: &Key, mut object: Value) -> bool {
    let held = object["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|list| !list.is_empty());
    if !held {
        state.store.delete(key);
        return true;
    }
    if object["metadata"]["deletionTimestamp"].is_null() {
        object["metadata"]["deletionTimestamp"] = state.time().into();
        object["metadata"]["deletionGracePeriodSeconds"] = 0.into();
        state.store.put(key, object);
    }
    false
}
