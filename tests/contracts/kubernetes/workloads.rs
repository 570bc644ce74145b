//! What controllers and nodes visibly do: pods get ready, jobs complete, volumes are bound.

use serde_json::{Value, json};

use super::Api;
use super::place::{MERGE, deployment, is_true};
use crate::api_behaviours;

api_behaviours!(
    nodes_are_ready,
    a_deployment_becomes_available,
    a_deployment_rolls_to_a_new_template,
    a_scaled_deployment_has_as_many_pods,
    a_deleted_deployment_takes_its_pods_along,
    a_stateful_set_has_named_pods_and_claims,
    a_daemon_set_has_a_pod_per_node,
    a_job_completes,
    a_claim_waits_for_its_first_pod,
    a_service_has_endpoints_once_pods_are_ready,
    a_pod_without_its_claim_waits,
    a_pod_tells_where_it_runs,
    an_account_secret_gets_a_token,
    a_watch_sees_a_deployment_become_available,
);

const IMAGE: &str = "lab.nautes.example/standin:1";

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

async fn available(api: &Api<'_>, name: &str) -> Value {
    api.until(
        &api.path(&format!("apps/v1/deployments/{name}")),
        "available",
        |d| {
            is_true(d, "Available")
                && d["status"]["observedGeneration"] == d["metadata"]["generation"]
                && count(&d["status"]["updatedReplicas"]) == count(&d["spec"]["replicas"])
                && count(&d["status"]["replicas"]) == count(&d["spec"]["replicas"])
        },
    )
    .await
}

async fn pods(api: &Api<'_>, app: &str) -> Vec<Value> {
    let list = api
        .get(&format!(
            "{}?labelSelector=app%3D{app}",
            api.path("v1/pods")
        ))
        .await;
    let all = list["items"].as_array().unwrap().iter();
    all.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
        .cloned()
        .collect()
}

async fn nodes_are_ready(api: &Api<'_>) {
    let list = api.get("/api/v1/nodes").await;
    let nodes = list["items"].as_array().unwrap();
    assert!(!nodes.is_empty());
    for node in nodes {
        assert!(is_true(node, "Ready"), "{node}");
        assert_eq!(
            node["metadata"]["labels"]["kubernetes.io/hostname"],
            node["metadata"]["name"]
        );
        assert!(
            node["status"]["nodeInfo"]["kubeletVersion"]
                .as_str()
                .unwrap()
                .starts_with("v1.")
        );
    }
}

async fn a_deployment_becomes_available(api: &Api<'_>) {
    api.create(
        &api.path("apps/v1/deployments"),
        deployment("web", json!({"replicas": 2})),
    )
    .await;
    let done = available(api, "web").await;
    assert_eq!(
        (
            &done["status"]["readyReplicas"],
            &done["status"]["availableReplicas"]
        ),
        (&json!(2), &json!(2))
    );
    assert!(is_true(&done, "Progressing"));
    assert_eq!(
        done["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        "1"
    );
    let sets = api
        .get(&format!(
            "{}?labelSelector=app%3Dweb",
            api.path("apps/v1/replicasets")
        ))
        .await;
    let set = &sets["items"][0];
    assert_eq!(set["metadata"]["ownerReferences"][0]["kind"], "Deployment");
    assert!(
        set["metadata"]["name"]
            .as_str()
            .unwrap()
            .starts_with("web-")
    );
    let pods = pods(api, "web").await;
    assert_eq!(pods.len(), 2);
    for pod in pods {
        assert!(is_true(&pod, "Ready"), "{pod}");
        assert_eq!(
            (&pod["status"]["phase"], &pod["status"]["qosClass"]),
            (&json!("Running"), &json!("BestEffort"))
        );
        assert!(pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"].is_string());
        assert_eq!(
            pod["metadata"]["ownerReferences"][0]["name"],
            set["metadata"]["name"]
        );
        assert_eq!(pod["spec"]["serviceAccountName"], "default");
    }
}

async fn a_deployment_rolls_to_a_new_template(api: &Api<'_>) {
    api.create(
        &api.path("apps/v1/deployments"),
        deployment("web", json!({"replicas": 1})),
    )
    .await;
    available(api, "web").await;
    let before = pods(api, "web").await[0]["metadata"]["uid"].clone();
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {"note": "new"}}}}});
    api.patch(&api.path("apps/v1/deployments/web"), MERGE, &patch)
        .await;
    let done = available(api, "web").await;
    assert_eq!(
        done["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        "2"
    );
    let now = pods(api, "web").await;
    assert_eq!(now.len(), 1);
    assert_ne!(now[0]["metadata"]["uid"], before);
    assert_eq!(now[0]["metadata"]["annotations"]["note"], "new");
}

