//! `up`, `plan`, `destroy`: load, plan, run, exit code.

use std::sync::Arc;

use super::cli::{DestroyArgs, Output, PlanArgs, RunArgs, UpArgs};
use super::load::{self, Loaded, Phase};
use super::run::{Launch, Went, exit_code};
use super::shared::Console;
use super::{Ended, Failed, finale, reality};
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::execute::{Job, Mode};

/// Brings the hosts to what the inventory says.
pub async fn up(args: &UpArgs, console: &Arc<Console>) -> Ended {
    let mode = if args.check { Mode::Check } else { Mode::Apply };
    let prepared = Prepared::new(&args.run, Phase::Install, console)?;
    let went = prepared.launch("up", mode, console).await?;
    let code = exit_code(&went)?;
    if code == ExitCode::Done && mode == Mode::Apply && console.output == Output::Text {
        finale::tell(&prepared.args, (&prepared.loaded, &went.report), console);
    }
    Ok(code)
}

/// Shows what `up` would change.
pub async fn plan(args: &PlanArgs, console: &Arc<Console>) -> Ended {
    let went = run("plan", &args.run, (Phase::Install, Mode::Check), console).await?;
    let pending = went.tally.changed() + went.tally.unknown();
    match exit_code(&went)? {
        ExitCode::Done if pending > 0 => {
            if console.output == Output::Text {
                console.say(&format!(
                    "{} tasks would change something, {} depend on what does not exist yet; `up` does it",
                    went.tally.changed(),
                    went.tally.unknown()
                ));
            }
            Ok(if args.exit_code {
                ExitCode::Changes
            } else {
                ExitCode::Done
            })
        }
        ExitCode::Done => {
            if console.output == Output::Text {
                console.say("nothing would change");
            }
            Ok(ExitCode::Done)
        }
        other => Ok(other),
    }
}

/// Takes down what `up` installed.
pub async fn destroy(args: &DestroyArgs, console: &Arc<Console>) -> Ended {
    let mode = if args.check { Mode::Check } else { Mode::Apply };
    let prepared = Prepared::new(&args.run, Phase::Remove, console)?;
    let tenant = &prepared.loaded.tenant;
    if mode == Mode::Apply && !prepared.args.yes && !prepared.args.rehearse {
        let question =
            format!("this removes tenant `{tenant}` from its hosts; type `{tenant}` to go on:");
        if !console.confirm(&question, tenant) {
            return Err(Diagnostic::error(
                "commands/not-confirmed",
                "the tenant's name was not typed",
            )
            .why("nothing was touched")
            .help("answer with the tenant's name, or say `--yes`")
            .into());
        }
    }
    let went = prepared.launch("destroy", mode, console).await?;
    exit_code(&went)
}

/// Loads, plans and runs one phase of the components.
pub async fn run(
    verb: &str,
    args: &RunArgs,
    (phase, mode): (Phase, Mode),
    console: &Arc<Console>,
) -> Result<Went, Failed> {
    let prepared = Prepared::new(args, phase, console)?;
    prepared.launch(verb, mode, console).await
}

/// One phase of the components, ready to run.
pub struct Prepared {
    /// The user's options; `rehearse` is set if the inventory says so.
    pub args: RunArgs,
    /// What was read.
    pub loaded: Loaded,
    /// What runs.
    pub jobs: Vec<Job>,
}

impl Prepared {
    /// Loads and plans.
    pub fn new(args: &RunArgs, phase: Phase, console: &Console) -> Result<Self, Failed> {
        let loaded = load::load(&args.source, console)?;
        let plan = loaded.plan(args)?;
        let missing = loaded.without_hosts(&plan);
        if !missing.is_empty() {
            return Err(missing.into());
        }
        super::check::components(&loaded, console)?;
        if phase == Phase::Install {
            let clashes = super::bands::clashes(&loaded, &plan);
            if !clashes.is_empty() {
                return Err(clashes.into());
            }
        }
        let jobs = loaded.jobs(&plan, phase)?;
        let args = reality::of_jobs(args, &loaded, &jobs)?;
        // A simulated machine has files of its own.
        if phase == Phase::Install && !args.rehearse {
            let unusable = super::existing::kubeconfigs(&loaded);
            if !unusable.is_empty() {
                return Err(unusable.into());
            }
        }
        Ok(Self { args, loaded, jobs })
    }

    async fn launch(&self, verb: &str, mode: Mode, console: &Arc<Console>) -> Result<Went, Failed> {
        let diff = self.args.diff || (verb == "plan" && self.args.verbose > 0);
        Launch {
            verb,
            args: &self.args,
            mode,
            diff,
            loaded: &self.loaded,
            jobs: self.jobs.clone(),
        }
        .go(console)
        .await
    }
}
