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
mod sources;

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
            for (nth, (step, looks_at)) in CONTROLLERS.iter().enumerate() {
                due = earlier(due, self.controlled(nth, (*step, looks_at)));
            }
            self.due = due;
            self.settled = Some(seen);
        }
    }
}

/// What a controller does at this moment; when it has something to do by itself.
type Step = fn(&mut State) -> Option<Duration>;

/// The controllers, each with the resources that it looks at; none: at all of them.
const CONTROLLERS: [(Step, &[&str]); 12] = [
    (State::settle_nodes, &["/nodes"]),
    (State::settle_namespaces, &[]),
    (
        State::settle_replicas,
        &[
            "apps/deployments",
            "apps/replicasets",
            "/pods",
            "/serviceaccounts",
        ],
    ),
    (
        State::settle_sets,
        &[
            "apps/statefulsets",
            "apps/daemonsets",
            "/pods",
            "/nodes",
            "/persistentvolumeclaims",
            "/serviceaccounts",
        ],
    ),
    (
        State::settle_jobs,
        &["batch/jobs", "/pods", "/serviceaccounts"],
    ),
    (
        State::settle_claims,
        &[
            "/persistentvolumeclaims",
            "/persistentvolumes",
            "storage.k8s.io/storageclasses",
            "/pods",
        ],
    ),
    (
        State::settle_pods,
        &[
            "/pods",
            "/nodes",
            "/persistentvolumeclaims",
            "/secrets",
            "/configmaps",
            "/serviceaccounts",
        ],
    ),
    (
        State::settle_services,
        &[
            "/services",
            "/pods",
            "/endpoints",
            "discovery.k8s.io/endpointslices",
            "apiregistration.k8s.io/apiservices",
            "/secrets",
            "/serviceaccounts",
        ],
    ),
    (
        State::settle_applications,
        &[
            "argoproj.io/applications",
            "argoproj.io/appprojects",
            "apps/statefulsets",
            "apps/deployments",
            "/secrets",
            "/configmaps",
            "/persistentvolumeclaims",
            "apiextensions.k8s.io/customresourcedefinitions",
        ],
    ),
    (
        State::settle_sources,
        &[
            "argoproj.io/eventsources",
            "argoproj.io/sensors",
            "apps/deployments",
        ],
    ),
    (
        State::settle_runs,
        &[
            "tekton.dev/pipelineruns",
            "tekton.dev/clustertasks",
            "apps/deployments",
        ],
    ),
    (State::collect_garbage, &[]),
];

/// When a controller ran last, and when it wants to run again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ran {
    revision: Option<u64>,
    due: Option<Duration>,
}

impl State {
    /// Runs a controller, if something that it looks at changed or its time has come: every run
    /// copies the objects that it looks at.
    fn controlled(&mut self, nth: usize, (step, looks_at): (Step, &[&str])) -> Option<Duration> {
        let ran = self.ran.get(nth).copied().unwrap_or_default();
        let newest = if looks_at.is_empty() {
            self.store.revision
        } else {
            let all = looks_at.iter().map(|resource| self.store.touched(resource));
            all.max().unwrap_or_default()
        };
        let changed = ran.revision.is_none_or(|revision| newest > revision);
        if !changed && ran.due.is_none_or(|due| due > self.now) {
            return ran.due;
        }
        // What it changes itself is looked at again.
        let revision = Some(self.store.revision);
        let due = step(self);
        self.ran.resize(CONTROLLERS.len(), Ran::default());
        self.ran[nth] = Ran { revision, due };
        due
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
