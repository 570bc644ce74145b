//! What a sheet keeps of an object: enough to name it, to know its images, workloads, definitions
//! and webhooks, and to stand in for it.

use serde_json::{Map, Value, json};

/// Fields kept of every object.
const ALWAYS: &[&str] = &["apiVersion", "kind", "metadata.name", "metadata.namespace"];

/// Fields kept of a pod's specification.
const POD: &[&str] = &[
    "metadata.labels",
    "spec.serviceAccountName",
    "spec.initContainers.*.name",
    "spec.initContainers.*.image",
    "spec.containers.*.name",
    "spec.containers.*.image",
    "spec.containers.*.ports",
];

/// Fields kept by kind, beside those of its pods.
fn fields(kind: &str) -> &'static [&'static str] {
    match kind {
        "Deployment" => &["spec.replicas", "spec.selector", "spec.strategy.type"],
        "StatefulSet" => &[
            "spec.replicas",
            "spec.selector",
            "spec.serviceName",
            "spec.volumeClaimTemplates.*.metadata.name",
            "spec.volumeClaimTemplates.*.spec",
        ],
        "DaemonSet" => &["spec.selector"],
        "Job" => &["spec.template.spec.restartPolicy"],
        "CronJob" => &["spec.schedule"],
        "Service" => &[
            "spec.type",
            "spec.clusterIP",
            "spec.selector",
            "spec.ports",
            "spec.externalName",
        ],
        "CustomResourceDefinition" => &[
            "spec.group",
            "spec.scope",
            "spec.names",
            "spec.conversion.strategy",
            "spec.conversion.webhook.clientConfig.service",
            "spec.conversion.webhook.conversionReviewVersions",
            "spec.versions.*.name",
            "spec.versions.*.served",
            "spec.versions.*.storage",
            "spec.versions.*.subresources",
        ],
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => &[
            "webhooks.*.name",
            "webhooks.*.admissionReviewVersions",
            "webhooks.*.clientConfig.service",
            "webhooks.*.failurePolicy",
            "webhooks.*.sideEffects",
            "webhooks.*.namespaceSelector",
            "webhooks.*.objectSelector",
            "webhooks.*.rules",
        ],
        "RoleBinding" | "ClusterRoleBinding" => &["roleRef", "subjects"],
        "Secret" => &["type"],
        "APIService" | "IngressClass" | "StorageClass" => &["spec", "provisioner"],
        "PodDisruptionBudget" => &["spec.selector", "spec.minAvailable"],
        "NetworkPolicy" => &["spec.podSelector"],
        "HorizontalPodAutoscaler" => &[
            "spec.scaleTargetRef",
            "spec.minReplicas",
            "spec.maxReplicas",
        ],
        _ => &[],
    }
}

/// Fields kept by kind.
fn of_kind(kind: &str) -> Vec<String> {
    let mut all: Vec<String> = fields(kind).iter().map(|f| (*f).to_owned()).collect();
    let template = match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => Some("spec.template"),
        "CronJob" => Some("spec.jobTemplate.spec.template"),
        "Pod" => Some(""),
        _ => None,
    };
    if let Some(at) = template {
        let dot = if at.is_empty() { "" } else { "." };
        all.extend(POD.iter().map(|field| format!("{at}{dot}{field}")));
    }
    all
}

/// The skeleton of an object.
pub fn skeleton(object: &Value) -> Value {
    let kind = object["kind"].as_str().unwrap_or_default();
    let mut fields: Vec<String> = ALWAYS.iter().map(|field| (*field).to_owned()).collect();
    fields.extend(of_kind(kind));
    let paths: Vec<Vec<&str>> = fields.iter().map(|f| f.split('.').collect()).collect();
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    kept(object, &paths).unwrap_or_else(|| json!({}))
}

/// What the paths name; nothing if they name nothing that is there.
fn kept(value: &Value, paths: &[&[&str]]) -> Option<Value> {
    if paths.iter().any(|path| path.is_empty()) {
        return (!value.is_null()).then(|| value.clone());
    }
    match value {
        Value::Object(entries) => {
            let mut out = Map::new();
            for (key, inner) in entries {
                let below: Vec<&[&str]> = paths
                    .iter()
                    .filter(|path| path[0] == key)
                    .map(|path| &path[1..])
                    .collect();
                if !below.is_empty()
                    && let Some(found) = kept(inner, &below)
                {
                    out.insert(key.clone(), found);
                }
            }
            (!out.is_empty()).then_some(Value::Object(out))
        }
        Value::Array(items) => {
            let below: Vec<&[&str]> = paths
                .iter()
                .filter(|path| path[0] == "*")
                .map(|path| &path[1..])
                .collect();
            if below.is_empty() {
                return None;
            }
            let items = items
                .iter()
                .map(|item| kept(item, &below).unwrap_or_else(|| json!({})));
            Some(Value::Array(items.collect()))
        }
        _ => None,
    }
}

/// What to call an object in a message: `Deployment argocd/argocd-server`.
pub fn name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_keeps_what_makes_pods_of_it() {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "labels": {"x": "y"}},
            "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": {
                "metadata": {"labels": {"app": "a"}, "annotations": {"p": "q"}},
                "spec": {"containers": [{"name": "c", "image": "i:1", "args": ["--x"]}], "volumes": []}}}});
        assert_eq!(
            skeleton(&object),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
                "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": {
                    "metadata": {"labels": {"app": "a"}},
                    "spec": {"containers": [{"name": "c", "image": "i:1"}]}}}})
        );
    }

    #[test]
    fn the_skeleton_of_a_skeleton_is_itself() {
        let object = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "n"},
            "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}, "sessionAffinity": "None"}});
        let once = skeleton(&object);
        assert_eq!(skeleton(&once), once);
    }
}
