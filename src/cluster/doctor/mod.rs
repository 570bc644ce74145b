//! The doctor: why something does not get ready, in one line, from pods, events and conditions.
//!
//! Looks only, and never fails: what cannot be seen is no cause. What a pod says is judged in
//! `pod.rs`, which is pure.

mod pod;
#[cfg(test)]
mod tests;
mod webhook;

use serde_json::Value;

pub use webhook::{answers, endpoints, of_refusal};

use super::path::Place;
use super::wait::condition;
use super::watch::Among;
use super::{ClusterReader, discovery};
use pod::{Cause, Findings};

/// How many of a container's last lines are told.
const LINES: usize = 5;

/// Why an object is not where it is waited for, as far as it can be seen.
pub async fn diagnose(reader: &ClusterReader, object: &Value) -> Option<String> {
    let group = discovery::split(object["apiVersion"].as_str()?).0;
    match (group, object["kind"].as_str()?) {
        ("apps", _) | ("batch", "Job") => workload(reader, object).await,
        ("", "Pod") => pods(reader, vec![object.clone()]).await,
        ("", "PersistentVolumeClaim") => claim(reader, object).await,
        ("", "Namespace") | ("apiextensions.k8s.io", _) => ending(object),
        _ => warning(reader, object).await,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Events of an object, oldest first.
async fn events(reader: &ClusterReader, object: &Value) -> Vec<Value> {
    let metadata = &object["metadata"];
    let Ok(resource) = reader.resource("v1", "Event").await else {
        return Vec::new();
    };
    let namespace = match text(&metadata["namespace"]) {
        "" => "default",
        namespace => namespace,
    };
    let among = Among {
        fields: format!("involvedObject.name={}", text(&metadata["name"])),
        ..Among::namespace(namespace)
    };
    let Ok(listed) = reader.list(&resource, &among).await else {
        return Vec::new();
    };
    let mut found = listed.items;
    found.retain(|e| e["involvedObject"]["uid"] == metadata["uid"]);
    let time = |event: &Value| {
        let times = [
            &event["lastTimestamp"],
            &event["eventTime"],
            &event["firstTimestamp"],
        ];
        times
            .into_iter()
            .find_map(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    found.sort_by_key(time);
    found
}

/// The newest warning about an object.
async fn warning(reader: &ClusterReader, object: &Value) -> Option<String> {
    let found = events(reader, object).await;
    let last = found.iter().rfind(|e| e["type"] == "Warning")?;
    Some(format!(
        "{}: {}",
        text(&last["reason"]),
        text(&last["message"])
    ))
}

/// What holds something that is being removed.
fn ending(object: &Value) -> Option<String> {
    let list = object["status"]["conditions"].as_array();
    let failures = list.into_iter().flatten().filter(|c| {
        let kind = text(&c["type"]);
        c["status"] == "True"
            && (kind.contains("Failure") || kind.contains("Remaining") || kind == "Terminating")
    });
    let told: Vec<&str> = failures
        .map(|c| text(&c["message"]))
        .filter(|m| !m.is_empty())
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Why a claim has no volume.
async fn claim(reader: &ClusterReader, object: &Value) -> Option<String> {
    let name = text(&object["metadata"]["name"]);
    let head = format!("the volume claim `{name}` is pending");
    if let Some(why) = warning(reader, object).await {
        return Some(format!("{head}: {why}"));
    }
    let resource = reader
        .resource("storage.k8s.io/v1", "StorageClass")
        .await
        .ok()?;
    let classes = reader.list(&resource, &Among::default()).await.ok()?.items;
    let named = object["spec"]["storageClassName"]
        .as_str()
        .unwrap_or_default();
    if named.is_empty() {
        return Some(format!(
            "{head}: it names no storage class, and the cluster has no default one"
        ));
    }
    match classes.iter().find(|c| c["metadata"]["name"] == *named) {
        None => Some(format!("{head}: there is no storage class `{named}`")),
        Some(class) if class["volumeBindingMode"] == "WaitForFirstConsumer" => Some(format!(
            "{head}: its volume is made when a pod uses it, and none does yet"
        )),
        Some(class) => Some(format!(
            "{head}: nothing came from `{}`",
            text(&class["provisioner"])
        )),
    }
}

/// Why a workload is not ready.
async fn workload(reader: &ClusterReader, object: &Value) -> Option<String> {
    let found = pods_of(reader, object).await;
    if !found.is_empty()
        && let Some(cause) = pods(reader, found).await
    {
        return Some(cause);
    }
    // There are no pods: those who make them say why.
    let failure = condition(object, "ReplicaFailure");
    if failure["status"] == "True" {
        return Some(refused_pods(text(&failure["message"])));
    }
    let mut makers = vec![object.clone()];
    makers.extend(replica_sets(reader, object).await);
    for maker in makers {
        let found = events(reader, &maker).await;
        if let Some(event) = found.iter().rfind(|e| e["reason"] == "FailedCreate") {
            return Some(refused_pods(text(&event["message"])));
        }
    }
    warning(reader, object).await
}

/// Why pods are not even made: quota, Pod Security, a webhook.
fn refused_pods(message: &str) -> String {
    let word = if message.contains("exceeded quota") {
        "the quota does not allow its pods"
    } else if message.contains("violates PodSecurity") {
        "the namespace's Pod Security does not allow its pods"
    } else if message.contains("failed calling webhook") {
        "a webhook that cannot be reached refuses its pods"
    } else {
        "its pods cannot be made"
    };
    format!("{word}: {message}")
}

fn selector(object: &Value) -> Option<String> {
    let labels = object["spec"]["selector"]["matchLabels"].as_object()?;
    let pairs: Vec<String> = labels
        .iter()
        .map(|(k, v)| format!("{k}={}", text(v)))
        .collect();
    (!pairs.is_empty()).then(|| pairs.join(","))
}

async fn replica_sets(reader: &ClusterReader, object: &Value) -> Vec<Value> {
    let (Some(labels), "Deployment") = (selector(object), text(&object["kind"])) else {
        return Vec::new();
    };
    let Ok(resource) = reader.resource("apps/v1", "ReplicaSet").await else {
        return Vec::new();
    };
    let among = Among::namespace(text(&object["metadata"]["namespace"])).labelled(&labels);
    reader
        .list(&resource, &among)
        .await
        .map(|l| l.items)
        .unwrap_or_default()
}

/// The pods of a workload; of a Deployment only those of its newest revision, if it has some.
async fn pods_of(reader: &ClusterReader, object: &Value) -> Vec<Value> {
    let (Some(labels), Ok(resource)) = (selector(object), reader.resource("v1", "Pod").await)
    else {
        return Vec::new();
    };
    let among = Among::namespace(text(&object["metadata"]["namespace"])).labelled(&labels);
    let Ok(listed) = reader.list(&resource, &among).await else {
        return Vec::new();
    };
    let mut found = listed.items;
    found.retain(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    let revision = |set: &Value| {
        let key = "deployment.kubernetes.io/revision";
        text(&set["metadata"]["annotations"][key])
            .parse::<u64>()
            .unwrap_or_default()
    };
    let sets = replica_sets(reader, object).await;
    if let Some(newest) = sets.iter().max_by_key(|set| revision(set)) {
        let uid = &newest["metadata"]["uid"];
        let mine = |pod: &Value| {
            let owners = pod["metadata"]["ownerReferences"].as_array();
            owners.into_iter().flatten().any(|o| o["uid"] == *uid)
        };
        if found.iter().any(mine) {
            found.retain(mine);
        }
    }
    found
}

/// The gravest cause among pods.
async fn pods(reader: &ClusterReader, found: Vec<Value>) -> Option<String> {
    let count = found.len();
    let mut causes: Vec<(Cause, Value)> = Vec::new();
    for pod in found {
        let events = events(reader, &pod).await;
        if let Some(cause) = pod::cause(&Findings {
            pod: &pod,
            events: &events,
        }) {
            causes.push((cause, pod));
        }
    }
    causes.sort_by_key(|(cause, _)| cause.gravity);
    let alike = causes
        .iter()
        .filter(|(c, _)| Some(c.gravity) == causes.first().map(|(c, _)| c.gravity));
    let alike = alike.count();
    let (cause, pod) = causes.into_iter().next()?;
    let mut told = cause.text;
    if let Some(name) = &cause.claim
        && let Ok(resource) = reader.resource("v1", "PersistentVolumeClaim").await
    {
        let place = Place::new(&resource, text(&pod["metadata"]["namespace"]), name);
        match reader.get(&place).await {
            Ok(Some(found)) => told = claim(reader, &found).await.unwrap_or(told),
            Ok(None) => told = format!("the volume claim `{name}` is not there"),
            Err(_) => {}
        }
    }
    if let Some(container) = &cause.log {
        told.push_str(&log(reader, &pod, container).await);
    }
    let name = text(&pod["metadata"]["name"]);
    let more = if count > 1 {
        format!(" ({alike} of {count} pods)")
    } else {
        String::new()
    };
    Some(format!("pod `{name}`{more}: {told}"))
}

/// The last lines of a container that ended, or of the one that runs.
async fn log(reader: &ClusterReader, pod: &Value, container: &str) -> String {
    let metadata = &pod["metadata"];
    let Ok(resource) = reader.resource("v1", "Pod").await else {
        return String::new();
    };
    let place = Place::new(
        &resource,
        text(&metadata["namespace"]),
        text(&metadata["name"]),
    );
    for previous in ["&previous=true", ""] {
        let path = format!(
            "{}/log?container={container}&tailLines={LINES}{previous}",
            place.path()
        );
        let Ok(lines) = reader.text(&path).await else {
            continue;
        };
        let lines: Vec<&str> = lines
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .collect();
        if !lines.is_empty() {
            return format!("; it said: {}", lines.join(" / "));
        }
    }
    String::new()
}
