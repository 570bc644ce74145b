//! Ansible's Jinja on minijinja: native values, lazy variables, errors with a place.
//!
//! A written text is rewritten (`rewrite`: Jinja as Ansible's users write it), compiled and run by
//! minijinja with our filters, tests and lookups, against variables that are looked up and
//! rendered when they are used (`scope`, `lazy`, `run`). What goes wrong is a `Fault` until it
//! leaves the room as [`Unrendered`], with the user's own line.

mod call;
mod check;
mod convert;
mod door;
mod engine;
mod environment;
mod evaluate;
mod fault;
#[expect(
    clippy::unnecessary_wraps,
    reason = "all bodies of a table have one type"
)]
mod filters;
mod functions;
mod lazy;
#[expect(
    clippy::unnecessary_wraps,
    reason = "all bodies of a table have one type"
)]
mod lookups;
mod names;
mod place;
#[expect(
    clippy::unnecessary_wraps,
    reason = "all bodies of a table have one type"
)]
mod predicates;
mod rewrite;
mod run;
mod scope;
mod source;
mod text_options;
mod time;
mod yaml;

#[cfg(test)]
mod tests;

pub use crate::input::Variables;
pub use check::Reading;
pub use convert::python_text;
pub use door::{HostPattern, RandomBytes, Reason, Unrendered, World};
pub use engine::Engine;
pub use text_options::TextOptions;
