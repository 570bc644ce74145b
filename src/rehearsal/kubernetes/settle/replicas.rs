//! Deployments, `ReplicaSets` and their pods.

use std::time::Duration;

use serde_json::{Value, json};

use super::pieces::{count, hash_of, is_ready, labelled, owned, owner, put_status};
use super::{earlier, events::Happening};
use crate::rehearsal::kubernetes::meta::put_system;
use crate::rehearsal::kubernetes::state::State;
use crate::rehearsal::kubernetes::store::Key;

const SETS: &str = "apps/replicasets";

impl State {
    /// Moves every Deployment and `ReplicaSet` on.
    pub fn settle_replicas(&mut self) -> Option<Duration> {
        let mut due = None;
        for (key, deployment) in self.objects("apps/deployments") {
            if deployment["metadata"]["deletionTimestamp"].is_null() {
                due = earlier(due, self.settle_deployment(&key, deployment));
            }
        }
        for (key, set) in self.objects(SETS) {
            if set["metadata"]["deletionTimestamp"].is_null() {
                self.settle_set(&key, set);
            }
        }
        due
    }

    fn settle_deployment(&mut self, key: &Key, deployment: Value) -> Option<Duration> {
        let template = &deployment["spec"]["template"];
        let hash = hash_of(template);
        let wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
        let paused = deployment["spec"]["paused"] == true;
        let mine = owned(self, SETS, &key.namespace, &deployment);
        let newest = mine
            .iter()
            .find(|(_, set)| set["metadata"]["labels"]["pod-template-hash"] == hash.as_str())
            .cloned();
        let others: Vec<&(Key, Value)> = mine
            .iter()
            .filter(|(_, set)| set["metadata"]["labels"]["pod-template-hash"] != hash.as_str())
            .collect();
        let recreate = deployment["spec"]["strategy"]["type"] == "Recreate";
        let old_pods: u64 = others
            .iter()
            .map(|(_, set)| count(&set["status"]["replicas"]))
            .sum();
        match &newest {
            None if !paused => {
                let start = if recreate && old_pods > 0 { 0 } else { wanted };
                self.new_set(&deployment, (&hash, start, mine.len() + 1));
            }
            Some((at, set))
                if count(&set["spec"]["replicas"]) != wanted && (!recreate || old_pods == 0) =>
            {
                self.scale_set(at, set.clone(), wanted);
            }
            _ => {}
        }
        let ready_new = newest
            .as_ref()
            .map_or(0, |(_, set)| count(&set["status"]["readyReplicas"]));
        for (at, set) in &others {
            let left = if recreate {
                0
            } else {
                wanted.saturating_sub(ready_new)
            };
            if !paused && count(&set["spec"]["replicas"]) > left {
                self.scale_set(at, set.clone(), left);
            }
        }
        self.deployment_status(key, deployment, (&mine, newest.as_ref()))
    }

