//! What of an object counts when it is compared and shown: not what the server keeps for itself.
//!
//! `resourceVersion` is no test of a change (measured): the second apply of an unchanged object may
//! write an entry into `managedFields`.

use serde_json::Value;

/// Fields of `metadata` that the server sets.
const OF_THE_SERVER: &[&str] = &[
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "selfLink",
];
/// Annotations that are no part of an object: what client-side apply writes beside it, and what
/// controllers count.
const NOT_OF_THE_OBJECT: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
];

/// An object without what the server keeps for itself.
pub fn normal(object: &Value) -> Value {
    let mut object = object.clone();
    if let Value::Object(fields) = &mut object {
        fields.shift_remove("status");
    }
    if let Value::Object(metadata) = &mut object["metadata"] {
        for field in OF_THE_SERVER {
            metadata.shift_remove(*field);
        }
        let empty = match metadata.get_mut("annotations") {
            Some(Value::Object(annotations)) => {
                for name in NOT_OF_THE_OBJECT {
                    annotations.shift_remove(*name);
                }
                annotations.is_empty()
            }
            _ => false,
        };
        if empty {
            metadata.shift_remove("annotations");
        }
    }
    object
}

/// An object as text for a difference: YAML, keys in a stable order. What a Secret holds is a
/// digest of it, so that a change is seen and the secret is not.
pub fn text(object: &Value) -> String {
    if object.is_null() {
        return String::new();
    }
    let mut object = normal(object);
    if object["kind"] == "Secret" && object["apiVersion"] == "v1" {
        for field in ["data", "stringData"] {
            for (_, value) in object[field].as_object_mut().into_iter().flatten() {
                *value = masked(value);
            }
            if object[field].is_null() {
                object.as_object_mut().map(|o| o.shift_remove(field));
            }
        }
    }
    crate::input::emit(&sorted(object))
}

fn masked(value: &Value) -> Value {
    let text = value.as_str().unwrap_or_default();
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let short: String = digest
        .as_ref()
        .iter()
        .take(4)
        .map(|b| format!("{b:02x}"))
        .collect();
    format!("(secret, {} characters, {short})", text.len()).into()
}

/// The same with the keys of every mapping in order.
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> =
                fields.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            fields.into_iter().collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// Whether everything that `wanted` says already holds in `live`: lists of the same length, in
/// order. For where the server cannot be asked (its webhook is away).
pub fn holds(wanted: &Value, live: &Value) -> bool {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => wanted.iter().all(|(key, value)| {
            live.get(key)
                .map_or(value.is_null() || is_empty(value), |live| {
                    holds(value, live)
                })
        }),
        (Value::Array(wanted), Value::Array(live)) => {
            wanted.len() == live.len() && wanted.iter().zip(live).all(|(w, l)| holds(w, l))
        }
        (wanted, live) => wanted == live,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_keeps_is_no_difference() {
        let a = json!({"metadata": {"name": "a", "resourceVersion": "1", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "deployment.kubernetes.io/revision": "1"}}, "status": {"x": 1}});
        let b = json!({"metadata": {"name": "a", "generation": 2}});
        assert_eq!(normal(&a), normal(&b));
    }

    #[test]
    fn a_secret_is_told_by_a_digest() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "data": {"p": "aHVudGVyMg=="}});
        let shown = text(&secret);
        assert!(!shown.contains("aHVudGVyMg"), "{shown}");
        let other = json!({"apiVersion": "v1", "kind": "Secret", "data": {"p": "aHVudGVyMw=="}});
        assert_ne!(shown, text(&other));
    }

    #[test]
    fn more_than_wanted_still_holds() {
        let live = json!({"a": 1, "b": {"c": [1, {"d": 2, "e": 3}]}});
        assert!(holds(
            &json!({"b": {"c": [1, {"d": 2}]}, "n": null, "o": {}}),
            &live
        ));
        assert!(!holds(&json!({"b": {"c": [1]}}), &live));
        assert!(!holds(&json!({"z": 0}), &live));
    }

    proptest::proptest! {
        #[test]
        fn everything_holds_in_itself(text in "[a-z]{0,4}", n in 0..9i64) {
            let value = json!({"a": [text, {"b": n}], "c": {"d": null}});
            proptest::prop_assert!(holds(&value, &value));
            proptest::prop_assert_eq!(normal(&normal(&value)), normal(&value));
        }
    }
}
