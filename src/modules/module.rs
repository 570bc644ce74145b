//! The shape that every module has.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::connection::{
    Action, Answers, Connection, ConnectionError, Deadline, Done, Identity, Probe, Reader, Touch,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::Json;
use crate::template::Unrendered;

/// One thing that differs from what is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What it is about, for people: `/etc/hosts`, `package curl`, `mode`.
    pub subject: String,
    /// What is there now; empty if nothing.
    pub before: String,
    /// What is wanted; empty if it is to go away.
    pub after: String,
    /// The texts must not be shown, `--diff` or not (private keys, passwords).
    pub secret: bool,
}

/// What would have to be done. Empty means: as wanted.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// The changes, in the order they would be made.
    pub changes: Vec<Change>,
    /// Why nothing is to be done, for a person (`creates exists`); only when `changes` is empty.
    pub reason: Option<String>,
    /// Ansible marks the task `skipped` (check mode of a module that cannot look first, `creates`).
    pub skipped: bool,
    /// Whether the task can say what it would change. `false`: it only knows after running
    /// (`command` without `creates`), which check mode reports as Ansible does.
    pub blind: bool,
    /// Something is done that does not count as a change (`daemon_reload`, refreshing the archive's
    /// lists that changes nothing): apply even if there are no changes.
    pub quiet: bool,
    /// Why it would fail on the host as it is now, though a task before this one may mend that:
    /// check mode says it unless such a task would change something.
    pub refused: Option<Failure>,
    /// Fields of the result that are known without applying (`path`, `stat`, …).
    pub result: serde_json::Map<String, Json>,
}

impl Diff {
    /// Whether applying would do anything.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.blind
    }
}

/// A module that failed: Ansible's `msg` with further result fields.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The task failed on this host.
    Task {
        /// One line for a person: Ansible's `msg`.
        msg: String,
        /// Further fields of the result (`rc`, `stdout`, …).
        result: serde_json::Map<String, Json>,
        /// One thing to do, if the module knows.
        help: Option<String>,
        /// Its slug, if the module knows a better one than `task/failed`.
        code: Option<&'static str>,
    },
    /// The host did not do what was asked.
    Host(ConnectionError),
    /// An expression of the task needs something unknown, or is wrong (`template`, `assert`).
    Unrendered(Unrendered),
}

/// The slug of a file that a task reads and that is not there.
pub const NO_FILE: &str = "task/no-file";

impl Failure {
    /// A failure with Ansible's `msg`.
    pub fn msg(msg: impl Into<String>) -> Self {
        Self::Task {
            msg: msg.into(),
            result: serde_json::Map::new(),
            help: None,
            code: None,
        }
    }

    /// Gives it a slug of its own.
    #[must_use]
    pub fn coded(mut self, slug: &'static str) -> Self {
        if let Self::Task { code, .. } = &mut self {
            *code = Some(slug);
        }
        self
    }

    /// Says the one thing to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        if let Self::Task { help, .. } = &mut self {
            *help = Some(text.into());
        }
        self
    }

    /// Adds a field to the result.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Json>) -> Self {
        if let Self::Task { result, .. } = &mut self {
            result.insert(field.to_owned(), value.into());
        }
        self
    }
}

impl From<Diagnostics> for Failure {
    /// What is wrong with files, as a task's failure: all of it, with the first one's help.
    fn from(found: Diagnostics) -> Self {
        let line = |error: &Diagnostic| {
            let place = error
                .place
                .as_ref()
                .map_or_else(String::new, |place| format!("{place}: "));
            let why: Vec<String> = error.why.iter().map(|why| format!("\n{why}")).collect();
            format!("{place}{}{}", error.what, why.concat())
        };
        let lines: Vec<String> = found.iter().map(line).collect();
        let mut failure = Self::msg(lines.join("\n"));
        if let Some(first) = found.first() {
            failure = failure.coded(first.code);
        }
        match found.into_iter().find_map(|error| error.help) {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}

impl From<Unrendered> for Failure {
    fn from(reason: Unrendered) -> Self {
        Self::Unrendered(reason)
    }
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        match error {
            // The host's own words are the task's message, as Ansible has it.
            ConnectionError::Refused { what } => Self::msg(what),
            other => Self::Host(other),
        }
    }
}

/// What a module did: its result fields. `changed` is decided by the engine (a non-empty diff),
/// unless the module says otherwise here (`command`).
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Result fields beyond those of the diff; they win over the diff's.
    pub result: serde_json::Map<String, Json>,
    /// Overrides `changed`.
    pub changed: Option<bool>,
}

/// Where a module acts: the host with everything that goes with a change there.
pub struct Site<'a> {
    /// The host.
    pub connection: &'a Arc<dyn Connection>,
    /// On whose behalf.
    pub who: &'a Identity,
    /// What was seen on this host; [`Site::act`] drops what an action touches.
    pub answers: &'a Answers,
    /// The task's deadline.
    pub deadline: Deadline,
    /// The task's `environment`, for programs that actions run.
    pub environment: &'a BTreeMap<String, String>,
}

