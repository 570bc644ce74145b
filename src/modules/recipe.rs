//! The shape that nearly every module has: questions, a pure comparison that gives the actions,
//! and the actions one after the other.
//!
//! [`Module`] asks for three steps; a [`Recipe`] states the first two as plain functions and gets
//! the third for free.

use async_trait::async_trait;

use super::given::parent;
use super::{Change, Diff, Failure, Module, Outcome, Seen, Site};
use crate::connection::{Action, ConnectionError, Executed, Probe, Reader};
use crate::input::Json;

/// How often the answers may raise further questions before something is wrong.
const ROUNDS: usize = 6;

/// What is to be done: what is shown, and the actions that do it.
#[derive(Default)]
pub struct Steps {
    /// What would change, with the result fields known already.
    pub diff: Diff,
    /// What does it, in order.
    pub actions: Vec<Action>,
}

impl Steps {
    /// Nothing to do.
    pub fn none(reason: impl Into<String>) -> Self {
        let mut steps = Self::default();
        steps.diff.reason = Some(reason.into());
        steps
    }

    /// Adds a change with the action that makes it.
    pub fn step(&mut self, change: Change, action: Action) {
        self.diff.changes.push(change);
        self.actions.push(action);
    }

    /// Adds a result field.
    pub fn set(&mut self, field: &str, value: impl Into<Json>) {
        self.diff.result.insert(field.to_owned(), value.into());
    }

    /// With a reason if nothing changes.
    #[must_use]
    pub fn or_reason(mut self, reason: &str) -> Self {
        if self.diff.is_empty() && self.diff.reason.is_none() {
            self.diff.reason = Some(reason.to_owned());
        }
        self
    }
}

impl Change {
    /// A change of `subject`.
    pub fn new(
        subject: impl Into<String>,
        before: impl Into<String>,
        after: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            before: before.into(),
            after: after.into(),
            secret: false,
        }
    }

    /// Whose texts must not be shown.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

/// A module as questions and a comparison.
#[async_trait]
pub trait Recipe: Send + Sync {
    /// The questions that the arguments alone raise.
    fn questions(&self) -> Vec<Probe>;

    /// Further questions that the answers raise; asked until there are none that were not asked.
    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        let _ = seen;
        Ok(Vec::new())
    }

    /// Compares. Pure.
    fn plan(&self, seen: &Seen) -> Result<Steps, Failure>;

    /// The failure that a program which answered non-zero means.
    async fn explain(&self, at: &Site<'_>, action: &Action, answer: &Executed) -> Failure {
        let _ = at;
        program_failed(action, answer)
    }

    /// The failure of an action that was ended at its deadline: what it waited for, if that can be
    /// seen. `None` where there is nothing more to say than that.
    async fn late(&self, at: &Site<'_>, error: &ConnectionError) -> Option<Failure> {
        let _ = (at, error);
        None
    }

    /// The result after all actions, `answers` being what programs printed, in order.
    fn outcome(&self, answers: Vec<Executed>) -> Result<Outcome, Failure> {
        let _ = answers;
        Ok(Outcome::default())
    }
}

#[async_trait]
impl<R: Recipe> Module for R {
    type Seen = Seen;

    fn foresee(&self) -> Vec<Probe> {
        self.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        seen.ask(at, self.questions()).await?;
        for _ in 0..ROUNDS {
            let more: Vec<Probe> = self
                .more(&seen)?
                .into_iter()
                .filter(|p| !seen.knows(p))
                .collect();
            if more.is_empty() {
                break;
            }
            seen.ask(at, more).await?;
        }
        Ok(seen)
    }

    fn diff(&self, seen: &Seen) -> Result<Diff, Failure> {
        self.plan(seen).map(|steps| steps.diff)
    }

    async fn apply(&self, at: &Site<'_>, seen: Seen, _: &Diff) -> Result<Outcome, Failure> {
        let steps = self.plan(&seen)?;
        if let Some(failure) = steps.diff.refused {
            return Err(failure);
        }
        let mut answers = Vec::new();
        for action in steps.actions {
            let done = match at.act(action.clone()).await {
                Err(Failure::Host(error @ ConnectionError::TimedOut { .. })) => {
                    let seen = self.late(at, &error).await;
                    return Err(seen.unwrap_or(Failure::Host(error)));
                }
                other => other.map_err(|failure| refused(&action, failure))?,
            };
            if done.executed.code != 0 {
                return Err(self.explain(at, &action, &done.executed).await);
            }
            answers.push(done.executed);
        }
        self.outcome(answers)
    }
}

/// The host's refusal, in Ansible's words where a folder is missing.
fn refused(action: &Action, failure: Failure) -> Failure {
    match (action, &failure) {
        (
            Action::WriteFile { path, .. } | Action::CopyFile { to: path, .. },
            Failure::Task { msg, .. },
        ) if msg.contains("No such file or directory") => Failure::msg(format!(
            "Destination directory {} does not exist",
            parent(path)
        ))
        .help("make it with `file: state=directory` before"),
        _ => failure,
    }
}

/// The failure of a program with its exit code and output, as Ansible reports it.
pub fn program_failed(action: &Action, answer: &Executed) -> Failure {
    let what = match action {
        Action::Exec(exec) => exec.argv.first().cloned().unwrap_or_default(),
        Action::Package(_) => "the package manager".to_owned(),
        Action::Unit { name, .. } => format!("systemctl for `{name}`"),
        _ => "the action".to_owned(),
    };
    let words = [&answer.stderr, &answer.stdout]
        .into_iter()
        .map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned())
        .find(|text| !text.is_empty())
        .unwrap_or_else(|| format!("{what} ended with code {}", answer.code));
    Failure::msg(words)
        .with("rc", answer.code)
        .with(
            "stdout",
            String::from_utf8_lossy(&answer.stdout).into_owned(),
        )
        .with(
            "stderr",
            String::from_utf8_lossy(&answer.stderr).into_owned(),
        )
}
