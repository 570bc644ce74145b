//! The tenant config repo: what Argo CD and the Nautes controllers read, and write.
//!
//! ```text
//! template (git at a commit, a folder, an archive) ─► render ─► overlay ─► merge ─► push ─► read back
//! ```
//!
//! A [`Tree`] is the files in memory. [`render`] fills in what the template's index names, the
//! overlay makes our own changes by object and field, each with its reason.

mod access;
mod git;
mod index;
mod lines;
mod merge;
mod outlook;
mod overlay;
mod publish;
mod render;
mod source;
mod speech;
mod store;
#[cfg(test)]
mod testing;
mod tree;

pub use access::{Place, Remote, Ssh};
pub use git::{Call, GitTransport, Ran, SystemGit, Workspace};
pub use lines::Prefer;
pub use outlook::Outlook;
pub use overlay::{Applied, Overlay, Setting, Targets};
pub use publish::{Desk, Pushed, Target, Wanted};
pub use render::render;
pub use source::{Source, Template, unpacked};
pub use tree::{Entry, EntryKind, Tree};

use crate::diagnostic::Diagnostic;

/// An error of this room.
fn problem(code: &'static str, what: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, what)
}
