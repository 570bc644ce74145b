//! What applying would leave, where the server cannot be asked because a webhook is away: what is
//! there, with what is wanted, without what we once applied and no longer want.

use serde_json::Value;

use crate::cluster::ownership;
use crate::cluster::shown::holds;

/// The object afterwards; `owned` are the fields that we applied before.
pub fn after(live: &Value, (wanted, owned): (&Value, &Value)) -> Value {
    let mut after = live.clone();
    drop_unwanted(&mut after, (owned, wanted));
    if !holds(wanted, &after) {
        put(&mut after, wanted);
    }
    after
}

/// Takes out the fields of mappings that we own and that are no longer wanted. Items of lists stay:
/// which belong together only the server knows; [`put`] takes lists as they are wanted.
fn drop_unwanted(value: &mut Value, (owned, wanted): (&Value, &Value)) {
    for (key, below) in owned.as_object().into_iter().flatten() {
        let Some(name) = key.strip_prefix("f:") else {
            continue;
        };
        let Some(fields) = value.as_object_mut() else {
            return;
        };
        match wanted.get(name) {
            None if ownership::is_leaf(below) || below.get(".").is_some() => {
                fields.shift_remove(name);
            }
            None => {
                if let Some(inner) = fields.get_mut(name) {
                    drop_unwanted(inner, (below, &Value::Null));
                }
            }
            Some(wanted) => {
                if let Some(inner) = fields.get_mut(name) {
                    drop_unwanted(inner, (below, wanted));
                }
            }
        }
    }
}

/// Puts what is wanted in: mappings field by field, lists whole where they differ.
fn put(value: &mut Value, wanted: &Value) {
    match (value, wanted) {
        (Value::Object(fields), Value::Object(wanted)) => {
            for (name, wanted) in wanted {
                put(fields.entry(name).or_insert(Value::Null), wanted);
            }
        }
        (value, wanted) if !holds(wanted, value) => *value = wanted.clone(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_we_no_longer_want_goes_and_what_others_wrote_stays() {
        let live = json!({"data": {"a": "1", "b": "2", "theirs": "x"}, "metadata": {"labels": {"l": "1", "old": "1"}}});
        let owned = json!({"f:data": {"f:a": {}, "f:b": {}}, "f:metadata": {"f:labels": {".": {}, "f:old": {}}}});
        let wanted = json!({"data": {"a": "3"}, "metadata": {"labels": {"l": "1"}}});
        let left = json!({"data": {"a": "3", "theirs": "x"}, "metadata": {"labels": {"l": "1"}}});
        assert_eq!(after(&live, (&wanted, &owned)), left);
    }

    #[test]
    fn what_is_as_wanted_stays_as_it_is() {
        let live = json!({"spec": {"l": [{"a": 1, "defaulted": 2}], "n": null}});
        let wanted = json!({"spec": {"l": [{"a": 1}]}});
        assert_eq!(
            after(&live, (&wanted, &json!({"f:spec": {"f:l": {"k:{}": {}}}}))),
            live
        );
    }
}
