//! `urls`: where the tenant's services are and how people sign in there. Components say it
//! (`access`); what is not installed is told as such.

use std::sync::Arc;

use clap::Args;
use indexmap::IndexMap;
use serde_json::json;

use super::cli::{Output, RunArgs};
use super::rehearse::alone;
use super::shared::Console;
use super::snapshot::{self, Snapshot};
use super::{Ended, load};
use crate::diagnostic::ExitCode;
use crate::playbook::{Access, Component, OutputName};

/// `urls`.
#[derive(Args, Clone, Debug)]
pub struct UrlsArgs {
    #[command(flatten)]
    /// Whose, and how its hosts are reached.
    pub run: RunArgs,
}

/// What there is of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum There {
    Installed,
    NotYet,
    NotSeen,
    LeftOut,
}

/// A service.
struct Service {
    component: String,
    url: Option<String>,
    there: There,
    access: Access,
}

/// Shows where the services are.
pub async fn urls(args: &UrlsArgs, console: &Arc<Console>) -> Ended {
    let (args, console) = (args.clone(), console.clone());
    alone(async move { shown(&args.run, &console).await }).await?
}

async fn shown(args: &RunArgs, console: &Arc<Console>) -> Ended {
    let loaded = load::load(&args.source, console)?;
    let disabled = loaded.disabled();
    let mut looked = snapshot::look(args, loaded, console).await?;
    let services = services(&looked, &disabled);
    let lost = looked.unreachable();
    looked.finish()?;
    let text = if console.output == Output::Json {
        services.iter().map(line).collect::<String>()
    } else {
        table(&services)
    };
    console.data(&console.redactor.redact(&text));
    match lost {
        Some(failed) => Err(failed),
        None => Ok(ExitCode::Done),
    }
}

/// The services by name. Where several components make one, the one that is there counts.
fn services(looked: &Snapshot, disabled: &[String]) -> IndexMap<String, Service> {
    let mut found: IndexMap<String, Service> = IndexMap::new();
    for component in &looked.loaded.components {
        let left_out = disabled.contains(&component.name);
        // One of several flavours: that another is there is no news.
        if left_out && !component.only_with.is_empty() {
            continue;
        }
        for access in &component.access {
            let service = service(looked, component, (access, left_out));
            // An address that does not apply: a cluster that is not virtual.
            let Some(service) = service else { continue };
            let name = match &component.instance {
                Some(instance) => format!("{} of {}", access.name, instance.cluster),
                None => access.name.clone(),
            };
            let better = |other: &Service| service.there < other.there;
            if found.get(&name).is_none_or(better) {
                found.insert(name, service);
            }
        }
    }
    found
}

fn service(
    looked: &Snapshot,
    component: &Component,
    (access, left_out): (&Access, bool),
) -> Option<Service> {
    let seen = |name: &OutputName| {
        let own = name.component.as_deref().unwrap_or(&component.name);
        looked.text(own, &name.output)
    };
    let (url, installed) = (seen(&access.url), seen(&access.installed));
    let there = match () {
        () if left_out => There::LeftOut,
        () if installed.is_some() => There::Installed,
        () if !looked.was_seen(&component.name) => There::NotSeen,
        () => There::NotYet,
    };
    if there == There::Installed && url.is_none() {
        return None;
    }
    let mut access = access.clone();
    // One that was taken back, or that others keep, cannot be shown.
    let kept = |name: &String| match name.split_once('.') {
        Some(("secrets", _)) | None => true,
        Some((component, output)) => looked.text(component, output).is_some(),
    };
    access.secret = access.secret.filter(kept);
    Some(Service {
        component: component.name.clone(),
        url,
        there,
        access,
    })
}

fn line((name, service): (&String, &Service)) -> String {
    let word = match service.there {
        There::Installed => "installed",
        There::NotYet => "not_yet",
        There::NotSeen => "not_seen",
        There::LeftOut => "left_out",
    };
    let line = json!({
        "event": "url", "name": name, "component": service.component, "state": word,
        "url": service.url, "sign_in": service.access.sign_in, "secret": service.access.secret,
    });
    format!("{line}\n")
}

fn table(services: &IndexMap<String, Service>) -> String {
    let width = services.keys().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for (name, service) in services {
        let component = &service.component;
        let told = match (&service.there, &service.url) {
            (There::Installed, Some(url)) => url.clone(),
            (There::LeftOut, _) => {
                format!("not installed: `nautes.components.{component}.enabled` is false")
            }
            (There::NotSeen, _) => {
                "could not be looked at: `nautes-install status` says why".to_owned()
            }
            (_, Some(url)) => format!("not there yet: will be {url}"),
            (_, None) => "not there yet".to_owned(),
        };
        text.push_str(&format!("{name:<width$}  {told}\n"));
        if service.there != There::Installed {
            continue;
        }
        for way in &service.access.sign_in {
            text.push_str(&format!("{:width$}    {way}\n", ""));
        }
        if let Some(secret) = &service.access.secret {
            text.push_str(&format!(
                "{:width$}    `nautes-install secrets show {secret}` shows the secret\n",
                ""
            ));
        }
    }
    text
}
