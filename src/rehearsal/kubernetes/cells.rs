//! What stands in a cell of `kubectl get`.

use std::time::Duration;

use serde_json::Value;

use super::columns::{Column, at_path};
use super::kinds::Kind;
use super::state::{State, time_of};

/// The cell of an object in a column.
pub fn cell(state: &State, kind: &Kind, (column, object): (&Column, &Value)) -> Value {
    let metadata = &object["metadata"];
    if let Some(path) = &column.path {
        let value = at_path(object, path).cloned().unwrap_or_default();
        return if column.kind == "date" {
            age(state, &value)
        } else {
            value
        };
    }
    match column.name.as_str() {
        "Name" => metadata["name"].clone(),
        "Age" => age(state, &metadata["creationTimestamp"]),
        "Created At" => metadata["creationTimestamp"].clone(),
        name => named(state, &kind.kind, (name, object)).into(),
    }
}

fn age(state: &State, time: &Value) -> Value {
    match time.as_str().and_then(time_of) {
        Some(at) => duration(state.now.saturating_sub(at)).into(),
        None => "<unknown>".into(),
    }
}

/// A duration as kubectl writes it.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 if seconds.is_multiple_of(60) => format!("{minutes}m"),
        120..600 => format!("{minutes}m{}s", seconds % 60),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 if minutes % 60 == 0 => format!("{hours}h"),
        10_800..28_800 => format!("{hours}h{}m", minutes % 60),
        28_800..172_800 => format!("{hours}h"),
        _ => format!("{}d", hours / 24),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn count(value: &Value) -> String {
    value.as_u64().unwrap_or_default().to_string()
}

fn list(value: &Value, each: impl Fn(&Value) -> String) -> String {
    value
        .as_array()
        .into_iter()
        .flatten()
        .map(each)
        .collect::<Vec<_>>()
        .join(",")
}

