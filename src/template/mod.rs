//! Ansible's Jinja on minijinja: native values, lazy variables, errors with a place.

mod door;

pub use crate::input::Variables;
pub use door::{Reason, Unrendered};
