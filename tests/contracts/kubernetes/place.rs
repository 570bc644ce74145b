//! Where a behaviour is shown: an API and a namespace that is its own.

use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use serde_json::{Value, json};

/// One behaviour; a broken one panics.
pub type Behaviour = for<'a> fn(&'a Api<'a>) -> BoxFuture<'a, ()>;

/// An API, however it is reached.
#[async_trait]
pub trait Door: Send + Sync {
    /// A request: method, path with query, content type, body. Status and body come back.
    async fn ask(&self, method: &str, path: &str, content: (&str, Vec<u8>)) -> (u16, Value);

    /// A watch; `None` of its events is its end.
    async fn watch(&self, path: &str) -> Box<dyn Events>;

    /// Waits: in real time on a real API.
    async fn pause(&self, duration: Duration);

    /// Lets the API forget what happened until now; whether it has.
    async fn compact(&self) -> bool;

    /// A `GET` that accepts something else; status, content type and body come back.
    async fn accepting(&self, path: &str, accept: &str) -> (u16, String, Value);
}

/// Events of a watch.
#[async_trait]
pub trait Events: Send {
    /// The next one.
    async fn next(&mut self) -> Option<Value>;
}

/// An API and a namespace for one behaviour.
pub struct Api<'a> {
    /// The API.
    pub door: &'a dyn Door,
    /// The behaviour's own namespace.
    pub namespace: String,
}

pub const JSON: &str = "application/json";
pub const APPLY: &str = "application/apply-patch+yaml";
pub const MERGE: &str = "application/merge-patch+json";

impl<'a> Api<'a> {
    /// An API with a new namespace for one behaviour.
    pub async fn in_new_namespace(door: &'a dyn Door, namespace: &str) -> Self {
        let api = Self {
            door,
            namespace: namespace.to_owned(),
        };
        api.create(
            "/api/v1/namespaces",
            json!({"metadata": {"name": namespace}}),
        )
        .await;
        api
    }
}

impl Api<'_> {
    /// The message of a strict create, which is refused as a bad request.
    pub async fn refused_when_strict(&self, path: &str, body: &Value) -> String {
        let path = format!("{path}?fieldValidation=Strict");
        let (code, reason, message) = refusal(self.ask("POST", &path, body.clone()).await);
        assert_eq!((code, reason.as_str()), (400, "BadRequest"));
        message
    }

    /// The path of a namespaced resource: `apps/v1/deployments/x` or `v1/configmaps`.
    pub fn path(&self, what: &str) -> String {
        let parts: Vec<&str> = what.splitn(3, '/').collect();
        let ns = &self.namespace;
        match parts.as_slice() {
            ["v1", ..] => format!("/api/v1/namespaces/{ns}/{}", &what[3..]),
            [group, version, rest] => format!("/apis/{group}/{version}/namespaces/{ns}/{rest}"),
            _ => panic!("{what}"),
        }
    }

    /// Any request.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        self.door.ask(method, path, (JSON, bytes)).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Value {
        let (code, body) = self.ask("GET", path, Value::Null).await;
        assert_eq!(code, 200, "{path}: {body}");
        body
    }

    /// POST that works.
    pub async fn create(&self, path: &str, body: Value) -> Value {
        let (code, answer) = self.ask("POST", path, body).await;
        assert_eq!(code, 201, "{path}: {answer}");
        answer
    }

    /// PATCH.
    pub async fn patch(&self, path: &str, content: &str, body: &Value) -> (u16, Value) {
        self.door
            .ask("PATCH", path, (content, body.to_string().into_bytes()))
            .await
    }

    /// Server-side apply by a manager; `more` is appended to the query.
    pub async fn apply(
        &self,
        path: &str,
        (manager, more): (&str, &str),
        body: &Value,
    ) -> (u16, Value) {
        let path = format!("{path}?fieldManager={manager}{more}");
        self.patch(&path, APPLY, body).await
    }

    /// Server-side apply that works.
    pub async fn applied(&self, path: &str, manager: &str, body: &Value) -> Value {
        let (code, answer) = self.apply(path, (manager, ""), body).await;
        assert!(code == 200 || code == 201, "{path}: {code} {answer}");
        answer
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> (u16, Value) {
        self.ask("DELETE", path, Value::Null).await
    }

    /// Waits until an object satisfies a condition.
    pub async fn until(&self, path: &str, what: &str, good: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..600 {
            let (code, body) = self.ask("GET", path, Value::Null).await;
            last = json!([code, body]);
            if code == 200 && good(&body) {
                return body;
            }
            self.door.pause(Duration::from_millis(200)).await;
        }
        panic!("{path} never was {what}: {last}");
    }

    /// Waits until an object is gone.
    pub async fn until_gone(&self, path: &str) {
        for _ in 0..600 {
            if self.ask("GET", path, Value::Null).await.0 == 404 {
                return;
            }
            self.door.pause(Duration::from_millis(200)).await;
        }
        panic!("{path} never went");
    }
}

/// A refusal's code, reason and message.
pub fn refusal((code, status): (u16, Value)) -> (u16, String, String) {
    assert_eq!(status["kind"], "Status", "{status}");
    assert_eq!(status["code"], code, "{status}");
    let text = |key: &str| status[key].as_str().unwrap_or_default().to_owned();
    (code, text("reason"), text("message"))
}

/// Whether a condition of an object is true.
pub fn is_true(object: &Value, kind: &str) -> bool {
    let list = object["status"]["conditions"].as_array();
    list.into_iter()
        .flatten()
        .any(|c| c["type"] == kind && c["status"] == "True")
}

/// A `ConfigMap`.
pub fn map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

/// A Deployment of one container.
pub fn deployment(name: &str, more: Value) -> Value {
    let mut object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": "lab.nautes.example/standin:1"}]}}}});
    for (key, value) in more.as_object().into_iter().flatten() {
        object["spec"][key] = value.clone();
    }
    object
}
