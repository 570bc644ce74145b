//! Creating and changing objects.

use serde_json::Value;

use super::asked::Asked;
use super::kinds::{Kind, Scope};
use super::managed::{self, Author, Force};
use super::patch;
use super::refusal::Refusal;
use super::serve::{Done, Target};
use super::state::State;
use super::store::Key;
use super::{defaults, immutable, meta, schema, typed, validate};

/// Whether a write is only tried.
fn is_dry(asked: &Asked<'_>) -> Result<bool, Refusal> {
    match asked.option("dryRun") {
        "" => Ok(false),
        "All" => Ok(true),
        other => {
            let message =
                format!("dryRun: Unsupported value: \"{other}\": supported values: \"All\"");
            Err(Refusal::new(422, "Invalid", message))
        }
    }
}

/// Where the target's object is, under a name.
pub fn key(target: &Target<'_>, name: &str) -> Key {
    Key::new(&target.kind.resource(), &target.path.namespace, name)
}

/// POST.
///
/// # Errors
/// As the API refuses.
pub fn create(state: &mut State, target: &Target<'_>) -> Result<Done, Refusal> {
    let mut body = target.asked.body()?;
    meta::check_identity(target, &mut body)?;
    let (object, warnings) = prepare_new(state, target, body)?;
    let mut object = object;
    let time = state.time();
    let manager = target.asked.manager();
    let author = author(target, &manager, (&time, Force::Yes));
    managed::after_update(
        (&state.types, &target.kind.shape),
        (&Value::Null, &mut object),
        Vec::new(),
        &author,
    );
    let body = insert(state, target, object)?;
    Ok(Done {
        code: 201,
        body,
        warnings,
    })
}

/// Who writes, for `managedFields`.
pub(super) fn author<'a>(
    target: &'a Target<'_>,
    manager: &'a str,
    (time, force): (&'a str, Force),
) -> Author<'a> {
    Author {
        manager,
        subresource: &target.path.subresource,
        time,
        force,
    }
}

/// Checks, defaults and stamps a new object.
pub(super) fn prepare_new(
    state: &mut State,
    target: &Target<'_>,
    mut object: Value,
) -> Result<(Value, Vec<String>), Refusal> {
    let kind = &target.kind;
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if name.is_empty()
        && let Some(prefix) = object["metadata"]["generateName"]
            .as_str()
            .map(ToOwned::to_owned)
    {
        let name = format!("{prefix}{}", state.suffix(&prefix, 5));
        object["metadata"]["name"] = name.into();
    }
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    admit_namespace(state, kind, (&target.path.namespace, &name))?;
    let warnings = fit(state, target, &mut object)?;
    defaults::set(state, kind, &mut object);
    validate::new_object(state, kind, &object)?;
    meta::stamp_new(state, kind, &mut object);
    defaults::set_status(kind, &mut object);
    Ok((object, warnings))
}

/// Whether a namespace takes new objects.
fn admit_namespace(
    state: &State,
    kind: &Kind,
    (namespace, name): (&str, &str),
) -> Result<(), Refusal> {
    if kind.scope == Scope::Cluster {
        return Ok(());
    }
    let core = super::refusal::About {
        resource: "namespaces".to_owned(),
        name: namespace.to_owned(),
        ..Default::default()
    };
    let Some(found) = state.object("/namespaces", "", namespace) else {
        return Err(Refusal::not_found(&core));
    };
    if found["metadata"]["deletionTimestamp"].is_string() {
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        let mut refusal = Refusal::forbidden(&kind.about(name), &why);
        refusal.details["causes"] = serde_json::json!([{"reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"), "field": "metadata.namespace"}]);
        return Err(refusal);
    }
    Ok(())
}

