//! Namespaces: what each has from its beginning, and how one ends.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{earlier, end};
use crate::rehearsal::kubernetes::meta::put_system;
use crate::rehearsal::kubernetes::state::{State, time_of};
use crate::rehearsal::kubernetes::store::Key;

/// How long an empty namespace takes to end.
const TERMINATION: Duration = Duration::from_secs(5);

impl State {
    /// Gives namespaces their default objects and ends those that are deleted.
    pub fn settle_namespaces(&mut self) -> Option<Duration> {
        let mut due = None;
        for (key, namespace) in self.objects("/namespaces") {
            match namespace["metadata"]["deletionTimestamp"]
                .as_str()
                .and_then(time_of)
            {
                Some(at) => {
                    due = earlier(due, self.end_namespace(&key, namespace, at + TERMINATION));
                }
                None => self.furnish(&key.name),
            }
        }
        due
    }

    fn furnish(&mut self, name: &str) {
        if self.object("/serviceaccounts", name, "default").is_none() {
            let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": name}});
            put_system(self, ("/serviceaccounts", name, "default"), account);
        }
        if self
            .object("/configmaps", name, "kube-root-ca.crt")
            .is_none()
        {
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "kube-root-ca.crt", "namespace": name,
                    "annotations": {"kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."}},
                "data": {"ca.crt": self.authority}});
            put_system(self, ("/configmaps", name, "kube-root-ca.crt"), map);
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "what is left is counted, told and waited for in one step"
    )]
    fn end_namespace(&mut self, key: &Key, mut namespace: Value, at: Duration) -> Option<Duration> {
        let inside: Vec<(Key, Value)> = self
            .store
            .all()
            .filter(|(inner, _)| inner.namespace == key.name)
            .map(|(inner, object)| (inner.clone(), Value::clone(object)))
            .collect();
        let mut left = Vec::new();
        for (inner, object) in inside {
            if !end(self, &inner, object) {
                left.push(inner);
            }
        }
        if left.is_empty() && at <= self.now {
            let own = namespace["metadata"]["finalizers"]
                .as_array()
                .is_none_or(Vec::is_empty);
            if own {
                self.store.delete(key);
            }
            return None;
        }
        if !left.is_empty() && at <= self.now {
            let mut kinds: Vec<String> = left.iter().map(|key| key.resource.clone()).collect();
            kinds.dedup();
            let remaining: Vec<String> = kinds
                .iter()
                .map(|kind| {
                    let (group, plural) = kind.split_once('/').unwrap_or_default();
                    let count = left.iter().filter(|key| key.resource == *kind).count();
                    format!("{plural}.{group} has {count} resource instances")
                })
                .collect();
            let mut holders: BTreeMap<String, usize> = BTreeMap::new();
            for key in &left {
                let finalizers = self
                    .store
                    .get(key)
                    .and_then(|o| o["metadata"]["finalizers"].as_array().cloned());
                for one in finalizers.into_iter().flatten() {
                    *holders
                        .entry(one.as_str().unwrap_or_default().to_owned())
                        .or_default() += 1;
                }
            }
            let holders: Vec<String> = holders
                .iter()
                .map(|(name, count)| format!("{name} in {count} resource instances"))
                .collect();
            let conditions = json!([{"type": "NamespaceContentRemaining", "status": "True",
                "lastTransitionTime": namespace["metadata"]["deletionTimestamp"], "reason": "SomeResourcesRemain",
                "message": format!("Some resources are remaining: {}", remaining.join(", "))},
                {"type": "NamespaceFinalizersRemaining", "status": "True",
                "lastTransitionTime": namespace["metadata"]["deletionTimestamp"], "reason": "SomeFinalizersRemain",
                "message": format!("Some content in the namespace has finalizers remaining: {}", holders.join(", "))}]);
            if namespace["status"]["conditions"] != conditions {
                namespace["status"]["conditions"] = conditions;
                self.store.put(key, namespace);
            }
            return None;
        }
        Some(at)
    }
}
