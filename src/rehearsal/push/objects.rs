//! What Nautes' runtime operator makes of a pipeline runtime in the cluster of its environment, read
//! from its source (v0.4.2), not run: an event source with its entrance, a sensor that makes a pipeline
//! run. Tasks that its cluster templates bring are stand-ins with a name only.

use serde_json::{Value, json};

use super::Route;

/// The port that pods of event sources listen at.
const PORT: u16 = 12000;

/// An object, and the path that it is applied at.
pub struct Made {
    /// Its path in the API.
    pub path: String,
    /// As it is applied.
    pub object: Value,
}

fn made(folder: &str, object: Value) -> Made {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    Made {
        path: format!("/{folder}/{name}"),
        object,
    }
}

/// Everything, in the order in which it is made.
pub fn all(route: &Route, token: &str) -> Vec<Made> {
    let mut all = vec![made(
        "api/v1/namespaces",
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": route.namespace}}),
    )];
    for task in ["git-clone", "kubernetes-actions"] {
        all.push(made(
            "apis/tekton.dev/v1beta1/clustertasks",
            json!({"apiVersion": "tekton.dev/v1beta1", "kind": "ClusterTask", "metadata": {"name": task},
                "spec": {"steps": [{"name": "stand-in", "image": "stand-in"}]}}),
        ));
    }
    all.push(made(
        "api/v1/namespaces/argo-events/secrets",
        json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": route.secret(), "namespace": "argo-events"}, "stringData": {"token": token}}),
    ));
    all.push(source(route));
    all.push(entrance(route));
    all.push(sensor(route));
    all
}

fn source(route: &Route) -> Made {
    let (id, repository) = (&route.id, &route.repository);
    let token = json!({"name": route.secret(), "key": "token"});
    let access = json!({"name": format!("{id}-{repository}-access-token"), "key": "token"});
    made(
        "apis/argoproj.io/v1alpha1/namespaces/argo-events/eventsources",
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "EventSource",
            "metadata": {"name": format!("{id}-gitlab"), "namespace": "argo-events"},
            "spec": {
                "service": {"ports": [{"port": PORT, "targetPort": PORT}]},
                "gitlab": { &route.event: {
                    "webhook": {"endpoint": route.path(), "method": "POST", "port": PORT.to_string(), "url": route.url},
                    "events": ["PushEvents"], "projects": [repository], "accessToken": access, "secretToken": token,
                    "enableSSLVerification": false, "deleteHookOnFinish": true, "gitlabBaseURL": ""}}}}),
    )
}

fn entrance(route: &Route) -> Made {
    let service =
        json!({"name": format!("{}-gitlab-eventsource-svc", route.id), "port": {"number": PORT}});
    made(
        "apis/networking.k8s.io/v1/namespaces/argo-events/ingresses",
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": format!("{}-gitlab", route.id), "namespace": "argo-events"},
            "spec": {"rules": [{"host": route.domain, "http": {"paths": [{
                "path": format!("/{}", route.id), "pathType": "ImplementationSpecific", "backend": {"service": service}}]}}]}}),
    )
}

fn sensor(route: &Route) -> Made {
    let dependency = format!("{}-{}-gitlab", route.id, route.event);
    let filter = if route.pattern.is_empty() {
        "return true".to_owned()
    } else {
        format!(
            "if not string.match(event.default.ref, \"{}\") then return false end\nreturn true",
            route.pattern
        )
    };
    let parameter = json!({"src": {"dependencyName": dependency, "dataKey": "default.ref"}, "dest": "spec.params.0.value"});
    made(
        "apis/argoproj.io/v1alpha1/namespaces/argo-events/sensors",
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor",
            "metadata": {"name": format!("{}-{}-0", route.product, route.runtime), "namespace": "argo-events",
                "labels": {"nautes.argoevents.consumer": format!("{}-{}", route.product, route.runtime)}},
            "spec": {
                "template": {"serviceAccountName": "argo-events-sa"},
                "dependencies": [{"name": dependency, "eventSourceName": format!("{}-gitlab", route.id),
                    "eventName": route.event, "filters": {"script": filter}}],
                "triggers": [{"template": {"name": dependency, "conditions": dependency, "k8s": {
                    "operation": "create", "source": {"resource": run(route)}, "parameters": [parameter]}}}]}}),
    )
}

/// The run that clones the pipelines and starts the one that the trigger names.
fn run(route: &Route) -> Value {
    let task = |name: &str, task: &str, after: Value| json!({"name": name, "taskRef": {"name": task, "kind": "ClusterTask"}, "runAfter": after});
    json!({"apiVersion": "tekton.dev/v1alpha1", "kind": "PipelineRun",
        "metadata": {"generateName": "hooks-", "namespace": route.namespace},
        "spec": {
            "params": [{"name": "Revision", "value": ""}, {"name": "PipelineFile", "value": route.pipeline}],
            "pipelineSpec": {
                "params": [{"name": "Revision"}, {"name": "PipelineFile"}],
                "tasks": [task("git-clone", "git-clone", json!([])),
                    task("pipeline-run", "kubernetes-actions", json!(["git-clone"]))]}}})
}
