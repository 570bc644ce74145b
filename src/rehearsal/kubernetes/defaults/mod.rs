//! What the API fills in where an object of a built-in kind says nothing.

mod pod;
mod services;

use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::state::State;
pub use pod::quality;

/// Fills the gaps of a new or changed object.
pub fn set(state: &mut State, kind: &Kind, object: &mut Value) {
    if kind.custom.is_some() {
        return;
    }
    match kind.kind.as_str() {
        "Pod" => pod::spec(&mut object["spec"]),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => {
            workload(&kind.kind, &mut object["spec"]);
        }
        "Job" => job(object),
        "CronJob" => {
            fill(
                &mut object["spec"],
                &json!({"concurrencyPolicy": "Allow", "suspend": false,
                "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1}),
            );
            template(&mut object["spec"]["jobTemplate"]["spec"]);
        }
        "Service" => services::set(state, object),
        "Secret" => secret(object),
        "Namespace" => namespace(object),
        "PersistentVolumeClaim" => claim(state, object),
        "PersistentVolume" => fill(
            &mut object["spec"],
            &json!({"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"}),
        ),
        "StorageClass" => fill(
            object,
            &json!({"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}),
        ),
        "RoleBinding" | "ClusterRoleBinding" => binding(object),
        "CustomResourceDefinition" => definition(object),
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            webhooks(&kind.kind, object);
        }
        "NetworkPolicy" => policy(&mut object["spec"]),
        "PriorityClass" => fill(object, &json!({"preemptionPolicy": "PreemptLowerPriority"})),
        "HorizontalPodAutoscaler" => fill(&mut object["spec"], &json!({"minReplicas": 1})),
        _ => {}
    }
}

/// What an update that does not say it keeps from the live object.
pub fn carry_over(kind: &Kind, (live, object): (&Value, &mut Value)) {
    if kind.kind == "Service" && kind.custom.is_none() {
        services::carry_over(live, object);
    }
    if kind.kind == "PersistentVolumeClaim" && object["spec"]["volumeName"].is_null() {
        copy(live, object, "volumeName");
        copy(live, object, "storageClassName");
    }
    if kind.kind == "Pod" {
        copy(live, object, "nodeName");
    }
    if kind.kind == "Job" && object["spec"]["selector"].is_null() {
        copy(live, object, "selector");
        object["spec"]["template"]["metadata"]["labels"] =
            live["spec"]["template"]["metadata"]["labels"].clone();
    }
}

/// Takes a field of the spec from the live object if the new one has none.
fn copy(live: &Value, object: &mut Value, field: &str) {
    if let Some(value) = live["spec"].get(field)
        && object["spec"].get(field).is_none()
    {
        object["spec"][field] = value.clone();
    }
}

/// The status that the API itself gives to new objects.
pub fn set_status(kind: &Kind, object: &mut Value) {
    if kind.custom.is_some() {
        return;
    }
    match kind.kind.as_str() {
        "Namespace" => object["status"] = json!({"phase": "Active"}),
        "Pod" => {
            object["status"] =
                json!({"phase": "Pending", "qosClass": pod::quality(&object["spec"])});
        }
        "PersistentVolumeClaim" => object["status"] = json!({"phase": "Pending"}),
        "PersistentVolume" => object["status"] = json!({"phase": "Pending"}),
        "Job" => own_selector(object),
        "Service" | "Ingress" => object["status"] = json!({"loadBalancer": {}}),
        _ => {}
    }
}

/// A Job selects its pods by its own identity.
fn own_selector(object: &mut Value) {
    if object["spec"]["selector"].is_object() {
        return;
    }
    let (uid, name) = (
        object["metadata"]["uid"].clone(),
        object["metadata"]["name"].clone(),
    );
    object["spec"]["selector"] =
        json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
    let labels = &mut object["spec"]["template"]["metadata"]["labels"];
    for prefix in ["batch.kubernetes.io/", ""] {
        labels[format!("{prefix}controller-uid")] = uid.clone();
        labels[format!("{prefix}job-name")] = name.clone();
    }
    object["status"] = json!({});
}

/// Puts what is missing into an object.
pub(super) fn fill(object: &mut Value, defaults: &Value) {
    if object.is_null() {
        *object = Value::Object(Map::new());
    }
    for (key, value) in defaults.as_object().into_iter().flatten() {
        if object.get(key).is_none_or(Value::is_null) {
            object[key] = value.clone();
        }
    }
}

fn template(spec: &mut Value) {
    if spec["template"].is_object() {
        pod::spec(&mut spec["template"]["spec"]);
    }
}

fn workload(kind: &str, spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    template(spec);
    let rolling = json!({"maxUnavailable": "25%", "maxSurge": "25%"});
    match kind {
        "Deployment" => {
            fill(
                spec,
                &json!({"replicas": 1, "strategy": {}, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}),
            );
            fill(&mut spec["strategy"], &json!({"type": "RollingUpdate"}));
            if spec["strategy"]["type"] == "RollingUpdate" {
                fill(&mut spec["strategy"]["rollingUpdate"], &rolling);
            }
        }
        "ReplicaSet" => fill(spec, &json!({"replicas": 1})),
        "StatefulSet" => {
            fill(
                spec,
                &json!({"replicas": 1, "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"}}),
            );
            for claim in spec["volumeClaimTemplates"]
                .as_array_mut()
                .into_iter()
                .flatten()
            {
                fill(
                    claim,
                    &json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}),
                );
                fill(&mut claim["spec"], &json!({"volumeMode": "Filesystem"}));
            }
        }
        _ => fill(
            spec,
            &json!({"revisionHistoryLimit": 10,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}}),
        ),
    }
}

