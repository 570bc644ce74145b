//! Who owns which field (`metadata.managedFields`), as far as applying needs it: what client-side
//! apply left is taken over as kubectl does it, so that fields which a manifest no longer has go.

use serde_json::{Value, json};

/// Managers that stand for client-side apply.
const CLIENT_SIDE: &[&str] = &["kubectl-client-side-apply", "kubectl-last-applied"];
/// What the API server calls whoever wrote before it kept count. Mostly nobody knows who that was: a
/// bare object is not counted until it is applied a second time, whatever others wrote there.
const NOBODY_KNOWS: &str = "before-first-apply";

fn entries(object: &Value) -> impl Iterator<Item = &Value> {
    let list = object["metadata"]["managedFields"].as_array();
    list.into_iter().flatten()
}

fn is_main(entry: &Value) -> bool {
    entry["subresource"].as_str().unwrap_or_default().is_empty()
}

/// Whether this is client-side apply's entry: by its name, or by the annotation that goes with it.
fn is_client_side(entry: &Value) -> bool {
    let manager = entry["manager"].as_str().unwrap_or_default();
    let annotations = &entry["fieldsV1"]["f:metadata"]["f:annotations"];
    let marked = annotations
        .get("f:kubectl.kubernetes.io/last-applied-configuration")
        .is_some();
    entry["operation"] == "Update"
        && is_main(entry)
        && (CLIENT_SIDE.contains(&manager) || manager == NOBODY_KNOWS && marked)
}

/// The fields that a manager applied; null if none.
pub fn applied(object: &Value, manager: &str) -> Value {
    entries(object)
        .find(|e| e["operation"] == "Apply" && e["manager"] == *manager && is_main(e))
        .map(|e| e["fieldsV1"].clone())
        .unwrap_or_default()
}

/// Whether a manager set anything of an object.
pub fn has_part(object: &Value, manager: &str) -> bool {
    entries(object).any(|e| e["manager"] == *manager)
}

/// The fields that client-side apply owns; null if none.
pub fn client_side(object: &Value) -> Value {
    entries(object)
        .filter(|e| is_client_side(e))
        .fold(Value::Null, |all, e| union(all, &e["fieldsV1"]))
}

/// Whether a field of `fieldsV1` has nothing below it.
pub fn is_leaf(below: &Value) -> bool {
    below.as_object().is_none_or(serde_json::Map::is_empty)
}

/// Whether nobody minds when a manager's fields are set: it stands for client-side apply, which we
/// take over, or for nobody in particular.
pub fn is_no_owner(manager: &str) -> bool {
    CLIENT_SIDE.contains(&manager) || manager == NOBODY_KNOWS
}

/// The JSON patch that makes the fields of client-side apply a manager's own; `None` if there are
/// none. It holds only for the version of the object that it was made from.
pub fn take_over(object: &Value, manager: &str) -> Option<Value> {
    let theirs = client_side(object);
    if theirs.is_null() {
        return None;
    }
    let version = entries(object)
        .find(|e| is_client_side(e))
        .map(|e| e["apiVersion"].clone())?;
    let ours = union(applied(object, manager), &theirs);
    let entry = json!({"manager": manager, "operation": "Apply", "apiVersion": version,
        "fieldsType": "FieldsV1", "fieldsV1": ours});
    let others = entries(object).filter(|e| {
        let own = e["operation"] == "Apply" && e["manager"] == *manager && is_main(e);
        !own && !is_client_side(e)
    });
    let list: Vec<Value> = std::iter::once(entry).chain(others.cloned()).collect();
    Some(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": list},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": object["metadata"]["resourceVersion"]},
    ]))
}

fn union(mut a: Value, b: &Value) -> Value {
    match (&mut a, b) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in right {
                let old = left.get(key).cloned().unwrap_or_default();
                left.insert(key.clone(), union(old, value));
            }
            a
        }
        (Value::Null, b) => b.clone(),
        _ => a,
    }
}

/// An object without the fields that `stale` names and `kept` does not: what the server will
/// remove once the owner of `stale` applies `kept`.
pub fn without(object: &Value, (stale, kept): (&Value, &Value)) -> Value {
    let mut object = object.clone();
    remove(&mut object, stale, kept);
    object
}

fn remove(value: &mut Value, stale: &Value, kept: &Value) {
    for (key, below) in stale.as_object().into_iter().flatten() {
        let leaf = is_leaf(below);
        let is_kept = kept.get(key).is_some();
        let whole = leaf || !is_kept && below.get(".").is_some();
        if let Some(name) = key.strip_prefix("f:") {
            if whole && !is_kept {
                value
                    .as_object_mut()
                    .map(|fields| fields.shift_remove(name));
            } else if let Some(inner) = value.get_mut(name) {
                remove(inner, below, &kept[key]);
            }
        } else if let Value::Array(items) = value {
            let Some(at) = position(items, key) else {
                continue;
            };
            if whole && !is_kept {
                items.remove(at);
            } else {
                remove(&mut items[at], below, &kept[key]);
            }
        }
    }
}

/// The item of a list that `k:{…}` or `v:…` means.
fn position(items: &[Value], key: &str) -> Option<usize> {
    if let Some(keys) = key.strip_prefix("k:") {
        let keys: Value = serde_json::from_str(keys).ok()?;
        let keys = keys.as_object()?;
        return items
            .iter()
            .position(|i| keys.iter().all(|(k, v)| i[k] == *v));
    }
    let wanted: Value = serde_json::from_str(key.strip_prefix("v:")?).ok()?;
    items.iter().position(|item| *item == wanted)
}

