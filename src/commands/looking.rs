//! The hosts of a tenant for verbs that speak to them without running tasks: connections as a run
//! makes them, none of the engine's events, and the estate of a rehearsal kept at the end.

use std::path::PathBuf;
use std::sync::Arc;

use super::cli::RunArgs;
use super::load::{self, Loaded};
use super::shared::Console;
use super::world::{self, Opened};
use super::{Failed, run};
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::event::Fan;
use crate::execute::{Access, Mode, Reached};

/// What helps where a host's own answer does not say it.
pub const CHECK_INVENTORY: &str = "check the host's address, port, user and key in the inventory";

/// Hosts that can be reached.
pub struct Looking {
    /// The way to each.
    pub access: Access,
    /// The world that they are in.
    pub opened: Opened,
    /// Where the tenant's state is kept.
    pub state: PathBuf,
}

impl Looking {
    /// Connects nothing yet.
    ///
    /// # Errors
    /// A password that a host needs cannot be had, or an estate cannot be read.
    pub fn open(
        verb: (&str, Mode),
        (args, loaded): (&RunArgs, &Loaded),
        console: &Console,
    ) -> Result<Self, Failed> {
        let mode = verb.1;
        let opened = world::open(args, (loaded, console), Arc::new(Fan(Vec::new())))?;
        let options = run::options(verb, (args, loaded), console)?;
        let state = load::state_directory(args, &loaded.tenant);
        let shared = Arc::new(run::shared(loaded, mode, &state));
        let access = Access::new(opened.world.clone(), options, shared);
        Ok(Self {
            access,
            opened,
            state,
        })
    }

    /// A host's connection, with its user as the inventory says.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn reach(&self, name: &str) -> Result<Reached, Failed> {
        self.access.reach(name).await.map_err(|stop| {
            let ended = stop.ended();
            unreachable(ended.msg(), ended.help.as_deref())
        })
    }

    /// The same as root.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn reach_as_root(&self, name: &str) -> Result<Reached, Failed> {
        self.access.reach_as(name, "root").await.map_err(|stop| {
            let ended = stop.ended();
            unreachable(ended.msg(), ended.help.as_deref())
        })
    }

    /// Ends the connections and keeps the estate of a rehearsal.
    ///
    /// # Errors
    /// The estate cannot be kept.
    pub async fn close(&self) -> Result<(), Failed> {
        self.access.close().await;
        self.opened.finish().map(|_| ())
    }
}

/// A host that gives no answer.
pub fn unreachable(why: String, help: Option<&str>) -> Failed {
    let help = help.unwrap_or(CHECK_INVENTORY);
    Failed {
        errors: vec![Diagnostic::error("connection/unreachable", why).help(help)],
        code: ExitCode::Unreachable,
    }
}