fn job(object: &mut Value) {
    if !object["spec"].is_object() {
        return;
    }
    template(&mut object["spec"]);
    fill(
        &mut object["spec"],
        &json!({"completions": 1, "parallelism": 1, "backoffLimit": 6,
        "completionMode": "NonIndexed", "suspend": false, "manualSelector": false, "podReplacementPolicy": "TerminatingOrFailed"}),
    );
}

/// `stringData` goes into `data`.
fn secret(object: &mut Value) {
    use base64::Engine;
    fill(object, &json!({"type": "Opaque"}));
    let Some(map) = object.as_object_mut() else {
        return;
    };
    if let Some(Value::Object(plain)) = map.shift_remove("stringData") {
        let data = map.entry("data").or_insert_with(|| json!({}));
        for (key, value) in plain {
            let text = value.as_str().unwrap_or_default();
            data[key] = base64::engine::general_purpose::STANDARD
                .encode(text)
                .into();
        }
    }
}

fn namespace(object: &mut Value) {
    let name = object["metadata"]["name"].clone();
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
    fill(&mut object["spec"], &json!({"finalizers": ["kubernetes"]}));
}

fn claim(state: &State, object: &mut Value) {
    fill(&mut object["spec"], &json!({"volumeMode": "Filesystem"}));
    let new = object["metadata"]["uid"].is_null();
    if new && object["spec"]["storageClassName"].is_null() {
        let marked = |class: &Value| {
            class["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"]
                == "true"
        };
        let mut classes = state.store.list("storage.k8s.io/storageclasses", "");
        if let Some((key, _)) = classes.find(|(_, class)| marked(class)) {
            object["spec"]["storageClassName"] = key.name.clone().into();
        }
    }
    let finalizers = &mut object["metadata"]["finalizers"];
    if new && finalizers.is_null() {
        *finalizers = json!(["kubernetes.io/pvc-protection"]);
    }
}

fn binding(object: &mut Value) {
    if object["roleRef"].is_object() {
        fill(
            &mut object["roleRef"],
            &json!({"apiGroup": "rbac.authorization.k8s.io"}),
        );
    }
    for subject in object["subjects"].as_array_mut().into_iter().flatten() {
        if subject["kind"] == "User" || subject["kind"] == "Group" {
            fill(subject, &json!({"apiGroup": "rbac.authorization.k8s.io"}));
        }
    }
}

fn definition(object: &mut Value) {
    let spec = &mut object["spec"];
    fill(spec, &json!({"conversion": {"strategy": "None"}}));
    let kind = spec["names"]["kind"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    fill(
        &mut spec["names"],
        &json!({"singular": kind.to_lowercase(), "listKind": format!("{kind}List")}),
    );
    if spec["conversion"]["strategy"] == "Webhook" {
        fill(
            &mut spec["conversion"]["webhook"]["clientConfig"]["service"],
            &json!({"port": 443}),
        );
    }
}

fn webhooks(kind: &str, object: &mut Value) {
    for hook in object["webhooks"].as_array_mut().into_iter().flatten() {
        fill(
            hook,
            &json!({"failurePolicy": "Fail", "matchPolicy": "Equivalent", "timeoutSeconds": 10,
            "namespaceSelector": {}, "objectSelector": {}}),
        );
        if kind == "MutatingWebhookConfiguration" {
            fill(hook, &json!({"reinvocationPolicy": "Never"}));
        }
        if hook["clientConfig"]["service"].is_object() {
            fill(&mut hook["clientConfig"]["service"], &json!({"port": 443}));
        }
        for rule in hook["rules"].as_array_mut().into_iter().flatten() {
            fill(rule, &json!({"scope": "*"}));
        }
    }
}

fn policy(spec: &mut Value) {
    if spec["policyTypes"].is_null() {
        let egress = spec["egress"].is_array();
        spec["policyTypes"] = if egress {
            json!(["Ingress", "Egress"])
        } else {
            json!(["Ingress"])
        };
    }
    for direction in ["ingress", "egress"] {
        for rule in spec[direction].as_array_mut().into_iter().flatten() {
            for port in rule["ports"].as_array_mut().into_iter().flatten() {
                fill(port, &json!({"protocol": "TCP"}));
            }
        }
    }
}
