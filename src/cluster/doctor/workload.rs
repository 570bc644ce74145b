//! Workloads: the gravest cause among their pods, or why these are not even made.

use serde_json::Value;

use super::ailment::{Ailment, Diagnosis};
use super::pod::{self, Cause, Findings};
use super::{claim, events, found, named, text, warning};
use crate::cluster::wait::condition;
use crate::cluster::watch::Among;
use crate::cluster::{ClusterReader, Place};

/// How many of a container's last lines are told.
const LINES: usize = 5;

/// Why a workload is not ready.
pub(super) async fn workload(reader: &ClusterReader, object: &Value) -> Option<Diagnosis> {
    let there = pods_of(reader, object).await;
    if !there.is_empty()
        && let Some(cause) = pods(reader, there).await
    {
        return Some(cause);
    }
    // There are no pods: those who make them say why.
    let failure = condition(object, "ReplicaFailure");
    if failure["status"] == "True" {
        return Some(refused_pods(text(&failure["message"]), object));
    }
    let mut makers = vec![object.clone()];
    makers.extend(replica_sets(reader, object).await);
    for maker in makers {
        let found = events(reader, &maker).await;
        if let Some(event) = found.iter().rfind(|e| e["reason"] == "FailedCreate") {
            return Some(refused_pods(text(&event["message"]), object));
        }
    }
    warning(reader, object).await
}

/// Why pods are not even made: quota, Pod Security, a webhook.
fn refused_pods(message: &str, object: &Value) -> Diagnosis {
    let (ailment, word) = if message.contains("exceeded quota") {
        (Ailment::Quota, "the quota does not allow its pods")
    } else if message.contains("violates PodSecurity") {
        let word = "the namespace's Pod Security does not allow its pods";
        (Ailment::PodSecurity, word)
    } else if message.contains("failed calling webhook") {
        let word = "a webhook that cannot be reached refuses its pods";
        (Ailment::Webhook, word)
    } else {
        (Ailment::Unready, "its pods cannot be made")
    };
    found(ailment, format!("{word}: {message}"), object)
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
pub(super) async fn pods(reader: &ClusterReader, there: Vec<Value>) -> Option<Diagnosis> {
    let count = there.len();
    let mut causes: Vec<(Cause, Value)> = Vec::new();
    for pod in there {
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
    let (mut told, mut ailment) = (cause.text, cause.ailment);
    let mut whose = named(&pod);
    if let Some(name) = &cause.claim
        && let Ok(resource) = reader.resource("v1", "PersistentVolumeClaim").await
    {
        let place = Place::new(&resource, text(&pod["metadata"]["namespace"]), name);
        match reader.get(&place).await {
            Ok(Some(object)) => {
                if let Some(why) = claim(reader, &object).await {
                    (told, ailment, whose) = (why.text, why.ailment, named(&object));
                }
            }
            Ok(None) => {
                told = format!("the volume claim `{name}` is not there");
                ailment = Ailment::Settings;
            }
            Err(_) => {}
        }
    }
    if let Some(container) = &cause.log {
        whose.push_str(&format!(" -c {container}"));
        told.push_str(&log(reader, &pod, container).await);
    }
    let name = text(&pod["metadata"]["name"]);
    let more = if count > 1 {
        format!(" ({alike} of {count} pods)")
    } else {
        String::new()
    };
    let told = format!("pod `{name}`{more}: {told}");
    Some(Diagnosis::new(ailment, told, &whose))
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
        if let Some(said) = said(&lines) {
            return format!("; it said: {said}");
        }
    }
    String::new()
}

/// The lines of a log in one; `None` if there are none. Of a container that was cleared away meanwhile
/// the kubelet says so, in the place of its log.
pub(super) fn said(log: &str) -> Option<String> {
    let lines: Vec<&str> = log
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .filter(|line| !line.starts_with("unable to retrieve container logs"))
        .collect();
    (!lines.is_empty()).then(|| lines.join(" / "))
}
