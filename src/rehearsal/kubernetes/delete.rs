//! Deleting: preconditions, grace, finalizers, what goes with an object.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::selector::Selector;
use super::serve::{Done, Target};
use super::state::State;
use super::store::Key;
use super::{read, write};

/// Options of a delete.
#[derive(Clone, Debug, Default)]
struct Options {
    propagation: String,
    grace: Option<u64>,
    dry: bool,
    uid: String,
    revision: String,
}

fn options(target: &Target<'_>) -> Result<Options, Refusal> {
    let body = target.asked.body()?;
    let text = |key: &str| match target.asked.option(key) {
        "" => body[key].as_str().unwrap_or_default().to_owned(),
        value => value.to_owned(),
    };
    let wanted = |key: &str| {
        body["preconditions"][key]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let grace = match target.asked.option("gracePeriodSeconds") {
        "" => body["gracePeriodSeconds"].as_u64(),
        value => value.parse().ok(),
    };
    Ok(Options {
        propagation: text("propagationPolicy"),
        grace,
        dry: target.asked.option("dryRun") == "All" || body["dryRun"][0] == "All",
        uid: wanted("uid"),
        revision: wanted("resourceVersion"),
    })
}

/// DELETE of an object.
///
/// # Errors
/// 404, or 409 for a precondition.
pub fn one(state: &mut State, target: &Target<'_>) -> Result<Done, Refusal> {
    let live = read::get(state, target)?;
    let options = options(target)?;
    let metadata = &live["metadata"];
    for (key, wanted, word) in [
        ("uid", &options.uid, "UID"),
        ("resourceVersion", &options.revision, "ResourceVersion"),
    ] {
        if !wanted.is_empty() && metadata[key] != **wanted {
            let why = format!(
                "Precondition failed: {word} in precondition: {wanted}, {word} in object meta: {}",
                metadata[key].as_str().unwrap_or_default()
            );
            return Err(Refusal::conflict(
                &target.kind.about(&target.path.name),
                &why,
            ));
        }
    }
    if target.kind.kind == "Namespace"
        && ["default", "kube-system", "kube-public"].contains(&target.path.name.as_str())
    {
        return Err(Refusal::forbidden(
            &target.kind.about(&target.path.name),
            "this namespace may not be deleted",
        ));
    }
    let key = write::key(target, &target.path.name);
    let marked = mark(state, &live, &options);
    if options.dry {
        return Ok(Done::ok(answer(target, &live, marked.as_ref())));
    }
    if let Some(marked) = &marked {
        if *marked != live {
            state.store.put(&key, marked.clone());
        }
    } else {
        if options.propagation == "Orphan" {
            orphan(state, &live);
        }
        state.store.delete(&key);
    }
    let now = state.store.get(&key).map(|object| Value::clone(object));
    Ok(Done::ok(answer(target, &live, now.as_ref())))
}

/// The object while it waits for its end; `None` if it can go at once.
fn mark(state: &State, live: &Value, options: &Options) -> Option<Value> {
    let mut marked = live.clone();
    let is = |kind: &str| live["kind"] == kind;
    let mut finalizers = live["metadata"]["finalizers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if options.propagation == "Foreground" && !finalizers.contains(&json!("foregroundDeletion")) {
        finalizers.push("foregroundDeletion".into());
    }
    // Instances go first.
    if is("CustomResourceDefinition")
        && !finalizers.contains(&json!("customresourcecleanup.apiextensions.k8s.io"))
    {
        finalizers.push("customresourcecleanup.apiextensions.k8s.io".into());
    }
    let mut grace = 0;
    if is("Pod") {
        let usual = live["spec"]["terminationGracePeriodSeconds"]
            .as_u64()
            .unwrap_or(30);
        grace = options.grace.unwrap_or(usual);
        let pending = live["spec"]["nodeName"].is_null();
        if pending
            || ["Succeeded", "Failed"]
                .iter()
                .any(|phase| live["status"]["phase"] == *phase)
        {
            grace = 0;
        }
    }
    if finalizers.is_empty() && grace == 0 && !is("Namespace") {
        return None;
    }
    if !finalizers.is_empty() {
        marked["metadata"]["finalizers"] = Value::Array(finalizers);
    }
    if live["metadata"]["deletionTimestamp"].is_null() {
        let until = state.now + std::time::Duration::from_secs(grace);
        marked["metadata"]["deletionTimestamp"] = super::state::time_text(until).into();
        if live["kind"] != "Namespace" {
            marked["metadata"]["deletionGracePeriodSeconds"] = grace.into();
        }
        if let Some(generation) = live["metadata"]["generation"].as_u64() {
            marked["metadata"]["generation"] = (generation + 1).into();
        }
    }
    if is("Namespace") {
        marked["status"]["phase"] = "Terminating".into();
    }
    Some(marked)
}

/// The answer of a delete: the object while it waits, else a Status.
fn answer(target: &Target<'_>, live: &Value, waiting: Option<&Value>) -> Value {
    let kind = &target.kind;
    if let Some(waiting) = waiting {
        return read::at_version(kind, waiting);
    }
    if ["Pod", "Namespace"].contains(&kind.kind.as_str()) {
        return read::at_version(kind, live);
    }
    let mut details = json!({"name": target.path.name});
    if !kind.group.is_empty() {
        details["group"] = kind.group.clone().into();
    }
    details["kind"] = kind.plural.clone().into();
    details["uid"] = live["metadata"]["uid"].clone();
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

/// What an object owned lives on without it.
fn orphan(state: &mut State, owner: &Value) {
    let uid = &owner["metadata"]["uid"];
    let owned: Vec<(Key, Value)> = state
        .store
        .all()
        .filter(|(_, object)| owners(object).any(|one| one["uid"] == *uid))
        .map(|(key, object)| (key.clone(), Value::clone(object)))
        .collect();
    for (key, mut object) in owned {
        let left: Vec<Value> = owners(&object)
            .filter(|one| one["uid"] != *uid)
            .cloned()
            .collect();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            if left.is_empty() {
                metadata.shift_remove("ownerReferences");
            } else {
                metadata.insert("ownerReferences".to_owned(), Value::Array(left));
            }
        }
        state.store.put(&key, object);
    }
}

/// An object's owners.
pub fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten()
}

