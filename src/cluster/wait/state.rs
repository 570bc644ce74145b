//! Whether an object is where it is waited for. Pure: from the object alone.

use serde_json::Value;

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

fn waiting(what: impl Into<String>) -> State {
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
fn missing(object: &Value, kind: &str) -> String {
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
        ("apiextensions.k8s.io", _) => match condition(object, "Terminating")["status"] == "True" {
            true => waiting("it is being removed"),
            false => is_true("Established"),
        },
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

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// Whether the controller has seen the newest change.
fn observed(object: &Value) -> Option<State> {
    let seen = number(&object["status"]["observedGeneration"]);
    (number(&object["metadata"]["generation"]) > seen)
        .then(|| waiting("its controller has not seen the change yet"))
}

/// As `kubectl rollout status` counts.
fn deployment(object: &Value) -> State {
    if let Some(early) = observed(object) {
        return early;
    }
    let progressing = condition(object, "Progressing");
    if progressing["reason"] == "ProgressDeadlineExceeded" {
        return State::Failed("it made no progress within its deadline".to_owned());
    }
    let status = &object["status"];
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let [all, updated, available] =
        ["replicas", "updatedReplicas", "availableReplicas"].map(|key| number(&status[key]));
    if updated < wanted {
        return waiting(format!("{updated} of {wanted} replicas are updated"));
    }
    if all > updated {
        return waiting(format!("{} old replicas are still there", all - updated));
    }
    if available < updated {
        return waiting(format!(
            "{available} of {updated} updated replicas are available"
        ));
    }
    State::Met
}

fn daemon_set(object: &Value) -> State {
    if let Some(early) = observed(object) {
        return early;
    }
    let status = &object["status"];
    let wanted = number(&status["desiredNumberScheduled"]);
    let updated = number(&status["updatedNumberScheduled"]);
    let on_delete = object["spec"]["updateStrategy"]["type"] == "OnDelete";
    if updated < wanted && !on_delete {
        return waiting(format!("{updated} of {wanted} pods are updated"));
    }
    let available = number(&status["numberAvailable"]);
    if available < wanted {
        return waiting(format!("{available} of {wanted} pods are available"));
    }
    State::Met
}

fn stateful_set(object: &Value) -> State {
    if let Some(early) = observed(object) {
        return early;
    }
    let (spec, status) = (&object["spec"], &object["status"]);
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let ready = number(&status["readyReplicas"]);
    if ready < wanted {
        return waiting(format!("{ready} of {wanted} pods are ready"));
    }
    if spec["updateStrategy"]["type"] == "OnDelete" {
        return State::Met;
    }
    let updated = number(&status["updatedReplicas"]);
    let partition = number(&spec["updateStrategy"]["rollingUpdate"]["partition"]);
    if partition > 0 {
        let due = wanted - partition;
        return if updated < due {
            waiting(format!("{updated} of {due} pods are updated"))
        } else {
            State::Met
        };
    }
    if status["updateRevision"] != status["currentRevision"] {
        return waiting(format!("{updated} pods are at the new revision"));
    }
    State::Met
}

fn replica_set(object: &Value) -> State {
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let ready = number(&object["status"]["readyReplicas"]);
    if ready < wanted {
        return waiting(format!("{ready} of {wanted} pods are ready"));
    }
    State::Met
}

fn job(object: &Value) -> State {
    for (kind, good) in [("Complete", true), ("Failed", false)] {
        let found = condition(object, kind);
        if found["status"] == "True" {
            let text = |key: &str| found[key].as_str().unwrap_or_default();
            return if good {
                State::Met
            } else {
                State::Failed(
                    format!("it failed: {} {}", text("reason"), text("message"))
                        .trim_end()
                        .to_owned(),
                )
            };
        }
    }
    let [active, failed] = ["active", "failed"].map(|key| number(&object["status"][key]));
    waiting(format!("{active} of its pods run, {failed} failed"))
}

fn pod(object: &Value) -> State {
    match object["status"]["phase"].as_str().unwrap_or_default() {
        "Succeeded" => State::Met,
        "Failed" => State::Failed("the pod failed".to_owned()),
        _ if condition(object, "Ready")["status"] == "True" => State::Met,
        _ => waiting(missing(object, "Ready")),
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
        .find(|text| !text.is_empty());
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
