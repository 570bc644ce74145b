//! Reading: one object, lists, scale, logs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::Kind;
use super::refusal::Refusal;
use super::selector::Selector;
use super::serve::{Done, Target};
use super::state::State;
use super::store::Key;
use super::{patch, write};
use crate::rehearsal::network::Response;

/// An object at the version that was asked for.
pub fn at_version(kind: &Kind, object: &Value) -> Value {
    let mut object = object.clone();
    object["apiVersion"] = kind.api_version().into();
    object
}

/// Why an object cannot be shown at this version.
fn conversion(kind: &Kind, object: &Value) -> Option<Refusal> {
    let why = kind.custom.as_ref()?.conversion.as_ref()?;
    let stored = object["apiVersion"].as_str()?;
    (stored != kind.api_version()).then(|| {
        Refusal::internal(format!(
            "conversion webhook for {stored}, Kind={} failed: {why}",
            kind.kind
        ))
    })
}

/// GET of an object.
///
/// # Errors
/// 404.
pub fn get(state: &State, target: &Target<'_>) -> Result<Value, Refusal> {
    let name = &target.path.name;
    let found = state.store.get(&write::key(target, name));
    let object = found.ok_or_else(|| Refusal::not_found(&target.kind.about(name)))?;
    match conversion(&target.kind, object) {
        Some(refusal) => Err(refusal),
        None => Ok(at_version(&target.kind, object)),
    }
}

/// GET of a list.
///
/// # Errors
/// 400 for a selector, 410 for an old page.
pub fn list(state: &State, target: &Target<'_>) -> Result<Done, Refusal> {
    let asked = target.asked;
    let kind = &target.kind;
    let selector = Selector::parse(asked.option("labelSelector"), asked.option("fieldSelector"))?;
    let (mut revision, mut after) = page(state, asked.option("continue"))?;
    let limit: usize = asked.option("limit").parse().unwrap_or_default();
    let resource = kind.resource();
    if let Some(after) = &mut after {
        after.resource.clone_from(&resource);
    }
    let all = state.store.list(&resource, &target.path.namespace);
    let mut found: Vec<(&Key, &Arc<Value>)> = all
        .filter(|(key, object)| {
            after.as_ref().is_none_or(|after| *key > after) && selector.matches(object)
        })
        .collect();
    let mut metadata = json!({});
    if limit > 0 && found.len() > limit {
        let left = found.len() - limit;
        found.truncate(limit);
        if let Some((last, _)) = found.last() {
            let token = json!([revision, last.namespace, last.name]).to_string();
            metadata["continue"] = hex(&token).into();
        }
        if asked.option("labelSelector").is_empty() && asked.option("fieldSelector").is_empty() {
            metadata["remainingItemCount"] = left.into();
        }
    }
    if let Some(refusal) = found
        .iter()
        .find_map(|(_, object)| conversion(kind, object))
    {
        return Err(refusal);
    }
    if revision == 0 {
        revision = state.store.revision;
    }
    metadata["resourceVersion"] = revision.to_string().into();
    let items: Vec<Value> = found
        .into_iter()
        .map(|(_, object)| {
            let mut item = at_version(kind, object);
            // Items of built-in lists do not say what they are.
            if kind.custom.is_none()
                && let Some(map) = item.as_object_mut()
            {
                map.shift_remove("apiVersion");
                map.shift_remove("kind");
            }
            item
        })
        .collect();
    Ok(Done::ok(json!({
        "kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(), "metadata": metadata, "items": items,
    })))
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a list goes on.
fn page(state: &State, token: &str) -> Result<(u64, Option<Key>), Refusal> {
    if token.is_empty() {
        return Ok((state.store.revision, None));
    }
    let bytes: Option<Vec<u8>> = (0..token.len() / 2)
        .map(|at| {
            token
                .get(at * 2..at * 2 + 2)
                .and_then(|two| u8::from_str_radix(two, 16).ok())
        })
        .collect();
    let parsed: Option<(u64, String, String)> =
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (revision, namespace, name) =
        parsed.ok_or_else(|| Refusal::bad_request("continue key is not valid: invalid JSON"))?;
    let resource = String::new();
    let key = Key {
        resource,
        namespace,
        name,
    };
    if state.store.since(revision, "").is_err() {
        return Err(Refusal::new(
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.",
        ));
    }
    Ok((revision, Some(key)))
}

/// GET of `…/log`.
///
/// # Errors
/// 404, or 400 as long as the container has not started.
#[expect(
    clippy::too_many_lines,
    reason = "the states of a container, one after the other"
)]
pub fn log(state: &State, target: &Target<'_>) -> Result<Response, Refusal> {
    let pod = get(state, target)?;
    let containers = pod["spec"]["containers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let wanted = target.asked.option("container");
    let names: Vec<&str> = containers
        .iter()
        .filter_map(|c| c["name"].as_str())
        .collect();
    let name = match (wanted, names.as_slice()) {
        ("", [only]) => *only,
        ("", all) => {
            let message = format!(
                "a container name must be specified for pod {}, choose one of: [{}]",
                target.path.name,
                all.join(" ")
            );
            return Err(Refusal::bad_request(message));
        }
        (name, all) if all.contains(&name) => name,
        (name, _) => {
            let message = format!("container {name} is not valid for pod {}", target.path.name);
            return Err(Refusal::bad_request(message));
        }
    };
    let statuses = pod["status"]["containerStatuses"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let status = statuses
        .iter()
        .find(|status| status["name"] == name)
        .cloned()
        .unwrap_or_default();
    if let Some(reason) = status["state"]["waiting"]["reason"].as_str()
        && reason != "CrashLoopBackOff"
    {
        let why = match reason {
            "ImagePullBackOff" | "ErrImagePull" => "trying and failing to pull image".to_owned(),
            other => other.to_owned(),
        };
        let message = format!(
            "container \"{name}\" in pod \"{}\" is waiting to start: {why}",
            target.path.name
        );
        return Err(Refusal::bad_request(message));
    }
    let started = status["state"]["running"]["startedAt"]
        .as_str()
        .or_else(|| status["lastState"]["terminated"]["startedAt"].as_str());
    let image = status["image"].as_str().unwrap_or_default();
    let mut text = format!(
        "(rehearsal) {} container {name} of image {image} started\n",
        started.unwrap_or("-")
    );
    if status["state"]["waiting"].is_object() {
        text.push_str("(rehearsal) exit code 1\n");
    }
    Ok(Response {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: text.into_bytes(),
    })
}

/// The `Scale` of an object.
pub fn scale_of(kind: &Kind, object: &Value) -> Value {
    let custom = kind
        .custom
        .as_ref()
        .map_or(&Value::Null, |custom| &custom.scale);
    let at = |key: &str, usual: &str| {
        let path = custom[key].as_str().unwrap_or(usual).replace('.', "/");
        object.pointer(&path).cloned().unwrap_or(Value::Null)
    };
    let metadata = &object["metadata"];
    let selector = at("labelSelectorPath", ".spec.selector");
    let selector = match (&selector["matchLabels"], &selector) {
        (Value::Object(labels), _) => {
            let pairs: Vec<String> = labels
                .iter()
                .map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()))
                .collect();
            pairs.join(",")
        }
        (_, Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"], "creationTimestamp": metadata["creationTimestamp"]},
        "spec": {"replicas": at("specReplicasPath", ".spec.replicas").as_u64().unwrap_or_default()},
        "status": {"replicas": at("statusReplicasPath", ".status.replicas").as_u64().unwrap_or_default(), "selector": selector}})
}

