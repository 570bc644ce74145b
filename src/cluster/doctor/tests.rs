//! What pods say, judged.

use serde_json::{Value, json};

use super::pod::{Findings, cause};
use super::webhook::{Silence, converting};
use super::workload::said;

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

#[test]
fn a_webhook_that_does_not_answer_is_told_by_how() {
    let calling = |why: &str| {
        Silence::of(&format!(
            "Internal error occurred: failed calling webhook \"w.x.y\": failed to call webhook: Post \"https://s.n.svc:443/?timeout=3s\": {why}"
        ))
    };
    assert_eq!(calling("service \"s\" not found"), Some(Silence::NoService));
    assert_eq!(
        calling("dial tcp 10.43.0.9:443: connect: connection refused"),
        Some(Silence::Nobody)
    );
    assert_eq!(calling("context deadline exceeded"), Some(Silence::Late));
    assert_eq!(
        calling("x509: certificate signed by unknown authority"),
        Some(Silence::Untrusted)
    );
    assert_eq!(calling("unexpected EOF"), Some(Silence::Other));
    assert_eq!(Silence::of("tasks.tekton.dev \"x\" not found"), None);
}

#[test]
fn a_conversion_webhook_is_known_by_its_address() {
    let message = "conversion webhook for tekton.dev/v1, Kind=Task failed: Post \"https://tekton-pipelines-webhook.tekton-pipelines.svc:443/resource-conversion?timeout=30s\": dial tcp 10.0.0.1:443: connect: connection refused";
    let (whose, namespace, name) = converting(message).unwrap();
    assert_eq!(whose, "the conversion of kind `Task`");
    assert_eq!(
        (namespace.as_str(), name.as_str()),
        ("tekton-pipelines", "tekton-pipelines-webhook")
    );
    assert_eq!(converting("failed calling webhook"), None);
}

#[test]
fn a_log_that_is_gone_is_no_log() {
    assert_eq!(said("a \n\nb\n").as_deref(), Some("a / b"));
    assert_eq!(
        said("unable to retrieve container logs for containerd://00cd"),
        None
    );
}
