//! What kubeadm puts into a new cluster: its own settings, `CoreDNS`, kube-proxy.

use serde_json::{Value, json};

use super::super::kubectl::ask;
use super::API;
use crate::rehearsal::process::Process;

/// Puts them; what is there already stays as it is.
pub fn put(process: &mut Process<'_>, settings: &Value) {
    let (host, now) = (&*process.host, process.now());
    process.world.refresh_cluster(host, host, now);
    let service = process.world.network.get(&host.name, API);
    let Some(cluster) = service.as_ref().and_then(|service| service.cluster()) else {
        return;
    };
    let repository = settings["imageRepository"]
        .as_str()
        .unwrap_or("registry.k8s.io");
    let release = settings["kubernetesVersion"].as_str().unwrap_or_default();
    let workload = |kind: &str, name: &str, image: String| {
        let labels = json!({"k8s-app": name});
        let mut spec = json!({"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": name, "image": image}], "tolerations": [{"operator": "Exists"}]}}});
        if kind == "Deployment" {
            spec["replicas"] = 2.into();
        }
        json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
    };
    let objects = [
        (
            "/api/v1/namespaces/kube-system/configmaps",
            json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "kubeadm-config"}, "data": {"ClusterConfiguration": settings.to_string()}}),
        ),
        (
            "/apis/apps/v1/namespaces/kube-system/deployments",
            workload(
                "Deployment",
                "coredns",
                format!("{repository}/coredns/coredns:v1.12.1"),
            ),
        ),
        (
            "/apis/apps/v1/namespaces/kube-system/daemonsets",
            workload(
                "DaemonSet",
                "kube-proxy",
                format!("{repository}/kube-proxy:{release}"),
            ),
        ),
    ];
    for (path, object) in objects {
        // One that is there is refused, and that is right.
        ask(cluster, ("POST", path), object);
    }
}