/// GET of `…/scale`.
///
/// # Errors
/// 404.
pub fn scale(state: &State, target: &Target<'_>) -> Result<Done, Refusal> {
    Ok(Done::ok(scale_of(&target.kind, &get(state, target)?)))
}

/// PUT of `…/scale`.
///
/// # Errors
/// As an update.
pub fn set_scale(state: &mut State, target: &Target<'_>, scale: &Value) -> Result<Done, Refusal> {
    let live = get(state, target)?;
    let mut object = live.clone();
    let custom = target
        .kind
        .custom
        .as_ref()
        .map_or(&Value::Null, |custom| &custom.scale);
    let path = custom["specReplicasPath"]
        .as_str()
        .unwrap_or(".spec.replicas")
        .replace('.', "/");
    if let Some(replicas) = object.pointer_mut(&path) {
        *replicas = scale["spec"]["replicas"].clone();
    } else {
        object["spec"]["replicas"] = scale["spec"]["replicas"].clone();
    }
    object["metadata"]["resourceVersion"] = scale["metadata"]["resourceVersion"].clone();
    write::update(state, target, (live, object))?;
    let now = get(state, target)?;
    Ok(Done::ok(scale_of(&target.kind, &now)))
}

/// PATCH of `…/scale`.
///
/// # Errors
/// As an update.
pub fn patch_scale(
    state: &mut State,
    target: &Target<'_>,
    (content_type, body): (&str, &Value),
) -> Result<Done, Refusal> {
    let scale = scale_of(&target.kind, &get(state, target)?);
    let shape = super::types::Type::Named("autoscaling.v1.Scale".to_owned());
    let patched = patch::patched((&state.types, &shape), &scale, (content_type, body))?;
    set_scale(state, target, &patched)
}
