//! One file per Ansible module: observe, diff, apply.
//!
//! `observe` looks through a [`Reader`](crate::connection::Reader) that cannot change anything,
//! `diff` is pure and says what would change or why nothing does, `apply` does what the diff
//! listed and nothing else. Check mode, `changed`, `--diff` and cheap tests all fall out of that.

mod module;
mod registry;

pub use module::{Change, Diff, Failure, Module, Outcome, Runnable, Site};
pub use registry::build;
