//! Validation by a structural schema, with the API's own words.

use serde_json::Value;

use super::refusal::Cause;

/// Checks a value; what is wrong goes into the list.
pub fn value(schema: &Value, value: &Value, (causes, path): (&mut Vec<Cause>, &str)) {
    if value.is_null() && schema["nullable"] == true {
        return;
    }
    if !of_type(schema, value, (&mut *causes, path)) {
        return;
    }
    let shown = match value {
        Value::Object(_) => "\"object\"".to_owned(),
        other => other.to_string(),
    };
    let invalid = |message: String| {
        (
            "FieldValueInvalid",
            format!("Invalid value: {shown}: {message}"),
            path.to_owned(),
        )
    };
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        let list: Vec<String> = allowed.iter().map(Value::to_string).collect();
        let message = format!(
            "Unsupported value: {value}: supported values: {}",
            list.join(", ")
        );
        causes.push(("FieldValueNotSupported", message, path.to_owned()));
    }
    let name = if path.is_empty() { "" } else { path };
    match value {
        Value::String(text) => causes.extend(string(schema, text, name).map(&invalid)),
        Value::Number(number) => {
            causes.extend(numeric(schema, number.as_f64(), name).map(&invalid));
        }
        Value::Array(items) => {
            let count = items.len() as u64;
            if schema["minItems"].as_u64().is_some_and(|min| count < min) {
                causes.push(invalid(format!(
                    "{name} in body should have at least {} items",
                    schema["minItems"]
                )));
            }
            if schema["maxItems"].as_u64().is_some_and(|max| count > max) {
                let message = format!(
                    "Too many: {count}: must have at most {} items",
                    schema["maxItems"]
                );
                causes.push(("FieldValueTooMany", message, path.to_owned()));
            }
            for (at, item) in items.iter().enumerate() {
                self::value(
                    &schema["items"],
                    item,
                    (&mut *causes, &format!("{path}[{at}]")),
                );
            }
            unique(schema, items, (&mut *causes, path));
        }
        Value::Object(_) => object(schema, value, (&mut *causes, path)),
        _ => {}
    }
}

/// Whether a value has its schema's type; says so if not.
fn of_type(schema: &Value, value: &Value, (causes, path): (&mut Vec<Cause>, &str)) -> bool {
    if schema["x-kubernetes-int-or-string"] == true {
        return value.is_string() || value.is_i64() || value.is_u64();
    }
    let Some(want) = schema["type"].as_str() else {
        return true;
    };
    let fits = match want {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        "number" => value.is_number(),
        _ => true,
    };
    if !fits {
        let form = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(n) if n.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let name = if path.is_empty() { "" } else { path };
        let message =
            format!("Invalid value: \"{form}\": {name} in body must be of type {want}: \"{form}\"");
        causes.push(("FieldValueTypeInvalid", message, path.to_owned()));
    }
    fits
}

fn string(schema: &Value, text: &str, name: &str) -> Option<String> {
    let length = text.chars().count() as u64;
    if schema["minLength"].as_u64().is_some_and(|min| length < min) {
        return Some(format!(
            "{name} in body should be at least {} chars long",
            schema["minLength"]
        ));
    }
    if schema["maxLength"].as_u64().is_some_and(|max| length > max) {
        return Some(format!(
            "may not be more than {} bytes",
            schema["maxLength"]
        ));
    }
    let pattern = schema["pattern"].as_str()?;
    let matches = fancy_regex::Regex::new(pattern).ok()?.is_match(text).ok()?;
    (!matches).then(|| format!("{name} in body should match '{pattern}'"))
}

fn numeric(schema: &Value, number: Option<f64>, name: &str) -> Option<String> {
    let number = number?;
    let bound = |key: &str| schema[key].as_f64();
    if let Some(min) = bound("minimum") {
        if schema["exclusiveMinimum"] == true && number <= min {
            return Some(format!(
                "{name} in body should be greater than {}",
                schema["minimum"]
            ));
        }
        if number < min {
            return Some(format!(
                "{name} in body should be greater than or equal to {}",
                schema["minimum"]
            ));
        }
    }
    if let Some(max) = bound("maximum") {
        if schema["exclusiveMaximum"] == true && number >= max {
            return Some(format!(
                "{name} in body should be less than {}",
                schema["maximum"]
            ));
        }
        if number > max {
            return Some(format!(
                "{name} in body should be less than or equal to {}",
                schema["maximum"]
            ));
        }
    }
    None
}

fn object(schema: &Value, object: &Value, (causes, path): (&mut Vec<Cause>, &str)) {
    for needed in schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        if object.get(needed).is_none() {
            let at = join(path, needed);
            causes.push(("FieldValueRequired", "Required value".to_owned(), at));
        }
    }
    for (key, value) in object.as_object().into_iter().flatten() {
        let top = path.is_empty() && ["apiVersion", "kind", "metadata"].contains(&key.as_str());
        let known = schema["properties"].get(key);
        let every = &schema["additionalProperties"];
        match known {
            _ if top => {}
            Some(schema) => self::value(schema, value, (&mut *causes, &join(path, key))),
            None if every.is_object() => {
                self::value(every, value, (&mut *causes, &join(path, key)));
            }
            None => {}
        }
    }
    for (word, message) in [
        ("oneOf", "must validate one and only one schema (oneOf)"),
        ("anyOf", "must validate at least one schema (anyOf)"),
    ] {
        let Some(options) = schema[word].as_array() else {
            continue;
        };
        let fitting = options.iter().filter(|option| {
            let mut found = Vec::new();
            self::value(option, object, (&mut found, path));
            found.is_empty()
        });
        let count = fitting.count();
        if count == 0 || (word == "oneOf" && count > 1) {
            let text = format!("Invalid value: {object}: {path} in body {message}");
            causes.push(("FieldValueInvalid", text, path.to_owned()));
        }
    }
}

fn unique(schema: &Value, items: &[Value], (causes, path): (&mut Vec<Cause>, &str)) {
    let keys: Vec<&str> = match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => Vec::new(),
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"]
                .as_array()
                .into_iter()
                .flatten();
            keys.filter_map(Value::as_str).collect()
        }
        _ => return,
    };
    let key_of = |item: &Value| -> Value {
        if keys.is_empty() {
            return item.clone();
        }
        keys.iter()
            .map(|key| ((*key).to_owned(), item[*key].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let mut seen = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let key = key_of(item);
        if seen.contains(&key) {
            causes.push((
                "FieldValueDuplicate",
                format!("Duplicate value: {key}"),
                format!("{path}[{at}]"),
            ));
        }
        seen.push(key);
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
