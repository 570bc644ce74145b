//! What kustomize changes in objects.

use serde_json::{Map, Value};

/// A strategic merge patch, as far as lists are known by the names of their items.
pub fn patch(object: &mut Value, body: &Value) {
    let name = object["metadata"]["name"].clone();
    let namespace = object["metadata"].get("namespace").cloned();
    merged(object, body);
    // A patch by target does not rename.
    object["metadata"]["name"] = name;
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = namespace;
    }
}

fn merged(object: &mut Value, body: &Value) {
    match (object, body) {
        (Value::Object(object), Value::Object(body)) => {
            for (key, value) in body {
                if value.is_null() {
                    object.remove(key);
                } else {
                    merged(object.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (Value::Array(items), Value::Array(more)) if named(items) && named(more) => {
            for value in more {
                match items.iter_mut().find(|item| item["name"] == value["name"]) {
                    Some(item) => merged(item, value),
                    None => items.push(value.clone()),
                }
            }
        }
        (object, body) => *object = body.clone(),
    }
}

fn named(items: &[Value]) -> bool {
    items.iter().all(|item| item["name"].is_string())
}

/// A start for the names of objects, and for what refers to them.
pub fn prefix(objects: &mut [Value], prefix: &str) {
    let keeps = |object: &Value| {
        let kind = object["kind"].as_str().unwrap_or_default();
        matches!(
            kind,
            "CustomResourceDefinition" | "Namespace" | "APIService"
        )
    };
    let names: Vec<String> = objects
        .iter()
        .filter(|object| !keeps(object))
        .filter_map(|object| object["metadata"]["name"].as_str())
        .map(ToOwned::to_owned)
        .collect();
    let renamed = |value: &mut Value| {
        if let Some(name) = value
            .as_str()
            .filter(|name| names.iter().any(|n| n == name))
        {
            *value = format!("{prefix}{name}").into();
        }
    };
    for object in objects.iter_mut().filter(|object| !keeps(object)) {
        renamed(&mut object["metadata"]["name"]);
        if let Some(pod) = pod(object) {
            if pod.contains_key("serviceAccountName") {
                renamed(&mut pod["serviceAccountName"]);
            }
            for volume in items(pod.get_mut("volumes")) {
                for path in [
                    "/configMap/name",
                    "/secret/secretName",
                    "/persistentVolumeClaim/claimName",
                ] {
                    volume.pointer_mut(path).into_iter().for_each(renamed);
                }
            }
        }
        for hook in items(object.get_mut("webhooks")) {
            hook.pointer_mut("/clientConfig/service/name")
                .into_iter()
                .for_each(renamed);
        }
    }
}

fn items(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_array_mut).into_iter().flatten()
}

fn pod(object: &mut Value) -> Option<&mut Map<String, Value>> {
    object.pointer_mut("/spec/template/spec")?.as_object_mut()
}

/// A label on an object, its pods, and in selectors.
pub fn label(object: &mut Value, key: &str, value: &Value) {
    object["metadata"]["labels"][key] = value.clone();
    if object.pointer("/spec/template/spec").is_some() {
        object["spec"]["selector"]["matchLabels"][key] = value.clone();
        object["spec"]["template"]["metadata"]["labels"][key] = value.clone();
    } else if object["kind"] == "Service" {
        object["spec"]["selector"][key] = value.clone();
    }
}

/// The namespace of an object, where it has one, and of the services that webhooks call.
pub fn namespace(object: &mut Value, namespace: &str) {
    let without = [
        "CustomResourceDefinition",
        "Namespace",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterIssuer",
    ];
    let kind = object["kind"].as_str().unwrap_or_default();
    if kind.ends_with("WebhookConfiguration") {
        for hook in items(object.get_mut("webhooks")) {
            if let Some(place) = hook.pointer_mut("/clientConfig/service/namespace") {
                *place = namespace.into();
            }
        }
    } else if !without.contains(&kind) {
        object["metadata"]["namespace"] = namespace.into();
    }
}

/// Another image for containers that have this one.
pub fn image(object: &mut Value, image: &Value) {
    let Some(pod) = pod(object) else { return };
    let word = |key: &str| image[key].as_str();
    for list in ["containers", "initContainers"] {
        for container in items(pod.get_mut(list)) {
            let there = container["image"].as_str().unwrap_or_default();
            let (name, tag) = there.rsplit_once(':').unwrap_or((there, "latest"));
            if word("name") == Some(name) {
                let name = word("newName").unwrap_or(name);
                let tag = word("newTag").unwrap_or(tag);
                container["image"] = format!("{name}:{tag}").into();
            }
        }
    }
}
