//! `community.hashi_vault.vault_read` and `vault_write`: any path, as it is. A write is always made:
//! what compares first is `vault_setting`.

use async_trait::async_trait;
use hyper::Method;
use serde_json::Value;

use super::{path, remote};
use crate::connection::{Probe, Reader};
use crate::modules::remote::Remote;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Site};
use crate::service::ApiReader;

/// Reads a path.
pub struct Read {
    remote: Remote,
    path: String,
}

impl Read {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        Ok(Self {
            remote: remote(given, context)?,
            path: path(given)?,
        })
    }
}

#[async_trait]
impl Module for Read {
    type Seen = Value;

    fn foresee(&self) -> Vec<Probe> {
        self.remote.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Value, Failure> {
        let api = self.remote.open(at).await?;
        let found = api.get(&format!("/v1/{}", self.path)).await?;
        found.ok_or_else(|| {
            Failure::msg(format!(
                "The path '{}' doesn't seem to exist: there is nothing in Vault",
                self.path
            ))
        })
    }

    fn diff(&self, seen: &Value) -> Result<Diff, Failure> {
        Ok(Diff {
            reason: Some("it only looks".to_owned()),
            result: [("data".to_owned(), seen.clone())].into_iter().collect(),
            ..Diff::default()
        })
    }

    async fn apply(&self, _: &Site<'_>, _: Value, _: &Diff) -> Result<Outcome, Failure> {
        Ok(Outcome::default())
    }
}

/// Writes a path.
pub struct Write {
    remote: Remote,
    path: String,
    data: Value,
}

impl Write {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let data = given.get("data").cloned();
        Ok(Self {
            remote: remote(given, context)?,
            path: path(given)?,
            data: data.unwrap_or_else(|| Value::Object(serde_json::Map::new())),
        })
    }
}

#[async_trait]
impl Module for Write {
    type Seen = ApiReader;

    fn foresee(&self) -> Vec<Probe> {
        self.remote.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<ApiReader, Failure> {
        self.remote.open(at).await
    }

    fn diff(&self, _: &ApiReader) -> Result<Diff, Failure> {
        let subject = format!("write to {}", self.path);
        Ok(Diff {
            changes: vec![Change::new(subject, String::new(), String::new())],
            ..Diff::default()
        })
    }

    async fn apply(&self, at: &Site<'_>, reader: ApiReader, _: &Diff) -> Result<Outcome, Failure> {
        let api = reader.writer(at.connection);
        let path = format!("/v1/{}", self.path);
        let raw = api.change(Method::POST, &path, Some(&self.data)).await?;
        let fields = [("data", raw["data"].clone()), ("raw", raw)];
        Ok(Outcome {
            result: fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            changed: Some(true),
        })
    }
}
