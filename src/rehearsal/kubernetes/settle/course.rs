//! The status of a pod as a function of time: pure, so that looking at it changes nothing.

use std::time::Duration;

use serde_json::{Value, json};

use crate::rehearsal::kubernetes::delete::owners;
use crate::rehearsal::kubernetes::state::time_text;

/// Until a pod has its node.
pub const SCHEDULED: Duration = Duration::from_millis(100);
const PULL: Duration = Duration::from_secs(2);
const START: Duration = Duration::from_secs(1);
const JOB: Duration = Duration::from_secs(5);
const BACK_OFF: Duration = Duration::from_secs(10);

/// A pod on its way.
pub struct Course<'a> {
    /// The pod.
    pub pod: &'a Value,
    /// When it was first met, or when nothing held it up any more.
    pub begin: Duration,
    /// What never lets it get ready.
    pub fault: Option<String>,
    /// This moment.
    pub now: Duration,
}

/// A text that may be missing.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Containers that wait.
pub fn waiting(pod: &Value, reason: &str, message: &str) -> Value {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    containers
        .map(|c| {
            let mut state = json!({"waiting": {"reason": reason}});
            if !message.is_empty() {
                state["waiting"]["message"] = message.into();
            }
            json!({"name": c["name"], "image": c["image"], "imageID": "", "ready": false, "started": false,
                "restartCount": 0, "state": state, "lastState": {}})
        })
        .collect()
}

/// Conditions keep the time of their last change.
pub fn merge_times(old: &Value, mut new: Value) -> Value {
    for condition in new["conditions"].as_array_mut().into_iter().flatten() {
        let before = old["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|c| c["type"] == condition["type"]);
        if let Some(before) = before.filter(|before| before["status"] == condition["status"]) {
            condition["lastTransitionTime"] = before["lastTransitionTime"].clone();
        }
    }
    new
}

impl Course<'_> {
    /// The status at this moment and when the next one is.
    pub fn status(&self, node: &str) -> (Value, Option<Duration>) {
        let scheduled = self.begin + SCHEDULED;
        let inits = self.pod["spec"]["initContainers"]
            .as_array()
            .map_or(0, Vec::len);
        let started = scheduled + PULL + START * u32::try_from(inits + 1).unwrap_or(1);
        let ready = started + self.probe();
        let fault = self.fault.as_deref();
        if matches!(fault, Some("ImagePullBackOff" | "ErrImagePull"))
            && self.now >= scheduled + PULL
        {
            let image = text(&self.pod["spec"]["containers"][0]["image"]);
            let early = self.now < scheduled + PULL + BACK_OFF;
            let (reason, message) = if early {
                (
                    "ErrImagePull",
                    format!("failed to pull and unpack image \"{image}\": not found"),
                )
            } else {
                (
                    "ImagePullBackOff",
                    format!("Back-off pulling image \"{image}\""),
                )
            };
            let status = self.pending(node, waiting(self.pod, reason, &message));
            return (status, early.then_some(scheduled + PULL + BACK_OFF));
        }
        if self.now < started {
            return (
                self.pending(node, waiting(self.pod, "ContainerCreating", "")),
                Some(started),
            );
        }
        if fault == Some("CrashLoopBackOff") {
            let mut list = waiting(
                self.pod,
                "CrashLoopBackOff",
                "back-off 10s restarting failed container",
            );
            for one in list.as_array_mut().into_iter().flatten() {
                one["restartCount"] = 1.into();
                one["lastState"] = json!({"terminated": {"exitCode": 1, "reason": "Error",
                    "startedAt": time_text(started), "finishedAt": time_text(started + START)}});
            }
            let mut status = self.pending(node, list);
            status["phase"] = "Running".into();
            return (status, None);
        }
        let job = owners(self.pod).any(|owner| owner["kind"] == "Job")
            || self.pod["spec"]["restartPolicy"] != "Always";
        if job && self.now >= started + JOB {
            return (self.finished(node, started), None);
        }
        let is_ready = self.now >= ready && fault.is_none();
        let next = if job {
            Some(started + JOB)
        } else {
            (!is_ready && fault.is_none()).then_some(ready)
        };
        (self.running(node, (started, is_ready)), next)
    }

    fn probe(&self) -> Duration {
        let containers = self.pod["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten();
        let delays = containers
            .filter(|c| c["readinessProbe"].is_object())
            .map(|c| {
                Duration::from_secs(
                    c["readinessProbe"]["initialDelaySeconds"]
                        .as_u64()
                        .unwrap_or_default()
                        + 1,
                )
            });
        delays.max().unwrap_or_default()
    }

    fn conditions(&self, ready: &str, reason: Option<&str>) -> Value {
        let one = |kind: &str, status: &str, reason: Option<&str>| {
            let mut condition = json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": time_text(self.now)});
            if let Some(reason) = reason {
                condition["reason"] = reason.into();
            }
            if reason == Some("ContainersNotReady") {
                let names: Vec<String> = self.pod["spec"]["containers"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|c| text(&c["name"]))
                    .collect();
                condition["message"] =
                    format!("containers with unready status: [{}]", names.join(" ")).into();
            }
            condition
        };
        json!([
            one("PodReadyToStartContainers", "True", None),
            one("Initialized", "True", None),
            one("Ready", ready, reason),
            one("ContainersReady", ready, reason),
            one("PodScheduled", "True", None)
        ])
    }

    fn base(&self, node: &str, phase: &str) -> Value {
        let uid = text(&self.pod["metadata"]["uid"]);
        let number = u32::from_str_radix(uid.get(..4).unwrap_or("0"), 16).unwrap_or_default();
        let address = if self.pod["spec"]["hostNetwork"] == true {
            node.to_owned()
        } else {
            format!("10.42.{}.{}", number >> 8 & 0x3f, number & 0xff)
        };
        json!({"phase": phase, "qosClass": self.pod["status"]["qosClass"], "hostIP": node, "hostIPs": [{"ip": node}],
            "podIP": address, "podIPs": [{"ip": address}], "startTime": time_text(self.begin + SCHEDULED)})
    }

    fn pending(&self, node: &str, containers: Value) -> Value {
        let mut status = self.base(node, "Pending");
        status["conditions"] = self.conditions("False", Some("ContainersNotReady"));
        status["containerStatuses"] = containers;
        status
    }

    fn containers(&self, ready: bool, state: &Value) -> Value {
        let list = self.pod["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten();
        list.map(|c| {
            json!({"name": c["name"], "image": c["image"], "imageID": format!("{}@rehearsal", text(&c["image"])),
                "containerID": format!("containerd://{}", text(&self.pod["metadata"]["uid"])), "ready": ready, "started": ready,
                "restartCount": 0, "state": state, "lastState": {}})
        })
        .collect()
    }

    fn running(&self, node: &str, (started, ready): (Duration, bool)) -> Value {
        let mut status = self.base(node, "Running");
        let (word, reason) = if ready {
            ("True", None)
        } else {
            ("False", Some("ContainersNotReady"))
        };
        status["conditions"] = self.conditions(word, reason);
        status["containerStatuses"] = self.containers(
            ready,
            &json!({"running": {"startedAt": time_text(started)}}),
        );
        status
    }

    fn finished(&self, node: &str, started: Duration) -> Value {
        let mut status = self.base(node, "Succeeded");
        status["conditions"] = self.conditions("False", Some("PodCompleted"));
        let state = json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": time_text(started), "finishedAt": time_text(started + JOB)}});
        status["containerStatuses"] = self.containers(false, &state);
        status
    }
}
