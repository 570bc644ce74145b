//! Whether an object is where it is waited for. Pure: from the object alone.

use serde_json::Value;

use super::workload::{daemon_set, deployment, job, pod, replica_set, stateful_set};

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// What its kind calls ready: established, rolled out, complete, bound, available, …
    Ready,
    /// A condition of its status.
    Condition {
        /// `type`.
        kind: String,
        /// `True`, `False` or `Unknown`.
        status: String,
        /// `reason`, if it matters.
        reason: Option<String>,
    },
    /// It is no more.
    Gone,
}

/// Where an object is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// There.
    Met,
    /// Not yet: what is missing.
    Waiting(String),
    /// It will not get there by itself.
    Failed(String),
}

/// Not yet.
pub fn waiting(what: impl Into<String>) -> State {
    State::Waiting(what.into())
}

/// A condition of an object's status.
pub fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    let list = object["status"]["conditions"].as_array();
    let mut found = list.into_iter().flatten().filter(|c| c["type"] == *kind);
    found.next().unwrap_or(&Value::Null)
}

/// Where an object is.
pub fn state(object: &Value, until: &Until) -> State {
    match until {
        Until::Gone => waiting(match object["metadata"]["finalizers"].as_array() {
            Some(names)
                if !names.is_empty() && object["metadata"]["deletionTimestamp"].is_string() =>
            {
                let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                format!("it is held by its finalizers {}", names.join(", "))
            }
            _ => "it is still there".to_owned(),
        }),
        Until::Condition {
            kind,
            status,
            reason,
        } => {
            let found = condition(object, kind);
            let fits = found["status"] == *status
                && reason
                    .as_ref()
                    .is_none_or(|reason| found["reason"] == *reason);
            if fits {
                return State::Met;
            }
            waiting(missing(object, kind))
        }
        Until::Ready => ready(object),
    }
}

/// What is said of a condition that is not as wanted.
pub fn missing(object: &Value, kind: &str) -> String {
    let found = condition(object, kind);
    if found.is_null() {
        return format!("it has no condition {kind} yet");
    }
    let word = |key: &str| found[key].as_str().unwrap_or_default();
    let mut text = format!("{kind} is {}", word("status"));
    for part in [word("reason"), word("message")] {
        if !part.is_empty() {
            text.push_str(": ");
            text.push_str(part);
        }
    }
    text
}

/// What an object's kind calls ready; kinds without such a thing are ready when they are there.
fn ready(object: &Value) -> State {
    let group = super::super::discovery::split(object["apiVersion"].as_str().unwrap_or_default()).0;
    let kind = object["kind"].as_str().unwrap_or_default();
    let is_true = |kind: &str| {
        if condition(object, kind)["status"] == "True" {
            State::Met
        } else {
            waiting(missing(object, kind))
        }
    };
    match (group, kind) {
        ("apiextensions.k8s.io", _) if condition(object, "Terminating")["status"] == "True" => {
            waiting("it is being removed")
        }
        ("apiextensions.k8s.io", _) => is_true("Established"),
        ("apiregistration.k8s.io", _) => is_true("Available"),
        ("admissionregistration.k8s.io", _) => trusted(object),
        ("apps", "Deployment") => deployment(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "ReplicaSet") => replica_set(object),
        ("batch", "Job") => job(object),
        ("", "Pod") => pod(object),
        ("", "PersistentVolumeClaim") => phase(object, "Bound"),
        ("", "Namespace") => phase(object, "Active"),
        ("argoproj.io", "Application") => application(object),
        (group, _) if !super::super::apply::is_built_in(group) => custom(object),
        _ => State::Met,
    }
}

fn phase(object: &Value, wanted: &str) -> State {
    match object["status"]["phase"].as_str() {
        Some(phase) if phase == wanted => State::Met,
        Some("Lost") => State::Failed("its volume is lost".to_owned()),
        Some(phase) => waiting(format!("it is {phase}")),
        None => waiting("it has no status yet"),
    }
}

/// Whether every webhook says whom to trust.
fn trusted(object: &Value) -> State {
    let hooks = object["webhooks"].as_array();
    let without = hooks.into_iter().flatten().find(|hook| {
        let config = &hook["clientConfig"];
        config["service"].is_object() && config["caBundle"].as_str().unwrap_or_default().is_empty()
    });
    match without {
        Some(hook) => waiting(format!(
            "webhook `{}` has no caBundle yet",
            hook["name"].as_str().unwrap_or_default()
        )),
        None => State::Met,
    }
}

/// Argo CD's: in step with git, and healthy.
fn application(object: &Value) -> State {
    let status = &object["status"];
    let sync = status["sync"]["status"].as_str().unwrap_or("Unknown");
    let health = status["health"]["status"].as_str().unwrap_or("Unknown");
    if sync == "Synced" && health == "Healthy" {
        return State::Met;
    }
    let said = [
        &status["operationState"]["message"],
        &status["health"]["message"],
    ];
    let said = said
        .into_iter()
        .filter_map(Value::as_str)
        .find(|text| !text.is_empty() && sync != "Synced");
    waiting(format!(
        "it is {sync} and {health}{}",
        said.map_or(String::new(), |s| format!(": {s}"))
    ))
}

/// A custom object: its `Ready` or `Available` condition, if it has conditions.
fn custom(object: &Value) -> State {
    let Some(known) = ["Ready", "Available"]
        .into_iter()
        .find(|kind| !condition(object, kind).is_null())
    else {
        return State::Met;
    };
    if condition(object, known)["status"] == "True" {
        State::Met
    } else {
        waiting(missing(object, known))
    }
}
