//! One file per Ansible module: observe, diff, apply.
//!
//! `observe` looks through a [`Reader`](crate::connection::Reader) that cannot change anything,
//! `diff` is pure and says what would change or why nothing does, `apply` does what the diff
//! listed and nothing else. Check mode, `changed`, `--diff` and cheap tests all fall out of that.
//!
//! Nearly every module is a [`Recipe`](recipe::Recipe): questions to the host, a pure comparison
//! that gives actions. Names, arguments and defaults are data in `playbook::signatures`.

mod accounts;
mod cluster;
mod context;
mod crypto;
mod dates;
mod files;
mod gitlab;
mod given;
mod harbor;
mod mode;
mod module;
mod nautes;
mod packages;
mod recipe;
mod regex;
mod registry;
mod remote;
mod repo;
mod running;
mod seen;
mod services;
mod thing;
mod transfer;
mod vault;
mod wanted;

pub use crate::artifact::Downloads;
pub use crate::repo::GitTransport;
pub use context::{Context, Rendering, TemplateOptions};
pub use module::{Change, Diff, Failure, Module, NO_FILE, Outcome, Runnable, Site};
pub use packages::HOLDER as PACKAGE_LOCK_HOLDER;
pub use registry::{Args, build, signature};
pub use vault::identities;

use given::Given;
use recipe::{Recipe, Steps};
use seen::Seen;
