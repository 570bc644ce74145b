//! Making, keeping and removing the objects of an Application.

use serde_json::{Value, json};

use super::{Case, FINALIZER, Told, health};
use crate::rehearsal::kubernetes::asked::Asked;
use crate::rehearsal::kubernetes::kinds::Scope;
use crate::rehearsal::kubernetes::serve::{Outcome, answer};
use crate::rehearsal::kubernetes::settle::end;
use crate::rehearsal::kubernetes::state::State;
use crate::rehearsal::kubernetes::store::Key;
use crate::rehearsal::network::Request;

/// What says whose an object is.
const TRACKING: &str = "argocd.argoproj.io/tracking-id";

/// Why an object is not there yet.
enum Held {
    /// Its kind or namespace is still to come.
    Waits(String),
    /// The API refuses it.
    Refused(String),
}

/// Kinds in the order in which Argo CD makes them; others come last.
const ORDER: [&str; 14] = [
    "Namespace",
    "NetworkPolicy",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "Deployment",
    "StatefulSet",
];

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

impl State {
    /// Makes the objects; those that were there and are no longer wanted go.
    pub(super) fn sync(&mut self, case: &Case, (objects, commit): (&[Value], &str)) -> Told {
        let status = &case.app["status"];
        let done = status["sync"]["status"] == "Synced"
            && status["sync"]["revision"] == *commit
            && status["sync"]["comparedTo"]["source"] == *case.source();
        let mut held = Vec::new();
        let mut resources = Vec::new();
        if case.app["spec"]["syncPolicy"]["automated"].is_object() {
            self.make_namespace(case);
        }
        let mut sorted: Vec<&Value> = objects.iter().collect();
        let rank = |kind: &str| {
            ORDER
                .iter()
                .position(|one| *one == kind)
                .unwrap_or(ORDER.len())
        };
        sorted.sort_by_key(|object| rank(word(&object["kind"])));
        for object in sorted {
            let object = tracked(object, case);
            let there = done && self.find(&object).is_some();
            if !there && let Err(why) = self.make(&object) {
                held.push(why);
                continue;
            }
            resources.push(self.resource(&object));
        }
        if held.is_empty() {
            self.prune(case, &resources);
        }
        let waits = held.iter().all(|one| matches!(one, Held::Waits(_)));
        let message = held.iter().map(|one| match one {
            Held::Waits(why) | Held::Refused(why) => why.as_str(),
        });
        let message: Vec<&str> = message.take(3).collect();
        Told {
            sync: if held.is_empty() {
                "Synced"
            } else {
                "OutOfSync"
            },
            health: health::of_all(&resources, held.is_empty()),
            revision: Some(commit.to_owned()),
            condition: None,
            message: if message.is_empty() {
                String::new()
            } else {
                format!(
                    "one or more objects failed to apply, reason: {}",
                    message.join("; ")
                )
            },
            waits,
            resources,
        }
    }

    /// `CreateNamespace=true`.
    fn make_namespace(&mut self, case: &Case) {
        let options = case.app["spec"]["syncPolicy"]["syncOptions"].as_array();
        let wanted = options.is_some_and(|all| all.iter().any(|one| one == "CreateNamespace=true"));
        let name = case.namespace();
        if wanted && self.object("/namespaces", "", name).is_none() {
            let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            // What refuses the namespace refuses its objects, too, and that is told.
            let _ = self.make(&body);
        }
    }

    fn path(&self, object: &Value) -> Option<(String, Key)> {
        let api = word(&object["apiVersion"]);
        let (group, version) = api.split_once('/').unwrap_or(("", api));
        let kind = self.kinds.all().find(|kind| {
            kind.group == group && kind.version == version && object["kind"] == kind.kind
        })?;
        let name = word(&object["metadata"]["name"]);
        let root = if group.is_empty() { "api" } else { "apis" };
        let (space, namespace) = match kind.scope {
            Scope::Cluster => (String::new(), ""),
            Scope::Namespaced => {
                let namespace = word(&object["metadata"]["namespace"]);
                (format!("/namespaces/{namespace}"), namespace)
            }
        };
        let url = format!("/{root}/{api}{space}/{}/{name}", kind.plural);
        Some((url, Key::new(&kind.resource(), namespace, name)))
    }

    fn find(&self, object: &Value) -> Option<&Value> {
        let (_, key) = self.path(object)?;
        self.store.get(&key).map(AsRef::as_ref)
    }