impl<'a> Site<'a> {
    /// A view that cannot change anything.
    pub const fn reader(&self) -> Reader<'a> {
        Reader::new(self.connection, self.who, self.answers)
    }

    /// Changes one thing and forgets what was seen of it; what coming tasks want to know of it
    /// comes back with the answer.
    pub async fn act(&self, action: Action) -> Result<Done, Failure> {
        let touch = action.touches();
        let path = action.path().map(ToOwned::to_owned);
        let user = self.who.user.as_deref();
        let expected = self.answers.stale(user, &touch);
        let runs_programs = matches!(action, Action::Download { .. } | Action::Package(_));
        let action = if runs_programs && !self.environment.is_empty() {
            Action::With {
                env: self.environment.clone(),
                action: Box::new(action),
            }
        } else {
            action
        };
        let order = (action, self.deadline);
        let done = self
            .connection
            .act_and_look(self.who, order, &expected.probes)
            .await;
        let done = done.map(|(done, replies)| {
            self.answers.acted(user, &touch, (expected, replies));
            done
        });
        if done.is_err() {
            self.answers.forget(&touch);
        }
        done.map_err(|error| match (error, path) {
            // Not every program names the file that it could not write.
            (ConnectionError::Refused { what }, Some(path)) if !what.contains(&path) => {
                Failure::msg(format!("`{path}`: {what}"))
            }
            (error, _) => error.into(),
        })
    }
}

/// A module with its arguments, ready for one host. See the room's head for the three steps.
#[async_trait]
pub trait Module: Send + Sync {
    /// What `observe` found, as far as `diff` and `apply` need it.
    type Seen: Send + Sync;

    /// The probes that `observe` will ask, as far as the arguments tell: the engine sends those
    /// of many tasks in one batch.
    fn foresee(&self) -> Vec<Probe> {
        Vec::new()
    }

    /// Looks.
    async fn observe(&self, at: &Reader<'_>) -> Result<Self::Seen, Failure>;

    /// Compares. Pure: no waiting, no looking.
    fn diff(&self, seen: &Self::Seen) -> Result<Diff, Failure>;

    /// Does what the diff listed.
    async fn apply(&self, at: &Site<'_>, seen: Self::Seen, diff: &Diff)
    -> Result<Outcome, Failure>;
}

/// A module behind one type, as the engine holds it.
#[async_trait]
pub trait Runnable: Send + Sync {
    /// See [`Module::foresee`].
    fn foresee(&self) -> Vec<Probe>;

    /// Observe and diff only.
    async fn check(&self, at: &Site<'_>) -> Result<Diff, Failure>;

    /// Observe, diff, and apply unless the diff is empty.
    async fn run(&self, at: &Site<'_>) -> Result<(Diff, Outcome), Failure>;
}

#[async_trait]
impl<M: Module> Runnable for M {
    fn foresee(&self) -> Vec<Probe> {
        Module::foresee(self)
    }

    async fn check(&self, at: &Site<'_>) -> Result<Diff, Failure> {
        let seen = self.observe(&at.reader()).await?;
        self.diff(&seen)
    }

    async fn run(&self, at: &Site<'_>) -> Result<(Diff, Outcome), Failure> {
        let seen = self.observe(&at.reader()).await?;
        let diff = self.diff(&seen)?;
        if diff.is_empty() && !diff.quiet {
            return Ok((diff, Outcome::default()));
        }
        let outcome = self.apply(at, seen, &diff).await?;
        Ok((diff, outcome))
    }
}

impl Action {
    /// The file or folder that the action is about.
    fn path(&self) -> Option<&str> {
        match self {
            Self::WriteFile { path, .. }
            | Self::MakeDirectory { path, .. }
            | Self::SetAttributes { path, .. }
            | Self::Link { path, .. }
            | Self::Touch { path, .. }
            | Self::Remove { path }
            | Self::Upload { path, .. }
            | Self::Download { path, .. } => Some(path),
            Self::CopyFile { to, .. } => Some(to),
            Self::With { action, .. } => action.path(),
            Self::Unpack { into, .. } => Some(into),
            Self::Exec(_)
            | Self::Package(_)
            | Self::Unit { .. }
            | Self::Sysctl { .. }
            | Self::Reboot { .. } => None,
        }
    }

    /// What the action may disturb on its host.
    pub fn touches(&self) -> Touch {
        use crate::connection::Footprint;
        match self {
            Self::WriteFile { path, backup, .. } => paths([Some(path), backup.as_ref()]),
            Self::CopyFile { to, backup, .. } => paths([Some(to), backup.as_ref()]),
            Self::MakeDirectory { path, .. }
            | Self::SetAttributes { path, .. }
            | Self::Touch { path, .. }
            | Self::Remove { path }
            | Self::Upload { path, .. }
            | Self::Download { path, .. } => paths([Some(path), None]),
            Self::Unpack { into, .. } => paths([Some(into), None]),
            Self::With { action, .. } => action.touches(),
            Self::Sysctl { .. } => Touch::Only(vec![Footprint::Kernel]),
            // A link can give a second name to anything; packages, units and programs can change
            // anything.
            Self::Link { .. }
            | Self::Package(_)
            | Self::Unit { .. }
            | Self::Exec(_)
            | Self::Reboot { .. } => Touch::Everything,
        }
    }
}

/// The footprint of these paths, and of what may be derived from files (accounts, units, facts).
fn paths<const N: usize>(paths: [Option<&String>; N]) -> Touch {
    use crate::connection::Footprint;
    let mut touched: Vec<Footprint> = paths
        .into_iter()
        .flatten()
        .map(|path| Footprint::Path(path.clone()))
        .collect();
    if paths
        .into_iter()
        .flatten()
        .any(|path| path.starts_with("/etc"))
    {
        touched.extend([Footprint::Accounts, Footprint::Facts]);
    }
    if paths
        .into_iter()
        .flatten()
        .any(|path| path.contains("/systemd/") || path.contains("/init.d/"))
    {
        return Touch::Everything;
    }
    Touch::Only(touched)
}
