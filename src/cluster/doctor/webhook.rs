//! Webhooks that cannot be called: which service stands behind one, and whether anybody answers
//! there.

use std::time::Duration;

use serde_json::Value;

use super::text;
use crate::cluster::watch::{Among, Seen};
use crate::cluster::{ClusterError, ClusterReader, Place, Refusal};

/// Namespace and name of the service of a `clientConfig`.
fn service(config: &Value) -> Option<(&str, &str)> {
    let service = &config["service"];
    Some((service["namespace"].as_str()?, service["name"].as_str()?))
}

fn has_ready(slice: &Value) -> bool {
    let endpoints = slice["endpoints"].as_array();
    endpoints
        .into_iter()
        .flatten()
        .any(|e| e["conditions"]["ready"] != false)
}

fn of_service(namespace: &str, name: &str) -> Among {
    Among::namespace(namespace).labelled(&format!("kubernetes.io/service-name={name}"))
}

/// Whether anybody answers behind a webhook: a ready endpoint of its service. One by address is
/// taken to answer.
///
/// # Errors
/// The server cannot be asked.
pub async fn answers(reader: &ClusterReader, config: &Value) -> Result<bool, ClusterError> {
    let Some((namespace, name)) = service(config) else {
        return Ok(true);
    };
    let slices = reader
        .resource("discovery.k8s.io/v1", "EndpointSlice")
        .await?;
    let listed = reader.list(&slices, &of_service(namespace, name)).await?;
    Ok(listed.items.iter().any(has_ready))
}

/// Waits until every service has endpoints that stands behind a webhook which refuses what it
/// cannot judge.
///
/// # Errors
/// One has none at `until`: with why its pods do not run.
pub async fn endpoints(
    reader: &ClusterReader,
    (configuration, until): (&Value, Duration),
) -> Result<(), ClusterError> {
    let hooks = configuration["webhooks"].as_array();
    for hook in hooks.into_iter().flatten() {
        // One without rules refuses nothing: its controller writes them when it is there.
        let rules = hook["rules"]
            .as_array()
            .is_some_and(|rules| !rules.is_empty());
        let config = &hook["clientConfig"];
        if hook["failurePolicy"] == "Ignore" || !rules {
            continue;
        }
        let Some((namespace, name)) = service(config) else {
            continue;
        };
        if answers(reader, config).await? {
            continue;
        }
        arrive(reader, (namespace, name, until)).await?;
    }
    Ok(())
}

async fn arrive(
    reader: &ClusterReader,
    (namespace, name, until): (&str, &str, Duration),
) -> Result<(), ClusterError> {
    let slices = reader
        .resource("discovery.k8s.io/v1", "EndpointSlice")
        .await?;
    let mut watch = reader.watch(&slices, &of_service(namespace, name));
    while let Some(seen) = watch.before(until).await? {
        if let Seen::There(slice) = seen
            && has_ready(&slice)
        {
            return Ok(());
        }
    }
    Err(ClusterError::Late {
        what: format!("service {namespace}/{name}, which a webhook needs, has no endpoints"),
        cause: behind(reader, namespace, name).await,
    })
}

/// Why nobody answers behind a service.
async fn behind(reader: &ClusterReader, namespace: &str, name: &str) -> Option<String> {
    let services = reader.resource("v1", "Service").await.ok()?;
    let Some(service) = reader
        .get(&Place::new(&services, namespace, name))
        .await
        .ok()?
    else {
        return Some(format!(
            "there is no service `{name}` in namespace `{namespace}`"
        ));
    };
    let labels = service["spec"]["selector"].as_object()?;
    let labels: Vec<String> = labels
        .iter()
        .map(|(k, v)| format!("{k}={}", text(v)))
        .collect();
    let pods = reader.resource("v1", "Pod").await.ok()?;
    let among = Among::namespace(namespace).labelled(&labels.join(","));
    let found = reader.list(&pods, &among).await.ok()?.items;
    if found.is_empty() {
        return Some(format!(
            "no pod has the labels of service `{name}`: {}",
            labels.join(", ")
        ));
    }
    super::pods(reader, found).await
}

/// What stands behind a refusal for a webhook's sake.
pub async fn of_refusal(reader: &ClusterReader, refusal: &Refusal) -> Option<String> {
    let webhook = refusal.webhook()?;
    for kind in [
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    ] {
        let resource = reader
            .resource("admissionregistration.k8s.io/v1", kind)
            .await
            .ok()?;
        for found in reader.list(&resource, &Among::default()).await.ok()?.items {
            let hooks = found["webhooks"].as_array().cloned().unwrap_or_default();
            let Some(hook) = hooks.iter().find(|hook| hook["name"] == *webhook) else {
                continue;
            };
            let (namespace, name) = service(&hook["clientConfig"])?;
            let configuration = text(&found["metadata"]["name"]);
            let head = format!(
                "webhook `{webhook}` of `{configuration}` is served by service {namespace}/{name}"
            );
            let why = behind(reader, namespace, name).await;
            return Some(why.map_or_else(|| head.clone(), |why| format!("{head}: {why}")));
        }
    }
    None
}
