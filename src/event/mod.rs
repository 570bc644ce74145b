//! What happens during a run, as values with a versioned JSON form.
//!
//! The engine emits events and knows nothing of terminals or files; reports and the journal
//! receive them. The JSON form is a contract with other people's programs: fields are added,
//! never renamed or removed, and `schema` in the first event says which version it is.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;

/// Version of the JSON form.
pub const SCHEMA: u32 = 1;

/// How a task ended on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As wanted, or done without a change.
    Ok,
    /// Something was changed (in check mode: would be).
    Changed,
    /// Its condition did not hold, or it cannot run in check mode.
    Skipped,
    /// It failed.
    Failed,
    /// It failed and the failure is to be ignored.
    Ignored,
    /// It failed and its block's rescue follows.
    Rescued,
    /// The host could not be reached.
    Unreachable,
    /// In plan and check mode: it depends on something that does not exist yet.
    Unknown,
}

/// A piece of `--diff`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about.
    pub subject: String,
    /// What is there.
    pub before: String,
    /// What is wanted.
    pub after: String,
}

/// What happened to one task on one host, one event per loop item.
#[derive(Clone, Debug, Serialize)]
pub struct TaskResult {
    /// The component, empty for a plain playbook.
    pub component: String,
    /// The task's name.
    pub task: String,
    /// The module as written.
    pub module: String,
    /// Inventory name of the host.
    pub host: String,
    /// Where the task was delegated to, if elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegated: Option<String>,
    /// How it ended.
    pub status: Status,
    /// The loop item's label, if there is a loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// One line for a person.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub msg: String,
    /// What changed, for `--diff` and `plan`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<Difference>,
    /// The module's result, censored for `no_log`.
    pub result: serde_json::Value,
    /// Place of the task: `file:line:column`.
    pub place: String,
    /// How long it took, milliseconds of the run's clock.
    pub duration_ms: u64,
}

/// What a host went through in a run: Ansible's recap line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Tasks that were fine, changed ones included.
    pub ok: u32,
    /// Tasks that changed something.
    pub changed: u32,
    /// Tasks whose condition did not hold.
    pub skipped: u32,
    /// Tasks that failed.
    pub failed: u32,
    /// Whether it was lost.
    pub unreachable: u32,
    /// Failures that a rescue took care of.
    pub rescued: u32,
    /// Failures that were ignored.
    pub ignored: u32,
}

/// What a component's share of a run was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// Its name.
    pub component: String,
    /// How long it took, milliseconds; in a rehearsal of the estate's clock.
    pub duration_ms: u64,
    /// Whether the end of the run waited for it.
    pub critical: bool,
}

/// What crossed the wire between this program and a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// Bytes sent, with the protocol's own.
    pub sent: u64,
    /// Bytes received, with the protocol's own.
    pub received: u64,
    /// Requests that waited for an answer; the greeting and the login are not among them.
    pub round_trips: u64,
}

/// How a component ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentStatus {
    /// Done, nothing changed.
    Ok,
    /// Done, something changed.
    Changed,
    /// A task failed or a host was lost.
    Failed,
    /// Not started: something it needs failed.
    Blocked,
    /// Not started: the run was interrupted or it was left out.
    Skipped,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    Start {
        /// Version of the JSON form.
        schema: u32,
        /// The verb: `up`, `plan`, `play`, …
        verb: String,
        /// The tenant's name; empty for a plain playbook.
        tenant: String,
        /// Whether nothing is changed.
        check: bool,
        /// Whether the hosts are simulated.
        rehearsal: bool,
    },
    /// A component begins.
    ComponentStart {
        /// Its name.
        component: String,
        /// Its title.
        title: String,
    },
    /// A component ended.
    ComponentEnd {
        /// Its name.
        component: String,
        /// How.
        status: ComponentStatus,
        /// What blocked it, if it was blocked.
        #[serde(skip_serializing_if = "Option::is_none")]
        because: Option<String>,
        /// How long it took, milliseconds of the run's clock.
        duration_ms: u64,
    },
    /// A play begins.
    PlayStart {
        /// The component, empty for a plain playbook.
        component: String,
        /// Its name or host pattern.
        play: String,
        /// The hosts it runs on.
        hosts: Vec<String>,
    },
    /// A task begins on its hosts.
    TaskStart {
        /// The component, empty for a plain playbook.
        component: String,
        /// The task's name.
        task: String,
        /// Whether it is a handler.
        handler: bool,
        /// The hosts it begins on.
        hosts: Vec<String>,
    },
    /// A task waits and tries again.
    Retry {
        /// The task's name.
        task: String,
        /// The host.
        host: String,
        /// Tries that are left.
        left: u32,
    },
    /// A task ended on a host.
    TaskResult(Box<TaskResult>),
    /// Something the user should know.
    Warning {
        /// One line.
        text: String,
    },
    /// The run is over. Always the last event.
    Recap {
        /// By host, in inventory order.
        hosts: IndexMap<String, Counts>,
        /// Changed tasks in all.
        changed: u32,
        /// Failed tasks and lost hosts in all.
        failed: u32,
        /// Tasks that `plan` could not decide yet.
        unknown: u32,
        /// How long the run took, milliseconds of real time.
        duration_ms: u64,
        /// In a rehearsal: how long the real run would take by the estate's clock, milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        simulated_ms: Option<u64>,
        /// How long each component took, in the order of their starts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        components: Vec<Spent>,
        /// What crossed the wire, by host; only those with a wire.
        #[serde(skip_serializing_if = "IndexMap::is_empty")]
        traffic: IndexMap<String, Traffic>,
        /// Files with what was checked before something was called done: `JUnit`'s XML and JSON.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        gates: Vec<String>,
    },
}

/// Where events go. Must not block for long: the engine waits for it.
pub trait Sink: Send + Sync {
    /// Takes one event.
    fn emit(&self, event: &Event);
}

/// Several sinks as one, in order.
pub struct Fan(pub Vec<Arc<dyn Sink>>);

impl Sink for Fan {
    fn emit(&self, event: &Event) {
        for sink in &self.0 {
            sink.emit(event);
        }
    }
}
