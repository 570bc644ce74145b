//! The cluster room and its modules against the simulated API, through the same `dial` as a run's.

// The machinery of these tests may stop at the first surprise: that is a failed test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

mod bundles;
mod doctor;
#[path = "../contracts/lab.rs"]
mod lab;
mod modules;
mod place;
mod real;
