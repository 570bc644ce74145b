//! What the Vaults of one cluster share, what each has for itself, and which of them leads.
//!
//! Vaults whose configuration knows others (`retry_join`) are one cluster from their start: what the
//! real ones copy to one another is one state here.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::{Deserialize, Serialize};

use super::state::State;
use crate::rehearsal::clock::EstateClock;

/// What one Vault has for itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Seat {
    /// Its host.
    pub name: String,
    /// How others call it.
    pub address: String,
    process: u32,
    sealed: bool,
    given: Vec<String>,
}

/// The seats that were taken: process, and whether it is open.
type Seats = BTreeMap<String, (u32, bool)>;

/// What they share.
#[derive(Default)]
pub struct Raft {
    state: Mutex<State>,
    seats: Mutex<Seats>,
    /// The processes that run now, by host; none: nobody looked.
    alive: Mutex<Option<BTreeMap<String, u32>>>,
    forks: Mutex<Vec<(EstateClock, Weak<Self>)>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seat {
    /// A new one, sealed as every Vault is at first.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            sealed: true,
            ..Self::default()
        }
    }
}

impl Raft {
    /// Around a state.
    pub fn new(state: State) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(state),
            ..Self::default()
        })
    }

    /// The one of other Vaults on the estate.
    pub fn among(shared: &[Arc<dyn Any + Send + Sync>]) -> Option<Arc<Self>> {
        let mut found = shared.iter().filter_map(|one| one.clone().downcast().ok());
        found.next()
    }

    /// The same for another estate; all Vaults of it get the same one.
    pub fn forked(&self, clock: &EstateClock) -> Arc<Self> {
        let mut forks = held(&self.forks);
        forks.retain(|(_, fork)| fork.strong_count() > 0);
        let known = forks.iter().find(|(other, _)| other.is(clock));
        if let Some(fork) = known.and_then(|(_, fork)| fork.upgrade()) {
            return fork;
        }
        let fork = Arc::new(Self {
            state: Mutex::new(held(&self.state).clone()),
            seats: Mutex::new(held(&self.seats).clone()),
            alive: Mutex::new(held(&self.alive).clone()),
            forks: Mutex::default(),
        });
        forks.push((clock.clone(), Arc::downgrade(&fork)));
        fork
    }

    /// Says which processes run.
    pub fn look(&self, alive: BTreeMap<String, u32>) {
        *held(&self.alive) = Some(alive);
    }

    /// Does something with the state, as a Vault sees it from its seat.
    pub fn at<T>(&self, seat: &mut Seat, what: impl FnOnce(&mut State) -> T) -> T {
        let mut state = held(&self.state);
        state.process = seat.process;
        state.sealed = seat.sealed;
        state.given = std::mem::take(&mut seat.given);
        state.address.clone_from(&seat.address);
        let leader = self.leader(&state);
        state.leads = leader.as_ref().is_none_or(|(name, _)| *name == seat.name);
        state.leader = match leader {
            Some((_, address)) => address,
            None if state.members.len() < 2 => seat.address.clone(),
            None => {
                state.leads = false;
                String::new()
            }
        };
        let out = what(&mut state);
        seat.process = state.process;
        seat.sealed = state.sealed;
        seat.given = std::mem::take(&mut state.given);
        let open = state.initialized && !state.sealed;
        if open {
            let address = seat.address.clone();
            state.members.insert(seat.name.clone(), address);
        }
        held(&self.seats).insert(seat.name.clone(), (seat.process, open));
        out
    }

    /// The first of those that are open and run, if they are more than half of all that ever joined.
    fn leader(&self, state: &State) -> Option<(String, String)> {
        let (seats, alive) = (held(&self.seats), held(&self.alive));
        let serves = |name: &String| {
            let (process, open) = seats.get(name).copied().unwrap_or_default();
            let runs = alive
                .as_ref()
                .is_none_or(|all| all.get(name) == Some(&process));
            open && runs
        };
        let mut there = state.members.iter().filter(|(name, _)| serves(name));
        let first = there.next().map(|(name, at)| (name.clone(), at.clone()));
        let count = 1 + there.count();
        first.filter(|_| count * 2 > state.members.len())
    }

    /// The state, for saving.
    pub fn save(&self) -> serde_json::Value {
        held(&self.state).save()
    }
}