/// DELETE of a list.
///
/// # Errors
/// 400 for a selector.
pub fn collection(state: &mut State, target: &Target<'_>) -> Result<Done, Refusal> {
    if !target
        .kind
        .verbs
        .iter()
        .any(|verb| verb == "deletecollection")
    {
        return Err(Refusal::method());
    }
    let asked = target.asked;
    let selector = Selector::parse(asked.option("labelSelector"), asked.option("fieldSelector"))?;
    let resource = target.kind.resource();
    let found: Vec<(Key, Value)> = state
        .store
        .list(&resource, &target.path.namespace)
        .filter(|(_, object)| selector.matches(object))
        .map(|(key, object)| (key.clone(), Value::clone(object)))
        .collect();
    let options = options(target)?;
    let mut items = Vec::new();
    for (key, live) in found {
        if !options.dry {
            match mark(state, &live, &options) {
                Some(marked) if marked != live => {
                    state.store.put(&key, marked);
                }
                Some(_) => {}
                None => {
                    state.store.delete(&key);
                }
            }
        }
        items.push(live);
    }
    Ok(Done::ok(json!({
        "kind": format!("{}List", target.kind.kind), "apiVersion": target.kind.api_version(),
        "metadata": {"resourceVersion": state.store.revision.to_string()}, "items": items,
    })))
}

/// PUT of a namespace's `finalize`.
///
/// # Errors
/// 404.
pub fn finalize(state: &mut State, target: &Target<'_>) -> Result<Done, Refusal> {
    let mut object = read::get(state, target)?;
    let body = target.asked.body()?;
    object["spec"]["finalizers"] = body["spec"]["finalizers"].clone();
    let stored = state
        .store
        .put(&write::key(target, &target.path.name), object);
    Ok(Done::ok(Value::clone(&stored)))
}

/// POST of a pod's `eviction`.
///
/// # Errors
/// 404.
pub fn evict(state: &mut State, target: &Target<'_>) -> Result<Done, Refusal> {
    one(state, target)?;
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(Done {
        code: 201,
        ..Done::ok(body)
    })
}