/// Each conflict in words: who owns which field.
pub fn conflicts(refusal: &super::Refusal) -> Vec<(String, String)> {
    let causes = refusal.causes.iter();
    causes
        .filter(|(reason, ..)| reason == "FieldManagerConflict")
        .map(|(_, field, message)| {
            let manager = message.split('"').nth(1).unwrap_or("another manager");
            (manager.to_owned(), field.trim_start_matches('.').to_owned())
        })
        .collect()
}

/// What others set of a workload beside what its controllers write there: labels, annotations, and
/// how many replicas; null if nothing. `wanted` is what is applied.
pub fn of_others(live: &Value, (wanted, manager): (&Value, &str)) -> Value {
    const OF_CONTROLLERS: [&str; 2] = ["deployment.kubernetes.io/", "kubectl.kubernetes.io/"];
    let (ours, mut theirs) = (applied(live, manager), Value::Null);
    for list in ["labels", "annotations"] {
        let fields = live["metadata"][list].as_object();
        for (key, value) in fields.into_iter().flatten() {
            let owned = ours["f:metadata"][format!("f:{list}")].get(format!("f:{key}"));
            let set = wanted["metadata"][list].get(key);
            let by_controller = OF_CONTROLLERS.iter().any(|prefix| key.starts_with(prefix));
            if owned.is_none() && set.is_none() && !by_controller {
                theirs["metadata"][list][key] = value.clone();
            }
        }
    }
    let replicas = &live["spec"]["replicas"];
    let owned = ours["f:spec"].get("f:replicas").is_some();
    if !owned && wanted["spec"].get("replicas").is_none() && replicas.is_number() {
        theirs["spec"]["replicas"] = replicas.clone();
    }
    theirs
}

/// The stored version that a definition no longer has, if that is why it is refused.
pub fn forgotten_version(message: &str) -> Option<&str> {
    let (before, _) = message.split_once("missing from spec.versions")?;
    before.rsplit('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Value {
        json!({"metadata": {"resourceVersion": "7", "managedFields": [
            {"manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "apps/v1", "fieldsV1": {"f:spec": {"f:a": {}, "f:b": {}}}},
            {"manager": "nautes-install", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": {"f:spec": {"f:c": {}}}},
            {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "apiVersion": "apps/v1", "fieldsV1": {"f:status": {}}}]},
            "spec": {"a": 1, "b": 2, "c": 3}})
    }

    #[test]
    fn what_client_side_apply_owned_becomes_ours() {
        let patch = take_over(&object(), "nautes-install").unwrap_or_default();
        let list = &patch[0]["value"];
        assert_eq!(list.as_array().map(Vec::len), Some(2));
        assert_eq!(
            list[0]["fieldsV1"],
            json!({"f:spec": {"f:a": {}, "f:b": {}, "f:c": {}}})
        );
        assert_eq!(list[1]["manager"], "kube-controller-manager");
        assert_eq!(patch[1]["value"], "7");
        assert_eq!(take_over(&json!({}), "nautes-install"), None);
    }

    #[test]
    fn what_others_set_is_known_from_what_we_applied() {
        let live = json!({"metadata": {"labels": {"ours": "1", "old": "1", "theirs": "1"},
            "annotations": {"deployment.kubernetes.io/revision": "3"},
            "managedFields": [{"manager": "m", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:old": {}, "f:ours": {}}}}}]},
            "spec": {"replicas": 2}});
        let wanted = json!({"metadata": {"labels": {"ours": "2"}}, "spec": {}});
        assert_eq!(
            of_others(&live, (&wanted, "m")),
            json!({"metadata": {"labels": {"theirs": "1"}}, "spec": {"replicas": 2}})
        );
        let counted = json!({"metadata": {"labels": {"theirs": "2"}}, "spec": {"replicas": 1}});
        assert_eq!(of_others(&live, (&counted, "m")), Value::Null);
    }

    #[test]
    fn a_forgotten_version_is_named() {
        let text = "CustomResourceDefinition.apiextensions.k8s.io \"a.b\" is invalid: status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage version";
        assert_eq!(forgotten_version(text), Some("v1"));
        assert_eq!(forgotten_version("is invalid: \"v1\""), None);
    }

    #[test]
    fn what_nobody_was_counted_for_is_not_taken_over() {
        let entry = |fields: Value| {
            json!({"metadata": {"managedFields": [{"manager": "before-first-apply", "operation": "Update",
                "apiVersion": "v1", "fieldsV1": fields}]}})
        };
        let data = entry(json!({"f:data": {"f:theirs": {}}}));
        assert_eq!(take_over(&data, "nautes-install"), None);
        let marked = entry(
            json!({"f:data": {"f:k": {}}, "f:metadata": {"f:annotations": {
            "f:kubectl.kubernetes.io/last-applied-configuration": {}}}}),
        );
        assert!(take_over(&marked, "nautes-install").is_some());
        assert!(is_no_owner("before-first-apply") && !is_no_owner("kubectl-set"));
    }

    #[test]
    fn stale_fields_go_also_from_lists() {
        let live = json!({"spec": {"a": 1, "l": [{"name": "x", "v": 1, "w": 2}, {"name": "y"}], "s": ["p", "q"]}});
        let stale = json!({"f:spec": {"f:a": {}, "f:l": {"k:{\"name\":\"x\"}": {".": {}, "f:v": {}, "f:w": {}}, "k:{\"name\":\"y\"}": {".": {}, "f:name": {}}}, "f:s": {"v:\"q\"": {}}}});
        let kept = json!({"f:spec": {"f:l": {"k:{\"name\":\"x\"}": {".": {}, "f:v": {}}}}});
        let left = without(&live, (&stale, &kept));
        assert_eq!(
            left,
            json!({"spec": {"l": [{"name": "x", "v": 1}], "s": ["p"]}})
        );
    }
}
