//! Deleting, until it is gone: in the foreground, and with the finalizers named that hold it up.

use std::time::Duration;

use serde_json::{Value, json};

use super::order::Phase;
use super::way::Way;
use crate::cluster::wait::{Until, condition, wait};
use crate::cluster::{Cluster, ClusterError, Key, MANAGER, Patch, Place, doctor, ownership};

/// How long between two tries of what a webhook refuses.
const PAUSE: Duration = Duration::from_millis(500);

/// How long Kubernetes is left alone with a definition that it did not get rid of.
const PATIENCE: Duration = Duration::from_secs(10);
/// What makes Kubernetes look at a definition again.
const NUDGE: &str = "nautes-install/removal";

/// An object that was applied, with the API version it was applied in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// What it is.
    pub key: Key,
    /// The version of its group.
    pub version: String,
    /// Its `uid`; nothing if it was never learnt.
    pub uid: String,
    /// Digest of what was wanted and of what was there afterwards; nothing if it was never learnt.
    pub seen: String,
}

impl Item {
    /// `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.key.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.key.group, self.version)
        }
    }
}

/// Deletes an object and waits until it is gone.
///
/// # Errors
/// It is still there at `until`: what holds it.
pub async fn delete_and_wait(
    cluster: &Cluster,
    place: &Place,
    (options, until): (&Value, Duration),
) -> Result<bool, ClusterError> {
    let there = cluster.delete(place, options).await?;
    if there {
        gone(cluster, place, until).await?;
    }
    Ok(there)
}

/// Waits until an object is gone. A definition whose objects could not be listed at once (its storage
/// was still being made) is looked at by Kubernetes again after ever longer pauses, up to five
/// minutes, or as soon as something of it changes.
async fn gone(cluster: &Cluster, place: &Place, until: Duration) -> Result<(), ClusterError> {
    let reader = cluster.reader();
    loop {
        let next = until.min(reader.clock().elapsed() + PATIENCE);
        let waited = wait(reader, place, (&Until::Gone, next)).await;
        if waited.is_ok() || next == until {
            return waited.map(|_| ());
        }
        match reader.get(place).await? {
            Some(live) if is_forgotten(&live) => {
                let turn = reader.clock().elapsed().as_millis().to_string();
                let nudge = json!({"metadata": {"annotations": {NUDGE: turn}}});
                let nudged = cluster.patch(place, Patch::Merge, &nudge).await;
                match nudged.as_ref().err().and_then(ClusterError::refusal) {
                    Some(refusal) if refusal.code == 404 => return Ok(()),
                    _ => nudged?,
                };
            }
            _ => return wait(reader, place, (&Until::Gone, until)).await.map(|_| ()),
        }
    }
}

/// Whether a definition waits for Kubernetes to look again.
fn is_forgotten(live: &Value) -> bool {
    live["kind"] == "CustomResourceDefinition"
        && condition(live, "Terminating")["message"]
            .as_str()
            .is_some_and(|message| message.contains("(re)initializing"))
}

/// Deletes what was applied, in reverse order, phase by phase; what others made since under the
/// same name stays. What was deleted comes back.
///
/// # Errors
/// The first that cannot be deleted or does not go.
pub async fn remove(
    cluster: &Cluster,
    items: &[Item],
    (until, way): (Duration, &Way),
) -> Result<Vec<Item>, ClusterError> {
    let mut gone = Vec::new();
    // Webhooks before the rest: one without endpoints would refuse the deletion of what it guards.
    let order = [
        Phase::Custom,
        Phase::Webhooks,
        Phase::Workloads,
        Phase::Ground,
        Phase::Definitions,
        Phase::Namespaces,
    ];
    for phase in order {
        let of_phase = items
            .iter()
            .filter(|item| Phase::of_key(&item.key) == phase);
        let work = of_phase
            .map(|item| async move { (item, remove_one(cluster, item, (until, way)).await) });
        for (item, removed) in futures::future::join_all(work).await {
            if removed? {
                gone.push(item.clone());
            }
        }
        if phase == Phase::Definitions && gone.iter().any(|i| Phase::of_key(&i.key) == phase) {
            cluster.reader().forget_kinds();
        }
    }
    Ok(gone)
}