    fn make(&mut self, object: &Value) -> Result<(), Held> {
        let (api, kind) = (word(&object["apiVersion"]), word(&object["kind"]));
        let Some((url, _)) = self.path(object) else {
            let (group, version) = api.split_once('/').unwrap_or(("", api));
            return Err(Held::Waits(format!(
                "The Kubernetes API could not find version \"{version}\" of {group}/{kind} for requested resource {}/{}. Make sure the \"{kind}\" CRD is installed on the destination cluster",
                word(&object["metadata"]["namespace"]),
                word(&object["metadata"]["name"])
            )));
        };
        let mut body = object.clone();
        if url.starts_with("/apis/apiextensions") || !url.contains("/namespaces/") {
            body["metadata"]
                .as_object_mut()
                .map(|all| all.remove("namespace"));
        }
        let request = Request {
            method: "PATCH".to_owned(),
            url: format!("{url}?fieldManager=argocd-controller&force=true"),
            headers: vec![(
                "content-type".to_owned(),
                "application/apply-patch+yaml".to_owned(),
            )],
            body: body.to_string().into_bytes(),
            ..Request::default()
        };
        let Outcome::Plain(response) = answer(self, &Asked::new(&request)) else {
            return Ok(());
        };
        if response.status < 300 {
            return Ok(());
        }
        let said: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let why = word(&said["message"]).to_owned();
        Err(match response.status {
            404 => Held::Waits(why),
            _ => Held::Refused(why),
        })
    }

    /// An object as the status lists it.
    fn resource(&self, object: &Value) -> Value {
        let api = word(&object["apiVersion"]);
        let (group, version) = api.split_once('/').unwrap_or(("", api));
        let live = self.find(object).unwrap_or(&Value::Null);
        let mut told = json!({"group": group, "version": version, "kind": object["kind"],
            "name": object["metadata"]["name"], "status": "Synced"});
        let namespace = &live["metadata"]["namespace"];
        if namespace.is_string() {
            told["namespace"] = namespace.clone();
        }
        if let Some(health) = health::of(live) {
            told["health"] = health;
        }
        told
    }

    fn prune(&mut self, case: &Case, resources: &[Value]) {
        let same = |a: &Value, b: &Value| {
            ["group", "kind", "namespace", "name"]
                .iter()
                .all(|key| a[key] == b[key])
        };
        let before = case.app["status"]["resources"].as_array();
        let gone = before.into_iter().flatten();
        for old in gone.filter(|old| !resources.iter().any(|new| same(old, new))) {
            self.remove(old, &case.key.name);
        }
    }

    /// Removes an object that is the Application's.
    fn remove(&mut self, resource: &Value, app: &str) {
        let (group, version) = (word(&resource["group"]), word(&resource["version"]));
        let api = if group.is_empty() {
            version.to_owned()
        } else {
            format!("{group}/{version}")
        };
        let object = json!({"apiVersion": api, "kind": resource["kind"],
            "metadata": {"name": resource["name"], "namespace": resource["namespace"]}});
        let Some((_, key)) = self.path(&object) else {
            return;
        };
        let Some(live) = self.store.get(&key).map(|live| Value::clone(live)) else {
            return;
        };
        let theirs = word(&live["metadata"]["annotations"][TRACKING]);
        if theirs.starts_with(&format!("{app}:")) {
            end(self, &key, live);
        }
    }

    /// An Application that is deleted takes its objects with it, if its finalizer says so.
    pub(super) fn take_away(&mut self, case: &Case) {
        let mut app = case.app.clone();
        let Some(held) = app["metadata"]["finalizers"].as_array_mut() else {
            return;
        };
        if !held.iter().any(|one| word(one).starts_with(FINALIZER)) {
            return;
        }
        held.retain(|one| !word(one).starts_with(FINALIZER));
        let free = held.is_empty();
        let all = case.app["status"]["resources"].as_array().cloned();
        // It never takes a definition: everybody's objects would go with it.
        let all = all.unwrap_or_default();
        let own = all
            .iter()
            .rev()
            .filter(|one| word(&one["kind"]) != "CustomResourceDefinition");
        for resource in own {
            self.remove(resource, &case.key.name);
        }
        self.argo.remove(&case.uid);
        if free {
            self.store.delete(&case.key);
        } else {
            self.store.put(&case.key, app);
        }
    }
}

/// An object with its namespace and whose it is.
fn tracked(object: &Value, case: &Case) -> Value {
    let mut object = object.clone();
    if word(&object["metadata"]["namespace"]).is_empty() {
        object["metadata"]["namespace"] = case.namespace().into();
    }
    let api = word(&object["apiVersion"]);
    let group = api.split_once('/').map_or("", |(group, _)| group);
    let id = format!(
        "{}:{group}/{}:{}/{}",
        case.key.name,
        word(&object["kind"]),
        word(&object["metadata"]["namespace"]),
        word(&object["metadata"]["name"])
    );
    object["metadata"]["annotations"][TRACKING] = id.into();
    object
}
