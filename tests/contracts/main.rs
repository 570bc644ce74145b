//! The host protocol as a contract: each behaviour is a function over any `Connection`. The same
//! functions run against this machine (here), real hosts over SSH (in the lab) and the
//! rehearsal's model; where two differ, the real host is right.

// The machinery of these tests may stop at the first surprise: that is a failed test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

mod accounts;
mod files;
mod kubernetes;

mod lab;
mod look;
mod place;
mod programs;
mod random;
mod together;
mod writes;

pub use place::{Behaviour, Place};

/// Every behaviour by name.
pub fn behaviours() -> Vec<(&'static str, Behaviour)> {
    let mut all = Vec::new();
    all.extend(look::behaviours());
    all.extend(writes::behaviours());
    all.extend(files::behaviours());
    all.extend(programs::behaviours());
    all.extend(accounts::behaviours());
    all.extend(together::behaviours());
    all
}

mod against_lab;
mod against_local;
mod against_model;
