//! Lists, and watches that go on where they stopped: line by line from the body of an answer.

use std::collections::VecDeque;
use std::time::Duration;

use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::Value;

use super::ClusterError;
use super::client::ClusterReader;
use super::discovery::Resource;
use super::error::Refusal;
use super::path::query;
use super::request::Ask;

/// Which objects of a resource.
#[derive(Clone, Debug, Default)]
pub struct Among {
    /// Namespace; nothing is all of them.
    pub namespace: String,
    /// Label selector, as kubectl takes it.
    pub labels: String,
    /// Field selector.
    pub fields: String,
}

impl Among {
    /// All of a namespace.
    pub fn namespace(name: &str) -> Self {
        Self {
            namespace: name.to_owned(),
            ..Self::default()
        }
    }

    /// One object.
    pub fn one(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            fields: format!("metadata.name={name}"),
            ..Self::default()
        }
    }

    /// With labels.
    #[must_use]
    pub fn labelled(mut self, labels: &str) -> Self {
        labels.clone_into(&mut self.labels);
        self
    }

    fn query(&self) -> String {
        let mut out = String::new();
        for (name, text) in [
            ("labelSelector", &self.labels),
            ("fieldSelector", &self.fields),
        ] {
            if !text.is_empty() {
                out.push_str(&format!("&{name}={}", query(text)));
            }
        }
        out
    }
}

/// Objects and the version of the list.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// The objects; each with `apiVersion` and `kind`.
    pub items: Vec<Value>,
    /// Where a watch goes on.
    pub version: String,
}

/// What a watch tells.
#[derive(Clone, Debug)]
pub enum Seen {
    /// An object is there, as it is now.
    There(Value),
    /// An object went; its last state.
    Gone(Value),
    /// Everything that was there at the beginning has been told.
    All,
}

/// A running watch.
pub struct Watch {
    reader: ClusterReader,
    resource: Resource,
    among: Among,
    version: String,
    body: Option<Body>,
    rest: Vec<u8>,
    waiting: VecDeque<Seen>,
}

impl ClusterReader {
    /// Objects of a resource.
    pub async fn list(&self, resource: &Resource, among: &Among) -> Result<Listed, ClusterError> {
        let path = resource.list_path(&among.namespace);
        let mut listed = Listed::default();
        let mut more = String::new();
        loop {
            let path = format!("{path}?limit=500{}{more}", among.query());
            let (mut page, _) = self.value(&Ask::get(path)).await?;
            if let Value::Array(items) = page["items"].take() {
                listed.items.extend(items.into_iter().map(|mut item| {
                    item["apiVersion"] = resource.api_version().into();
                    item["kind"] = resource.kind.clone().into();
                    item
                }));
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            listed.version = text(&page["metadata"]["resourceVersion"]);
            match text(&page["metadata"]["continue"]) {
                token if token.is_empty() => return Ok(listed),
                token => more = format!("&continue={}", query(&token)),
            }
        }
    }

    /// What happens to objects from now on; those that are there come first.
    pub fn watch(&self, resource: &Resource, among: &Among) -> Watch {
        Watch {
            reader: self.clone(),
            resource: resource.clone(),
            among: among.clone(),
            version: String::new(),
            body: None,
            rest: Vec::new(),
            waiting: VecDeque::new(),
        }
    }
}

impl Watch {
    /// The next thing that happens. Does not end; whoever waits has a deadline.
    pub async fn next(&mut self) -> Result<Seen, ClusterError> {
        loop {
            if let Some(seen) = self.waiting.pop_front() {
                return Ok(seen);
            }
            if self.version.is_empty() {
                let listed = self.reader.list(&self.resource, &self.among).await?;
                self.version = listed.version;
                self.waiting
                    .extend(listed.items.into_iter().map(Seen::There));
                self.waiting.push_back(Seen::All);
                continue;
            }
            if self.body.is_none() {
                self.open().await?;
            }
            self.read().await?;
        }
    }

    /// The next thing that happens before `until` on the reader's clock; `None` when that has come.
    pub async fn before(&mut self, until: Duration) -> Result<Option<Seen>, ClusterError> {
        let clock = self.reader.clock().clone();
        let left = until.saturating_sub(clock.elapsed());
        tokio::select! {
            biased;
            seen = self.next() => seen.map(Some),
            () = clock.sleep(left) => Ok(None),
        }
    }

    async fn open(&mut self) -> Result<(), ClusterError> {
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion={}{}",
            self.resource.list_path(&self.among.namespace),
            self.version,
            self.among.query()
        );
        let ask = Ask::get(path);
        let (code, _, body) = self.reader.begin(&ask).await?;
        if code == 200 {
            self.body = Some(body);
            return Ok(());
        }
        if code == 410 {
            self.version.clear();
            return Ok(());
        }
        let bytes = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes);
        let refusal = Refusal::read(
            code,
            &bytes.unwrap_or_default(),
            &format!("GET {}", ask.path),
        );
        Err(ClusterError::Refused(Box::new(refusal)))
    }

    /// Reads on; a body that ends or breaks is opened again from the last version.
    async fn read(&mut self) -> Result<(), ClusterError> {
        let Some(body) = &mut self.body else {
            return Ok(());
        };
        let Some(Ok(frame)) = body.frame().await else {
            self.body = None;
            self.rest.clear();
            // A server that ends every watch at once must not be asked in a circle.
            self.reader.clock().sleep(Duration::from_millis(50)).await;
            return Ok(());
        };
        let Ok(data) = frame.into_data() else {
            return Ok(());
        };
        self.rest.extend_from_slice(&data);
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.line(&line)?;
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<(), ClusterError> {
        let mut event: Value = serde_json::from_slice(line)
            .map_err(|e| ClusterError::Protocol(format!("a watch said no JSON: {e}")))?;
        let object = event["object"].take();
        let version = object["metadata"]["resourceVersion"].as_str();
        let kind = event["type"].as_str().unwrap_or_default();
        if kind == "ERROR" {
            // Mostly 410: what it goes on from was forgotten. A new list says what is there now.
            self.version.clear();
            self.body = None;
            self.rest.clear();
            return Ok(());
        }
        if let Some(version) = version {
            version.clone_into(&mut self.version);
        }
        match kind {
            "ADDED" | "MODIFIED" => self.waiting.push_back(Seen::There(object)),
            "DELETED" => self.waiting.push_back(Seen::Gone(object)),
            _ => {}
        }
        Ok(())
    }
}