async fn remove_one(
    cluster: &Cluster,
    item: &Item,
    (until, way): (Duration, &Way),
) -> Result<bool, ClusterError> {
    let Some((place, live)) = find(cluster, item).await? else {
        return Ok(false);
    };
    if is_foreign(item, &live) {
        return Ok(false);
    }
    stop_conversion(cluster, &place, &live).await?;
    let options = json!({"propagationPolicy": propagation(&item.key),
        "preconditions": {"uid": live["metadata"]["uid"]}});
    loop {
        let deleted = delete_and_wait(cluster, &place, (&options, until)).await;
        let refused = deleted.as_ref().err().and_then(ClusterError::refusal);
        let Some(refusal) = refused.filter(|refusal| refusal.webhook().is_some()) else {
            return deleted;
        };
        if cluster.reader().clock().elapsed() >= until {
            let cause = doctor::of_refusal(cluster.reader(), refusal).await;
            return Err(ClusterError::Late {
                what: format!("{place} cannot be removed: {}", refusal.message),
                cause: cause.map(Box::new),
            });
        }
        // One that is gone already is still called for a moment.
        way.make(cluster, refusal).await?;
        cluster.reader().clock().sleep(PAUSE).await;
    }
}

/// What makes pods is gone when they are. Of the rest nothing is waited for: in the foreground an
/// object first gets a finalizer, and taking that away is an update, which a webhook that is away
/// refuses.
fn propagation(key: &Key) -> &'static str {
    if Phase::of_key(key) == Phase::Workloads {
        "Foreground"
    } else {
        "Background"
    }
}

/// A definition goes with all its objects, and the server first reads them: if whoever converts them
/// is away, it could not. So nobody converts any more.
async fn stop_conversion(
    cluster: &Cluster,
    place: &Place,
    live: &Value,
) -> Result<(), ClusterError> {
    let conversion = &live["spec"]["conversion"];
    let is_definition = place.resource.group == "apiextensions.k8s.io";
    if !is_definition
        || conversion["strategy"] != "Webhook"
        || doctor::answers(cluster.reader(), &conversion["webhook"]["clientConfig"]).await?
    {
        return Ok(());
    }
    let none = json!({"spec": {"conversion": {"strategy": "None", "webhook": null}}});
    match cluster.patch(place, Patch::Merge, &none).await {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// Whether others made it since. An object of which nothing can be owned (a bare namespace) tells it
/// by its `uid` only.
fn is_foreign(item: &Item, live: &Value) -> bool {
    if live["metadata"]["uid"] == *item.uid || ownership::has_part(live, MANAGER) {
        return false;
    }
    let managers = live["metadata"]["managedFields"].as_array();
    !item.uid.is_empty() || managers.is_some_and(|m| !m.is_empty())
}

/// An object of an inventory as it is now; `None` if it, or its kind, is no more.
///
/// # Errors
/// The server cannot be asked.
pub async fn find(cluster: &Cluster, item: &Item) -> Result<Option<(Place, Value)>, ClusterError> {
    let reader = cluster.reader();
    let resource = match reader.resource(&item.api_version(), &item.key.kind).await {
        Ok(resource) => resource,
        Err(ClusterError::UnknownKind { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let place = Place::new(&resource, &item.key.namespace, &item.key.name);
    Ok(reader.get(&place).await?.map(|live| (place, live)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_definition_whose_storage_was_being_made_is_nudged() {
        let crd = |message: &str| {
            json!({"kind": "CustomResourceDefinition", "status": {"conditions": [
                {"type": "Terminating", "status": "True", "reason": "InstanceDeletionFailed", "message": message}]}})
        };
        assert!(is_forgotten(&crd(
            "could not list instances: storage is (re)initializing"
        )));
        assert!(!is_forgotten(&crd(
            "could not list instances: conversion webhook for example.org/v1 failed"
        )));
        assert!(!is_forgotten(&json!({"kind": "Namespace"})));
    }

    #[test]
    fn only_what_makes_pods_goes_in_the_foreground() {
        let of = |group: &str, kind: &str| {
            propagation(&Key {
                group: group.to_owned(),
                kind: kind.to_owned(),
                namespace: "n".to_owned(),
                name: "x".to_owned(),
            })
        };
        assert_eq!(of("apps", "Deployment"), "Foreground");
        assert_eq!(of("cert-manager.io", "ClusterIssuer"), "Background");
        assert_eq!(of("", "ConfigMap"), "Background");
    }
}
