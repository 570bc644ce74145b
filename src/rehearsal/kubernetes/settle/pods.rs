//! Pods: scheduled, pulled, started, ready, ended, each at its simulated moment.
//!
//! Times are those of a small cluster: 0.1 s to schedule, 2 s to pull an image for the first time,
//! 1 s to start; a readiness probe answers a second after its initial delay. A pod of a Job runs
//! for 5 s.

use std::time::Duration;

use serde_json::{Value, json};

use super::course::{Course, SCHEDULED, merge_times, text, waiting};
use super::earlier;
use super::events::Happening;
use crate::rehearsal::kubernetes::state::State;
use crate::rehearsal::kubernetes::store::Key;

/// How long a pod that is asked to end goes on.
const END: Duration = Duration::from_secs(1);

impl State {
    /// Moves every pod to where it is at this moment.
    pub fn settle_pods(&mut self) -> Option<Duration> {
        let mut due = None;
        for (key, pod) in self.objects("/pods") {
            due = earlier(due, self.settle_pod(&key, pod));
        }
        due
    }

    fn settle_pod(&mut self, key: &Key, pod: Value) -> Option<Duration> {
        let uid = pod["metadata"]["uid"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if pod["metadata"]["deletionTimestamp"].is_string() {
            let now = self.now;
            let gone = *self.seen.entry(format!("{uid}/end")).or_insert(now) + END;
            if gone <= self.now {
                super::end(self, key, pod);
                return None;
            }
            return Some(gone);
        }
        if ["Succeeded", "Failed"]
            .iter()
            .any(|phase| pod["status"]["phase"] == *phase)
        {
            return None;
        }
        let fault = self.pod_fault(&key.name);
        if let Some(why) = self.held_up(key, &pod, fault.as_deref()) {
            self.seen.insert(uid, self.now);
            return self.wait(key, pod, &why);
        }
        let now = self.now;
        let begin = *self.seen.entry(uid).or_insert(now);
        let node = pod["spec"]["nodeName"].as_str().map(ToOwned::to_owned);
        let course = Course {
            pod: &pod,
            begin,
            fault,
            now,
        };
        if course.now < begin + SCHEDULED {
            return Some(begin + SCHEDULED);
        }
        let mut new = pod.clone();
        let name = node.or_else(|| self.node_for(key, &pod))?;
        new["spec"]["nodeName"] = name.clone().into();
        let address = self
            .nodes
            .iter()
            .find(|n| n.name == name)
            .map_or_else(String::new, |n| n.address.clone());
        let (status, next) = course.status(&address);
        let old = pod["status"].clone();
        new["status"] = merge_times(&old, status);
        if new != pod {
            self.store.put(key, new.clone());
            self.tell(&pod, &new);
        }
        next
    }

    /// The fault that concerns a pod: `NAME:REASON`, the name as a shell pattern or a beginning.
    fn pod_fault(&self, name: &str) -> Option<String> {
        let meant = |pattern: &str| {
            crate::rehearsal::shell::glob_matches(pattern, name)
                || name.starts_with(&format!("{pattern}-"))
        };
        self.faults
            .iter()
            .find(|(pattern, _)| meant(pattern))
            .map(|(_, reason)| reason.clone())
    }

    /// Why a pod cannot even be scheduled or started: reason and message.
    #[expect(
        clippy::too_many_lines,
        reason = "the reasons a pod waits for, one after the other"
    )]
    fn held_up(
        &self,
        key: &Key,
        pod: &Value,
        fault: Option<&str>,
    ) -> Option<(&'static str, String)> {
        let count = self.nodes.len();
        let ready = self.nodes.iter().filter(|node| node.ready).count();
        if fault == Some("Unschedulable") {
            let message = format!(
                "0/{count} nodes are available: {count} Insufficient memory. preemption: 0/{count} nodes are available: {count} No preemption victims found for incoming pod."
            );
            return Some(("Unschedulable", message));
        }
        if ready == 0 && pod["spec"]["nodeName"].is_null() {
            let why = if count == 0 {
                "no nodes available to schedule pods".to_owned()
            } else {
                format!(
                    "0/{count} nodes are available: {count} node(s) had untolerated taint {{node.kubernetes.io/not-ready: }}."
                )
            };
            return Some(("Unschedulable", why));
        }
        if pod["spec"]["nodeName"].is_null() && self.node_for(key, pod).is_none() {
            let message = format!(
                "0/{count} nodes are available: {count} node(s) didn't match Pod's node affinity/selector."
            );
            return Some(("Unschedulable", message));
        }
        for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
            if let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() {
                let found = self.object("/persistentvolumeclaims", &key.namespace, claim);
                match found {
                    None => {
                        return Some((
                            "Unschedulable",
                            format!("persistentvolumeclaim \"{claim}\" not found"),
                        ));
                    }
                    Some(found) if found["status"]["phase"] != "Bound" => {
                        return Some((
                            "Claim",
                            format!(
                                "0/{count} nodes are available: pod has unbound immediate PersistentVolumeClaims."
                            ),
                        ));
                    }
                    Some(_) => {}
                }
            }
            for (kind, field, resource) in [
                ("configMap", "name", "/configmaps"),
                ("secret", "secretName", "/secrets"),
            ] {
                let source = &volume[kind];
                if let Some(name) = source[field].as_str()
                    && source["optional"] != true
                    && self.object(resource, &key.namespace, name).is_none()
                {
                    let message = format!(
                        "MountVolume.SetUp failed for volume {} : {} \"{name}\" not found",
                        volume["name"],
                        kind.to_lowercase()
                    );
                    return Some(("FailedMount", message));
                }
            }
        }
        None
    }

    /// A ready node that the pod's selector allows, in turn.
    fn node_for(&self, key: &Key, pod: &Value) -> Option<String> {
        let wanted = pod["spec"]["nodeSelector"].as_object();
        let fits = |name: &str| {
            let labels = self
                .object("/nodes", "", name)
                .map_or(&Value::Null, |node| &node["metadata"]["labels"]);
            wanted.is_none_or(|wanted| wanted.iter().all(|(key, value)| labels[key] == *value))
        };
        let nodes: Vec<&str> = self
            .nodes
            .iter()
            .filter(|node| node.ready && fits(&node.name))
            .map(|node| node.name.as_str())
            .collect();
        let sum: usize = key.name.bytes().map(usize::from).sum();
        (!nodes.is_empty()).then(|| nodes[sum % nodes.len()].to_owned())
    }

    /// A pod that waits for something shows it.
    fn wait(
        &mut self,
        key: &Key,
        pod: Value,
        (reason, message): &(&'static str, String),
    ) -> Option<Duration> {
        let mut new = pod.clone();
        if *reason == "FailedMount" {
            let node = pod["spec"]["nodeName"]
                .as_str()
                .map(ToOwned::to_owned)
                .or_else(|| self.node_for(key, &pod));
            new["spec"]["nodeName"] = node.into();
            new["status"]["containerStatuses"] = waiting(&pod, "ContainerCreating", "");
            self.happen(
                &new,
                &Happening {
                    warns: true,
                    reason: "FailedMount",
                    message: message.clone(),
                },
            );
        } else {
            let condition = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
                "lastTransitionTime": self.time()}]);
            new["status"] = merge_times(
                &pod["status"],
                json!({"phase": "Pending", "qosClass": pod["status"]["qosClass"], "conditions": condition}),
            );
            self.happen(
                &new,
                &Happening {
                    warns: true,
                    reason: "FailedScheduling",
                    message: message.clone(),
                },
            );
        }
        if new != pod {
            self.store.put(key, new);
        }
        None
    }

    /// Events of what changed between two states of a pod.
    #[expect(
        clippy::too_many_lines,
        reason = "an event for each change that a person looks for"
    )]
    fn tell(&mut self, old: &Value, new: &Value) {
        if old["spec"]["nodeName"].is_null() {
            let message = format!(
                "Successfully assigned {}/{} to {}",
                text(&new["metadata"]["namespace"]),
                text(&new["metadata"]["name"]),
                text(&new["spec"]["nodeName"])
            );
            self.happen(
                new,
                &Happening {
                    warns: false,
                    reason: "Scheduled",
                    message,
                },
            );
        }
        let reason = |pod: &Value| {
            text(&pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"])
        };
        if reason(old) != reason(new) {
            let image = text(&new["spec"]["containers"][0]["image"]);
            let name = text(&new["spec"]["containers"][0]["name"]);
            let told = match reason(new).as_str() {
                "ErrImagePull" => Some((
                    "Failed",
                    format!("Failed to pull image \"{image}\": not found"),
                )),
                "ImagePullBackOff" => {
                    Some(("BackOff", format!("Back-off pulling image \"{image}\"")))
                }
                "CrashLoopBackOff" => Some((
                    "BackOff",
                    format!(
                        "Back-off restarting failed container {name} in pod {}",
                        text(&new["metadata"]["name"])
                    ),
                )),
                _ => None,
            };
            if let Some((reason, message)) = told {
                self.happen(
                    new,
                    &Happening {
                        warns: true,
                        reason,
                        message,
                    },
                );
            }
        }
        let running =
            |pod: &Value| pod["status"]["containerStatuses"][0]["state"]["running"].is_object();
        if running(new) && !running(old) {
            let message = format!(
                "Started container {}",
                text(&new["spec"]["containers"][0]["name"])
            );
            self.happen(
                new,
                &Happening {
                    warns: false,
                    reason: "Started",
                    message,
                },
            );
        }
    }
}
