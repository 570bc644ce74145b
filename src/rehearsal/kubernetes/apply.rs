//! PATCH with a configuration: server-side apply, from the request to the stored object.

use serde_json::Value;

use super::managed::{self, Force};
use super::refusal::Refusal;
use super::serve::{Done, Target};
use super::state::State;
use super::write::{author, fit, insert, prepare_new, put};
use super::{defaults, immutable, meta, typed};

/// Server-side apply.
///
/// # Errors
/// As the API refuses: conflicts, a configuration that is not of its type, what a create or an
/// update would be refused for.
#[expect(
    clippy::too_many_lines,
    reason = "one request from its checks to the stored object, in the order that the API keeps"
)]
pub fn apply(state: &mut State, target: &Target<'_>, mut applied: Value) -> Result<Done, Refusal> {
    let asked = target.asked;
    let manager = asked.option("fieldManager").to_owned();
    if manager.is_empty() {
        let about = super::refusal::About {
            resource: "PatchOptions.meta.k8s.io".to_owned(),
            ..Default::default()
        };
        let cause = (
            "FieldValueRequired",
            "Required value: is required for apply patch".to_owned(),
            "fieldManager".to_owned(),
        );
        return Err(Refusal::invalid(&about, vec![cause]));
    }
    if applied["metadata"]["managedFields"]
        .as_array()
        .is_some_and(|list| !list.is_empty())
    {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    if applied["apiVersion"].is_null() || applied["kind"].is_null() {
        return Err(Refusal::bad_request("invalid object type: /, Kind="));
    }
    meta::check_identity(target, &mut applied)?;
    let live = match super::read::get(state, target) {
        Ok(live) => live,
        Err(_) if target.path.subresource.is_empty() => Value::Null,
        Err(refusal) => return Err(refusal),
    };
    let kind = target.kind.clone();
    if kind.custom.is_none() {
        let mut tried = applied.clone();
        let found = typed::fit(&state.types, &kind.shape, &mut tried);
        if let Some(path) = found.unknown.first() {
            let message = format!(
                "failed to create typed patch object ({}/{}; {}, Kind={}): .{path}: field not declared in schema",
                target.path.namespace,
                target.path.name,
                kind.api_version(),
                kind.kind
            );
            return Err(Refusal::internal(message));
        }
    }
    let time = state.time();
    let force = if asked.says("force") {
        Force::Yes
    } else {
        Force::No
    };
    let author = author(target, &manager, (&time, force));
    let mut merged = managed::apply((&state.types, &kind.shape), (&live, &applied), &author)?;
    if live.is_null() {
        if asked.request.method == "PATCH" && !applied["metadata"]["resourceVersion"].is_null() {
            return Err(Refusal::conflict(
                &kind.about(&target.path.name),
                "the object does not exist",
            ));
        }
        let entries = managed::entries(&merged);
        let (object, warnings) = prepare_new(state, target, merged)?;
        merged = object;
        managed::keep(&mut merged, entries);
        let body = insert(state, target, merged)?;
        return Ok(Done {
            code: 201,
            body,
            warnings,
        });
    }
    let entries = managed::entries(&merged);
    let warnings = fit(state, target, &mut merged)?;
    if let Some(version) = applied["metadata"]["resourceVersion"].as_str()
        && live["metadata"]["resourceVersion"] != version
    {
        return Err(Refusal::modified(&kind.about(&target.path.name)));
    }
    if target.path.subresource != "status" {
        defaults::set(state, &kind, &mut merged);
    }
    meta::stamp_update(&kind, (&live, &mut merged), &target.path.subresource);
    immutable::update(&kind, (&live, &merged))?;
    managed::keep(&mut merged, entries);
    let body = put(state, target, (&live, merged))?;
    Ok(Done {
        warnings,
        ..Done::ok(body)
    })
}