fn or(text: String, otherwise: &str) -> String {
    if text.is_empty() {
        otherwise.to_owned()
    } else {
        text
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one line per column")]
fn named(state: &State, kind: &str, (name, object): (&str, &Value)) -> String {
    let (spec, status) = (&object["spec"], &object["status"]);
    match (kind, name) {
        ("Pod", "Ready") => {
            let statuses = status["containerStatuses"].as_array();
            let ready = statuses
                .into_iter()
                .flatten()
                .filter(|one| one["ready"] == true)
                .count();
            format!(
                "{ready}/{}",
                spec["containers"].as_array().map_or(0, Vec::len)
            )
        }
        ("Pod", "Status") => pod_status(object),
        ("Pod", "Restarts") => count(&status["containerStatuses"][0]["restartCount"]),
        ("Pod", "IP") => or(text(&status["podIP"]), "<none>"),
        ("Pod", "Node") => or(text(&spec["nodeName"]), "<none>"),
        ("Deployment" | "StatefulSet", "Ready") => format!(
            "{}/{}",
            count(&status["readyReplicas"]),
            count(&spec["replicas"])
        ),
        (_, "Up-to-date") => count(
            status
                .get("updatedReplicas")
                .unwrap_or(&status["updatedNumberScheduled"]),
        ),
        (_, "Available") if kind == "APIService" => condition(status, "Available"),
        (_, "Available") => count(
            status
                .get("availableReplicas")
                .unwrap_or(&status["numberAvailable"]),
        ),
        ("DaemonSet", "Desired") => count(&status["desiredNumberScheduled"]),
        ("DaemonSet", "Current") => count(&status["currentNumberScheduled"]),
        ("DaemonSet", "Ready") => count(&status["numberReady"]),
        ("DaemonSet", "Node Selector") => {
            or(pairs(&spec["template"]["spec"]["nodeSelector"]), "<none>")
        }
        ("ReplicaSet", "Desired") => count(&spec["replicas"]),
        ("ReplicaSet", "Current") => count(&status["replicas"]),
        ("ReplicaSet", "Ready") => count(&status["readyReplicas"]),
        ("Job", "Status") => ["Complete", "Failed"]
            .into_iter()
            .find(|c| condition(status, c) == "True")
            .unwrap_or("Running")
            .to_owned(),
        ("Job", "Completions") => format!(
            "{}/{}",
            count(&status["succeeded"]),
            count(&spec["completions"])
        ),
        ("Job", "Duration") => {
            let at = |key: &str| status[key].as_str().and_then(time_of);
            at("startTime").map_or_else(String::new, |start| {
                duration(
                    at("completionTime")
                        .unwrap_or(state.now)
                        .saturating_sub(start),
                )
            })
        }
        ("Node", "Status") => if condition(status, "Ready") == "True" {
            "Ready"
        } else {
            "NotReady"
        }
        .to_owned(),
        ("Node", "Roles") => {
            let labels = object["metadata"]["labels"]
                .as_object()
                .into_iter()
                .flatten();
            let roles: Vec<&str> = labels
                .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
                .collect();
            or(roles.join(","), "<none>")
        }
        ("Node", "Version") => text(&status["nodeInfo"]["kubeletVersion"]),
        ("Node", "Internal-IP") => text(&status["addresses"][0]["address"]),
        (_, "Status") => {
            if object["metadata"]["deletionTimestamp"].is_string() {
                "Terminating".to_owned()
            } else {
                text(&status["phase"])
            }
        }
        ("ConfigMap" | "Secret", "Data") => object["data"]
            .as_object()
            .map_or(0, serde_json::Map::len)
            .to_string(),
        ("Secret" | "Event", "Type") => text(&object["type"]),
        ("Service", "Type") => text(&spec["type"]),
        ("Service", "Cluster-IP") => or(text(&spec["clusterIP"]), "<none>"),
        ("Service", "External-IP") => or(
            list(&status["loadBalancer"]["ingress"], |one| text(&one["ip"])),
            "<none>",
        ),
        ("Service", "Port(s)") => list(&spec["ports"], |port| match port["nodePort"].as_u64() {
            Some(node) => format!("{}:{node}/{}", port["port"], text(&port["protocol"])),
            None => format!("{}/{}", port["port"], text(&port["protocol"])),
        }),
        (_, "Selector") => or(
            pairs(
                spec["selector"]
                    .get("matchLabels")
                    .unwrap_or(&spec["selector"]),
            ),
            "<none>",
        ),
        (_, "Containers") => list(&spec["template"]["spec"]["containers"], |c| {
            text(&c["name"])
        }),
        (_, "Images") => list(&spec["template"]["spec"]["containers"], |c| {
            text(&c["image"])
        }),
        (_, other) => rest(state, other, object),
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one line per column")]
fn rest(state: &State, name: &str, object: &Value) -> String {
    let (spec, status) = (&object["spec"], &object["status"]);
    match name {
        "Volume" => text(&spec["volumeName"]),
        "Capacity" => text(
            status["capacity"]
                .get("storage")
                .unwrap_or(&spec["capacity"]["storage"]),
        ),
        "Access Modes" => list(&spec["accessModes"], |mode| match mode.as_str() {
            Some("ReadWriteOnce") => "RWO".to_owned(),
            Some("ReadWriteMany") => "RWX".to_owned(),
            Some("ReadOnlyMany") => "ROX".to_owned(),
            _ => text(mode),
        }),
        "StorageClass" => text(&spec["storageClassName"]),
        "Reclaim Policy" => text(&spec["persistentVolumeReclaimPolicy"]),
        "Claim" => format!(
            "{}/{}",
            text(&spec["claimRef"]["namespace"]),
            text(&spec["claimRef"]["name"])
        ),
        "Provisioner" => text(&object["provisioner"]),
        "ReclaimPolicy" => text(&object["reclaimPolicy"]),
        "VolumeBindingMode" => text(&object["volumeBindingMode"]),
        "Last Seen" => text(&age(state, &object["lastTimestamp"])),
        "Reason" => text(&object["reason"]),
        "Message" => text(&object["message"]),
        "Object" => {
            let about = &object["involvedObject"];
            format!(
                "{}/{}",
                text(&about["kind"]).to_lowercase(),
                text(&about["name"])
            )
        }
        "Class" => or(text(&spec["ingressClassName"]), "<none>"),
        "Hosts" => or(
            list(&spec["rules"], |rule| or(text(&rule["host"]), "*")),
            "*",
        ),
        "Role" => format!(
            "{}/{}",
            text(&object["roleRef"]["kind"]),
            text(&object["roleRef"]["name"])
        ),
        "Endpoints" => or(
            list(&object["subsets"][0]["addresses"], |one| text(&one["ip"])),
            "<none>",
        ),
        "Service" => {
            if spec["service"].is_object() {
                format!(
                    "{}/{}",
                    text(&spec["service"]["namespace"]),
                    text(&spec["service"]["name"])
                )
            } else {
                "Local".to_owned()
            }
        }
        _ => String::new(),
    }
}

fn pairs(labels: &Value) -> String {
    let map = labels.as_object().into_iter().flatten();
    map.map(|(key, value)| format!("{key}={}", text(value)))
        .collect::<Vec<_>>()
        .join(",")
}

fn condition(status: &Value, kind: &str) -> String {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    conditions
        .filter(|c| c["type"] == kind)
        .map(|c| text(&c["status"]))
        .collect()
}

fn pod_status(pod: &Value) -> String {
    if pod["metadata"]["deletionTimestamp"].is_string() {
        return "Terminating".to_owned();
    }
    let state = &pod["status"]["containerStatuses"][0]["state"];
    match (
        state["waiting"]["reason"].as_str(),
        state["terminated"]["reason"].as_str(),
    ) {
        (Some(reason), _) | (None, Some(reason)) => reason.to_owned(),
        _ => text(&pod["status"]["phase"]),
    }
}