/// Makes an object fit its type: unknown fields go, wrong ones are refused.
pub(super) fn fit(
    state: &State,
    target: &Target<'_>,
    object: &mut Value,
) -> Result<Vec<String>, Refusal> {
    let kind = &target.kind;
    let validation = target.asked.option("fieldValidation");
    if let Some(custom) = &kind.custom {
        let name = object["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        schema::set_defaults(&custom.schema, object);
        let unknown = schema::prune(&custom.schema, object);
        let found = typed::Found {
            unknown,
            wrong: Vec::new(),
        };
        let warnings = found.judge((&kind.version, &kind.kind), validation)?;
        schema::check(&custom.schema, object)
            .map_err(|causes| Refusal::invalid(&kind.about_kind(&name), causes))?;
        return Ok(warnings);
    }
    let found = typed::fit(&state.types, &kind.shape, object);
    found.judge((&kind.version, &kind.kind), validation)
}

/// Puts a new object, unless this is a dry run.
pub(super) fn insert(
    state: &mut State,
    target: &Target<'_>,
    object: Value,
) -> Result<Value, Refusal> {
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let key = key(target, &name);
    if state.store.get(&key).is_some() {
        return Err(Refusal::already_exists(&target.kind.about(&name)));
    }
    if is_dry(target.asked)? {
        return Ok(object);
    }
    let stored = state.store.put(&key, object);
    Ok(Value::clone(&stored))
}

/// PUT.
///
/// # Errors
/// As the API refuses.
pub fn replace(state: &mut State, target: &Target<'_>) -> Result<Done, Refusal> {
    let mut body = target.asked.body()?;
    if target.path.subresource == "scale" {
        return super::read::set_scale(state, target, &body);
    }
    meta::check_identity(target, &mut body)?;
    let live = super::read::get(state, target)?;
    update(state, target, (live, body))
}

/// An object takes a live one's place.
///
/// # Errors
/// As the API refuses.
pub fn update(
    state: &mut State,
    target: &Target<'_>,
    (live, mut object): (Value, Value),
) -> Result<Done, Refusal> {
    let about = target.kind.about(&target.path.name);
    let version = object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default();
    if !version.is_empty() && live["metadata"]["resourceVersion"] != version {
        return Err(Refusal::modified(&about));
    }
    let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
    if !uid.is_empty() && live["metadata"]["uid"] != uid {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            live["metadata"]["uid"].as_str().unwrap_or_default()
        );
        return Err(Refusal::conflict(&about, &why));
    }
    let before = match object["metadata"].get("managedFields") {
        Some(Value::Array(_)) => managed::entries(&object),
        _ => managed::entries(&live),
    };
    let warnings = fit(state, target, &mut object)?;
    if target.path.subresource != "status" {
        defaults::carry_over(&target.kind, (&live, &mut object));
        defaults::set(state, &target.kind, &mut object);
    }
    meta::stamp_update(&target.kind, (&live, &mut object), &target.path.subresource);
    immutable::update(&target.kind, (&live, &object))?;
    let time = state.time();
    let manager = target.asked.manager();
    let author = author(target, &manager, (&time, Force::Yes));
    managed::after_update(
        (&state.types, &target.kind.shape),
        (&live, &mut object),
        before,
        &author,
    );
    let body = put(state, target, (&live, object))?;
    Ok(Done {
        warnings,
        ..Done::ok(body)
    })
}

/// Puts a changed object, unless nothing changed or this is a dry run.
pub(super) fn put(
    state: &mut State,
    target: &Target<'_>,
    (live, object): (&Value, Value),
) -> Result<Value, Refusal> {
    if *live == object {
        return Ok(object);
    }
    if is_dry(target.asked)? {
        return Ok(object);
    }
    let key = key(target, &target.path.name);
    let ends = object["metadata"]["deletionTimestamp"].is_string()
        && object["metadata"]["finalizers"]
            .as_array()
            .is_none_or(Vec::is_empty)
        && target.kind.kind != "Namespace"
        && target.kind.kind != "Pod";
    let stored = state.store.put(&key, object);
    if ends {
        state.store.delete(&key);
    }
    Ok(Value::clone(&stored))
}

/// PATCH.
///
/// # Errors
/// As the API refuses.
pub fn patch(state: &mut State, target: &Target<'_>) -> Result<Done, Refusal> {
    let content_type = target.asked.header("content-type").to_owned();
    let body = target.asked.body()?;
    if content_type.starts_with("application/apply-patch") {
        return super::apply::apply(state, target, body);
    }
    if target.path.subresource == "scale" {
        return super::read::patch_scale(state, target, (&content_type, &body));
    }
    let live = super::read::get(state, target)?;
    let mut object = patch::patched(
        (&state.types, &target.kind.shape),
        &live,
        (&content_type, &body),
    )?;
    meta::check_identity(target, &mut object)?;
    if body["metadata"]["resourceVersion"].is_null() && !body.is_array() {
        object["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
    }
    update(state, target, (live, object))
}
