//! The estate: hosts, services and a clock, and the way from a connection to them.

mod connection;
mod connector;
mod request;

pub use connection::ModelConnection;
pub use connector::EstateConnector;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::artifacts::Artifacts;
use super::clock::EstateClock;
use super::world::World;
use crate::input::Clock;

/// A simulated estate; clones are the same one.
#[derive(Clone)]
pub struct Estate {
    world: Arc<Mutex<World>>,
    clock: EstateClock,
}

/// The whole state at a moment: cheap to take, to put back any number of times.
#[derive(Clone)]
pub struct Snapshot {
    world: World,
    now: Duration,
}

impl Estate {
    /// An estate without hosts: each is made bare when it is first connected to.
    ///
    /// # Errors
    /// A built-in table does not parse: a defect of this program.
    pub fn new(seed: u64) -> Result<Self, String> {
        Ok(Self {
            world: Arc::new(Mutex::new(World::new(seed)?)),
            clock: EstateClock::default(),
        })
    }

    /// The estate's clock: give it to whatever waits.
    pub fn clock(&self) -> EstateClock {
        self.clock.clone()
    }

    /// How long the run would have taken until now.
    pub fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Where downloads come from.
    pub fn set_artifacts(&self, artifacts: Arc<dyn Artifacts>) {
        self.world().artifacts = artifacts;
    }

    /// Adds a component's `rehearsal:` list.
    ///
    /// # Errors
    /// The first entry that is wrong, in one line.
    pub fn describe(&self, entries: &Value) -> Result<(), String> {
        let mut world = self.world();
        let mut described = (*world.described).clone();
        let known = described.packages.len();
        described.add(entries)?;
        for offer in &described.packages[known..] {
            world.archive.offer(offer.clone());
        }
        world.described = Arc::new(described);
        Ok(())
    }

    /// The whole state now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            world: self.world().clone(),
            now: self.clock.since_epoch(),
        }
    }

    /// Puts a snapshot back. Connections that are open go on with it.
    pub fn restore(&self, snapshot: &Snapshot) {
        *self.world() = snapshot.world.clone();
        self.clock.set(snapshot.now);
    }

    /// Another estate that goes on from here by itself.
    pub fn fork(&self) -> Self {
        let now = self.clock.since_epoch();
        Self {
            world: Arc::new(Mutex::new(self.world().clone())),
            clock: EstateClock::at(now),
        }
    }

    /// The state, for looking and for arranging tests.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
