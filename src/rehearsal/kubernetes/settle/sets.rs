//! `StatefulSets` and `DaemonSets`.

use std::time::Duration;

use serde_json::{Value, json};

use super::pieces::{count, hash_of, is_ready, owned, put_status};
use crate::rehearsal::kubernetes::meta::put_system;
use crate::rehearsal::kubernetes::state::State;
use crate::rehearsal::kubernetes::store::Key;

const HASH: &str = "controller-revision-hash";

impl State {
    /// Moves every `StatefulSet` and `DaemonSet` on.
    pub fn settle_sets(&mut self) -> Option<Duration> {
        for (key, set) in self.objects("apps/statefulsets") {
            if set["metadata"]["deletionTimestamp"].is_null() {
                self.settle_stateful(&key, set);
            }
        }
        for (key, set) in self.objects("apps/daemonsets") {
            if set["metadata"]["deletionTimestamp"].is_null() {
                self.settle_daemons(&key, set);
            }
        }
        None
    }

    fn settle_stateful(&mut self, key: &Key, set: Value) {
        let hash = format!("{}-{}", key.name, hash_of(&set["spec"]["template"]));
        let wanted = count(&set["spec"]["replicas"]);
        let parallel = set["spec"]["podManagementPolicy"] == "Parallel";
        let pods = owned(self, "/pods", &key.namespace, &set);
        let named = |at: u64| format!("{}-{at}", key.name);
        let find = |at: u64| pods.iter().find(|(pod, _)| pod.name == named(at));
        for at in 0..wanted {
            match find(at) {
                None => {
                    self.claims_of(&set, at);
                    let more = json!({"statefulset.kubernetes.io/pod-name": named(at), "apps.kubernetes.io/pod-index": at.to_string(), HASH: hash});
                    let with_claims = with_volumes(&set, at);
                    self.new_pod(&with_claims, (&named(at), &more));
                    if !parallel {
                        break;
                    }
                }
                Some((_, pod)) if !is_ready(pod) && !parallel => break,
                Some(_) => {}
            }
        }
        for (at, pod) in &pods {
            let number: u64 = at
                .name
                .rsplit('-')
                .next()
                .and_then(|n| n.parse().ok())
                .unwrap_or_default();
            if number >= wanted && pod["metadata"]["deletionTimestamp"].is_null() {
                self.ask_to_end(at, pod);
            }
        }
        // One pod of the old template at a time, the last one first, once all are ready.
        let all_ready = pods.len() as u64 == wanted && pods.iter().all(|(_, pod)| is_ready(pod));
        let old = pods
            .iter()
            .rev()
            .find(|(_, pod)| pod["metadata"]["labels"][HASH] != hash.as_str());
        if let (true, Some((at, pod))) = (all_ready, old)
            && pod["metadata"]["deletionTimestamp"].is_null()
        {
            self.ask_to_end(at, pod);
        }
        let (ready, updated) = ready_and_updated(&pods, &hash);
        let mut status = json!({"observedGeneration": set["metadata"]["generation"], "replicas": pods.len(), "updateRevision": hash,
            "currentRevision": hash, "collisionCount": 0, "availableReplicas": ready, "currentReplicas": updated});
        if ready > 0 {
            status["readyReplicas"] = ready.into();
        }
        if updated > 0 {
            status["updatedReplicas"] = updated.into();
        }
        put_status(self, key, set, status);
    }

    /// The claims of a `StatefulSet`'s pod.
    fn claims_of(&mut self, set: &Value, at: u64) {
        let namespace = set["metadata"]["namespace"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        for template in set["spec"]["volumeClaimTemplates"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let name = claim_name(set, template, at);
            if self
                .object("/persistentvolumeclaims", &namespace, &name)
                .is_none()
            {
                let mut claim = template.clone();
                claim["metadata"] = json!({"name": name, "namespace": namespace, "labels": set["spec"]["selector"]["matchLabels"],
                    "finalizers": ["kubernetes.io/pvc-protection"]});
                if claim["spec"]["storageClassName"].is_null() {
                    claim["spec"]["storageClassName"] = "local-path".into();
                }
                claim["status"] = json!({"phase": "Pending"});
                put_system(self, ("/persistentvolumeclaims", &namespace, &name), claim);
            }
        }
    }

    fn settle_daemons(&mut self, key: &Key, set: Value) {
        let hash = hash_of(&set["spec"]["template"]);
        let pods = owned(self, "/pods", &key.namespace, &set);
        let wanted = set["spec"]["template"]["spec"]["nodeSelector"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let nodes: Vec<String> = self
            .objects("/nodes")
            .into_iter()
            .filter(|(_, node)| {
                wanted
                    .iter()
                    .all(|(key, value)| node["metadata"]["labels"][key] == *value)
            })
            .map(|(key, _)| key.name)
            .collect();
        for node in &nodes {
            let there = pods
                .iter()
                .any(|(_, pod)| pod["spec"]["nodeName"] == node.as_str());
            if !there {
                let name = format!("{}-{}", key.name, self.suffix(&key.name, 5));
                let mut bound = set.clone();
                bound["spec"]["template"]["spec"]["nodeName"] = node.clone().into();
                self.new_pod(
                    &bound,
                    (&name, &json!({HASH: hash, "pod-template-generation": "1"})),
                );
            }
        }
        for (at, pod) in &pods {
            let stray = pod["spec"]["nodeName"]
                .as_str()
                .is_some_and(|node| !nodes.iter().any(|n| n == node));
            let old = pod["metadata"]["labels"][HASH] != hash.as_str();
            if (stray || old) && pod["metadata"]["deletionTimestamp"].is_null() {
                self.ask_to_end(at, pod);
            }
        }
        let (ready, updated) = ready_and_updated(&pods, &hash);
        let mut status = json!({"observedGeneration": set["metadata"]["generation"], "currentNumberScheduled": pods.len(),
            "desiredNumberScheduled": nodes.len(), "numberMisscheduled": 0, "numberReady": ready, "updatedNumberScheduled": updated});
        if ready > 0 {
            status["numberAvailable"] = ready.into();
        }
        if nodes.len() > ready {
            status["numberUnavailable"] = (nodes.len() - ready).into();
        }
        put_status(self, key, set, status);
    }
}

fn claim_name(set: &Value, template: &Value, at: u64) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "{}-{}-{at}",
        text(&template["metadata"]["name"]),
        text(&set["metadata"]["name"])
    )
}

/// The set with its claims as volumes of its template.
fn with_volumes(set: &Value, at: u64) -> Value {
    let mut set = set.clone();
    let templates = set["spec"]["volumeClaimTemplates"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut volumes = set["spec"]["template"]["spec"]["volumes"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for template in &templates {
        let claim = claim_name(&set, template, at);
        volumes.push(json!({"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim}}));
    }
    if !volumes.is_empty() {
        set["spec"]["template"]["spec"]["volumes"] = Value::Array(volumes);
    }
    set
}

/// How many pods are ready, and how many are of this template.
fn ready_and_updated(pods: &[(Key, Value)], hash: &str) -> (usize, usize) {
    let of = |holds: &dyn Fn(&Value) -> bool| pods.iter().filter(|(_, pod)| holds(pod)).count();
    (
        of(&is_ready),
        of(&|pod| pod["metadata"]["labels"][HASH] == hash),
    )
}
