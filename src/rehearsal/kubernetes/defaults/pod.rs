//! Defaults of a pod's specification.

use serde_json::{Value, json};

use super::fill;

/// Fills a pod's specification.
pub fn spec(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    fill(
        spec,
        &json!({"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30, "securityContext": {}}),
    );
    // The old and the new name of one field.
    let account = spec["serviceAccountName"]
        .as_str()
        .or(spec["serviceAccount"].as_str())
        .map(ToOwned::to_owned);
    if let Some(account) = account {
        spec["serviceAccountName"] = account.clone().into();
        spec["serviceAccount"] = account.into();
    }
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            self::container(container);
        }
    }
    // Indexing made nulls of what was not there.
    if let Some(map) = spec.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    for volume in spec["volumes"].as_array_mut().into_iter().flatten() {
        for kind in ["configMap", "secret", "downwardAPI", "projected"] {
            if volume.get(kind).is_some_and(Value::is_object) {
                fill(&mut volume[kind], &json!({"defaultMode": 420}));
            }
        }
        if volume.get("hostPath").is_some_and(Value::is_object) {
            fill(&mut volume["hostPath"], &json!({"type": ""}));
        }
    }
    if let Some(map) = spec.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
}

fn container(container: &mut Value) {
    let image = container["image"].as_str().unwrap_or_default();
    let tag = image
        .rsplit('/')
        .next()
        .and_then(|name| name.split_once(':'))
        .map(|(_, tag)| tag);
    let pull = if image.contains('@') || tag.is_some_and(|tag| tag != "latest") {
        "IfNotPresent"
    } else {
        "Always"
    };
    fill(
        container,
        &json!({"resources": {}, "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File", "imagePullPolicy": pull}),
    );
    for port in container["ports"].as_array_mut().into_iter().flatten() {
        fill(port, &json!({"protocol": "TCP"}));
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if container[probe].is_object() {
            let probe = &mut container[probe];
            fill(
                probe,
                &json!({"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}),
            );
            if probe.get("httpGet").is_some_and(Value::is_object) {
                fill(
                    &mut probe["httpGet"],
                    &json!({"path": "/", "scheme": "HTTP"}),
                );
            }
        }
    }
    for variable in container["env"].as_array_mut().into_iter().flatten() {
        if variable
            .get("valueFrom")
            .is_some_and(|from| from["fieldRef"].is_object())
        {
            fill(
                &mut variable["valueFrom"]["fieldRef"],
                &json!({"apiVersion": "v1"}),
            );
        }
    }
    if let Some(map) = container.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
}

/// The quality of service by what containers ask for.
pub fn quality(spec: &Value) -> &'static str {
    let containers: Vec<&Value> = spec["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    let asks = |c: &&Value, what: &str| {
        c["resources"][what]
            .as_object()
            .is_some_and(|map| !map.is_empty())
    };
    let same = |c: &&Value| {
        let limits = &c["resources"]["limits"];
        let requests = &c["resources"]["requests"];
        ["cpu", "memory"].iter().all(|key| {
            limits[*key].is_string() && (requests[*key].is_null() || requests[*key] == limits[*key])
        })
    };
    if containers
        .iter()
        .all(|c| !asks(c, "requests") && !asks(c, "limits"))
    {
        "BestEffort"
    } else if containers.iter().all(same) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}
