//! One run at a time: a lock in the state directory, with its owner and an expiry.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::input::Files;

/// A lock that nobody renews is void after this long.
const EXPIRES_AFTER: Duration = Duration::from_hours(12);

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// User and machine.
    pub owner: String,
    /// Process number on that machine.
    pub pid: u32,
    /// Since when, seconds since 1970.
    pub since: u64,
    /// The verb.
    pub verb: String,
}

/// The lock of a state directory, given back when dropped.
pub struct Lock {
    path: PathBuf,
    files: Arc<dyn Files>,
}

impl Lock {
    /// Takes the lock. `is_alive` tells whether a process of this machine still runs: a dead
    /// owner's lock is taken over at once.
    pub fn take(
        files: &Arc<dyn Files>,
        directory: &Path,
        (me, now, is_alive): (Held, SystemTime, &dyn Fn(u32) -> bool),
    ) -> Result<Self, Box<Diagnostic>> {
        let path = directory.join("lock");
        if let Some(held) = read(files.as_ref(), &path) {
            let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let expired = now.saturating_sub(held.since) > EXPIRES_AFTER.as_secs();
            let dead = held.owner == me.owner && !is_alive(held.pid);
            if !expired && !dead {
                return Err(Box::new(busy(&held, &path)));
            }
        }
        let text = serde_json::to_vec(&me).unwrap_or_default();
        files
            .make_directory(directory)
            .and_then(|()| files.write(&path, &text, 0o600))
            .map_err(|error| {
                Box::new(
                    Diagnostic::error(
                        "state/unwritable",
                        format!("cannot write the state directory `{}`", directory.display()),
                    )
                    .why(error.to_string())
                    .help("choose another with `--state DIR`, or make it writable"),
                )
            })?;
        Ok(Self {
            path,
            files: files.clone(),
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A lock that stays is taken over by the next run: its owner is dead by then.
        let _ = self.files.remove(&self.path);
    }
}

fn read(files: &dyn Files, path: &Path) -> Option<Held> {
    serde_json::from_slice(&files.read(path).ok()?).ok()
}

fn busy(held: &Held, path: &Path) -> Diagnostic {
    Diagnostic::error(
        "state/locked",
        format!(
            "`{}` of {} is running on this state directory",
            held.verb, held.owner
        ),
    )
    .why(format!(
        "process {} holds `{}`; nothing was touched",
        held.pid,
        path.display()
    ))
    .help("wait for it to end; if that process is gone from its machine, remove the lock file")
}
