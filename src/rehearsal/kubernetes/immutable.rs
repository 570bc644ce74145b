//! What may not change of built-in kinds, with the API's own words.

use serde_json::Value;

use super::kinds::Kind;
use super::refusal::{Cause, Refusal};
use super::validate::{definition, finish, required, selector_fits};

/// Fields that stay as they were made.
const IMMUTABLE: &[(&str, &str)] = &[
    ("Deployment", "spec.selector"),
    ("ReplicaSet", "spec.selector"),
    ("DaemonSet", "spec.selector"),
    ("Job", "spec.selector"),
    ("Job", "spec.template"),
    ("Secret", "type"),
    ("StorageClass", "provisioner"),
    ("StorageClass", "parameters"),
    ("PriorityClass", "value"),
    ("CustomResourceDefinition", "spec.group"),
    ("CustomResourceDefinition", "spec.scope"),
];

/// Checks a changed object.
///
/// # Errors
/// 422 with every reason.
pub fn update(kind: &Kind, (live, object): (&Value, &Value)) -> Result<(), Refusal> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let mut causes = Vec::new();
    if kind.custom.is_none() {
        for (_, field) in IMMUTABLE.iter().filter(|(of, _)| *of == kind.kind) {
            let pointer = format!("/{}", field.replace('.', "/"));
            let (old, new) = (live.pointer(&pointer), object.pointer(&pointer));
            if old != new {
                let new = new.cloned().unwrap_or_default();
                let message = format!("Invalid value: {new}: field is immutable");
                causes.push(("FieldValueInvalid", message, (*field).to_owned()));
            }
        }
        causes.extend(required(kind, object));
        causes.extend(selector_fits(kind, object));
        special(kind, (live, object), &mut causes);
    }
    if kind.kind == "CustomResourceDefinition" {
        definition(object, &mut causes);
    }
    finish(kind, name, causes)
}

#[expect(clippy::too_many_lines, reason = "a table of kinds and their rules")]
fn special(kind: &Kind, (live, object): (&Value, &Value), causes: &mut Vec<Cause>) {
    match kind.kind.as_str() {
        "RoleBinding" | "ClusterRoleBinding" if live["roleRef"] != object["roleRef"] => {
            let message = format!(
                "Invalid value: {}: cannot change roleRef",
                object["roleRef"]
            );
            causes.push(("FieldValueInvalid", message, "roleRef".to_owned()));
        }
        "ConfigMap" | "Secret" if live["immutable"] == true => {
            for field in ["data", "binaryData"] {
                if live[field] != object[field] {
                    let message =
                        "Forbidden: field is immutable when `immutable` is set".to_owned();
                    causes.push(("FieldValueForbidden", message, field.to_owned()));
                }
            }
        }
        "Deployment" => {
            let strategy = &object["spec"]["strategy"];
            if strategy["type"] == "Recreate" && strategy["rollingUpdate"].is_object() {
                let message =
                    "Forbidden: may not be specified when strategy `type` is 'Recreate'".to_owned();
                causes.push((
                    "FieldValueForbidden",
                    message,
                    "spec.strategy.rollingUpdate".to_owned(),
                ));
            }
        }
        "StatefulSet" => {
            let fixed = |object: &Value| {
                let mut spec = object["spec"].as_object().cloned().unwrap_or_default();
                for free in [
                    "replicas",
                    "ordinals",
                    "template",
                    "updateStrategy",
                    "revisionHistoryLimit",
                    "persistentVolumeClaimRetentionPolicy",
                    "minReadySeconds",
                ] {
                    spec.shift_remove(free);
                }
                spec
            };
            if fixed(live) != fixed(object) {
                let message = "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
                causes.push(("FieldValueForbidden", message.to_owned(), "spec".to_owned()));
            }
        }
        "Service" => {
            let (old, new) = (&live["spec"]["clusterIP"], &object["spec"]["clusterIP"]);
            if old != new
                && object["spec"]["type"] != "ExternalName"
                && live["spec"]["type"] != "ExternalName"
            {
                let message = format!("Invalid value: [{new}]: may not change once set");
                causes.push((
                    "FieldValueInvalid",
                    message,
                    "spec.clusterIPs[0]".to_owned(),
                ));
            }
        }
        _ => {}
    }
}
