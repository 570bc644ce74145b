//! Taking fields out of an object.

use serde_json::{Map, Value};

use super::{Fields, element};
use crate::rehearsal::kubernetes::types::{Type, Types, View};

/// The value without the fields of a set; `None` if nothing of it is left.
pub fn remove(types: &Types, kind: &Type, value: &Value, gone: &Fields) -> Option<Value> {
    match (types.view(kind, value.is_object()), value) {
        (View::Struct(_) | View::Map(_), Value::Object(map)) if !map.is_empty() => {
            let mut left = Map::new();
            for (key, value) in map {
                let inner = match types.view(kind, true) {
                    View::Struct(found) => found.field(key).0,
                    View::Map(inner) => inner,
                    _ => continue,
                };
                if let Some(value) = one(types, inner, value, gone.below.get(&format!("f:{key}"))) {
                    left.insert(key.clone(), value);
                }
            }
            (!left.is_empty()).then_some(Value::Object(left))
        }
        (View::List(inner, by), Value::Array(items)) if !items.is_empty() => {
            let mut left = Vec::new();
            for item in items {
                let Ok(key) = element(item, by) else { continue };
                left.extend(one(types, inner, item, gone.below.get(&key)));
            }
            (!left.is_empty()).then_some(Value::Array(left))
        }
        _ => Some(value.clone()),
    }
}

fn one(types: &Types, kind: &Type, value: &Value, gone: Option<&Fields>) -> Option<Value> {
    match gone {
        Some(gone) if gone.own => None,
        Some(gone) if !gone.below.is_empty() => remove(types, kind, value, gone),
        _ => Some(value.clone()),
    }
}
