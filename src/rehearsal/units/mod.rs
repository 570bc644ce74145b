//! What systemd knows of a host: unit files from the tree, and which of them run.
//!
//! A start takes simulated time and its end is not an event: a unit that was told to start is
//! `activating` until its time has come, and `active` (its ports open) from then on.

mod enable;
mod file;
mod job;
mod state;

pub use enable::Wanted;
pub use file::{Found, UnitFile, full_name};
pub use job::{Behaviour, JobError, failed_job};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tree::Time;

/// What a unit that was started is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Starting until `ready`, running from then on.
    Running,
    /// A oneshot that ended well (`RemainAfterExit`).
    Exited,
    /// Ended badly; systemd's word for how: `exit-code`, `timeout`, `resources`.
    Failed(String),
}

/// A unit in systemd's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The file's text when it was loaded: a changed file needs `daemon-reload`.
    pub text: String,
    /// What it is doing.
    pub phase: Phase,
    /// When it was told to start.
    pub since: Time,
    /// When it is up.
    pub ready: Time,
    /// Main process.
    pub pid: u32,
    /// TCP ports it listens on once it is up.
    pub ports: Vec<u16>,
    /// Lines for `journalctl`.
    pub log: Vec<String>,
}

/// Everything in systemd's memory.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Units {
    loaded: BTreeMap<String, Loaded>,
    next_pid: u32,
}

impl Units {
    /// A unit in memory.
    pub fn get(&self, name: &str) -> Option<&Loaded> {
        self.loaded.get(name)
    }

    /// A unit in memory, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Loaded> {
        self.loaded.get_mut(name)
    }

    /// Puts a unit into memory.
    pub fn put(&mut self, name: &str, loaded: Loaded) {
        self.loaded.insert(name.to_owned(), loaded);
    }

    /// Drops a unit from memory.
    pub fn forget(&mut self, name: &str) {
        self.loaded.remove(name);
    }

    /// A number for a new process.
    pub const fn new_pid(&mut self) -> u32 {
        self.next_pid += 1;
        400 + self.next_pid * 7
    }

    /// Every unit in memory, by name.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Loaded)> {
        self.loaded.iter()
    }

    /// The unit that listens on a TCP port now.
    pub fn listening(&self, port: u16, now: Time) -> Option<&str> {
        self.loaded
            .iter()
            .find(|(_, unit)| {
                unit.phase == Phase::Running && unit.ready <= now && unit.ports.contains(&port)
            })
            .map(|(name, _)| name.as_str())
    }
}

impl Loaded {
    /// `ActiveState` and `SubState`.
    pub fn states(&self, now: Time) -> (&'static str, &'static str) {
        match &self.phase {
            Phase::Running if self.ready > now => ("activating", "start"),
            Phase::Running => ("active", "running"),
            Phase::Exited => ("active", "exited"),
            Phase::Failed(_) => ("failed", "failed"),
        }
    }

    /// Whether it is up or on its way.
    pub const fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Exited)
    }
}
