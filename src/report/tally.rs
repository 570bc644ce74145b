//! Counts over a whole run, for the recap and the exit code.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::event::{Event, Sink, Status};

/// Counts task results.
#[derive(Default)]
pub struct Tally {
    changed: AtomicU32,
    failed: AtomicU32,
    unreachable: AtomicU32,
    unknown: AtomicU32,
}

impl Tally {
    /// Tasks that changed something, or would.
    pub fn changed(&self) -> u32 {
        self.changed.load(Ordering::Relaxed)
    }

    /// Tasks that failed.
    pub fn failed(&self) -> u32 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Hosts that were lost.
    pub fn unreachable(&self) -> u32 {
        self.unreachable.load(Ordering::Relaxed)
    }

    /// Tasks that `plan` could not decide.
    pub fn unknown(&self) -> u32 {
        self.unknown.load(Ordering::Relaxed)
    }
}

impl Sink for Tally {
    fn emit(&self, event: &Event) {
        let Event::TaskResult(result) = event else {
            return;
        };
        // Items are parts of a task whose own result follows.
        if result.item.is_some() {
            return;
        }
        let counter = match result.status {
            Status::Changed => &self.changed,
            Status::Failed => &self.failed,
            Status::Unreachable => &self.unreachable,
            Status::Unknown => &self.unknown,
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
