//! What the tests of this room share.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::input::{Json, MemoryFiles, MemoryProcesses, SystemClock, Var, Variables};
use crate::template::{Engine, World};

struct Table(BTreeMap<String, Json>);

impl Variables for Table {
    fn get(&self, name: &str) -> Option<Var> {
        self.0.get(name).cloned().map(Var::Data)
    }
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// An engine without a world.
pub fn engine() -> Engine {
    Engine::new(World {
        files: Arc::new(MemoryFiles::default()),
        processes: Arc::new(MemoryProcesses::default()),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(|buffer| buffer.fill(7)),
        hosts: Arc::new(|_| Vec::new()),
        search: Vec::new(),
    })
}

/// Variables with these values.
pub fn variables(values: &Json) -> Arc<dyn Variables> {
    let entries = values.as_object().into_iter().flatten();
    Arc::new(Table(
        entries
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    ))
}
