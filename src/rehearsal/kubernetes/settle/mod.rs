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
            if self.settled.is_some_and(|from| self.is_quiet_since(from)) {
                self.settled = Some(self.store.revision);
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

/// Resources that no controller here looks at when one of them comes or changes.
const UNWATCHED: [&str; 10] = [
    "/events",
    "admissionregistration.k8s.io/mutatingwebhookconfigurations",
    "admissionregistration.k8s.io/validatingwebhookconfigurations",
    "networking.k8s.io/ingressclasses",
    "networking.k8s.io/ingresses",
    "networking.k8s.io/networkpolicies",
    "rbac.authorization.k8s.io/clusterrolebindings",
    "rbac.authorization.k8s.io/clusterroles",
    "rbac.authorization.k8s.io/rolebindings",
    "rbac.authorization.k8s.io/roles",
];

impl State {
    /// Whether nothing happened since a revision that a controller would do something about: a
    /// manifest is mostly such objects, and every round looks at everything else.
    fn is_quiet_since(&self, revision: u64) -> bool {
        self.store.happened_since(revision).is_some_and(|mut all| {
            all.all(|change| {
                let metadata = &change.object["metadata"];
                UNWATCHED.contains(&change.key.resource.as_str())
                    && !change.gone
                    && metadata["deletionTimestamp"].is_null()
                    && metadata["ownerReferences"].is_null()
            })
        })
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
