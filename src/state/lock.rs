//! One run at a time: the kernel's lock on a file in the state directory, with its owner's name in it.
//!
//! The kernel gives the lock back when its process ends, however it ends: a killed run's lock is taken
//! over at once, two runs that start together cannot both have it, and a process that only bears a dead
//! owner's number holds nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::input::Files;

/// Who holds the lock; told to those who come too late.
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

/// An answer of the operating system.
pub enum Claim {
    /// The lock is ours as long as this lives.
    Ours(Box<dyn Send + Sync>),
    /// Another process has it.
    Taken,
}

/// The lock of a state directory, given back when dropped.
pub struct Lock {
    path: PathBuf,
    files: Arc<dyn Files>,
    _claim: Box<dyn Send + Sync>,
}

impl Lock {
    /// Takes the lock. `claim` asks the operating system for the file, which it makes, and writes the
    /// text into it once it is ours.
    pub fn take(
        files: &Arc<dyn Files>,
        directory: &Path,
        me: &Held,
        claim: &dyn Fn(&Path, &[u8]) -> io::Result<Claim>,
    ) -> Result<Self, Box<Diagnostic>> {
        let path = directory.join("lock");
        let text = serde_json::to_vec(me).unwrap_or_default();
        let claimed = files
            .make_directory(directory)
            .and_then(|()| claim(&path, &text));
        match claimed {
            Ok(Claim::Ours(held)) => Ok(Self {
                path,
                files: files.clone(),
                _claim: held,
            }),
            Ok(Claim::Taken) => Err(Box::new(busy(read(files.as_ref(), &path), &path))),
            Err(error) => Err(Box::new(
                Diagnostic::error(
                    "state/unwritable",
                    format!("cannot write the state directory `{}`", directory.display()),
                )
                .why(error.to_string())
                .help("choose another with `--state DIR`, or make it writable"),
            )),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still ours; a file that stays holds nobody up.
        let _ = self.files.remove(&self.path);
    }
}

fn read(files: &dyn Files, path: &Path) -> Option<Held> {
    serde_json::from_slice(&files.read(path).ok()?).ok()
}

fn busy(held: Option<Held>, path: &Path) -> Diagnostic {
    // Between taking the lock and writing a name there is a moment.
    let (what, who) = held.map_or_else(
        || ("another run".to_owned(), "a process".to_owned()),
        |held| {
            (
                format!("`{}` of {}", held.verb, held.owner),
                format!("process {}", held.pid),
            )
        },
    );
    Diagnostic::error(
        "state/locked",
        format!("{what} is running on this state directory"),
    )
    .why(format!(
        "{who} holds `{}`; nothing was touched",
        path.display()
    ))
    .help("wait for it to end, or use another directory with `--state DIR`")
}
