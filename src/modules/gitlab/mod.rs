//! Modules that speak to GitLab's API through the host of their task: one thing each.
//!
//! Names and arguments are those of `community.general` where it has them. What it has none for is
//! ours: applications of the instance, tokens of a user, the instance's settings.

mod access;
mod application;
mod deploy_key;
mod group;
mod project;
mod settings;
mod token;
mod user;

use super::registry::{Built, boxed};
use super::thing::{Of, Thing};
use super::{Context, Failure, Given};
use access::Access;

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, context: &Context<'_>) -> Built {
    match name {
        "gitlab_application" => made(given, context, application::Application::new(given)?),
        "gitlab_deploy_key" => made(given, context, deploy_key::DeployKey::new(given)?),
        "gitlab_group" => made(given, context, group::Group::new(given)),
        "gitlab_personal_access_token" => made(given, context, token::Token::new(given, context)?),
        "gitlab_project" => made(given, context, project::Project::new(given)),
        "gitlab_settings" => made(given, context, settings::Settings::new(given)?),
        "gitlab_user" => made(given, context, user::User::new(given)),
        _ => Ok(None),
    }
}

fn made<T: Thing + 'static>(given: &Given, context: &Context<'_>, thing: T) -> Built {
    let way = Access::new(given, context)?;
    boxed(Of { way, thing })
}

/// What must be given for a thing to be there.
fn needed(given: &Given, names: &[&str]) -> Result<(), Failure> {
    let missing: Vec<&str> = names
        .iter()
        .filter(|name| given.some(name).is_none())
        .copied()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(Failure::msg(format!(
        "missing required arguments: {missing}"
    )))
}
