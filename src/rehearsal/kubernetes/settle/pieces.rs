//! What the controllers of workloads have in common.

use serde_json::{Value, json};

use crate::rehearsal::host::identifier;
use crate::rehearsal::kubernetes::delete::owners;
use crate::rehearsal::kubernetes::state::State;
use crate::rehearsal::kubernetes::store::Key;

impl State {
    /// The objects of a resource, as they are now.
    pub fn objects(&self, resource: &str) -> Vec<(Key, Value)> {
        self.store
            .list(resource, "")
            .map(|(key, object)| (key.clone(), Value::clone(object)))
            .collect()
    }
}

/// A controller's reference to itself.
pub fn owner(controller: &Value) -> Value {
    json!({"apiVersion": controller["apiVersion"], "kind": controller["kind"], "name": controller["metadata"]["name"],
        "uid": controller["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true})
}

/// What a controller owns of a resource.
pub fn owned(
    state: &State,
    resource: &str,
    namespace: &str,
    controller: &Value,
) -> Vec<(Key, Value)> {
    let uid = &controller["metadata"]["uid"];
    state
        .store
        .list(resource, namespace)
        .filter(|(_, object)| owners(object).any(|one| one["uid"] == *uid))
        .map(|(key, object)| (key.clone(), Value::clone(object)))
        .collect()
}

/// A number that may be missing.
pub fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// The hash of a template, as names and labels have it.
pub fn hash_of(template: &Value) -> String {
    identifier(&[&template.to_string()])[..10].to_owned()
}

/// Labels with more of them.
pub fn labelled(labels: &Value, more: &Value) -> Value {
    let mut all = labels.as_object().cloned().unwrap_or_default();
    all.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(all)
}

/// Whether a pod is ready.
pub fn is_ready(pod: &Value) -> bool {
    super::super::crd::has_condition(pod, "Ready")
}

/// Puts an object with a new status, if that changes anything; conditions keep their times.
pub fn put_status(state: &mut State, key: &Key, mut object: Value, mut status: Value) {
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        let old = object["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|c| c["type"] == condition["type"]);
        if let Some(old) = old.filter(|old| {
            old["status"] == condition["status"] && old["reason"] == condition["reason"]
        }) {
            for time in [
                "lastTransitionTime",
                "lastUpdateTime",
                "lastProbeTime",
                "lastHeartbeatTime",
            ] {
                if let Some(value) = old.get(time) {
                    condition[time] = value.clone();
                }
            }
        }
    }
    if status.get("conditions").is_none_or(Value::is_null)
        && let Some(status) = status.as_object_mut()
    {
        status.shift_remove("conditions");
    }
    object["status"] = status;
    if state.store.get(key).is_none_or(|there| **there != object) {
        state.store.put(key, object);
    }
}
