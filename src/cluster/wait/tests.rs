//! What each kind calls ready.

use serde_json::{Value, json};

use super::{State, Until, state};

fn ready(object: &Value) -> State {
    state(object, &Until::Ready)
}

fn waits(object: &Value) -> String {
    match ready(object) {
        State::Waiting(why) => why,
        other => panic!("{other:?}"),
    }
}

fn deployment(spec: i64, [all, updated, available]: [i64; 3]) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": spec},
        "status": {"observedGeneration": 2, "replicas": all, "updatedReplicas": updated, "availableReplicas": available}})
}

#[test]
fn a_deployment_is_counted_as_by_rollout_status() {
    assert_eq!(ready(&deployment(2, [2, 2, 2])), State::Met);
    assert_eq!(
        waits(&deployment(2, [2, 1, 2])),
        "1 of 2 replicas are updated"
    );
    assert_eq!(
        waits(&deployment(2, [3, 2, 2])),
        "1 old replicas are still there"
    );
    assert_eq!(
        waits(&deployment(2, [2, 2, 1])),
        "1 of 2 updated replicas are available"
    );
    let mut unseen = deployment(2, [2, 2, 2]);
    unseen["metadata"]["generation"] = 3.into();
    assert!(waits(&unseen).contains("not seen"));
    let mut late = deployment(2, [2, 2, 1]);
    late["status"]["conditions"] =
        json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
    assert!(matches!(ready(&late), State::Failed(_)));
}

#[test]
fn sets_are_counted_as_by_rollout_status() {
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"replicas": 1},
        "status": {"readyReplicas": 1, "updateRevision": "b", "currentRevision": "a", "updatedReplicas": 0}});
    assert_eq!(waits(&set), "0 pods are at the new revision");
    let daemons = json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
        "status": {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}});
    assert_eq!(waits(&daemons), "1 of 2 pods are available");
}

#[test]
fn jobs_end_well_or_not() {
    let job = |kind: &str| {
        json!({"apiVersion": "batch/v1", "kind": "Job", "status": {"conditions": [
        {"type": kind, "status": "True", "reason": "BackoffLimitExceeded", "message": "gave up"}]}})
    };
    assert_eq!(ready(&job("Complete")), State::Met);
    assert_eq!(
        ready(&job("Failed")),
        State::Failed("it failed: BackoffLimitExceeded gave up".to_owned())
    );
}

#[test]
fn a_definition_that_is_removed_is_not_established() {
    let crd = |terminating: &str| {
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "status": {"conditions": [{"type": "Established", "status": "True"}, {"type": "Terminating", "status": terminating}]}})
    };
    assert_eq!(ready(&crd("False")), State::Met);
    assert_eq!(waits(&crd("True")), "it is being removed");
}

#[test]
fn a_webhook_is_ready_when_it_says_whom_to_trust() {
    let hook = |bundle: &str| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "webhooks": [{"name": "a.b.c", "clientConfig": {"service": {"name": "s"}, "caBundle": bundle}}]})
    };
    assert_eq!(waits(&hook("")), "webhook `a.b.c` has no caBundle yet");
    assert_eq!(ready(&hook("Y2E=")), State::Met);
}

#[test]
fn any_condition_can_be_waited_for() {
    let object = json!({"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Pending", "message": "soon"}]}});
    let until = |status: &str, reason: Option<&str>| Until::Condition {
        kind: "Ready".to_owned(),
        status: status.to_owned(),
        reason: reason.map(ToOwned::to_owned),
    };
    assert_eq!(
        state(&object, &until("True", None)),
        State::Waiting("Ready is False: Pending: soon".to_owned())
    );
    assert_eq!(state(&object, &until("False", None)), State::Met);
    assert_eq!(state(&object, &until("False", Some("Pending"))), State::Met);
    assert!(matches!(
        state(&object, &until("False", Some("Other"))),
        State::Waiting(_)
    ));
}
