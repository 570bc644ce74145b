//! Volumes: claims are bound once somebody uses them, or at once if their class says so.

use std::time::Duration;

use serde_json::{Value, json};

use super::earlier;
use crate::rehearsal::kubernetes::meta::put_system;
use crate::rehearsal::kubernetes::state::State;
use crate::rehearsal::kubernetes::store::Key;

/// How long the provisioner takes.
const PROVISION: Duration = Duration::from_secs(2);

impl State {
    /// Binds claims, and lets those go that are deleted and nobody uses.
    pub fn settle_claims(&mut self) -> Option<Duration> {
        let mut due = None;
        for (key, claim) in self.objects("/persistentvolumeclaims") {
            let used = self.is_used(&key);
            if claim["metadata"]["deletionTimestamp"].is_string() {
                if !used {
                    self.let_go(&key, claim);
                }
                continue;
            }
            if claim["status"]["phase"] != "Bound" {
                due = earlier(due, self.bind(&key, claim, used));
            }
        }
        for (key, volume) in self.objects("/persistentvolumes") {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let claim = &volume["spec"]["claimRef"];
            let there = self.object(
                "/persistentvolumeclaims",
                &text(&claim["namespace"]),
                &text(&claim["name"]),
            );
            let ours =
                volume["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"].is_string();
            if ours
                && there.is_none()
                && volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
            {
                self.store.delete(&key);
            }
        }
        due
    }

    fn is_used(&self, key: &Key) -> bool {
        self.store.list("/pods", &key.namespace).any(|(_, pod)| {
            let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
            volumes
                .into_iter()
                .any(|v| v["persistentVolumeClaim"]["claimName"] == key.name.as_str())
        })
    }

    fn let_go(&mut self, key: &Key, mut claim: Value) {
        if let Some(list) = claim["metadata"]["finalizers"].as_array_mut() {
            list.retain(|one| one != "kubernetes.io/pvc-protection");
        }
        if claim["metadata"]["finalizers"]
            .as_array()
            .is_none_or(Vec::is_empty)
        {
            self.store.delete(key);
        } else if self.store.get(key).is_some_and(|there| **there != claim) {
            self.store.put(key, claim);
        }
    }

    fn bind(&mut self, key: &Key, mut claim: Value, used: bool) -> Option<Duration> {
        let class = claim["spec"]["storageClassName"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let found = self
            .object("storage.k8s.io/storageclasses", "", &class)?
            .clone();
        if found["volumeBindingMode"] == "WaitForFirstConsumer" && !used {
            return None;
        }
        let uid = claim["metadata"]["uid"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let now = self.now;
        let at = *self.seen.entry(format!("{uid}/bind")).or_insert(now) + PROVISION;
        if at > now {
            return Some(at);
        }
        let name = format!("pvc-{uid}");
        let size = claim["spec"]["resources"]["requests"]["storage"].clone();
        let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": found["provisioner"]}},
            "spec": {"accessModes": claim["spec"]["accessModes"], "capacity": {"storage": size}, "volumeMode": "Filesystem",
                "storageClassName": class, "persistentVolumeReclaimPolicy": found["reclaimPolicy"],
                "hostPath": {"path": format!("/var/lib/rancher/k3s/storage/{name}_{}_{}", key.namespace, key.name), "type": "DirectoryOrCreate"},
                "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": key.name, "namespace": key.namespace, "uid": uid}},
            "status": {"phase": "Bound"}});
        put_system(self, ("/persistentvolumes", "", &name), volume);
        claim["spec"]["volumeName"] = name.into();
        claim["status"] = json!({"phase": "Bound", "accessModes": claim["spec"]["accessModes"], "capacity": {"storage": size}});
        self.store.put(key, claim);
        None
    }
}
