//! An object made of its skeleton: what the API insists on is filled in. The rehearsal and a plan
//! without a network work with these.

use serde_json::{Value, json};

/// A stand-in for the object of this skeleton.
pub fn stand_in(skeleton: &Value) -> Value {
    let mut object = skeleton.clone();
    match object["kind"].as_str().unwrap_or_default() {
        "CustomResourceDefinition" => {
            for version in object["spec"]["versions"]
                .as_array_mut()
                .into_iter()
                .flatten()
            {
                version["schema"] = json!({"openAPIV3Schema": {
                    "type": "object", "x-kubernetes-preserve-unknown-fields": true}});
            }
        }
        "Role" | "ClusterRole" => object["rules"] = json!([]),
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            for webhook in object["webhooks"].as_array_mut().into_iter().flatten() {
                let defaults = [
                    ("sideEffects", json!("None")),
                    ("admissionReviewVersions", json!(["v1"])),
                ];
                for (field, value) in defaults {
                    if webhook[field].is_null() {
                        webhook[field] = value;
                    }
                }
            }
        }
        "HorizontalPodAutoscaler" if object["spec"]["maxReplicas"].is_null() => {
            object["spec"]["maxReplicas"] = json!(1);
        }
        "NetworkPolicy" if object["spec"].is_null() => object["spec"] = json!({"podSelector": {}}),
        _ => {}
    }
    object
}