async fn a_scaled_deployment_has_as_many_pods(api: &Api<'_>) {
    api.create(
        &api.path("apps/v1/deployments"),
        deployment("web", json!({"replicas": 3})),
    )
    .await;
    available(api, "web").await;
    api.patch(
        &api.path("apps/v1/deployments/web/scale"),
        MERGE,
        &json!({"spec": {"replicas": 1}}),
    )
    .await;
    available(api, "web").await;
    assert_eq!(pods(api, "web").await.len(), 1);
}

async fn a_deleted_deployment_takes_its_pods_along(api: &Api<'_>) {
    api.create(
        &api.path("apps/v1/deployments"),
        deployment("web", json!({})),
    )
    .await;
    available(api, "web").await;
    let pod = pods(api, "web").await[0]["metadata"]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    api.delete(&api.path("apps/v1/deployments/web")).await;
    api.until_gone(&api.path(&format!("v1/pods/{pod}"))).await;
}

async fn a_stateful_set_has_named_pods_and_claims(api: &Api<'_>) {
    let template = json!({"metadata": {"labels": {"app": "db"}}, "spec": {"terminationGracePeriodSeconds": 1,
        "containers": [{"name": "c", "image": IMAGE, "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}});
    let claim = json!({"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}});
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {"replicas": 2, "serviceName": "db",
        "selector": {"matchLabels": {"app": "db"}}, "template": template, "volumeClaimTemplates": [claim]}});
    api.create(&api.path("apps/v1/statefulsets"), set).await;
    api.until(&api.path("apps/v1/statefulsets/db"), "ready", |s| {
        s["status"]["readyReplicas"] == 2
    })
    .await;
    for name in ["db-0", "db-1"] {
        let pod = api.get(&api.path(&format!("v1/pods/{name}"))).await;
        assert_eq!(
            pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"],
            name
        );
        let claim = api
            .get(&api.path(&format!("v1/persistentvolumeclaims/data-{name}")))
            .await;
        assert_eq!(claim["status"]["phase"], "Bound");
    }
}

async fn a_daemon_set_has_a_pod_per_node(api: &Api<'_>) {
    let set = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"}, "spec": {
        "selector": {"matchLabels": {"app": "agent"}},
        "template": {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": [{"name": "c", "image": IMAGE}]}}}});
    api.create(&api.path("apps/v1/daemonsets"), set).await;
    let nodes = api.get("/api/v1/nodes").await["items"]
        .as_array()
        .unwrap()
        .len();
    let done = api
        .until(&api.path("apps/v1/daemonsets/agent"), "ready", |d| {
            count(&d["status"]["numberReady"]) == nodes as u64
        })
        .await;
    assert_eq!(done["status"]["desiredNumberScheduled"], nodes);
}

async fn a_job_completes(api: &Api<'_>) {
    // The image's user may write only into a volume of its own.
    let container = json!({"name": "c", "image": IMAGE, "command": ["/standin", "write", "/data/x", "y"],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}]});
    let pod = json!({"restartPolicy": "Never", "containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]});
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": {"template": {"spec": pod}}});
    let made = api.create(&api.path("batch/v1/jobs"), job).await;
    let selector = &made["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"];
    assert_eq!(*selector, made["metadata"]["uid"]);
    let done = api
        .until(&api.path("batch/v1/jobs/once"), "complete", |job| {
            is_true(job, "Complete")
        })
        .await;
    assert_eq!(done["status"]["succeeded"], 1);
    assert!(done["status"]["completionTime"].is_string());
    let pods = api
        .get(&format!(
            "{}?labelSelector=job-name%3Donce",
            api.path("v1/pods")
        ))
        .await;
    assert_eq!(pods["items"][0]["status"]["phase"], "Succeeded");
    assert_eq!(
        pods["items"][0]["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"],
        0
    );
}

fn claim(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}})
}

async fn a_claim_waits_for_its_first_pod(api: &Api<'_>) {
    let made = api
        .create(&api.path("v1/persistentvolumeclaims"), claim("data"))
        .await;
    assert_eq!(
        (&made["status"]["phase"], &made["spec"]["storageClassName"]),
        (&json!("Pending"), &json!("local-path"))
    );
    api.door.pause(std::time::Duration::from_secs(2)).await;
    let path = api.path("v1/persistentvolumeclaims/data");
    assert_eq!(api.get(&path).await["status"]["phase"], "Pending");
    let mut body = deployment("web", json!({}));
    body["spec"]["template"]["spec"]["volumes"] =
        json!([{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]);
    api.create(&api.path("apps/v1/deployments"), body).await;
    let bound = api
        .until(&path, "bound", |c| c["status"]["phase"] == "Bound")
        .await;
    assert_eq!(bound["status"]["capacity"]["storage"], "1Mi");
    let volume = format!(
        "/api/v1/persistentvolumes/{}",
        bound["spec"]["volumeName"].as_str().unwrap()
    );
    assert_eq!(api.get(&volume).await["spec"]["claimRef"]["name"], "data");
    available(api, "web").await;
}

async fn a_service_has_endpoints_once_pods_are_ready(api: &Api<'_>) {
    let service = json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}});
    api.create(&api.path("v1/services"), service).await;
    api.until(&api.path("v1/endpoints/web"), "there", |e| {
        e["subsets"].as_array().is_none_or(Vec::is_empty)
    })
    .await;
    api.create(
        &api.path("apps/v1/deployments"),
        deployment("web", json!({})),
    )
    .await;
    available(api, "web").await;
    let found = api
        .until(&api.path("v1/endpoints/web"), "filled", |e| {
            e["subsets"][0]["addresses"].is_array()
        })
        .await;
    let pod = &pods(api, "web").await[0];
    assert_eq!(
        found["subsets"][0]["addresses"][0]["ip"],
        pod["status"]["podIP"]
    );
    assert_eq!(
        found["subsets"][0]["ports"],
        json!([{"port": 8080, "protocol": "TCP"}])
    );
    let slices = api
        .get(&format!(
            "{}?labelSelector=kubernetes.io/service-name%3Dweb",
            api.path("discovery.k8s.io/v1/endpointslices")
        ))
        .await;
    assert_eq!(
        slices["items"][0]["endpoints"][0]["addresses"],
        json!([pod["status"]["podIP"]])
    );
}

async fn a_pod_without_its_claim_waits(api: &Api<'_>) {
    let mut body = deployment("web", json!({}));
    body["spec"]["template"]["spec"]["volumes"] =
        json!([{"name": "d", "persistentVolumeClaim": {"claimName": "none"}}]);
    api.create(&api.path("apps/v1/deployments"), body).await;
    let list = format!("{}?labelSelector=app%3Dweb", api.path("v1/pods"));
    let found = api
        .until(&list, "told why", |list| {
            list["items"][0]["status"]["conditions"][0]["reason"] == "Unschedulable"
        })
        .await;
    let pod = &found["items"][0];
    assert_eq!(
        (
            &pod["status"]["phase"],
            &pod["status"]["conditions"][0]["status"]
        ),
        (&json!("Pending"), &json!("False"))
    );
    let message = pod["status"]["conditions"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("persistentvolumeclaim \"none\" not found"),
        "{message}"
    );
    let name = pod["metadata"]["name"].as_str().unwrap();
    let events = format!(
        "{}?fieldSelector=involvedObject.name%3D{name}",
        api.path("v1/events")
    );
    api.until(&events, "an event", |list| {
        list["items"][0]["reason"] == "FailedScheduling"
    })
    .await;
    let made = api.get(&api.path("apps/v1/deployments/web")).await;
    assert!(!is_true(&made, "Available"), "{made}");
}

async fn a_pod_tells_where_it_runs(api: &Api<'_>) {
    let pod = json!({"metadata": {"name": "one"}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": IMAGE}]}});
    let made = api.create(&api.path("v1/pods"), pod).await;
    assert_eq!(made["status"]["phase"], "Pending");
    let path = api.path("v1/pods/one");
    let ready = api.until(&path, "ready", |pod| is_true(pod, "Ready")).await;
    let nodes = api.get("/api/v1/nodes").await;
    let mut names = nodes["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["metadata"]["name"]);
    assert!(names.any(|name| *name == ready["spec"]["nodeName"]));
    assert!(ready["status"]["podIP"].is_string() && ready["status"]["hostIP"].is_string());
    let (code, log) = api.ask("GET", &format!("{path}/log"), Value::Null).await;
    assert_eq!(code, 200, "{log}");
    let (code, going) = api.delete(&path).await;
    assert_eq!((code, &going["kind"]), (200, &json!("Pod")));
    assert!(going["metadata"]["deletionTimestamp"].is_string());
    api.until_gone(&path).await;
}

async fn an_account_secret_gets_a_token(api: &Api<'_>) {
    let body = json!({"metadata": {"name": "token", "annotations": {"kubernetes.io/service-account.name": "default"}},
        "type": "kubernetes.io/service-account-token"});
    api.create(&api.path("v1/secrets"), body).await;
    let filled = api
        .until(&api.path("v1/secrets/token"), "filled", |s| {
            s["data"]["token"].is_string()
        })
        .await;
    assert!(filled["data"]["ca.crt"].is_string() && filled["data"]["namespace"].is_string());
}

async fn a_watch_sees_a_deployment_become_available(api: &Api<'_>) {
    let made = api
        .create(
            &api.path("apps/v1/deployments"),
            deployment("web", json!({})),
        )
        .await;
    let version = made["metadata"]["resourceVersion"].as_str().unwrap();
    let path = format!(
        "{}?watch=true&timeoutSeconds=100&fieldSelector=metadata.name%3Dweb&resourceVersion={version}",
        api.path("apps/v1/deployments")
    );
    let mut events = api.door.watch(&path).await;
    while let Some(event) = events.next().await {
        assert_eq!(event["type"], "MODIFIED", "{event}");
        if is_true(&event["object"], "Available") {
            return;
        }
    }
    panic!("the watch ended before the deployment was available");
}
