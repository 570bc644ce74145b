//! One file per verb; this is where the rooms are wired together.

mod bands;
mod chart;
mod check;
mod cli;
mod completions;
mod content;
mod downloads;
mod existing;
mod export;
mod finale;
mod gates;
mod identity;
mod import;
mod init;
mod inventory;
mod jobs;
mod kubeconfig;
mod load;
mod looking;
mod nautes;
mod play;
mod preflight;
mod reach;
mod reality;
mod rehearse;
mod repo;
mod rotate;
mod run;
mod schema;
mod secrets;
mod shared;
mod snapshot;
mod status;
mod up;
mod urls;
mod validate;
mod vault;
mod world;

pub use cli::Cli;
pub use content::Content;

use std::sync::Arc;

use clap::Parser;

use crate::diagnostic::{Diagnostics, ExitCode};
use cli::Verb;
use shared::Console;

/// Runs the program with these arguments and gives its exit code.
pub fn main(args: impl IntoIterator<Item = std::ffi::OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::BadInput
            } else {
                ExitCode::Done
            };
        }
    };
    let console = Arc::new(Console::new(cli.output));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build();
    let Ok(runtime) = runtime else {
        return ExitCode::Bug;
    };
    let ended = runtime.block_on(dispatch(cli, &console));
    // Whatever still waits (a dead host's stream) must not hold the program.
    runtime.shutdown_background();
    let code = match ended {
        Ok(code) => code,
        Err(Failed { errors, code }) => {
            console.errors(&errors);
            code
        }
    };
    console.ended(code);
    code
}

/// A verb that ended with errors.
pub struct Failed {
    /// What to tell.
    pub errors: Diagnostics,
    /// How the process ends.
    pub code: ExitCode,
}

impl From<Diagnostics> for Failed {
    /// Errors in the input: nothing was touched.
    fn from(errors: Diagnostics) -> Self {
        Self {
            errors,
            code: ExitCode::BadInput,
        }
    }
}

impl From<crate::diagnostic::Diagnostic> for Failed {
    fn from(error: crate::diagnostic::Diagnostic) -> Self {
        vec![error].into()
    }
}

/// How a verb ends.
pub type Ended = Result<ExitCode, Failed>;

async fn dispatch(cli: Cli, console: &Arc<Console>) -> Ended {
    match &cli.verb {
        Verb::Init(args) => init::init(args, console),
        Verb::Validate(args) => validate::validate(args, console),
        Verb::Preflight(args) => preflight::preflight(args, console).await,
        Verb::Plan(args) => up::plan(args, console).await,
        Verb::Up(args) => up::up(args, console).await,
        Verb::Destroy(args) => up::destroy(args, console).await,
        Verb::Status(args) => status::status(args, console).await,
        Verb::Play(args) => play::play(args, console).await,
        Verb::Rehearse(args) => rehearse::rehearse(args, console).await,
        Verb::Inventory(args) => inventory::inventory(args, console),
        Verb::Secrets(args) => secrets::secrets(args, console).await,
        Verb::Kubeconfig(args) => kubeconfig::kubeconfig(args, console).await,
        Verb::Urls(args) => urls::urls(args, console).await,
        Verb::Export(args) => export::export(args, console).await,
        Verb::Register(args) => nautes::register(args, console).await,
        Verb::Get(args) => nautes::get(args, console).await,
        Verb::Apply(args) => nautes::apply(args, console).await,
        Verb::Delete(args) => nautes::delete(args, console).await,
        Verb::Chart(args) => chart::chart(args, console).await,
        Verb::Repo(args) => repo::repo(args, console).await,
        Verb::Schema(args) => schema::schema(args, console),
        Verb::Completions(args) => completions::completions(args, console),
    }
}
