//! Steps of a path inside an object: what they lead to, and making what is not there.

use serde_json::{Map, Value, json};

pub use crate::input::{FieldPath as Path, Step};

/// What a step leads to.
pub fn step<'a>(value: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    match step {
        Step::Field(name) => value.as_object_mut()?.get_mut(name),
        Step::Nth(nth) => value.as_array_mut()?.get_mut(*nth),
        Step::Item(key, wanted) => value
            .as_array_mut()?
            .iter_mut()
            .find(|item| item[key].as_str() == Some(wanted)),
    }
}

/// What a step leads to, made if it is not there.
pub fn make<'a>(value: &'a mut Value, to: &Step) -> Option<&'a mut Value> {
    if step(value, to).is_none() {
        match to {
            Step::Field(name) => {
                if value.is_null() {
                    *value = Value::Object(Map::new());
                }
                value.as_object_mut()?.insert(name.clone(), Value::Null);
            }
            Step::Item(key, wanted) => {
                if value.is_null() {
                    *value = json!([]);
                }
                value.as_array_mut()?.push(json!({key.as_str(): wanted}));
            }
            Step::Nth(_) => {
                if value.is_null() {
                    *value = json!([]);
                }
                value.as_array_mut()?.push(Value::Null);
                return value.as_array_mut()?.last_mut();
            }
        }
    }
    step(value, to)
}
