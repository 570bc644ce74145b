//! What an object needs, and what needs it: Nautes' "global validation", in its own words.

use serde_json::Value;

use super::shown::name;
use super::state::{Key, Object, State};

/// Seconds until Argo CD has brought a saved cluster into the tenant cluster: an environment can
/// name it only then.
const SYNC: u64 = 20;

/// What one object names: kinds, products and names.
fn named(key: &Key, body: &Value) -> Vec<(&'static str, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let own = || key.product.clone();
    let mut all = Vec::new();
    match key.kind.as_str() {
        "clusters" => all.push(("clusters", String::new(), text(&body["host_cluster"]))),
        "environments" => all.push(("clusters", String::new(), text(&body["cluster"]))),
        "coderepos" => all.push(("projects", own(), text(&body["project"]))),
        "coderepobindings" => {
            all.push(("coderepos", own(), text(&body["coderepo"])));
            let other = text(&body["product"]);
            all.push(("products", String::new(), other.clone()));
            for project in body["projects"].as_array().into_iter().flatten() {
                all.push(("projects", other.clone(), text(project)));
            }
        }
        "projectpipelineruntimes" => {
            all.push(("projects", own(), text(&body["project"])));
            all.push(("coderepos", own(), text(&body["pipeline_source"])));
            for source in body["event_sources"].as_array().into_iter().flatten() {
                all.push(("coderepos", own(), text(&source["gitlab"]["repo_name"])));
            }
            all.push((
                "coderepos",
                own(),
                text(&body["additional_resources"]["git"]["coderepo"]),
            ));
            all.push((
                "environments",
                own(),
                text(&body["destination"]["environment"]),
            ));
        }
        "deploymentruntimes" => {
            for project in body["projects_ref"].as_array().into_iter().flatten() {
                all.push(("projects", own(), text(project)));
            }
            all.push((
                "coderepos",
                own(),
                text(&body["manifest_source"]["code_repo"]),
            ));
            all.push((
                "environments",
                own(),
                text(&body["destination"]["environment"]),
            ));
        }
        _ => {}
    }
    all.retain(|(_, _, name)| !name.is_empty());
    all
}

/// Where a product's repository has a kind.
fn directory(kind: &str) -> &'static str {
    match kind {
        "environments" => "envs",
        "coderepos" => "code-repos",
        "clusters" => "nautes/overlays/production/clusters",
        _ => "projects",
    }
}

fn missing((kind, what): (&str, &str), by: &Key) -> String {
    format!(
        "during global validation, it was found that {} '{what}' does not exist or is unavailable. Please check {} '{}' in directory '{}'.",
        name(kind),
        name(&by.kind),
        by.name,
        directory(&by.kind)
    )
}

/// Whether everything that an object names is there.
///
/// # Errors
/// What is not.
pub fn met(state: &State, key: &Key, body: &Value) -> Result<(), String> {
    for (kind, product, wanted) in named(key, body) {
        let found = state.objects.get(&Key {
            kind: kind.to_owned(),
            product,
            name: wanted.clone(),
        });
        // What Argo CD has not brought yet is not there for an environment.
        let late = |object: &Object| {
            kind == "clusters" && key.kind == "environments" && state.now < object.saved + SYNC
        };
        if found.is_none_or(late) {
            return Err(missing((kind, &wanted), key));
        }
    }
    if key.kind == "environments" {
        let twin = state.objects.iter().find(|(other, object)| {
            other.is_beside(key)
                && other.name != key.name
                && object.body["cluster"] == body["cluster"]
        });
        if let Some((other, _)) = twin {
            return Err(format!(
                "duplicate reference cluster resources sbetween resource {} and resource {}",
                other.name, key.name
            ));
        }
    }
    Ok(())
}

/// Whether nothing names an object any more.
///
/// # Errors
/// What does.
pub fn free(state: &State, key: &Key) -> Result<(), String> {
    if key.kind == "products" {
        let repos = |other: &&Key| other.kind == "coderepos" && other.product == key.name;
        return match state.objects.keys().find(repos) {
            Some(_) => Err(format!(
                "here are multiple project in {}, unable to delete",
                key.name
            )),
            None => Ok(()),
        };
    }
    let users = state.objects.iter().filter(|(by, object)| {
        named(by, &object.body).iter().any(|(kind, product, name)| {
            *kind == key.kind && *product == key.product && *name == key.name
        })
    });
    let users: Vec<&Key> = users.map(|(by, _)| by).collect();
    let Some(first) = users.first() else {
        return Ok(());
    };
    let all: Vec<String> = users
        .iter()
        .map(|by| format!("{}/{}", by.product, by.name))
        .collect();
    let word = name(&key.kind).to_lowercase();
    match key.kind.as_str() {
        "environments" | "coderepos" | "clusters" => Err(format!(
            "{word} referenced by [{}], not allowed to be deleted",
            all.join("|")
        )),
        _ => Err(missing((&key.kind, &key.name), first)),
    }
}
