//! Requests to an API server. A [`ClusterReader`] can only look: GET, LIST, WATCH, and writes that
//! are tried with `dryRun=All`. A [`Cluster`] writes, and only whoever may change the host gets one.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::{Method, Request};
use kube::client::Body;
use serde_json::Value;

use super::discovery::{Kinds, Resource};
use super::error::Refusal;
use super::kubeconfig::Access;
use super::link::{Answer, CONNECT, Link};
use super::path::Place;
use super::request::{Ask, Patch, Trial, creating, patching, replacing, warning};
use super::{ClusterError, MANAGER};
use crate::connection::{Connection, Dialler};
use crate::input::Clock;

/// How long an API server may take for one answer: a webhook may take 30 s of it.
const REQUEST: Duration = Duration::from_secs(70);
/// How often a request that may be said twice is said again.
const TRIES: u32 = 5;

pub(super) struct Shared {
    client: kube::Client,
    pub(super) link: Link,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) kinds: Kinds,
}

/// A cluster that can only be looked at. Clones share the connection.
#[derive(Clone)]
pub struct ClusterReader(pub(super) Arc<Shared>);

/// A cluster that can be changed.
#[derive(Clone)]
pub struct Cluster(ClusterReader);

impl ClusterReader {
    /// The cluster that `access` leads to; it connects at the first request.
    pub fn new(dialler: Dialler, access: Access, clock: Arc<dyn Clock>) -> Self {
        let link = Link::new(dialler, access);
        let client = kube::Client::new(link.clone(), link.namespace().to_owned());
        Self(Arc::new(Shared {
            client,
            link,
            clock,
            kinds: Kinds::default(),
        }))
    }

    /// The same cluster for writing: for whoever has the host's connection and may change it.
    pub fn writer(&self, _right: &Arc<dyn Connection>) -> Cluster {
        Cluster(self.clone())
    }

    /// The namespace of objects that name none.
    pub fn namespace(&self) -> &str {
        self.0.link.namespace()
    }

    /// The time that waits go by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// Where the API is, for messages.
    pub fn address(&self) -> String {
        self.0.link.address()
    }

    /// Begins an answer: status, warnings, body.
    pub(super) async fn begin(&self, ask: &Ask) -> Result<(u16, Vec<String>, Body), ClusterError> {
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(&ask.path)
            .header("accept", "application/json")
            .header("user-agent", MANAGER);
        if !ask.content.is_empty() {
            request = request.header("content-type", ask.content);
        }
        let request = request
            .body(Body::from(ask.body.clone()))
            .map_err(|e| ClusterError::Protocol(format!("{} {}: {e}", ask.method, ask.path)))?;
        let answer = tokio::select! {
            answer = self.0.client.send(request) => answer.map_err(|e| self.lost(e, ask))?,
            () = self.0.clock.sleep(REQUEST + CONNECT) => return Err(self.silent(ask)),
        };
        let warnings = answer.headers().get_all("warning").iter();
        let warnings = warnings.filter_map(|w| warning(w.to_str().ok()?)).collect();
        Ok((answer.status().as_u16(), warnings, answer.into_body()))
    }

    fn silent(&self, ask: &Ask) -> ClusterError {
        ClusterError::Unreachable {
            what: format!(
                "the Kubernetes API at {} did not answer {} {} within {} s",
                self.address(),
                ask.method,
                ask.path,
                (REQUEST + CONNECT).as_secs()
            ),
            help: "look at the API server's journal on its host".to_owned(),
        }
    }

    /// What became of a request without an answer.
    fn lost(&self, error: kube::Error, ask: &Ask) -> ClusterError {
        let text = error.to_string();
        if let kube::Error::Service(source) = error
            && let Ok(own) = source.downcast::<ClusterError>()
        {
            return *own;
        }
        ClusterError::Unreachable {
            what: format!(
                "the connection to the Kubernetes API at {} broke during {} {}: {text}",
                self.address(),
                ask.method,
                ask.path
            ),
            help: "run it again; what was done stays done".to_owned(),
        }
    }

    /// Asks once.
    async fn once(&self, ask: &Ask) -> Result<Answer, ClusterError> {
        let (code, warnings, body) = self.begin(ask).await?;
        let body = tokio::select! {
            body = body.collect() => body.map_err(|e| self.lost(e, ask))?.to_bytes(),
            () = self.0.clock.sleep(REQUEST) => return Err(self.silent(ask)),
        };
        if (200..300).contains(&code) {
            return Ok(Answer { body, warnings });
        }
        let asked = format!("{} {}", ask.method, ask.path);
        let refusal = Refusal::read(code, &body, &asked);
        Err(ClusterError::Refused(Box::new(refusal)))
    }

