//! Where objects go that name no namespace, and namespaces that are called otherwise here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Built-in kinds without a namespace, by the API's own list (`kubectl api-resources`).
const CLUSTER_WIDE: &[&str] = &[
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PodSecurityPolicy",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
];

/// Groups of the API server itself; kinds of others are what their definitions say.
fn is_built_in(api_version: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    !group.contains('.') || group.ends_with(".k8s.io")
}

/// Kinds without a namespace among the definitions of these objects.
fn defined_cluster_wide(objects: &[Value]) -> BTreeSet<(String, String)> {
    let definitions = objects
        .iter()
        .filter(|object| object["kind"] == "CustomResourceDefinition");
    definitions
        .filter(|object| object["spec"]["scope"] == "Cluster")
        .map(|object| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (
                text(&object["spec"]["group"]),
                text(&object["spec"]["names"]["kind"]),
            )
        })
        .collect()
}

/// The items of a field that may not be there; it is not made.
fn list_of<'a>(object: &'a mut Value, field: &str) -> impl Iterator<Item = &'a mut Value> {
    let list = object.get_mut(field).and_then(Value::as_array_mut);
    list.into_iter().flatten()
}

/// Puts objects that name no namespace into `namespace`.
pub fn settle(objects: &mut [Value], namespace: &str) {
    let custom = defined_cluster_wide(objects);
    for object in objects {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let api_version = object["apiVersion"].as_str().unwrap_or_default().to_owned();
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        // A kind that another chart defines: `ClusterIssuer` and the like have no namespace.
        let wide =
            if is_built_in(&api_version) && !custom.contains(&(group.to_owned(), kind.clone())) {
                CLUSTER_WIDE.contains(&kind.as_str())
            } else {
                custom.contains(&(group.to_owned(), kind.clone())) || kind.starts_with("Cluster")
            };
        if !wide && object["metadata"]["namespace"].is_null() {
            object["metadata"]["namespace"] = namespace.into();
        }
        if kind.ends_with("RoleBinding") {
            for subject in list_of(object, "subjects") {
                if subject["kind"] == "ServiceAccount" && subject["namespace"].is_null() {
                    subject["namespace"] = namespace.into();
                }
            }
        }
    }
}

/// Calls upstream's namespaces as they are called here: in objects, in subjects of bindings and in
/// the services of webhooks.
pub fn rename(objects: &mut [Value], table: &BTreeMap<String, String>) {
    if table.is_empty() {
        return;
    }
    let renamed = |value: &mut Value| {
        if let Some(to) = value.as_str().and_then(|name| table.get(name)) {
            *value = to.as_str().into();
        }
    };
    for object in objects {
        if object["kind"] == "Namespace" {
            renamed(&mut object["metadata"]["name"]);
        }
        if !object["metadata"]["namespace"].is_null() {
            renamed(&mut object["metadata"]["namespace"]);
        }
        for subject in list_of(object, "subjects") {
            if !subject["namespace"].is_null() {
                renamed(&mut subject["namespace"]);
            }
        }
        for webhook in list_of(object, "webhooks") {
            if let Some(service) = webhook.pointer_mut("/clientConfig/service/namespace") {
                renamed(service);
            }
        }
        let conversion = "/spec/conversion/webhook/clientConfig/service/namespace";
        if let Some(service) = object.pointer_mut(conversion) {
            renamed(service);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn namespaces_are_called_otherwise_and_nothing_else_changes() {
        let table = BTreeMap::from([("default".to_owned(), "reloader".to_owned())]);
        let mut objects = vec![
            json!({"kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}}),
            json!({"kind": "RoleBinding", "metadata": {"name": "b"}, "subjects": [{"kind": "ServiceAccount", "namespace": "default"}]}),
            json!({"kind": "ClusterRole", "metadata": {"name": "c"}}),
        ];
        rename(&mut objects, &table);
        settle(&mut objects, "reloader");
        assert_eq!(
            objects,
            [
                json!({"kind": "ConfigMap", "metadata": {"name": "a", "namespace": "reloader"}}),
                json!({"kind": "RoleBinding", "metadata": {"name": "b", "namespace": "reloader"}, "subjects": [{"kind": "ServiceAccount", "namespace": "reloader"}]}),
                json!({"kind": "ClusterRole", "metadata": {"name": "c"}}),
            ]
        );
    }
}
