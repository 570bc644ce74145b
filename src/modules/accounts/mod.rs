//! Modules about accounts and their keys.

mod authorized_key;
mod group;
mod known_hosts;
mod user;
mod user_key;

use super::registry::{Built, boxed};
use super::{Context, Given};

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, _: &Context<'_>) -> Built {
    match name {
        "user" => boxed(user::User::new(given)?),
        "group" => boxed(group::Group::new(given)),
        "authorized_key" => boxed(authorized_key::AuthorizedKey::new(given)?),
        "known_hosts" => boxed(known_hosts::KnownHosts::new(given)?),
        _ => Ok(None),
    }
}
