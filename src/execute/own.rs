//! What a job itself brought about: others run beside it on the same hosts.

use std::sync::atomic::{AtomicBool, Ordering};

use super::result::Ended;
use crate::diagnostic::Diagnostic;
use crate::event::Status;

/// What came of a job so far.
#[derive(Debug, Default)]
pub struct Own {
    changed: AtomicBool,
    lost: AtomicBool,
}

impl Own {
    /// Counts how a task of its ended on a host.
    pub fn count(&self, ended: &Ended) {
        let changed = match ended.status {
            Status::Changed => true,
            Status::Ignored => ended.flag("changed"),
            _ => false,
        };
        self.changed.fetch_or(changed, Ordering::Relaxed);
    }

    /// Notes a failure of its.
    pub fn failed(&self, told: &Diagnostic) {
        if told.code.starts_with("connection/") {
            self.lost.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it changed something.
    pub fn has_changed(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    /// Whether it could not reach a host.
    pub fn has_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}
