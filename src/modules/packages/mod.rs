//! Modules about packages and where they come from.

mod apt;
mod asked;
mod lock;
mod options;
mod repository;

pub use lock::HOLDER;

use super::registry::{Built, boxed};
use super::{Context, Given};

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, context: &Context<'_>) -> Built {
    match name {
        "apt" => boxed(apt::Apt::new(given, context)?),
        "package" => boxed(apt::Apt::any(given, context)?),
        "apt_repository" => boxed(repository::Repository::new(given)?),
        _ => Ok(None),
    }
}
