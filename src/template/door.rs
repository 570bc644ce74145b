//! What a template needs from outside, and how rendering can end.

use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::input::{Clock, Files, Processes};

/// Why there is no value.
#[derive(Clone, Debug)]
pub enum Unrendered {
    /// It needs something that does not exist yet; the text says until when. Not an error.
    Unknown(Reason),
    /// The template is wrong, or a variable is not defined.
    Wrong(Box<Diagnostic>),
}

/// Until when something is unknown: the component's or task's name.
pub type Reason = Arc<str>;

impl From<Diagnostic> for Unrendered {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Wrong(Box::new(diagnostic))
    }
}

/// Fills a buffer with random bytes.
pub type RandomBytes = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Gives the names of the hosts that a pattern matches.
pub type HostPattern = Arc<dyn Fn(&str) -> Vec<String> + Send + Sync>;

/// The machine a template is rendered on, as far as templates may see it.
#[derive(Clone)]
pub struct World {
    /// Its files, for `lookup('file', …)` and the like.
    pub files: Arc<dyn Files>,
    /// Its environment, for `lookup('env', …)`.
    pub processes: Arc<dyn Processes>,
    /// What time it is, for `now()`.
    pub clock: Arc<dyn Clock>,
    /// Fills a buffer with random bytes, for `random` and salts; tests give fixed ones.
    pub random: RandomBytes,
    /// The names of the hosts that a pattern matches, for `lookup('inventory_hostnames', …)`.
    pub hosts: HostPattern,
    /// Where relative paths of lookups and includes are looked for, first match wins: the role's
    /// and the playbook's directory. Their `files`, `templates` and `vars` are looked at first.
    pub search: Vec<PathBuf>,
}
