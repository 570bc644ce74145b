//! `up`, `plan`, `destroy`: load, plan, run, exit code.

use std::sync::Arc;

use super::cli::{DestroyArgs, Output, PlanArgs, RunArgs, UpArgs};
use super::load::{self, Phase};
use super::run::{Launch, Went, exit_code};
use super::shared::Console;
use super::{Ended, Failed};
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::execute::Mode;

/// Brings the hosts to what the inventory says.
pub async fn up(args: &UpArgs, console: &Arc<Console>) -> Ended {
    let mode = if args.check { Mode::Check } else { Mode::Apply };
    let went = run("up", &args.run, (Phase::Install, mode), console).await?;
    exit_code(&went)
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
    let loaded = load::load(&args.run.source, console)?;
    if mode == Mode::Apply && !args.run.yes && !args.run.rehearse {
        let question = format!(
            "this removes tenant `{0}` from its hosts; type `{0}` to go on:",
            loaded.tenant
        );
        if !console.confirm(&question, &loaded.tenant) {
            return Err(Diagnostic::error(
                "commands/not-confirmed",
                "the tenant's name was not typed",
            )
            .why("nothing was touched")
            .help("answer with the tenant's name, or say `--yes`")
            .into());
        }
    }
    let went = launch(
        "destroy",
        (&args.run, &loaded),
        (Phase::Remove, mode),
        console,
    )
    .await?;
    exit_code(&went)
}

/// Loads, plans and runs one phase of the components.
pub async fn run(
    verb: &str,
    args: &RunArgs,
    what: (Phase, Mode),
    console: &Arc<Console>,
) -> Result<Went, Failed> {
    let loaded = load::load(&args.source, console)?;
    launch(verb, (args, &loaded), what, console).await
}

async fn launch(
    verb: &str,
    (args, loaded): (&RunArgs, &load::Loaded),
    (phase, mode): (Phase, Mode),
    console: &Arc<Console>,
) -> Result<Went, Failed> {
    let plan = loaded.plan(args)?;
    super::check::components(loaded, console)?;
    let jobs = loaded.jobs(&plan, phase)?;
    let diff = args.diff || (verb == "plan" && args.verbose > 0);
    Launch {
        verb,
        args,
        mode,
        diff,
        loaded,
        jobs,
    }
    .go(console)
    .await
}
