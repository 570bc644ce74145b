//! The doctor: why something does not get ready, in one line, from pods, events and conditions.
//!
//! Looks only, and never fails: what cannot be seen is no cause. What a pod says is judged in
//! `pod.rs`, which is pure.

mod ailment;
mod application;
mod pod;
#[cfg(test)]
mod tests;
mod webhook;
mod workload;

use serde_json::Value;

pub use ailment::{Ailment, Diagnosis};
pub use webhook::{Silence, all_answer, answers, endpoints, of_refusal};

use super::watch::Among;
use super::{ClusterReader, discovery};
use workload::{pods, workload};

/// Why an object is not where it is waited for, as far as it can be seen.
pub async fn diagnose(reader: &ClusterReader, object: &Value) -> Option<Diagnosis> {
    let group = discovery::split(object["apiVersion"].as_str()?).0;
    match (group, object["kind"].as_str()?) {
        ("apps", _) | ("batch", "Job") => workload(reader, object).await,
        ("", "Pod") => pods(reader, vec![object.clone()]).await,
        ("", "PersistentVolumeClaim") => claim(reader, object).await,
        ("argoproj.io", "Application") => application::application(reader, object).await,
        ("", "Namespace") | ("apiextensions.k8s.io", _) => ending(object),
        _ => warning(reader, object).await,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An object as kubectl takes its name.
fn named(object: &Value) -> String {
    let metadata = &object["metadata"];
    let name = format!(
        "{}/{}",
        text(&object["kind"]).to_lowercase(),
        text(&metadata["name"])
    );
    match text(&metadata["namespace"]) {
        "" => name,
        namespace => format!("-n {namespace} {name}"),
    }
}

fn found(ailment: Ailment, text: String, object: &Value) -> Diagnosis {
    Diagnosis::new(ailment, text, &named(object))
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
async fn warning(reader: &ClusterReader, object: &Value) -> Option<Diagnosis> {
    let events = events(reader, object).await;
    let last = events.iter().rfind(|e| e["type"] == "Warning")?;
    let told = format!("{}: {}", text(&last["reason"]), text(&last["message"]));
    Some(found(Ailment::Unready, told, object))
}

/// What holds something that is being removed.
fn ending(object: &Value) -> Option<Diagnosis> {
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
    (!told.is_empty()).then(|| found(Ailment::Ending, told.join("; "), object))
}

/// Why a claim has no volume.
async fn claim(reader: &ClusterReader, object: &Value) -> Option<Diagnosis> {
    let why = without_volume(reader, object).await?;
    let name = text(&object["metadata"]["name"]);
    let told = format!("the volume claim `{name}` is pending: {why}");
    Some(found(Ailment::Claim, told, object))
}

async fn without_volume(reader: &ClusterReader, object: &Value) -> Option<String> {
    if let Some(why) = warning(reader, object).await {
        return Some(why.text);
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
        return Some("it names no storage class, and the cluster has no default one".to_owned());
    }
    Some(
        match classes.iter().find(|c| c["metadata"]["name"] == *named) {
            None => format!("there is no storage class `{named}`"),
            Some(class) if class["volumeBindingMode"] == "WaitForFirstConsumer" => {
                "its volume is made when a pod uses it, and none does yet".to_owned()
            }
            Some(class) => format!("nothing came from `{}`", text(&class["provisioner"])),
        },
    )
}
