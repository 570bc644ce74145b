//! Structural schemas of custom kinds: their types for apply, defaults, pruning, validation.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::refusal::Cause;
use super::schema_check;
use super::types::{Field, ListKind, Struct, Type};

/// The type of a custom object.
pub fn root_type(schema: &Value) -> Type {
    let mut found = struct_of(schema);
    let plain = |kind| Field {
        kind,
        merge_key: None,
    };
    found
        .fields
        .insert("apiVersion".to_owned(), plain(Type::String));
    found.fields.insert("kind".to_owned(), plain(Type::String));
    found.fields.insert(
        "metadata".to_owned(),
        plain(Type::Named("meta.v1.ObjectMeta".to_owned())),
    );
    Type::Struct(Arc::new(found))
}

fn struct_of(schema: &Value) -> Struct {
    let properties = schema["properties"].as_object().into_iter().flatten();
    Struct {
        fields: properties
            .map(|(key, schema)| {
                let kind = type_of(schema);
                (
                    key.clone(),
                    Field {
                        kind,
                        merge_key: None,
                    },
                )
            })
            .collect(),
        atomic: schema["x-kubernetes-map-type"] == "atomic",
        open: keeps_unknown(schema).then_some(Type::Deduced),
    }
}

/// Whether fields that the schema does not know are kept.
pub fn keeps_unknown(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
}

fn type_of(schema: &Value) -> Type {
    if schema["x-kubernetes-int-or-string"] == true {
        return Type::IntOrString;
    }
    match schema["type"].as_str() {
        Some("object") if schema["additionalProperties"].is_object() => {
            let map = Type::Map(Box::new(type_of(&schema["additionalProperties"])));
            if schema["x-kubernetes-map-type"] == "atomic" {
                Type::Atomic(Box::new(map))
            } else {
                map
            }
        }
        Some("object") if schema["properties"].is_object() => {
            Type::Struct(Arc::new(struct_of(schema)))
        }
        Some("object") => Type::Deduced,
        Some("array") => {
            let by = match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => ListKind::Set,
                Some("map") => {
                    let keys = schema["x-kubernetes-list-map-keys"]
                        .as_array()
                        .into_iter()
                        .flatten();
                    ListKind::Keys(
                        keys.filter_map(Value::as_str)
                            .map(ToOwned::to_owned)
                            .collect(),
                    )
                }
                _ => ListKind::Atomic,
            };
            Type::List(Box::new(type_of(&schema["items"])), by)
        }
        Some("string") => Type::String,
        Some("integer") => Type::Integer,
        Some("number") => Type::Number,
        Some("boolean") => Type::Boolean,
        _ => Type::Deduced,
    }
}

/// Sets the defaults of a schema, where an object is there to hold them; nulls with a default are
/// replaced by it.
pub fn set_defaults(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
                let is_null =
                    map.get(key).is_some_and(Value::is_null) && schema["nullable"] != true;
                if (!map.contains_key(key) || is_null)
                    && let Some(default) = schema.get("default")
                {
                    map.insert(key.clone(), default.clone());
                }
                if let Some(value) = map.get_mut(key) {
                    set_defaults(schema, value);
                }
            }
            let every = &schema["additionalProperties"];
            if every.is_object() {
                map.values_mut()
                    .for_each(|value| set_defaults(every, value));
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| set_defaults(&schema["items"], item)),
        _ => {}
    }
}

/// Drops what the schema does not know; the paths of what went.
pub fn prune(schema: &Value, object: &mut Value) -> Vec<String> {
    let mut gone = Vec::new();
    let Some(map) = object.as_object_mut() else {
        return gone;
    };
    let mut kept = Map::new();
    for key in ["apiVersion", "kind", "metadata"] {
        if let Some(value) = map.shift_remove(key) {
            kept.insert(key.to_owned(), value);
        }
    }
    prune_value(schema, object, (&mut gone, String::new()));
    if let Some(map) = object.as_object_mut() {
        kept.append(map);
        *map = kept;
    }
    gone
}

fn prune_value(schema: &Value, value: &mut Value, (gone, path): (&mut Vec<String>, String)) {
    match value {
        Value::Object(map) => {
            let every = &schema["additionalProperties"];
            let names: Vec<String> = map.keys().cloned().collect();
            for key in names {
                let below = format!("{path}.{key}");
                let known = schema["properties"].get(&key);
                let embedded = schema["x-kubernetes-embedded-resource"] == true
                    && ["apiVersion", "kind", "metadata"].contains(&key.as_str());
                match (known, map.get_mut(&key)) {
                    (Some(schema), Some(value)) => prune_value(schema, value, (gone, below)),
                    (None, Some(value)) if every.is_object() => {
                        prune_value(every, value, (gone, below));
                    }
                    (None, Some(_)) if every == true || keeps_unknown(schema) || embedded => {}
                    _ => {
                        map.shift_remove(&key);
                        gone.push(below.trim_start_matches('.').to_owned());
                    }
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                prune_value(&schema["items"], item, (gone, format!("{path}[{at}]")));
            }
        }
        _ => {}
    }
}

/// Checks an object.
///
/// # Errors
/// Every field that is wrong.
pub fn check(schema: &Value, object: &Value) -> Result<(), Vec<Cause>> {
    let mut causes = Vec::new();
    schema_check::value(schema, object, (&mut causes, ""));
    if causes.is_empty() {
        Ok(())
    } else {
        Err(causes)
    }
}
