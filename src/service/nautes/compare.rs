//! What a save would change: the body that somebody wants beside what the API shows. A save is a
//! commit each time, so what is equal is not saved.

use serde_json::Value;

use super::Kind;
use super::form::{Field, Form, Need, Shape};

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name in manifests, with those above it: `destination.environment`.
    pub path: String,
    /// What is there; null if nothing is.
    pub before: Value,
    /// What is wanted; null if nothing is.
    pub after: Value,
}

/// The fields in which a wanted body differs from what the API shows. What the server fills in
/// where a manifest says nothing does not count, nor what it never shows (a kubeconfig).
pub fn differences(kind: Kind, form: Form, wanted: &Value, found: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    object(kind.fields(), form, ("", wanted, found), &mut all);
    all
}

fn object(
    fields: &[Field],
    form: Form,
    (above, wanted, found): (&str, &Value, &Value),
    all: &mut Vec<Difference>,
) {
    let mine = |field: &&Field| field.only.is_none_or(|(only, _)| only == form);
    for field in fields.iter().filter(mine) {
        if field.json.is_empty() || field.need == Need::Unshown {
            continue;
        }
        let (wanted, found) = (&wanted[field.json], &found[field.json]);
        if wanted.is_null() && field.need == Need::Filled {
            continue;
        }
        let path = format!("{above}{}", field.names[0]);
        if let Shape::Object(inner) = field.shape {
            object(inner, form, (&format!("{path}."), wanted, found), all);
        } else if !same(&field.shape, form, (wanted, found)) {
            all.push(Difference {
                path,
                before: found.clone(),
                after: wanted.clone(),
            });
        }
    }
}

/// Whether two values mean the same.
fn same(shape: &Shape, form: Form, (wanted, found): (&Value, &Value)) -> bool {
    if is_empty(wanted) && is_empty(found) {
        return true;
    }
    match shape {
        Shape::Object(fields) => {
            let mut all = Vec::new();
            object(fields, form, ("", wanted, found), &mut all);
            all.is_empty()
        }
        Shape::List(shape) => {
            let (Some(wanted), Some(found)) = (wanted.as_array(), found.as_array()) else {
                return false;
            };
            if matches!(shape, Shape::Text) {
                return sorted(wanted) == sorted(found);
            }
            let pairs = wanted.iter().zip(found);
            wanted.len() == found.len() && pairs.into_iter().all(|pair| same(shape, form, pair))
        }
        Shape::Map(shape) => {
            let Some(wanted) = wanted.as_object() else {
                return false;
            };
            // More than was asked for is what the server filled in.
            wanted
                .iter()
                .all(|(key, value)| same(shape, form, (value, &found[key])))
        }
        _ => wanted == found,
    }
}

/// What the API leaves out or shows as a default: nothing, an empty text, list or mapping, false.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        Value::Number(number) => number.as_i64() == Some(0),
    }
}

fn sorted(values: &[Value]) -> Vec<String> {
    let mut all: Vec<String> = values.iter().map(ToString::to_string).collect();
    all.sort();
    all
}
