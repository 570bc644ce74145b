//! A chart's values: its own with the user's over them, checked against its schema.

use serde_json::Value;

use super::about::About;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// The user's values over the chart's own: mappings are merged, everything else is replaced.
pub fn merged(own: Value, given: &Value) -> Value {
    match (own, given) {
        (Value::Object(mut own), Value::Object(given)) => {
            for (key, value) in given {
                let before = own.get(key).cloned().unwrap_or(Value::Null);
                own.insert(key.clone(), merged(before, value));
            }
            Value::Object(own)
        }
        (own, Value::Null) => own,
        (_, given) => given.clone(),
    }
}

/// Checks values against the chart's schema.
///
/// # Errors
/// Every value that is not as the schema says; or the schema itself is wrong.
pub fn check(about: &About, values: &Value) -> Result<(), Diagnostics> {
    let chart = &about.name;
    let validator = jsonschema::validator_for(&about.schema).map_err(|error| {
        vec![Diagnostic::error(
            "chart/bad-file",
            format!("the schema of chart `{chart}` is none: {error}"),
        )]
    })?;
    let errors: Diagnostics = validator
        .iter_errors(values)
        .map(|error| {
            let path = error.instance_path().to_string();
            let path = path.trim_start_matches('/').replace('/', ".");
            let at = if path.is_empty() {
                String::new()
            } else {
                format!(" at `{path}`")
            };
            Diagnostic::error(
                "chart/bad-value",
                format!("value of chart `{chart}`{at}: {}", error.masked()),
            )
            .help(format!(
                "`vendor-charts/{chart}/values.yaml` names every value"
            ))
        })
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn mappings_merge_and_lists_are_replaced() {
        let own = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1});
        let given = json!({"a": {"c": [3]}, "e": 2, "d": null});
        assert_eq!(
            merged(own, &given),
            json!({"a": {"b": 1, "c": [3]}, "d": 1, "e": 2})
        );
    }
}
