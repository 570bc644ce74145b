//! What pods say, judged.

use serde_json::{Value, json};

use super::pod::{Findings, cause};

fn told(pod: &Value, events: &[Value]) -> String {
    cause(&Findings { pod, events })
        .map(|c| c.text)
        .unwrap_or_default()
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"status": {"phase": "Pending", "containerStatuses": [{"name": "c", "image": "quay.io/a/b:1",
        "restartCount": 3, "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": {"exitCode": 2}}}]}})
}

#[test]
fn an_image_is_told_with_its_registry() {
    let events = [
        json!({"reason": "Failed", "message": "Failed to pull image \"quay.io/a/b:1\": not found"}),
    ];
    assert_eq!(
        told(&waiting("ImagePullBackOff", "Back-off"), &events),
        "image `quay.io/a/b:1` cannot be pulled from `quay.io`: Failed to pull image \"quay.io/a/b:1\": not found"
    );
    let mut short = waiting("ErrImagePull", "denied");
    short["status"]["containerStatuses"][0]["image"] = "redis:7".into();
    assert_eq!(
        told(&short, &[]),
        "image `redis:7` cannot be pulled from `docker.io`: denied"
    );
}

#[test]
fn a_crash_is_told_with_its_code_and_its_log() {
    let pod = waiting("CrashLoopBackOff", "back-off");
    let found = cause(&Findings {
        pod: &pod,
        events: &[],
    })
    .unwrap();
    assert_eq!(
        found.text,
        "container `c` ends with code 2, restarted 3 times"
    );
    assert_eq!(found.log.as_deref(), Some("c"));
    let mut killed = pod;
    killed["status"]["containerStatuses"][0]["lastState"]["terminated"]["reason"] =
        "OOMKilled".into();
    assert!(told(&killed, &[]).contains("more memory"));
}

#[test]
fn what_is_missing_is_told() {
    let config = waiting("CreateContainerConfigError", "secret \"x\" not found");
    assert_eq!(
        told(&config, &[]),
        "container `c` cannot be made: secret \"x\" not found"
    );
    let pod = json!({"status": {"phase": "Pending"}});
    let mount = [
        json!({"reason": "FailedMount", "message": "MountVolume.SetUp failed for volume \"v\" : configmap \"y\" not found"}),
    ];
    assert!(told(&pod, &mount).starts_with("a volume cannot be mounted: MountVolume"));
}

#[test]
fn a_pod_without_a_node_says_why_and_which_claim() {
    let pod = json!({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]},
        "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."}]}});
    let found = cause(&Findings {
        pod: &pod,
        events: &[],
    })
    .unwrap();
    assert!(found.text.starts_with("it cannot be scheduled: 0/1 nodes"));
    assert_eq!(found.claim.as_deref(), Some("data"));
}

#[test]
fn a_failing_probe_is_told_and_a_ready_pod_is_not() {
    let mut pod = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}});
    let events =
        [json!({"reason": "Unhealthy", "message": "Readiness probe failed: connection refused"})];
    assert!(told(&pod, &events).ends_with("probe: Readiness probe failed: connection refused"));
    pod["status"]["conditions"][0]["status"] = "True".into();
    assert_eq!(told(&pod, &events), "");
}

#[test]
fn an_image_says_more_than_a_probe() {
    let events = [json!({"reason": "Unhealthy", "message": "x"})];
    assert!(told(&waiting("ErrImagePull", "m"), &events).starts_with("image"));
}
