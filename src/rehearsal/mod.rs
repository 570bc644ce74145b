//! The simulated estate: hosts and services that answer the host protocol from a model.
//!
//! `--rehearse` runs the same job, the same modules and the same clients against it, with no
//! root, no network and no program but git. What it claims to know of real hosts is pinned by the
//! contract tests, which run against both; `docs/rehearsal.md` says what is not simulated.

mod accounts;
mod clock;
mod seed;
mod tree;

pub use clock::EstateClock;
