//! Every error has its shape, its place and its line in docs/errors.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

#[path = "diagnostics/broken.rs"]
mod broken;
#[path = "diagnostics/command.rs"]
mod command;
#[path = "diagnostics/reading.rs"]
mod reading;
#[path = "diagnostics/slugs.rs"]
mod slugs;
