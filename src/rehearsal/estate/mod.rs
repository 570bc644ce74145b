//! The estate: hosts, services and a clock, and the way from a connection to them.

mod connection;
mod connector;
mod request;
mod show;
mod store;

pub use connection::ModelConnection;
pub use connector::EstateConnector;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::artifacts::Artifacts;
use super::clock::EstateClock;
use super::fault::Fault;
use super::git::Remote;
use super::kubernetes::Server;
use super::network::Service;
use super::serving::Services;
use super::started::Started;
use super::tree::Time;
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
        let world = World::new(seed)?;
        let clock = world.clock.clone();
        Ok(Self {
            world: Arc::new(Mutex::new(world)),
            clock,
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

    /// Keeps what runs on the hosts from now on; [`Estate::save`] writes it beside the estate.
    pub fn keep_programs(&self) {
        self.world().started = Started::kept();
    }

    /// Adds a fault.
    pub fn add_fault(&self, fault: Fault) {
        self.world().faults.add(fault);
    }

    /// A task begins, on one host or on all: faults may wait for it.
    pub fn enter_task(&self, host: Option<&str>, task: &str) {
        let host = host.unwrap_or_default().to_owned();
        self.world().faults.tasks.insert(host, task.to_owned());
    }

    /// Switches on a host that a fault switched off.
    pub fn power_on(&self, host: &str) {
        let now = Time::from(self.clock.since_epoch());
        if let Some(host) = self.world().hosts.get_mut(host) {
            host.power_on(now);
        }
    }

    /// Who makes service models when their units start. The services of units that run already
    /// come to life now.
    ///
    /// # Errors
    /// A service's files cannot be written, in one line.
    pub fn set_services(&self, services: Arc<dyn Services>) -> Result<(), String> {
        let mut world = self.world();
        world.services = services;
        world.revive_services().map_err(|error| error.to_string())
    }

    /// The clusters of the estate with the host that made each.
    pub fn clusters(&self) -> Vec<(String, Server)> {
        let world = self.world();
        let now = Time::from(self.clock.since_epoch());
        let hosts = world
            .hosts
            .values()
            .filter(|host| world.network.has(&host.name, 6443));
        let mut found: Vec<(String, Server)> = Vec::new();
        for host in hosts {
            world.refresh_cluster(host, host, now);
            let service = world.network.get(&host.name, 6443);
            if let Some(server) = service.and_then(|service| service.api_server()) {
                found.push((host.name.clone(), server));
            }
        }
        found
    }

    /// Puts a service model at an address; an empty host is every host.
    pub fn serve(&self, host: &str, port: u16, service: Arc<dyn Service>) {
        self.world().network.put(host, port, service);
    }

    /// What a repository of the estate holds: `HOST/PATH`.
    pub fn remote(&self, name: &str) -> Option<Remote> {
        self.world().remotes.get(name).cloned()
    }

    /// A repository of the estate holds something else now.
    pub fn note_remote(&self, name: &str, remote: Remote) {
        let mut world = self.world();
        world.remotes.insert(name.to_owned(), remote);
        let now = Time::from(self.clock.since_epoch());
        let hosts = world.hosts.values();
        for host in hosts.filter(|host| world.network.has(&host.name, 6443)) {
            world.refresh_cluster(host, host, now);
        }
    }

    /// The whole state now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            world: self.world().forked(&self.clock),
            now: self.clock.since_epoch(),
        }
    }

    /// Puts a snapshot back. Connections that are open go on with it.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.clock.set(snapshot.now);
        *self.world() = snapshot.world.forked(&self.clock);
    }

    /// Another estate that goes on from here by itself.
    #[must_use]
    pub fn fork(&self) -> Self {
        let clock = EstateClock::at(self.clock.since_epoch());
        Self {
            world: Arc::new(Mutex::new(self.world().forked(&clock))),
            clock,
        }
    }

    /// The state, for looking and for arranging tests.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
