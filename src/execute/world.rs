//! What the engine is given: the outside world behind traits, and the user's options.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::connection::Connector;
use crate::diagnostic::Diagnostic;
use crate::event::Sink;
use crate::input::{Clock, Files, Json, Node};
use crate::inventory::Inventory;
use crate::modules::{Downloads, GitTransport};
use crate::playbook::{Component, Play};
use crate::secret::vault::VaultPassword;
use crate::secret::{Redactor, Secret};
use crate::template::Engine;

/// The outside world of a run.
#[derive(Clone)]
pub struct World {
    /// Opens connections to hosts, real or simulated.
    pub connector: Arc<dyn Connector>,
    /// The controller's files.
    pub files: Arc<dyn Files>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where events go.
    pub sink: Arc<dyn Sink>,
    /// Every secret that was met.
    pub redactor: Redactor,
    /// Renders templates.
    pub template: Engine,
    /// Downloads that this machine makes for hosts.
    pub downloads: Arc<Downloads>,
    /// Git on this machine.
    pub git: Arc<dyn GitTransport>,
}

/// Keeps outputs that cannot be looked up again.
pub trait Keeper: Send + Sync {
    /// A value that an earlier run kept.
    fn kept(&self, component: &str, output: &str) -> Option<Json>;

    /// Keeps a value; it is safe when this returns.
    fn keep(&self, component: &str, output: &str, value: &Json) -> Result<(), Box<Diagnostic>>;

    /// Drops a value, if it is kept; it is gone when this returns.
    fn forget(&self, component: &str, output: &str) -> Result<(), Box<Diagnostic>>;
}

/// Whether hosts are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Changes are made.
    Apply,
    /// Changes are only found (`plan`, `--check`).
    Check,
}

/// What becomes of a component's outputs that cannot be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unseen {
    /// The component has failed.
    #[default]
    Fails,
    /// They are unknown: it may not be installed (`status`, `destroy`).
    Unknown,
    /// The same, and a file that its tasks would read and that is not there is no failure: they
    /// only look.
    Absent,
}

/// Whether the questions of coming tasks are asked ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// In one batch, as far as they are known.
    Batch,
    /// Never, and nothing that was seen is used twice: the engine that the tests compare with.
    Never,
}

/// The user's options for a run.
#[derive(Clone)]
pub struct Options {
    /// The verb, for the first event.
    pub verb: String,
    /// The tenant's name, empty for a plain playbook.
    pub tenant: String,
    /// Whether hosts are changed.
    pub mode: Mode,
    /// Whether the hosts are simulated.
    pub rehearsal: bool,
    /// Whether observations are sent ahead.
    pub ahead: Ahead,
    /// How many hosts of a play are worked on at once.
    pub forks: usize,
    /// `--tags`; empty: all.
    pub tags: Vec<String>,
    /// `--skip-tags`.
    pub skip_tags: Vec<String>,
    /// Hosts that `--limit` leaves; `None`: all.
    pub limit: Option<Vec<String>>,
    /// The deadline of a task that states none.
    pub timeout: Duration,
    /// `--ask-become-pass` or a file: used where the inventory has none.
    pub become_password: Option<Secret<String>>,
    /// Who holds the tenant's lock on its first host: user, machine, state directory. `None`: no lock
    /// is taken there.
    pub holder: Option<String>,
    /// Passwords of ansible-vault.
    pub vault_passwords: Vec<VaultPassword>,
}

/// What a component of a runtime cluster sees in place of the tenant's.
#[derive(Debug)]
pub struct View {
    /// The cluster: its group.
    pub cluster: String,
    /// The inventory with this cluster's hosts in the groups of a cluster.
    pub inventory: Arc<Inventory>,
    /// Whose outputs it reads under the name of another.
    pub outputs: BTreeMap<String, String>,
}

/// One component with what it is to do.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name; empty for a plain playbook.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The plays to run.
    pub plays: Arc<Vec<Play>>,
    /// Its inputs, as written.
    pub inputs: Option<Arc<Node>>,
    /// How it sees the inventory and others' outputs; `None`: as they are.
    pub view: Option<Arc<View>>,
    /// The component whose outputs are evaluated afterwards.
    pub component: Option<Arc<Component>>,
    /// What becomes of outputs that cannot be seen.
    pub unseen: Unseen,
    /// Indexes of the jobs that must be done before.
    pub after: Vec<usize>,
}
