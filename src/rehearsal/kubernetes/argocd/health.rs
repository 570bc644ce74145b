//! The health of objects, as Argo CD judges it.

use serde_json::{Value, json};

/// From the best to the worst.
const SCALE: [&str; 4] = ["Healthy", "Progressing", "Degraded", "Missing"];

/// The health of an object; `None` of a kind that has none, as an Application inside another.
pub fn of(live: &Value) -> Option<Value> {
    let health = |status: &str| Some(json!({ "status": status }));
    match live["kind"].as_str()? {
        "Deployment" | "StatefulSet" => {
            let wanted = live["spec"]["replicas"].as_u64().unwrap_or(1);
            let kind = live["kind"].as_str().unwrap_or_default();
            let field = if kind == "Deployment" {
                "availableReplicas"
            } else {
                "readyReplicas"
            };
            let conditions = live["status"]["conditions"].as_array();
            let late = conditions.into_iter().flatten().any(|one| {
                one["type"] == "Progressing" && one["reason"] == "ProgressDeadlineExceeded"
            });
            if live["status"][field].as_u64().unwrap_or_default() >= wanted {
                return health("Healthy");
            }
            let name = live["metadata"]["name"].as_str().unwrap_or_default();
            if late {
                return Some(json!({"status": "Degraded",
                    "message": format!("Deployment \"{name}\" exceeded its progress deadline")}));
            }
            Some(json!({"status": "Progressing",
                "message": format!("Waiting for rollout to finish: 0 of {wanted} updated replicas are available...")}))
        }
        "PersistentVolumeClaim" => match live["status"]["phase"].as_str() {
            Some("Bound") => health("Healthy"),
            _ => health("Progressing"),
        },
        _ => None,
    }
}

/// The worst of all objects.
pub fn of_all(resources: &[Value], complete: bool) -> &'static str {
    let rank = |resource: &Value| {
        let status = resource["health"]["status"].as_str().unwrap_or("Healthy");
        SCALE.iter().position(|one| *one == status).unwrap_or(1)
    };
    let worst = resources.iter().map(rank).max().unwrap_or_default();
    if complete { SCALE[worst] } else { "Missing" }
}
