//! Merge patch, JSON patch and strategic merge patch.

use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::types::{Type, Types};

/// Applies a patch by its content type. Server-side apply is not among them.
///
/// # Errors
/// 400, 415 or 422: it is no patch, or does not fit the object.
pub fn patched(
    (types, kind): (&Types, &Type),
    live: &Value,
    (content_type, patch): (&str, &Value),
) -> Result<Value, Refusal> {
    let mut object = live.clone();
    match content_type.split(';').next().unwrap_or_default().trim() {
        "application/json-patch+json" => {
            let patch: json_patch::Patch = serde_json::from_value(patch.clone())
                .map_err(|error| Refusal::bad_request(format!("error decoding patch: {error}")))?;
            json_patch::patch(&mut object, &patch).map_err(|error| {
                let message = format!(
                    "the server rejected our request due to an error in our request: {error}"
                );
                Refusal::new(422, "Invalid", message)
            })?;
        }
        "application/merge-patch+json" => json_patch::merge(&mut object, patch),
        "application/strategic-merge-patch+json" => {
            if !matches!(kind, Type::Named(_)) {
                return Err(unsupported(
                    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
                ));
            }
            object = strategic(types, (kind, None), Some(&object), patch)?.unwrap_or_default();
        }
        _ => {
            return Err(unsupported(
                "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml",
            ));
        }
    }
    Ok(object)
}

fn unsupported(types: &str) -> Refusal {
    let message = format!(
        "the body of the request was in an unknown format - accepted media types include: {types}"
    );
    Refusal::new(415, "UnsupportedMediaType", message)
}

/// One level of a strategic merge; `None` is a deletion.
fn strategic(
    types: &Types,
    (kind, key): (&Type, Option<&str>),
    live: Option<&Value>,
    patch: &Value,
) -> Result<Option<Value>, Refusal> {
    match (patch, kind) {
        (Value::Null, _) => Ok(None),
        (Value::Object(patch), _) => {
            match patch.get("$patch").and_then(Value::as_str) {
                Some("delete") => return Ok(None),
                Some("replace") => {
                    let mut plain = patch.clone();
                    plain.shift_remove("$patch");
                    return Ok(Some(Value::Object(plain)));
                }
                _ => {}
            }
            let live = live.and_then(Value::as_object).cloned().unwrap_or_default();
            objects(types, kind, live, patch).map(Some)
        }
        (Value::Array(items), Type::List(item, _)) => match key {
            Some("") => Ok(Some(primitives(live, items))),
            Some(key) => lists(types, (item, key), live, items).map(Some),
            None => Ok(Some(patch.clone())),
        },
        _ => Ok(Some(patch.clone())),
    }
}

fn objects(
    types: &Types,
    kind: &Type,
    mut live: Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<Value, Refusal> {
    let known = types.fields(kind);
    for (name, value) in patch {
        if let Some(field) = name.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(list), Some(gone)) = (
                live.get_mut(field).and_then(Value::as_array_mut),
                value.as_array(),
            ) {
                list.retain(|item| !gone.contains(item));
            }
            continue;
        }
        if let Some(fields) = name.strip_prefix("$retainKeys").and(value.as_array()) {
            live.retain(|key, _| fields.iter().any(|f| f == key.as_str()));
            continue;
        }
        if name.starts_with("$setElementOrder/") {
            continue; // it only orders
        }
        if name.starts_with('$') && name != "$patch" {
            return Err(Refusal::not_simulated(&format!(
                "the directive {name} of a strategic merge patch"
            )));
        }
        let (inner, key) = match (kind, known.and_then(|known| known.fields.get(name))) {
            (_, Some(field)) => (&field.kind, field.merge_key.as_deref()),
            (Type::Map(inner), None) => (&**inner, None),
            _ => (&Type::Any, None),
        };
        let inner = match inner {
            Type::Atomic(inner) => inner,
            inner => inner,
        };
        match strategic(types, (inner, key), live.get(name), value)? {
            Some(value) => live.insert(name.clone(), value),
            None => live.shift_remove(name),
        };
    }
    live.shift_remove("$patch");
    Ok(Value::Object(live))
}

fn primitives(live: Option<&Value>, items: &[Value]) -> Value {
    let mut list = live.and_then(Value::as_array).cloned().unwrap_or_default();
    for item in items {
        if !list.contains(item) {
            list.push(item.clone());
        }
    }
    Value::Array(list)
}

fn lists(
    types: &Types,
    (item_type, key): (&Type, &str),
    live: Option<&Value>,
    items: &[Value],
) -> Result<Value, Refusal> {
    let replace = items
        .iter()
        .any(|item| item["$patch"] == "replace" && item.get(key).is_none());
    let mut list = live.and_then(Value::as_array).cloned().unwrap_or_default();
    if replace {
        list.clear();
    }
    for item in items {
        if replace && item.get(key).is_none() {
            continue;
        }
        let Some(id) = item.get(key) else {
            let message = format!("map: {item} does not contain declared merge key: {key}");
            return Err(Refusal::bad_request(message));
        };
        let at = list.iter().position(|there| there.get(key) == Some(id));
        let merged = strategic(types, (item_type, None), at.map(|at| &list[at]), item)?;
        match (at, merged) {
            (Some(at), Some(merged)) => list[at] = merged,
            (Some(at), None) => {
                list.remove(at);
            }
            (None, Some(merged)) => list.push(merged),
            (None, None) => {}
        }
    }
    Ok(Value::Array(list))
}
