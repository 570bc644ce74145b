//! `--rehearse`: the simulated estate in place of hosts, downloads and the clock; and the verbs
//! of `rehearse`, which look at it and shake it.

mod alone;
mod args;
mod downloads;
mod faults;
mod push;
mod serve;
mod shell;
mod show;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use alone::alone;
pub use args::{RehearseArgs, RehearseVerb};

use super::cli::RunArgs;
use super::load::{self, Loaded};
use super::shared::Console;
use super::{Content, Ended, Failed};
use crate::connection::Connector;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::event::{Event, Sink};
use crate::input::{Clock, Files, Node};
use crate::rehearsal::{Estate, RehearsedGit};
use crate::repo::GitTransport;
use downloads::AnyRelease;

/// What this machine downloads in a rehearsal.
pub fn downloads() -> Arc<dyn crate::artifact::ArtifactSource> {
    Arc::new(AnyRelease)
}

/// The verbs of `rehearse`.
pub async fn rehearse(args: &RehearseArgs, console: &Arc<Console>) -> Ended {
    match &args.what {
        RehearseVerb::Sweep(args) => sweep::sweep(args, console).await,
        RehearseVerb::Show(args) => show::show(args, console),
        RehearseVerb::Serve { host, estate } => {
            serve::serve(host.as_deref(), estate, console).await
        }
        RehearseVerb::Push {
            repository,
            reference,
            estate,
        } => push::push((repository, reference), estate, console),
        RehearseVerb::Shell { host, estate } => shell::shell(host, estate, console).await,
    }
}

/// A rehearsal under way.
pub struct Rehearsal {
    estate: Estate,
    begun: Duration,
    directory: PathBuf,
    files: Arc<dyn Files>,
}

impl Rehearsal {
    /// The estate's clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.estate.clock())
    }

    /// Connects to the estate's hosts.
    pub fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.estate.connector())
    }

    /// Git with the estate's own repositories.
    pub fn git(&self, real: Arc<dyn GitTransport>) -> Arc<dyn GitTransport> {
        let folder = super::world::absolute(&self.directory).join("git");
        Arc::new(RehearsedGit::new(real, folder, &self.estate))
    }

    /// Tells the estate which task is under way: faults may wait for it.
    pub fn sink(&self) -> Arc<dyn Sink> {
        Arc::new(Tasks(self.estate.clone()))
    }

    /// Keeps the estate for the next run; the simulated time that this one took.
    pub fn finish(&self) -> Result<Duration, Failed> {
        self.estate
            .save(&self.directory, self.files.as_ref())
            .map_err(|why| {
                Diagnostic::error(
                    "rehearsal/unwritable",
                    format!("cannot keep the estate in `{}`", self.directory.display()),
                )
                .why(why)
                .help("choose another folder with `--estate DIR`")
            })?;
        Ok(self.estate.elapsed().saturating_sub(self.begun))
    }
}

struct Tasks(Estate);

impl Sink for Tasks {
    fn emit(&self, event: &Event) {
        if let Event::TaskStart { task, hosts, .. } = event {
            for host in hosts {
                self.0.enter_task(Some(host), task);
            }
        }
    }
}

/// Opens the estate of a tenant, made from nothing if there is none.
pub fn open(args: &RunArgs, loaded: &Loaded, files: &Arc<dyn Files>) -> Result<Rehearsal, Failed> {
    let directory = load::estate_directory(args, &loaded.tenant);
    let estate = Estate::open(&directory, files.as_ref(), args.seed).map_err(|why| {
        Diagnostic::error(
            "rehearsal/unreadable",
            format!("cannot read the estate in `{}`", directory.display()),
        )
        .why(why)
        .help("choose another folder with `--estate DIR`, or delete this one to begin anew")
    })?;
    furnish(&estate, args, loaded)?;
    estate.keep_programs();
    let begun = estate.elapsed();
    Ok(Rehearsal {
        estate,
        begun,
        directory,
        files: files.clone(),
    })
}

/// Gives an estate its downloads, what the components say of themselves, and the user's faults.
fn furnish(estate: &Estate, args: &RunArgs, loaded: &Loaded) -> Result<(), Failed> {
    estate.set_artifacts(Arc::new(AnyRelease));
    let described = loaded
        .components
        .iter()
        .filter_map(|c| describe(estate, c.rehearsal.as_ref()));
    let mut errors: Diagnostics = described.collect();
    match faults::of(args, &Content::new()) {
        Ok(faults) => faults.into_iter().for_each(|fault| estate.add_fault(fault)),
        Err(found) => errors.extend(found),
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors.into())
    }
}

fn describe(estate: &Estate, node: Option<&Node>) -> Option<Diagnostic> {
    let node = node?;
    let why = estate.describe(&node.to_json()).err()?;
    Some(
        Diagnostic::error("rehearsal/bad-description", why)
            .at(&node.span)
            .help("docs/rehearsal.md has the form of an entry"),
    )
}
