//! Custom kinds: from a `CustomResourceDefinition` to kinds that are served, and its life cycle.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::kinds::{Custom, Kind, Scope};
use super::schema;
use super::state::{State, time_of};
use super::store::Key;

/// How long the API takes until a new CRD is served.
const UNTIL_ESTABLISHED: Duration = Duration::from_millis(500);

/// What CRDs are stored by.
pub const RESOURCE: &str = "apiextensions.k8s.io/customresourcedefinitions";

/// Versions as Kubernetes orders them: stable ones, betas, alphas, each the newest first.
pub fn version_order(a: &str, b: &str) -> Ordering {
    fn rank(version: &str) -> Option<(u8, u64, u64)> {
        let rest = version.strip_prefix('v')?;
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let major: u64 = rest[..end].parse().ok()?;
        let (stage, minor) = match &rest[end..] {
            "" => (3, "0"),
            tail => tail
                .strip_prefix("beta")
                .map(|minor| (2, minor))
                .or_else(|| tail.strip_prefix("alpha").map(|minor| (1, minor)))?,
        };
        Some((stage, major, minor.parse().unwrap_or_default()))
    }
    match (rank(a), rank(b)) {
        (Some(a), Some(b)) => b.cmp(&a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// The versions of a CRD that are served, the preferred first.
#[expect(clippy::too_many_lines, reason = "one value per field of a kind")]
fn kinds_of(crd: &Value) -> Vec<Arc<Kind>> {
    let spec = &crd["spec"];
    let names = &spec["names"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(ToOwned::to_owned)
            .collect()
    };
    let versions = spec["versions"].as_array().into_iter().flatten();
    let mut kinds: Vec<Arc<Kind>> = versions
        .filter(|version| version["served"] == true)
        .map(|version| {
            let schema = version["schema"]["openAPIV3Schema"].clone();
            let subresources = &version["subresources"];
            let subs = ["status", "scale"]
                .into_iter()
                .filter(|sub| subresources.get(sub).is_some());
            Arc::new(Kind {
                group: text(&spec["group"]),
                version: text(&version["name"]),
                plural: text(&names["plural"]),
                singular: text(&names["singular"]),
                kind: text(&names["kind"]),
                scope: if spec["scope"] == "Cluster" {
                    Scope::Cluster
                } else {
                    Scope::Namespaced
                },
                verbs: [
                    "delete",
                    "deletecollection",
                    "get",
                    "list",
                    "patch",
                    "create",
                    "update",
                    "watch",
                ]
                .map(ToOwned::to_owned)
                .to_vec(),
                short: list(&names["shortNames"]),
                categories: list(&names["categories"]),
                subresources: subs.map(ToOwned::to_owned).collect(),
                shape: schema::root_type(&schema),
                custom: Some(Arc::new(Custom {
                    crd: text(&crd["metadata"]["name"]),
                    columns: version["additionalPrinterColumns"]
                        .as_array()
                        .cloned()
                        .unwrap_or_default(),
                    scale: subresources["scale"].clone(),
                    conversion: conversion(spec),
                    schema,
                })),
            })
        })
        .collect();
    kinds.sort_by(|a, b| version_order(&a.version, &b.version));
    kinds
}

/// Why versions cannot be converted: nothing answers webhooks in a rehearsal. Tekton's versions differ
/// in nothing that Nautes writes.
fn conversion(spec: &Value) -> Option<String> {
    let conversion = &spec["conversion"];
    if conversion["strategy"] != "Webhook" || spec["group"] == "tekton.dev" {
        return None;
    }
    let service = &conversion["webhook"]["clientConfig"]["service"];
    let part = |key: &str| service[key].as_str().unwrap_or_default();
    Some(format!(
        "Post \"https://{}.{}.svc:443{}\": the rehearsal does not simulate conversion webhooks",
        part("name"),
        part("namespace"),
        part("path")
    ))
}

/// Whether a condition of an object is true.
pub fn has_condition(object: &Value, kind: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|c| c["type"] == kind && c["status"] == "True")
}

impl State {
    /// Reads the served custom kinds from the stored CRDs.
    pub fn refresh_kinds(&mut self) {
        let mut custom = BTreeMap::new();
        for (key, crd) in self.store.list(RESOURCE, "") {
            if has_condition(crd, "Established") {
                custom.insert(key.name.clone(), kinds_of(crd));
            }
        }
        self.kinds.custom = custom;
    }

    /// Establishes CRDs whose time has come and removes those that are deleted; when the next is due.
    pub fn settle_crds(&mut self) -> Option<Duration> {
        let mut due: Option<Duration> = None;
        let mut changed = false;
        for (key, crd) in self.objects(RESOURCE) {
            if crd["metadata"]["deletionTimestamp"].is_string() {
                changed |= self.end_crd(&key, crd);
                continue;
            }
            let mut new = crd.clone();
            if !has_condition(&crd, "Established") {
                let made = crd["metadata"]["creationTimestamp"]
                    .as_str()
                    .and_then(time_of)
                    .unwrap_or_default();
                let at = self.first_seen(&crd, made) + UNTIL_ESTABLISHED;
                if at > self.now {
                    due = Some(due.map_or(at, |due| due.min(at)));
                    continue;
                }
                let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "lastTransitionTime": self.time(), "reason": reason, "message": message});
                new["status"]["conditions"] = json!([
                    condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                    condition(
                        "Established",
                        "InitialNamesAccepted",
                        "the initial names have been accepted"
                    ),
                ]);
                new["status"]["acceptedNames"] = crd["spec"]["names"].clone();
            }
            remember_stored(&mut new);
            if new != crd {
                self.store.put(&key, new);
                changed = true;
            }
        }
        if changed
            || self.kinds.custom.len() != self.store.list(RESOURCE, "").count()
            || self.is_stale()
        {
            self.refresh_kinds();
        }
        due
    }

    /// When an object was made, to the millisecond: objects' own times have seconds only.
    fn first_seen(&mut self, crd: &Value, made: Duration) -> Duration {
        let uid = crd["metadata"]["uid"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let now = self.now;
        *self.seen.entry(uid).or_insert_with(|| now.max(made))
    }

    /// Whether a stored CRD says otherwise than the kinds that are served.
    fn is_stale(&self) -> bool {
        let newest = self.store.list(RESOURCE, "").filter_map(|(_, crd)| {
            crd["metadata"]["resourceVersion"]
                .as_str()?
                .parse::<u64>()
                .ok()
        });
        newest.max().unwrap_or_default() > self.settled.unwrap_or_default()
    }

    /// Takes a deleted CRD's objects away, then itself.
    fn end_crd(&mut self, key: &Key, mut crd: Value) -> bool {
        let resource = format!(
            "{}/{}",
            crd["spec"]["group"].as_str().unwrap_or_default(),
            crd["spec"]["names"]["plural"].as_str().unwrap_or_default()
        );
        let mut left = 0;
        for (key, object) in self.objects(&resource) {
            left += usize::from(!super::settle::end(self, &key, object));
        }
        let finalizers = crd["metadata"]["finalizers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let ours = "customresourcecleanup.apiextensions.k8s.io";
        if left == 0 && finalizers.iter().all(|f| f == ours) {
            self.store.delete(key);
            return true;
        }
        if has_condition(&crd, "Terminating") {
            return false;
        }
        let condition = json!({"type": "Terminating", "status": "True", "lastTransitionTime": self.time(),
            "reason": "InstanceDeletionInProgress", "message": "CustomResource deletion is in progress"});
        if let Some(list) = crd["status"]["conditions"].as_array_mut() {
            list.push(condition);
        } else {
            crd["status"]["conditions"] = json!([condition]);
        }
        self.store.put(key, crd);
        true
    }
}

/// `status.storedVersions` has every version that was ever the stored one.
fn remember_stored(crd: &mut Value) {
    let versions = crd["spec"]["versions"].as_array().into_iter().flatten();
    let stored = versions
        .filter(|v| v["storage"] == true)
        .find_map(|v| v["name"].as_str());
    let Some(stored) = stored.map(ToOwned::to_owned) else {
        return;
    };
    match crd["status"]["storedVersions"].as_array_mut() {
        Some(list) if list.iter().any(|v| v == stored.as_str()) => {}
        Some(list) => list.push(stored.into()),
        None => crd["status"]["storedVersions"] = json!([stored]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_kubernetes_does() {
        let mut versions = vec![
            "foo1",
            "v1alpha1",
            "v2",
            "v1beta2",
            "v10",
            "v1",
            "v1beta10",
            "v11alpha2",
        ];
        versions.sort_by(|a, b| version_order(a, b));
        assert_eq!(
            versions,
            [
                "v10",
                "v2",
                "v1",
                "v1beta10",
                "v1beta2",
                "v11alpha2",
                "v1alpha1",
                "foo1"
            ]
        );
    }
}
