//! What keeps things from getting ready, told in one line.

use serde_json::json;

use super::place::{Lab, deployment};

async fn late(lab: &Lab, text: &str, seconds: u64) -> String {
    let args = json!({"definition": text, "apply": true, "wait": true, "wait_timeout": seconds});
    lab.run("k8s", args).await.unwrap_err()
}

async fn with_fault(reason: &str) -> String {
    let lab = Lab::new().await;
    lab.estate
        .add_fault(format!("h:pod=web:{reason}").parse().unwrap());
    late(&lab, &deployment("web"), 90).await
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_named_with_its_registry() {
    let told = with_fault("ImagePullBackOff").await;
    assert!(
        told.starts_with(
            "Deployment default/web: after 90 s 0 of 1 updated replicas are available: pod `web-"
        ),
        "{told}"
    );
    assert!(
        told.contains("image `quay.io/x/y:1` cannot be pulled from `quay.io`"),
        "{told}"
    );
}

#[tokio::test]
async fn a_crash_loop_and_a_pod_without_a_node_are_told() {
    let told = with_fault("CrashLoopBackOff").await;
    assert!(told.contains("container `c` ends with code"), "{told}");
    let told = with_fault("Unschedulable").await;
    assert!(
        told.contains("it cannot be scheduled: 0/1 nodes are available"),
        "{told}"
    );
}

#[tokio::test]
async fn what_a_pod_mounts_and_is_not_there_is_told() {
    let lab = Lab::new().await;
    let pod = |volume: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  volumes: [{{name: v, {volume}}}]\n  containers: [{{name: c, image: 'a:1', volumeMounts: [{{name: v, mountPath: /v}}]}}]\n"
        )
    };
    let told = late(&lab, &pod("secret: {secretName: keys}"), 30).await;
    assert!(
        told.contains("a volume cannot be mounted") && told.contains("\"keys\" not found"),
        "{told}"
    );
    lab.run("k8s", json!({"state": "absent", "kind": "Pod", "name": "p", "namespace": "default", "wait": true})).await.unwrap();
    let told = late(&lab, &pod("persistentVolumeClaim: {claimName: data}"), 30).await;
    assert!(
        told.contains("volume claim `data` is not there") || told.contains("\"data\" not found"),
        "{told}"
    );
}
