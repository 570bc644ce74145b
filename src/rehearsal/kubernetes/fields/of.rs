//! Which fields an object has.

use serde_json::{Map, Value};

use super::Fields;
use crate::rehearsal::kubernetes::types::{ListKind, Type, Types, View};

/// The fields of a value.
///
/// # Errors
/// An item of a list without its key, in one line.
pub fn of(types: &Types, kind: &Type, value: &Value) -> Result<Fields, String> {
    let mut set = Fields::default();
    match (types.view(kind, value.is_object()), value) {
        (View::Leaf, _) => set.own = true,
        (View::Struct(found), Value::Object(map)) => {
            for (key, value) in map {
                let (kind, known) = found.field(key);
                let mut below = of(types, kind, value)?;
                below.own |= !known || is_nothing(value);
                set.put(&format!("f:{key}"), below);
            }
        }
        (View::Map(kind), Value::Object(map)) => {
            for (key, value) in map {
                let mut below = of(types, kind, value)?;
                below.own = true;
                set.put(&format!("f:{key}"), below);
            }
        }
        (View::List(kind, by), Value::Array(items)) => {
            for item in items {
                let mut below = of(types, kind, item)?;
                below.own = true;
                set.put(&element(item, by)?, below);
            }
        }
        _ => {}
    }
    Ok(set)
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

/// The path element of a list's item.
///
/// # Errors
/// A key is missing, in one line.
pub fn element(item: &Value, by: &ListKind) -> Result<String, String> {
    let ListKind::Keys(keys) = by else {
        return Ok(format!("v:{item}"));
    };
    let mut sorted: Vec<&String> = keys.iter().collect();
    sorted.sort();
    let mut found = Map::new();
    for key in sorted {
        let value = match (item.get(key), key.as_str()) {
            (Some(value), _) => value.clone(),
            (None, "protocol") => Value::from("TCP"),
            (None, _) if !item.is_object() => {
                return Err("associative list with keys may not have non-map elements".to_owned());
            }
            (None, _) => {
                return Err(format!(
                    "associative list with keys has an element that omits key field \"{key}\" (and doesn't have default value)"
                ));
            }
        };
        found.insert(key.clone(), value);
    }
    Ok(format!("k:{}", Value::Object(found)))
}

/// The same set with every struct in it that has a field in it.
pub fn with_structs(types: &Types, kind: &Type, set: &Fields) -> Fields {
    let mut all = set.clone();
    match types.view(kind, true) {
        View::Struct(found) => {
            for (key, below) in &mut all.below {
                let (kind, known) = found.field(key.trim_start_matches("f:"));
                let inner = with_structs(types, kind, below);
                let is_struct = known && !inner.below.is_empty();
                *below = inner;
                below.own |= is_struct;
            }
        }
        View::Map(kind) | View::List(kind, _) => {
            for below in all.below.values_mut() {
                *below = with_structs(types, kind, below);
            }
        }
        View::Leaf => {}
    }
    all
}
