//! Whether what makes pods has made them: counted as `kubectl rollout status` counts.

use serde_json::Value;

use super::state::{State, condition, missing, waiting};

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
pub fn deployment(object: &Value) -> State {
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

/// As `kubectl rollout status` counts.
pub fn daemon_set(object: &Value) -> State {
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

/// As `kubectl rollout status` counts.
pub fn stateful_set(object: &Value) -> State {
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

/// All its pods are ready.
pub fn replica_set(object: &Value) -> State {
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let ready = number(&object["status"]["readyReplicas"]);
    if ready < wanted {
        return waiting(format!("{ready} of {wanted} pods are ready"));
    }
    State::Met
}

/// Complete, or failed.
pub fn job(object: &Value) -> State {
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

/// Ready, or ended well.
pub fn pod(object: &Value) -> State {
    match object["status"]["phase"].as_str().unwrap_or_default() {
        "Succeeded" => State::Met,
        "Failed" => State::Failed("the pod failed".to_owned()),
        _ if condition(object, "Ready")["status"] == "True" => State::Met,
        _ => waiting(missing(object, "Ready")),
    }
}