    /// Asks, again where that may help and does no harm.
    pub(super) async fn ask(&self, ask: &Ask) -> Result<Answer, ClusterError> {
        let mut tried = 0;
        loop {
            let error = match self.once(ask).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            tried += 1;
            let pause = match &error {
                ClusterError::Unreachable { .. } if ask.again => {
                    self.0.link.reset().await;
                    Duration::from_millis(200) * tried
                }
                // Refused before anything was done.
                ClusterError::Refused(refusal) if refusal.is_busy() => {
                    Duration::from_secs(refusal.retry_after.unwrap_or(1).clamp(1, 10))
                }
                _ => return Err(error),
            };
            if tried >= TRIES {
                return Err(error);
            }
            self.0.clock.sleep(pause).await;
        }
    }

    /// The answer as JSON, with the warnings that came with it.
    pub(super) async fn value(&self, ask: &Ask) -> Result<(Value, Vec<String>), ClusterError> {
        let answer = self.ask(ask).await?;
        let value = serde_json::from_slice(&answer.body).map_err(|e| {
            ClusterError::Protocol(format!("{} {}: not JSON: {e}", ask.method, ask.path))
        })?;
        Ok((value, answer.warnings))
    }

    /// What is at an address that is no object: `/version`, `/readyz`.
    pub async fn raw(&self, path: &str) -> Result<Value, ClusterError> {
        Ok(self.value(&Ask::get(path)).await?.0)
    }

    /// An object; `None` if it is not there.
    pub async fn get(&self, at: &Place) -> Result<Option<Value>, ClusterError> {
        match self.value(&Ask::get(at.path())).await {
            Ok((value, _)) => Ok(Some(value)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Text at a place that is no JSON: the log of a container.
    pub async fn text(&self, path: &str) -> Result<String, ClusterError> {
        let answer = self.ask(&Ask::get(path)).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// A change, only tried: what the object would be.
    pub async fn try_patch(
        &self,
        at: &Place,
        patch: Patch,
        body: &Value,
    ) -> Result<(Value, Vec<String>), ClusterError> {
        self.value(&patching(at, (patch, Trial::Dry), body)).await
    }

    /// A new object, only tried: what it would be.
    pub async fn try_create(&self, at: &Place, body: &Value) -> Result<Value, ClusterError> {
        Ok(self.value(&creating(at, Trial::Dry, body)).await?.0)
    }

    /// An object in another's place, only tried.
    pub async fn try_replace(&self, at: &Place, body: &Value) -> Result<Value, ClusterError> {
        Ok(self.value(&replacing(at, Trial::Dry, body)).await?.0)
    }

    /// The resource of a kind.
    pub async fn resource(&self, api_version: &str, kind: &str) -> Result<Resource, ClusterError> {
        self.0.kinds.find(self, (api_version, kind)).await
    }

    /// Forgets which kinds there are: a definition was made or removed.
    pub fn forget_kinds(&self) {
        self.0.kinds.forget();
    }
}

impl Cluster {
    /// The same cluster for looking.
    pub const fn reader(&self) -> &ClusterReader {
        &self.0
    }

    /// Changes an object (or makes it, when it is applied); it comes back as it is then.
    pub async fn patch(
        &self,
        at: &Place,
        patch: Patch,
        body: &Value,
    ) -> Result<(Value, Vec<String>), ClusterError> {
        self.0
            .value(&patching(at, (patch, Trial::Real), body))
            .await
    }

    /// Makes an object.
    pub async fn create(&self, at: &Place, body: &Value) -> Result<Value, ClusterError> {
        Ok(self.0.value(&creating(at, Trial::Real, body)).await?.0)
    }

    /// Puts an object in another's place.
    pub async fn replace(&self, at: &Place, body: &Value) -> Result<Value, ClusterError> {
        Ok(self.0.value(&replacing(at, Trial::Real, body)).await?.0)
    }

    /// Deletes an object; whether there was one. `options` are `DeleteOptions`.
    pub async fn delete(&self, at: &Place, options: &Value) -> Result<bool, ClusterError> {
        let ask = Ask {
            method: Method::DELETE,
            path: at.path(),
            content: "application/json",
            body: options.to_string().into(),
            again: true,
        };
        match self.0.ask(&ask).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
