//! `community.hashi_vault.vault_kv2_write` and `vault_kv2_get`: secrets of the kv engine, version 2.
//! Values are never shown.

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::remote;
use crate::connection::{Probe, Reader};
use crate::modules::remote::Remote;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Site};
use crate::service::ApiReader;

/// Where a secret is.
struct Spot {
    remote: Remote,
    engine: String,
    path: String,
}

impl Spot {
    fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        Ok(Self {
            remote: remote(given, context)?,
            engine: given
                .string("engine_mount_point")
                .trim_matches('/')
                .to_owned(),
            path: given.string("path").trim_matches('/').to_owned(),
        })
    }

    fn api_path(&self) -> String {
        format!("/v1/{}/data/{}", self.engine, self.path)
    }

    fn subject(&self) -> String {
        format!("secret {}/{}", self.engine, self.path)
    }

    /// The newest version: data and metadata; `None` without one, or if it was deleted.
    async fn newest(&self, api: &ApiReader) -> Result<Option<Value>, Failure> {
        let found = api.get(&self.api_path()).await?;
        Ok(found
            .map(|found| found["data"].clone())
            .filter(|d| d["data"].is_object()))
    }
}

/// Writes a secret.
pub struct Write {
    spot: Spot,
    data: Map<String, Value>,
    cas: Option<u64>,
    looks: bool,
}

impl Write {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let data = given.get("data").and_then(Value::as_object).cloned();
        Ok(Self {
            spot: Spot::new(given, context)?,
            data: data.unwrap_or_default(),
            cas: given.int("cas").and_then(|cas| cas.try_into().ok()),
            looks: given.flag("read_before_write"),
        })
    }
}

/// What a secret's fields are called, one a line.
fn names(data: &Map<String, Value>) -> String {
    data.keys().map(|name| format!("{name}: …\n")).collect()
}

#[async_trait]
impl Module for Write {
    type Seen = (ApiReader, Option<Value>);

    fn foresee(&self) -> Vec<Probe> {
        self.spot.remote.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Self::Seen, Failure> {
        let api = self.spot.remote.open(at).await?;
        let newest = if self.looks {
            self.spot.newest(&api).await?
        } else {
            None
        };
        Ok((api, newest))
    }

    fn diff(&self, (_, newest): &Self::Seen) -> Result<Diff, Failure> {
        let mut diff = Diff::default();
        let there = newest
            .as_ref()
            .and_then(|newest| newest["data"].as_object());
        if self.looks && there == Some(&self.data) {
            diff.reason = Some("the newest version holds this already".to_owned());
            return Ok(diff);
        }
        let mut change = Change::new(
            self.spot.subject(),
            there.map(names).unwrap_or_default(),
            names(&self.data),
        );
        // Two versions with the same names differ in values alone.
        if change.before == change.after {
            change.after.push_str("# other values\n");
        }
        diff.changes.push(change);
        Ok(diff)
    }

    async fn apply(
        &self,
        at: &Site<'_>,
        (reader, _): Self::Seen,
        _: &Diff,
    ) -> Result<Outcome, Failure> {
        let api = reader.writer(at.connection);
        let mut body = json!({ "data": self.data });
        if let Some(cas) = self.cas {
            body["options"] = json!({ "cas": cas });
        }
        let raw = api
            .change(Method::POST, &self.spot.api_path(), Some(&body))
            .await?;
        let back = self.spot.newest(&reader).await?.unwrap_or_default();
        if back["data"].as_object() != Some(&self.data) {
            return Err(Failure::msg(format!(
                "{} is not what was written when it is read back",
                self.spot.subject()
            ))
            .help("look who else writes there, and whether the token may read it"));
        }
        let result = [("raw".to_owned(), raw)].into_iter().collect();
        Ok(Outcome {
            result,
            changed: Some(true),
        })
    }
}

/// Reads a secret.
pub struct Get {
    spot: Spot,
}

impl Get {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        Ok(Self {
            spot: Spot::new(given, context)?,
        })
    }
}

#[async_trait]
impl Module for Get {
    type Seen = Value;

    fn foresee(&self) -> Vec<Probe> {
        self.spot.remote.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Value, Failure> {
        let api = self.spot.remote.open(at).await?;
        self.spot.newest(&api).await?.ok_or_else(|| {
            Failure::msg(format!(
                "Invalid or missing path ['{}/data/{}']: there is no such secret",
                self.spot.engine, self.spot.path
            ))
        })
    }

    fn diff(&self, seen: &Value) -> Result<Diff, Failure> {
        let fields = [
            ("data", seen.clone()),
            ("metadata", seen["metadata"].clone()),
            ("secret", seen["data"].clone()),
        ];
        Ok(Diff {
            reason: Some("it only looks".to_owned()),
            result: fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            ..Diff::default()
        })
    }

    async fn apply(&self, _: &Site<'_>, _: Value, _: &Diff) -> Result<Outcome, Failure> {
        Ok(Outcome::default())
    }
}
