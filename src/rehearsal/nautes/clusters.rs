//! What Nautes checks of a cluster that is registered, and what it fills in.

use serde_json::{Value, json};

/// The parts of a cluster that have a default: kind, name, namespace.
const PARTS: [(&str, &str, &str); 7] = [
    ("multi_tenant", "hnc", "hnc-system"),
    ("secret_sync", "external-secrets", "external-secrets"),
    ("gateway", "traefik", "traefik"),
    ("deployment", "argocd", "argocd"),
    ("progressive_delivery", "argo-rollouts", "argo-rollouts"),
    ("pipeline", "tekton", "tekton-pipelines"),
    ("event_listener", "argo-events", "argo-events"),
];

/// Checks a body and fills it in; the kubeconfig leaves it.
///
/// # Errors
/// Why the cluster cannot be registered.
pub fn complete(name: &str, body: &mut Value) -> Result<(), String> {
    let text = |body: &Value, key: &str| body[key].as_str().unwrap_or_default().to_owned();
    if name.contains(['.', '_']) {
        return Err(format!(
            "failed to save cluster secret, err: input arg error: {name}"
        ));
    }
    let server = text(body, "api_server");
    let Some(rest) = server.strip_prefix("https://") else {
        return Err(format!("the apiserver {server} is not an https address"));
    };
    if text(body, "cluster_type") == "physical" && text(body, "kubeconfig").is_empty() {
        return Err("the physical cluster must provide kubeconfig".to_owned());
    }
    if text(body, "cluster_type") == "virtual" && text(body, "host_cluster").is_empty() {
        return Err("the virtual cluster must provide the host cluster".to_owned());
    }
    if text(body, "usage") == "worker" && text(body, "worker_type").is_empty() {
        return Err(
            "when the cluster usage is 'worker', the 'WorkerType' field is required".to_owned(),
        );
    }
    let host = rest.split([':', '/']).next().unwrap_or_default().to_owned();
    let domain = if host.parse::<std::net::Ipv4Addr>().is_ok() {
        format!("{host}.nip.io")
    } else {
        host
    };
    if text(body, "primary_domain").is_empty() {
        body["primary_domain"] = domain.clone().into();
    }
    if let Some(map) = body.as_object_mut() {
        map.remove("kubeconfig");
    }
    for (part, is, namespace) in PARTS {
        let there = &mut body["components_list"][part];
        if there["name"].as_str().is_none_or(str::is_empty) {
            *there = json!({ "name": is, "namespace": namespace, "additions": {} });
        }
        let additions = &mut there["additions"];
        let defaults = match part {
            "gateway" => vec![
                ("httpNodePort", "30080".to_owned()),
                ("httpsNodePort", "30443".to_owned()),
            ],
            "deployment" => vec![("host", format!("argocd.{name}.{domain}"))],
            "pipeline" => vec![("host", format!("tekton.{name}.{domain}"))],
            _ => Vec::new(),
        };
        for (key, value) in defaults {
            if additions[key].as_str().is_none_or(str::is_empty) {
                additions[key] = value.into();
            }
        }
    }
    Ok(())
}