    fn new_set(&mut self, deployment: &Value, (hash, replicas, revision): (&str, u64, usize)) {
        let namespace = deployment["metadata"]["namespace"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let name = format!(
            "{}-{hash}",
            deployment["metadata"]["name"].as_str().unwrap_or_default()
        );
        let mut template = deployment["spec"]["template"].clone();
        template["metadata"]["labels"]["pod-template-hash"] = hash.into();
        let mut selector = deployment["spec"]["selector"].clone();
        selector["matchLabels"]["pod-template-hash"] = hash.into();
        let annotations = json!({"deployment.kubernetes.io/desired-replicas": deployment["spec"]["replicas"].to_string(),
            "deployment.kubernetes.io/revision": revision.to_string()});
        let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": name, "namespace": namespace, "labels": template["metadata"]["labels"], "annotations": annotations, "ownerReferences": [owner(deployment)]},
            "spec": {"replicas": replicas, "selector": selector, "template": template}, "status": {"replicas": 0}});
        put_system(self, (SETS, &namespace, &name), set);
        let message = format!("Scaled up replica set {name} from 0 to {replicas}");
        self.happen(
            deployment,
            &Happening {
                warns: false,
                reason: "ScalingReplicaSet",
                message,
            },
        );
    }

    fn scale_set(&mut self, key: &Key, mut set: Value, replicas: u64) {
        set["spec"]["replicas"] = replicas.into();
        set["metadata"]["generation"] = (count(&set["metadata"]["generation"]) + 1).into();
        self.store.put(key, set);
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one status: every field follows from the same sums"
    )]
    fn deployment_status(
        &mut self,
        key: &Key,
        deployment: Value,
        (mine, newest): (&[(Key, Value)], Option<&(Key, Value)>),
    ) -> Option<Duration> {
        let sum = |field: &str| -> u64 {
            mine.iter()
                .map(|(_, set)| count(&set["status"][field]))
                .sum()
        };
        let new = |field: &str| newest.map_or(0, |(_, set)| count(&set["status"][field]));
        let wanted = count(&deployment["spec"]["replicas"]);
        let (replicas, ready, updated) = (sum("replicas"), sum("readyReplicas"), new("replicas"));
        let complete = updated == wanted
            && replicas == wanted
            && new("readyReplicas") == wanted
            && newest.is_some();
        let uid = deployment["metadata"]["uid"].as_str().unwrap_or_default();
        let mark = format!("{uid}/{}", deployment["metadata"]["generation"]);
        let now = self.now;
        let limit = Duration::from_secs(
            deployment["spec"]["progressDeadlineSeconds"]
                .as_u64()
                .unwrap_or(600),
        );
        let deadline = *self.seen.entry(mark).or_insert(now) + limit;
        let name = newest.map_or("", |(key, _)| key.name.as_str());
        let progress = if complete {
            (
                "True",
                "NewReplicaSetAvailable",
                format!("ReplicaSet \"{name}\" has successfully progressed."),
            )
        } else if now >= deadline {
            (
                "False",
                "ProgressDeadlineExceeded",
                format!("ReplicaSet \"{name}\" has timed out progressing."),
            )
        } else {
            (
                "True",
                "ReplicaSetUpdated",
                format!("ReplicaSet \"{name}\" is progressing."),
            )
        };
        let surge = wanted.saturating_sub(wanted / 4);
        let available = ready >= surge.max(u64::from(wanted > 0));
        let availability = if available {
            (
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.".to_owned(),
            )
        } else {
            (
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.".to_owned(),
            )
        };
        let condition = |kind: &str, (status, reason, message): (&str, &str, String)| {
            json!({"type": kind, "status": status, "reason": reason, "message": message,
                "lastUpdateTime": self.time(), "lastTransitionTime": self.time()})
        };
        let mut status = json!({"observedGeneration": deployment["metadata"]["generation"],
            "conditions": [condition("Available", availability), condition("Progressing", progress)]});
        for (field, value) in [
            ("replicas", replicas),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", ready),
            (
                "unavailableReplicas",
                wanted.max(replicas).saturating_sub(ready),
            ),
        ] {
            if value > 0 {
                status[field] = value.into();
            }
        }
        let mut deployment = deployment;
        if newest.is_some() {
            deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = newest
                .map(|(_, set)| {
                    set["metadata"]["annotations"]["deployment.kubernetes.io/revision"].clone()
                })
                .unwrap_or_default();
        }
        put_status(self, key, deployment, status);
        (!complete && now < deadline).then_some(deadline)
    }

    fn settle_set(&mut self, key: &Key, set: Value) {
        let pods = owned(self, "/pods", &key.namespace, &set);
        let alive: Vec<&(Key, Value)> = pods
            .iter()
            .filter(|(_, pod)| pod["metadata"]["deletionTimestamp"].is_null())
            .collect();
        let wanted = usize::try_from(count(&set["spec"]["replicas"])).unwrap_or_default();
        for _ in alive.len()..wanted {
            let name = format!("{}-{}", key.name, self.suffix(&key.name, 5));
            self.new_pod(&set, (&name, &json!({})));
        }
        for (at, pod) in alive.iter().skip(wanted) {
            self.ask_to_end(at, pod);
        }
        let ready = alive.iter().filter(|(_, pod)| is_ready(pod)).count();
        let mut status = json!({"replicas": alive.len().min(wanted), "observedGeneration": set["metadata"]["generation"]});
        if ready > 0 {
            status["readyReplicas"] = ready.into();
            status["availableReplicas"] = ready.into();
        }
        if !alive.is_empty() {
            status["fullyLabeledReplicas"] = alive.len().into();
        }
        put_status(self, key, set, status);
    }

    /// A pod of a controller's template; `more` are labels.
    pub fn new_pod(&mut self, controller: &Value, (name, more): (&str, &Value)) {
        let namespace = controller["metadata"]["namespace"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let template = &controller["spec"]["template"];
        let mut spec = template["spec"].clone();
        if spec["serviceAccountName"].is_null() {
            spec["serviceAccountName"] = "default".into();
            spec["serviceAccount"] = "default".into();
        }
        spec["enableServiceLinks"] = true.into();
        spec["preemptionPolicy"] = "PreemptLowerPriority".into();
        spec["priority"] = 0.into();
        let account = spec["serviceAccountName"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if self
            .object("/serviceaccounts", &namespace, &account)
            .is_none()
        {
            let message = format!(
                "Error creating: pods \"{name}\" is forbidden: error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found"
            );
            self.happen(
                controller,
                &Happening {
                    warns: true,
                    reason: "FailedCreate",
                    message,
                },
            );
            return;
        }
        let labels = labelled(&template["metadata"]["labels"], more);
        let mut metadata = json!({"name": name, "namespace": namespace, "labels": labels, "ownerReferences": [owner(controller)]});
        if let Some(annotations) = template["metadata"].get("annotations") {
            metadata["annotations"] = annotations.clone();
        }
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec,
            "status": {"phase": "Pending", "qosClass": super::super::defaults::quality(&template["spec"])}});
        put_system(self, ("/pods", &namespace, name), pod);
    }

    /// Asks a pod to end.
    pub fn ask_to_end(&mut self, key: &Key, pod: &Value) {
        let mut pod = pod.clone();
        pod["metadata"]["deletionTimestamp"] = self.time().into();
        pod["metadata"]["deletionGracePeriodSeconds"] = 30.into();
        self.store.put(key, pod);
    }
}
