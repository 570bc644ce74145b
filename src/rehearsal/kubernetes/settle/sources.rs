//! Argo Events and Tekton, as far as an event goes through them: event sources and sensors get pods,
//! pipeline runs come to an end.

use std::time::Duration;

use serde_json::{Value, json};

use super::pieces::{owned, owner, put_status};
use super::{earlier, pieces};
use crate::rehearsal::kubernetes::state::{State, time_of};
use crate::rehearsal::kubernetes::store::Key;

/// How long a run of two small tasks takes.
const RUN: Duration = Duration::from_secs(20);

impl State {
    /// Gives every event source and sensor its Deployment, and event sources their Service.
    pub fn settle_sources(&mut self) -> Option<Duration> {
        for (resource, word) in [("eventsources", "eventsource"), ("sensors", "sensor")] {
            for (key, object) in self.objects(&format!("argoproj.io/{resource}")) {
                if self.has_available(&key.namespace, "controller-manager") {
                    self.settle_source(&key, &object, word);
                }
            }
        }
        None
    }

    /// Whether a Deployment has a pod that is available.
    pub fn has_available(&self, namespace: &str, name: &str) -> bool {
        let found = self.object("apps/deployments", namespace, name);
        found.is_some_and(|one| pieces::count(&one["status"]["availableReplicas"]) > 0)
    }

    fn settle_source(&mut self, key: &Key, object: &Value, word: &str) {
        let deployments = owned(self, "apps/deployments", &key.namespace, object);
        if !deployments.is_empty() {
            return;
        }
        let controller = self.object("apps/deployments", &key.namespace, "controller-manager");
        let image = controller
            .map(|one| one["spec"]["template"]["spec"]["containers"][0]["image"].clone())
            .unwrap_or_default();
        let labels = json!({"controller": format!("{word}-controller"), "owner-name": key.name,
            format!("{word}-name"): key.name});
        let name = format!(
            "{}-{word}-{}",
            key.name,
            self.suffix(&format!("{word}/{}", key.name), 5)
        );
        let meta = |name: &str| json!({"name": name, "namespace": key.namespace, "labels": labels, "ownerReferences": [owner(object)]});
        let collection =
            |group: &str, plural: &str| format!("/{group}/namespaces/{}/{plural}", key.namespace);
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(&name),
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": image, "args": [format!("{word}-service")]}]}}}});
        self.create(&collection("apis/apps/v1", "deployments"), &deployment);
        if word == "eventsource" {
            let ports = &object["spec"]["service"]["ports"];
            let service = json!({"apiVersion": "v1", "kind": "Service",
                "metadata": meta(&format!("{}-eventsource-svc", key.name)),
                "spec": {"selector": labels, "ports": ports}});
            self.create(&collection("api/v1", "services"), &service);
        }
    }

    /// Lets every run of a pipeline begin and end.
    pub fn settle_runs(&mut self) -> Option<Duration> {
        if !self.has_available("tekton-pipelines", "tekton-pipelines-controller") {
            return None;
        }
        let mut due = None;
        for (key, run) in self.objects("tekton.dev/pipelineruns") {
            due = earlier(due, self.settle_run(&key, run));
        }
        due
    }

    fn settle_run(&mut self, key: &Key, run: Value) -> Option<Duration> {
        if run["status"]["completionTime"].is_string() {
            return None;
        }
        let time = self.time();
        let began = run["status"]["startTime"].as_str().and_then(time_of);
        let missing = self.missing_task(&run);
        let condition = |status: &str, reason: &str, message: &str| json!([{"type": "Succeeded", "status": status, "reason": reason, "message": message, "lastTransitionTime": time}]);
        let tasks = run["spec"]["pipelineSpec"]["tasks"]
            .as_array()
            .map_or(0, Vec::len);
        match (missing, began) {
            (Some(task), _) => {
                let message = format!(
                    "Pipeline {}/{} can't be Run; it contains Tasks that don't exist: Couldn't retrieve Task \"{task}\": clustertasks.tekton.dev \"{task}\" not found",
                    key.namespace, key.name
                );
                let conditions = condition("False", "CouldntGetTask", &message);
                put_status(
                    self,
                    key,
                    run,
                    json!({"startTime": time, "completionTime": time, "conditions": conditions}),
                );
                None
            }
            (None, None) => {
                let message = format!(
                    "Tasks Completed: 0 (Failed: 0, Cancelled 0), Incomplete: {tasks}, Skipped: 0"
                );
                let conditions = condition("Unknown", "Running", &message);
                put_status(
                    self,
                    key,
                    run,
                    json!({"startTime": time, "conditions": conditions}),
                );
                Some(self.now + RUN)
            }
            (None, Some(began)) if self.now < began + RUN => Some(began + RUN),
            (None, Some(_)) => {
                let message =
                    format!("Tasks Completed: {tasks} (Failed: 0, Cancelled 0), Skipped: 0");
                let conditions = condition("True", "Succeeded", &message);
                let started = run["status"]["startTime"].clone();
                put_status(
                    self,
                    key,
                    run,
                    json!({"startTime": started, "completionTime": time, "conditions": conditions}),
                );
                None
            }
        }
    }

    /// The first `ClusterTask` that a run names and the cluster does not have.
    fn missing_task(&self, run: &Value) -> Option<String> {
        let tasks = run["spec"]["pipelineSpec"]["tasks"].as_array()?;
        let mut named = tasks
            .iter()
            .filter(|task| task["taskRef"]["kind"] == "ClusterTask")
            .filter_map(|task| task["taskRef"]["name"].as_str());
        named
            .find(|name| self.object("tekton.dev/clustertasks", "", name).is_none())
            .map(ToOwned::to_owned)
    }
}
