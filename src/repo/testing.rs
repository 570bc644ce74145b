//! What the tests of this room share.

use std::sync::Arc;

use crate::input::{Json, MemoryFiles, MemoryProcesses, SystemClock, Table, Variables};
use crate::template::{Engine, World};

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
