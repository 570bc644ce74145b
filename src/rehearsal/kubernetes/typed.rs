//! Whether an object is of its built-in type: what it has too much is dropped and told, what is of
//! the wrong type is an error.

use serde_json::Value;

use super::refusal::Refusal;
use super::types::{Type, Types};

/// What was found in an object.
#[derive(Debug, Default)]
pub struct Found {
    /// Fields that the type does not have; they are gone now.
    pub unknown: Vec<String>,
    /// Values of another type, in one line each.
    pub wrong: Vec<String>,
}

/// Drops nulls and unknown fields of a built-in object.
pub fn fit(types: &Types, kind: &Type, object: &mut Value) -> Found {
    let mut found = Found::default();
    walk(types, kind, object, (&mut found, String::new()));
    found
}

#[expect(clippy::too_many_lines, reason = "one arm per type")]
fn walk(types: &Types, kind: &Type, value: &mut Value, (found, path): (&mut Found, String)) {
    let wrong = |value: &Value, want: &str| {
        let form = match value {
            Value::String(_) => "string",
            Value::Number(_) => "number",
            Value::Bool(_) => "bool",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Null => "null",
        };
        format!(
            "json: cannot unmarshal {form} into Go struct field {path} of type {want}",
            path = path.trim_start_matches('.')
        )
    };
    match (kind, &mut *value) {
        (Type::Atomic(inner), _) => walk(types, inner, value, (found, path)),
        (Type::Named(name), Value::Object(map)) => {
            let Some(known) = types.named(name) else {
                return;
            };
            map.retain(|_, value| !value.is_null());
            if known.fields.is_empty() {
                return; // anything goes
            }
            let names: Vec<String> = map.keys().cloned().collect();
            for key in names {
                let below = format!("{path}.{key}");
                if let (Some(field), Some(value)) = (known.fields.get(&key), map.get_mut(&key)) {
                    walk(types, &field.kind, value, (found, below));
                } else {
                    map.shift_remove(&key);
                    found.unknown.push(below.trim_start_matches('.').to_owned());
                }
            }
        }
        (Type::Map(inner), Value::Object(map)) => {
            for (key, value) in map {
                walk(types, inner, value, (found, format!("{path}.{key}")));
            }
        }
        (Type::List(inner, _), Value::Array(items)) => {
            for (at, item) in items.iter_mut().enumerate() {
                walk(types, inner, item, (found, format!("{path}[{at}]")));
            }
        }
        (Type::String, Value::String(_) | Value::Null)
        | (Type::Boolean, Value::Bool(_) | Value::Null)
        | (Type::Number, Value::Number(_) | Value::Null)
        | (Type::IntOrString | Type::Quantity, Value::Number(_) | Value::String(_) | Value::Null)
        | (Type::Any | Type::Deduced | Type::Struct(_), _)
        | (_, Value::Null) => {}
        (Type::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {}
        (kind, value) => {
            let want = match kind {
                Type::String => "string",
                Type::Boolean => "bool",
                Type::Integer => "int32",
                Type::Number => "float64",
                Type::Map(_) => "map",
                Type::List(..) => "slice",
                _ => "object",
            };
            found.wrong.push(wrong(value, want));
        }
    }
}

impl Found {
    /// Refuses wrong types, and unknown fields if the caller is strict; otherwise what to warn of.
    ///
    /// # Errors
    /// 400 with the first reason.
    pub fn judge(
        self,
        (version, kind): (&str, &str),
        validation: &str,
    ) -> Result<Vec<String>, Refusal> {
        if let Some(why) = self.wrong.first() {
            let version = version.rsplit('/').next().unwrap_or(version);
            let message =
                format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}");
            return Err(Refusal::bad_request(message));
        }
        let told: Vec<String> = self
            .unknown
            .iter()
            .map(|path| format!("unknown field \"{path}\""))
            .collect();
        match validation {
            "Strict" if !told.is_empty() => {
                let message = format!(
                    "{kind} in version \"{}\" cannot be handled as a {kind}: strict decoding error: {}",
                    version.rsplit('/').next().unwrap_or(version),
                    told.join(", ")
                );
                Err(Refusal::bad_request(message))
            }
            "Ignore" => Ok(Vec::new()),
            _ => Ok(told),
        }
    }
}
