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
mod filters;
mod functions;
mod lazy;
mod lookups;
mod names;
mod place;
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
pub use door::{Reason, Unrendered, World};
pub use engine::Engine;
pub use text_options::TextOptions;
