//! What the API itself does to an object's metadata, and the objects of a fresh cluster.

use serde_json::{Map, Value, json};

use super::kinds::{Kind, Scope};
use super::refusal::Refusal;
use super::serve::Target;
use super::state::State;
use super::store::Key;

/// Built-in kinds that count their generations.
const GENERATED: &[&str] = &[
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Pod",
    "PodDisruptionBudget",
    "NetworkPolicy",
    "Ingress",
    "CustomResourceDefinition",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "IngressClass",
    "ReplicationController",
    "PriorityClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "EndpointSlice",
];

impl Kind {
    /// Whether its objects have a `generation`.
    pub fn counts_generations(&self) -> bool {
        self.custom.is_some() || GENERATED.contains(&self.kind.as_str())
    }
}

/// Checks what a body says of itself against the path.
///
/// # Errors
/// 400: another kind, name or namespace.
pub fn check_identity(target: &Target<'_>, body: &mut Value) -> Result<(), Refusal> {
    let Some(object) = body.as_object_mut() else {
        return Err(Refusal::bad_request("the body of the request is no object"));
    };
    let kind = &target.kind;
    object.entry("metadata").or_insert_with(|| json!({}));
    if object["metadata"].is_null() {
        object["metadata"] = json!({});
    }
    let said = |key: &str| {
        object
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (version, name) = (said("apiVersion"), said("kind"));
    if !name.is_empty() && (name != kind.kind || version != kind.api_version()) {
        let message = format!(
            "{name} in version {:?} cannot be handled as a {}: no kind {name:?} is registered for version {version:?}",
            version.rsplit('/').next().unwrap_or_default(),
            kind.kind
        );
        return Err(Refusal::bad_request(message));
    }
    object.insert("apiVersion".to_owned(), kind.api_version().into());
    object.insert("kind".to_owned(), kind.kind.clone().into());
    object.sort_keys_first();
    let metadata = &mut body["metadata"];
    let given = metadata["namespace"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if kind.scope == Scope::Namespaced {
        if !given.is_empty() && given != target.path.namespace {
            return Err(Refusal::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        metadata["namespace"] = target.path.namespace.clone().into();
    } else if let Some(metadata) = metadata.as_object_mut() {
        metadata.shift_remove("namespace");
    }
    let name = body["metadata"]["name"].as_str().unwrap_or_default();
    if !target.path.name.is_empty() && name != target.path.name {
        if name.is_empty() {
            body["metadata"]["name"] = target.path.name.clone().into();
        } else {
            let message = format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                target.path.name
            );
            return Err(Refusal::bad_request(message));
        }
    }
    Ok(())
}

trait KeysFirst {
    fn sort_keys_first(&mut self);
}

impl KeysFirst for Map<String, Value> {
    /// `apiVersion`, `kind` and `metadata` first, as everybody writes them.
    fn sort_keys_first(&mut self) {
        let mut sorted = Map::new();
        for key in ["apiVersion", "kind", "metadata"] {
            if let Some(value) = self.shift_remove(key) {
                sorted.insert(key.to_owned(), value);
            }
        }
        sorted.append(self);
        *self = sorted;
    }
}

/// What a new object gets from the API.
pub fn stamp_new(state: &mut State, kind: &Kind, object: &mut Value) {
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let uid = state.uid(&format!("{}/{name}", kind.resource()));
    let metadata = &mut object["metadata"];
    if let Some(map) = metadata.as_object_mut() {
        for gone in [
            "selfLink",
            "resourceVersion",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
            "generateName",
        ] {
            if gone != "generateName"
                || map
                    .get(gone)
                    .and_then(Value::as_str)
                    .is_some_and(str::is_empty)
            {
                map.shift_remove(gone);
            }
        }
    }
    metadata["uid"] = uid.into();
    metadata["creationTimestamp"] = state.time().into();
    if kind.counts_generations() {
        metadata["generation"] = 1.into();
    }
    if kind.has("status")
        && let Some(object) = object.as_object_mut()
    {
        object.shift_remove("status");
    }
}

/// What an updated object keeps from the live one. The subresource decides what may change.
pub fn stamp_update(kind: &Kind, (live, object): (&Value, &mut Value), subresource: &str) {
    if subresource == "status" {
        let mut kept = live.clone();
        kept["status"] = object["status"].take();
        if kept["status"].is_null()
            && let Some(map) = kept.as_object_mut()
        {
            map.shift_remove("status");
        }
        kept["metadata"]["managedFields"] = object["metadata"]["managedFields"].take();
        kept["apiVersion"] = object["apiVersion"].take();
        *object = kept;
    } else if kind.has("status")
        && let Some(map) = object.as_object_mut()
    {
        map.shift_remove("status");
        if let Some(status) = live.get("status") {
            map.insert("status".to_owned(), status.clone());
        }
    }
    for key in [
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "resourceVersion",
    ] {
        match live["metadata"].get(key) {
            Some(value) => object["metadata"][key] = value.clone(),
            None => {
                if let Some(metadata) = object["metadata"].as_object_mut() {
                    metadata.shift_remove(key);
                }
            }
        }
    }
    let body = |object: &Value| {
        let mut map = object.as_object().cloned().unwrap_or_default();
        for key in ["metadata", "status", "apiVersion", "kind"] {
            map.shift_remove(key);
        }
        map
    };
    if kind.counts_generations() && body(live) != body(object) {
        let generation = live["metadata"]["generation"].as_u64().unwrap_or(1) + 1;
        object["metadata"]["generation"] = generation.into();
    }
}

/// The objects of a fresh cluster.
pub fn begin(state: &mut State) {
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}});
        put_system(state, ("/namespaces", "", name), object);
    }
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"clusterIP": "10.43.0.1", "clusterIPs": ["10.43.0.1"], "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
            "sessionAffinity": "None", "type": "ClusterIP"},
        "status": {"loadBalancer": {}}});
    put_system(state, ("/services", "default", "kubernetes"), service);
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": "local-path", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "rancher.io/local-path", "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer"});
    put_system(
        state,
        ("storage.k8s.io/storageclasses", "", "local-path"),
        class,
    );
    for (name, value) in [
        ("system-cluster-critical", 2_000_000_000),
        ("system-node-critical", 2_000_001_000),
    ] {
        let class = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
            "value": value, "preemptionPolicy": "PreemptLowerPriority"});
        put_system(
            state,
            ("scheduling.k8s.io/priorityclasses", "", name),
            class,
        );
    }
    for name in ["cluster-admin", "admin", "edit", "view"] {
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]});
        put_system(
            state,
            ("rbac.authorization.k8s.io/clusterroles", "", name),
            role,
        );
    }
}

/// Puts an object that a controller made, with its metadata.
pub fn put_system(state: &mut State, at: (&str, &str, &str), mut object: Value) {
    let (resource, namespace, name) = at;
    if let Some(kind) = state.kinds.by_resource(resource) {
        let status = object.get("status").cloned();
        stamp_new(state, &kind, &mut object);
        if let Some(status) = status {
            object["status"] = status;
        }
    }
    state
        .store
        .put(&Key::new(resource, namespace, name), object);
}
