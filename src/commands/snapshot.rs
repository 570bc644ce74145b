//! A tenant as it is now: every output that can be seen, found as `plan` finds it, with nothing told
//! on the way and nothing changed.

use std::path::PathBuf;
use std::sync::Arc;

use super::cli::RunArgs;
use super::load::{self, Loaded, Phase};
use super::shared::Console;
use super::world::{self, Opened};
use super::{Failed, reality, run};
use crate::diagnostic::{Diagnostics, ExitCode};
use crate::event::{ComponentStatus, Fan};
use crate::execute::{self, Access, Mode, Report};
use crate::input::{Json, Var};

/// Seconds that a task may take: who only looks does not wait for what is still on its way.
const PATIENCE: u64 = 60;

/// What was seen.
pub struct Snapshot {
    /// The user's options; `rehearse` is set if the inventory says so.
    pub args: RunArgs,
    /// What was read.
    pub loaded: Loaded,
    report: Report,
    opened: Opened,
}

/// Looks at the components of the tenant, as `plan` does.
///
/// # Errors
/// The inventory's mistakes; the world cannot be opened.
pub async fn look(
    args: &RunArgs,
    loaded: Loaded,
    console: &Arc<Console>,
) -> Result<Snapshot, Failed> {
    let args = RunArgs {
        task_timeout: args.task_timeout.min(PATIENCE),
        ..args.clone()
    };
    let plan = loaded.plan(&args)?;
    let missing = loaded.without_hosts(&plan);
    if !missing.is_empty() {
        return Err(missing.into());
    }
    let jobs = loaded.jobs(&plan, Phase::Install)?;
    let args = reality::of_jobs(&args, &loaded, &jobs)?;
    let opened = world::open(&args, (&loaded, console), Arc::new(Fan(Vec::new())))?;
    let state = load::state_directory(&args, &loaded.tenant);
    let options = run::options(("plan", Mode::Check), (&args, &loaded), console)?;
    let mut shared = run::shared(&loaded, Mode::Check, &state);
    shared.kept = Some(Arc::new(run::Kept::open(&state, console)?));
    let given = (Arc::new(shared), jobs, Arc::default());
    let report = execute::run(opened.world.clone(), options, given).await;
    Ok(Snapshot {
        args,
        loaded,
        report,
        opened,
    })
}

impl Snapshot {
    /// An output, if it could be seen.
    pub fn output(&self, component: &str, name: &str) -> Option<Json> {
        let Some(Var::Scope(values)) = self.report.outputs.get(component) else {
            return None;
        };
        match values.get(name)? {
            Var::Data(value) => Some(value),
            _ => None,
        }
    }

    /// The same as text; an empty one is none.
    pub fn text(&self, component: &str, name: &str) -> Option<String> {
        let text = match self.output(component, name)? {
            Json::String(text) => text,
            Json::Null | Json::Array(_) | Json::Object(_) => return None,
            other => other.to_string(),
        };
        Some(text).filter(|text| !text.trim().is_empty())
    }

    /// Whether a component could be looked at: nothing that it needs failed, or was lost.
    pub fn was_seen(&self, component: &str) -> bool {
        let mut ends = self.report.components.iter().rev();
        let end = ends.find(|(name, _)| name == component);
        end.is_some_and(|(_, end)| matches!(end, ComponentStatus::Ok | ComponentStatus::Changed))
    }

    /// Hosts that could not be looked at.
    pub fn unreachable(&mut self) -> Option<Failed> {
        let errors: Diagnostics = std::mem::take(&mut self.report.errors);
        let is_lost = |code: &str| code.starts_with("connection/");
        let errors: Diagnostics = errors
            .into_iter()
            .filter(|error| is_lost(error.code))
            .collect();
        let code = ExitCode::Unreachable;
        (!errors.is_empty()).then_some(Failed { errors, code })
    }

    /// Where the tenant's state is kept.
    pub fn state(&self) -> PathBuf {
        world::absolute(&load::state_directory(&self.args, &self.loaded.tenant))
    }

    /// The hosts, to read files of theirs.
    ///
    /// # Errors
    /// The password for sudo cannot be read.
    pub fn access(&self, console: &Console) -> Result<Access, Failed> {
        let given = (&self.args, &self.loaded);
        let options = run::options(("plan", Mode::Check), given, console)?;
        let shared = run::shared(&self.loaded, Mode::Check, &self.state());
        Ok(Access::new(
            self.opened.world.clone(),
            options,
            Arc::new(shared),
        ))
    }

    /// Keeps the estate of a rehearsal.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn finish(&self) -> Result<(), Failed> {
        self.opened.finish().map(|_| ())
    }
}
