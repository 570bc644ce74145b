//! Modules that speak to Harbor's API through the host of their task: one thing each. No collection
//! of Ansible's has them; names and fields are those of Harbor's own API.

mod configuration;
mod project;
mod robot;

use async_trait::async_trait;

use super::registry::{Built, boxed};
use super::remote::Remote;
use super::thing::{Of, Thing, Way};
use super::transfer::refuse_unverified;
use super::{Context, Failure, Given, Site};
use crate::connection::{Probe, Reader};
use crate::secret::Secret;
use crate::service::{Api, ApiReader, ServiceError, harbor};

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, context: &Context<'_>) -> Built {
    match name {
        "harbor_configuration" => made(given, context, configuration::Configuration::new(given)?),
        "harbor_project" => made(given, context, project::Project::new(given)?),
        "harbor_robot" => made(given, context, robot::Robot::new(given)?),
        _ => Ok(None),
    }
}

fn made<T: Thing + 'static>(given: &Given, context: &Context<'_>, thing: T) -> Built {
    let way = Account(remote(given, context)?);
    boxed(Of { way, thing })
}

/// The Harbor that the arguments name.
fn remote(given: &Given, context: &Context<'_>) -> Result<Remote, Failure> {
    refuse_unverified(given)?;
    let (name, password) = (given.string("username"), given.string("password"));
    let remote = Remote::new(given, context, ("url", "ca_path"))?;
    let remote = remote.connecting_to(given.some("connect_to"))?;
    let told = format!("{name}:{password}");
    Ok(remote.by(harbor::basic(&name, &Secret::new(password)), &told))
}

/// The way to a Harbor.
struct Account(Remote);

#[async_trait]
impl Way for Account {
    fn questions(&self) -> Vec<Probe> {
        self.0.questions()
    }

    async fn look(&self, at: &Reader<'_>) -> Result<Option<ApiReader>, Failure> {
        self.0.open(at).await.map(Some)
    }

    async fn write(&self, at: &Site<'_>) -> Result<Api, Failure> {
        let api = self.0.open(&at.reader()).await?;
        Ok(api.writer(at.connection))
    }

    fn told(&self, error: ServiceError) -> Failure {
        told(error)
    }
}

/// A refusal of Harbor's, with what to do about it.
fn told(error: ServiceError) -> Failure {
    let code = error.code();
    let failure = Failure::from(error);
    match code {
        Some(401) => failure.help(
            "Harbor does not take this name and password; a password that was changed in Harbor is said with `nautes.components.harbor.admin_password`",
        ),
        Some(403) => failure.help("the account must be an administrator of Harbor"),
        Some(404 | 502 | 503) => failure.help(
            "look whether Harbor's pods are ready and its Ingress leads to them: `kubectl -n harbor get pods,ingress`",
        ),
        _ => failure,
    }
}
