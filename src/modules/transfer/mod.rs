//! Modules that bring things over the network or out of archives.

mod checksum;
mod get_url;
mod git;
mod here;
mod http;
mod unarchive;
mod uri;

pub use http::refuse_unverified;

use super::registry::{Built, boxed};
use super::{Context, Given};

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, context: &Context<'_>) -> Built {
    match name {
        "get_url" => boxed(get_url::GetUrl::new(given, context)?),
        "uri" => boxed(super::running::Unseen(uri::Uri::new(given, context)?)),
        "unarchive" => boxed(unarchive::Unarchive::new(given, context)?),
        "git" => boxed(git::Git::new(given, context)?),
        _ => Ok(None),
    }
}
