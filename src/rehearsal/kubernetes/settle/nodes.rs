//! Node objects from the hosts that are members.

use std::time::Duration;

use serde_json::{Value, json};

use super::pieces::labelled;
use crate::rehearsal::kubernetes::meta::put_system;
use crate::rehearsal::kubernetes::state::{NodeFact, State};
use crate::rehearsal::kubernetes::store::Key;

impl State {
    /// Keeps the Node objects as the estate's hosts are.
    pub fn settle_nodes(&mut self) -> Option<Duration> {
        for fact in self.nodes.clone() {
            let key = Key::new("/nodes", "", &fact.name);
            let labels = labels_of(&fact);
            let Some(there) = self.store.get(&key).map(|node| Value::clone(node)) else {
                let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": fact.name, "labels": labels},
                    "spec": spec_of(&fact), "status": self.node_status(&fact)});
                put_system(self, ("/nodes", "", &fact.name), node);
                continue;
            };
            let mut node = there.clone();
            node["metadata"]["labels"] = labelled(&there["metadata"]["labels"], &labels);
            let status = self.node_status(&fact);
            super::pieces::put_status(self, &key, node, status);
        }
        None
    }

    fn node_status(&self, fact: &NodeFact) -> Value {
        let time = self.time();
        let (status, reason, message) = if fact.ready {
            ("True", "KubeletReady", "kubelet is posting ready status")
        } else {
            (
                "Unknown",
                "NodeStatusUnknown",
                "Kubelet stopped posting node status.",
            )
        };
        let one = |kind: &str, status: &str, (reason, message): (&str, &str)| json!({"type": kind, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": time, "lastTransitionTime": time});
        let sizes = json!({"cpu": fact.cpus.to_string(), "memory": format!("{}Ki", fact.memory / 1024), "pods": "110"});
        let mut conditions: Vec<Value> = [
            ("MemoryPressure", "KubeletHasSufficientMemory"),
            ("DiskPressure", "KubeletHasNoDiskPressure"),
            ("PIDPressure", "KubeletHasSufficientPID"),
        ]
        .map(|(kind, reason)| one(kind, "False", (reason, "kubelet has no pressure")))
        .to_vec();
        conditions.push(one("Ready", status, (reason, message)));
        json!({"addresses": [{"type": "InternalIP", "address": fact.address}, {"type": "Hostname", "address": fact.name}],
            "allocatable": sizes, "capacity": sizes, "conditions": conditions,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {"kubeletVersion": fact.version, "kubeProxyVersion": fact.version, "operatingSystem": "linux", "architecture": "amd64",
                "containerRuntimeVersion": "containerd://2.1.4-k3s1", "osImage": "Debian GNU/Linux 12 (bookworm)", "kernelVersion": "6.1.0",
                "machineID": "", "systemUUID": "", "bootID": ""}})
    }
}

fn spec_of(fact: &NodeFact) -> Value {
    if fact.is_k3s() {
        json!({"podCIDR": "10.42.0.0/24", "providerID": format!("k3s://{}", fact.name)})
    } else {
        json!({"podCIDR": "10.244.0.0/24"})
    }
}

fn labels_of(fact: &NodeFact) -> Value {
    let mut labels = json!({"kubernetes.io/hostname": fact.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"});
    if fact.is_k3s() {
        labels["node.kubernetes.io/instance-type"] = "k3s".into();
    }
    if fact.server {
        let value = if fact.is_k3s() { "true" } else { "" };
        labels["node-role.kubernetes.io/control-plane"] = value.into();
    }
    labels
}
