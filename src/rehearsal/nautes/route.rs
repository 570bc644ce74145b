//! Which pipeline a push starts, by what is saved in Nautes.

use serde_json::Value;

use super::state::{Key, State};
use crate::rehearsal::push::{Push, matches};

/// What Nautes says of a push.
pub struct Way {
    /// The pipeline runtime.
    pub runtime: String,
    /// Its event source.
    pub event: String,
    /// What the reference must match; empty: anything.
    pub pattern: String,
    /// The path of the pipeline's file.
    pub pipeline: String,
    /// The namespace of its runs.
    pub namespace: String,
    /// The cluster.
    pub cluster: String,
    /// The address of its API.
    pub api_server: String,
    /// The name that its entrances are below.
    pub domain: String,
}

/// The way of a push.
///
/// # Errors
/// Why nothing starts, and the way out.
pub fn route(state: &State, push: &Push) -> Result<Way, (String, String)> {
    let repository = &push.repository;
    if !state.has("coderepos", &push.product, repository) {
        let seen = format!("product `{}` has no CodeRepo `{repository}`", push.product);
        return Err((
            seen,
            format!(
                "`nautes-install get coderepo -p {}` shows them",
                push.product
            ),
        ));
    }
    let runtimes = state
        .objects
        .iter()
        .filter(|(key, _)| key.kind == "projectpipelineruntimes" && key.product == push.product);
    let mut other = None;
    for (key, object) in runtimes {
        let body = &object.body;
        for source in items(&body["event_sources"]) {
            let gitlab = &source["gitlab"];
            let pushes = items(&gitlab["events"]).any(|event| event == "push_events");
            if gitlab["repo_name"] != **repository || !pushes {
                continue;
            }
            let pattern = text(&gitlab["revision"]);
            if !matches(pattern, &push.reference) {
                other = Some((key.name.clone(), pattern.to_owned()));
                continue;
            }
            let mut triggers = items(&body["pipeline_triggers"]);
            let Some(trigger) = triggers.find(|one| one["event_source"] == source["name"]) else {
                let seen = format!(
                    "`{}` has no trigger for event source `{}`",
                    key.name,
                    text(&source["name"])
                );
                return Err((seen, "add one to `pipelineTriggers`".to_owned()));
            };
            return way(state, key, (body, source, trigger));
        }
    }
    Err(match other {
        Some((name, pattern)) => (
            format!(
                "`{name}` takes pushes that match `{pattern}`, not {}",
                push.reference
            ),
            "push what it takes, or change `eventSources[].gitlab.revision`".to_owned(),
        ),
        None => (
            format!(
                "no ProjectPipelineRuntime of `{}` takes push_events of `{repository}`",
                push.product
            ),
            "`eventSources[].gitlab` names the repository and its events".to_owned(),
        ),
    })
}

fn way(
    state: &State,
    key: &Key,
    (body, source, trigger): (&Value, &Value, &Value),
) -> Result<Way, (String, String)> {
    let mut pipelines = items(&body["pipelines"]);
    let pipeline = pipelines.find(|one| one["name"] == trigger["pipeline"]);
    let destination = &body["destination"];
    let environment = text(&destination["environment"]);
    let environment = of(state, ("environments", &key.product, environment))
        .ok_or_else(|| missing("Environment", environment))?;
    let cluster = text(&environment["cluster"]).to_owned();
    let found =
        of(state, ("clusters", "", &cluster)).ok_or_else(|| missing("Cluster", &cluster))?;
    let name = key.name.clone();
    let namespace = Some(text(&destination["namespace"])).filter(|text| !text.is_empty());
    Ok(Way {
        namespace: namespace.unwrap_or(&name).to_owned(),
        runtime: name,
        event: text(&source["name"]).to_owned(),
        pattern: text(&source["gitlab"]["revision"]).to_owned(),
        pipeline: pipeline.map_or("", |one| text(&one["path"])).to_owned(),
        api_server: text(&found["api_server"]).to_owned(),
        domain: text(&found["primary_domain"]).to_owned(),
        cluster,
    })
}

fn of<'a>(state: &'a State, (kind, product, name): (&str, &str, &str)) -> Option<&'a Value> {
    let key = Key {
        kind: kind.to_owned(),
        product: product.to_owned(),
        name: name.to_owned(),
    };
    state.objects.get(&key).map(|object| &object.body)
}

fn missing(kind: &str, name: &str) -> (String, String) {
    let help = "it was deleted without a look at what needs it; apply it again";
    (format!("{kind} `{name}` is not there"), help.to_owned())
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
