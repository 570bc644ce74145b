//! `vault_setting`: one thing in Vault, by the path of its API: a mount, a policy, a role, a
//! configuration. It is looked at first, and read back after it was written.

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::remote;
use super::same::same;
use crate::connection::{Probe, Reader};
use crate::modules::remote::Remote;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Site};
use crate::service::{ApiReader, ServiceError};

/// The module.
pub struct Setting {
    remote: Remote,
    path: String,
    data: Map<String, Value>,
    write_only: Vec<String>,
    absent: bool,
    force: bool,
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// A secrets engine or auth method: made once, tuned later.
    Mount,
    /// Anything that is written as a whole.
    Plain,
}

impl Setting {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let path = super::path(given)?;
        let data = given.get("data").and_then(Value::as_object).cloned();
        Ok(Self {
            remote: remote(given, context)?,
            path,
            data: data.unwrap_or_default(),
            write_only: given.list("write_only"),
            absent: given.text("state") == Some("absent"),
            force: given.flag("force"),
        })
    }

    fn what(&self) -> What {
        let below = ["sys/mounts/", "sys/auth/"];
        if below.iter().any(|start| self.path.starts_with(start)) {
            What::Mount
        } else {
            What::Plain
        }
    }

    /// What is there; `None` if nothing is.
    async fn there(&self, api: &ApiReader) -> Result<Option<Map<String, Value>>, ServiceError> {
        let object = |value: &Value| value.as_object().cloned();
        if self.what() == What::Mount {
            // Only the list is answered by every version.
            let (list, name) = self.mount();
            let found = api.get(&format!("/v1/{list}")).await?.unwrap_or_default();
            let name = format!("{name}/");
            return Ok(object(&found["data"][&name]).or_else(|| object(&found[&name])));
        }
        let found = api.get(&format!("/v1/{}", self.path)).await?;
        Ok(found.and_then(|found| object(&found["data"])))
    }

    /// The list that a mount is in, and its name there.
    fn mount(&self) -> (&str, &str) {
        let at = self.path.match_indices('/').nth(1).map_or(0, |(at, _)| at);
        (
            &self.path[..at],
            self.path.get(at + 1..).unwrap_or_default(),
        )
    }

    /// The fields that are read back.
    fn readable(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.data
            .iter()
            .filter(|(key, _)| !self.write_only.contains(key))
    }

    fn holds(&self, there: &Map<String, Value>) -> bool {
        let mut fields = self.readable();
        fields.all(|(key, wanted)| same(wanted, there.get(key).unwrap_or(&Value::Null)))
    }

    fn text(&self, from: &Map<String, Value>) -> String {
        let fields = self.readable().filter_map(|(key, _)| {
            let value = from.get(key)?;
            Some(match value {
                Value::String(text) if text.contains('\n') => {
                    let lines: String = text.lines().map(|line| format!("  {line}\n")).collect();
                    format!("{key}: |\n{lines}")
                }
                Value::String(text) => format!("{key}: {text}\n"),
                other => format!("{key}: {other}\n"),
            })
        });
        fields.collect()
    }

    async fn write(&self, api: &crate::service::Api, exists: bool) -> Result<(), Failure> {
        let body = Value::Object(self.data.clone());
        if exists && self.what() == What::Mount {
            let mut body = self.data.clone();
            body.remove("type");
            body.remove("options");
            if let Some(Value::Object(config)) = body.remove("config") {
                body.extend(config);
            }
            let path = format!("/v1/{}/tune", self.path);
            api.change(Method::POST, &path, Some(&Value::Object(body)))
                .await?;
        } else {
            api.change(Method::POST, &format!("/v1/{}", self.path), Some(&body))
                .await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Module for Setting {
    type Seen = (ApiReader, Option<Map<String, Value>>);

    fn foresee(&self) -> Vec<Probe> {
        self.remote.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Self::Seen, Failure> {
        let api = self.remote.open(at).await?;
        let there = self.there(&api).await?;
        Ok((api, there))
    }

    fn diff(&self, (_, there): &Self::Seen) -> Result<Diff, Failure> {
        let mut diff = Diff::default();
        diff.result.insert("path".to_owned(), json!(self.path));
        let before = there.as_ref().map(|there| self.text(there));
        if self.absent {
            match before {
                Some(before) => {
                    let before = format!("{}\n{before}", self.path);
                    diff.changes
                        .push(Change::new(self.path.clone(), before, String::new()));
                }
                None => diff.reason = Some("it is not there".to_owned()),
            }
            return Ok(diff);
        }
        if !self.force && there.as_ref().is_some_and(|there| self.holds(there)) {
            diff.reason = Some("it is as wanted".to_owned());
            return Ok(diff);
        }
        if let (Some(there), What::Mount) = (there, self.what()) {
            let kind = |from: &Map<String, Value>| from.get("type").cloned().unwrap_or_default();
            if !same(&kind(&self.data), &kind(there)) {
                return Err(Failure::msg(format!(
                    "`{}` is a mount of type {}, and {} is wanted",
                    self.path,
                    kind(there),
                    kind(&self.data)
                ))
                .help("look at what it holds; a mount of another type can only be made after this one is removed, with its data"));
            }
        }
        let mut after = self.text(&self.data);
        if let Some(before) = before.as_ref().filter(|before| **before == after) {
            // What differs is never read back.
            let words = self.write_only.join(", ");
            after = format!("{before}# {words} anew\n");
        }
        let after = if after.is_empty() {
            format!("{}\n", self.path)
        } else {
            after
        };
        diff.changes.push(Change::new(
            self.path.clone(),
            before.unwrap_or_default(),
            after,
        ));
        Ok(diff)
    }

    async fn apply(
        &self,
        at: &Site<'_>,
        (reader, there): Self::Seen,
        _: &Diff,
    ) -> Result<Outcome, Failure> {
        let api = reader.writer(at.connection);
        let outcome = Outcome {
            changed: Some(true),
            ..Outcome::default()
        };
        if self.absent {
            api.change(Method::DELETE, &format!("/v1/{}", self.path), None)
                .await?;
            return Ok(outcome);
        }
        self.write(&api, there.is_some()).await?;
        let now = self.there(&reader).await?.unwrap_or_default();
        let other = self
            .readable()
            .find(|(key, wanted)| !same(wanted, now.get(*key).unwrap_or(&Value::Null)));
        match other {
            None => Ok(outcome),
            Some((field, _)) => Err(Failure::msg(format!(
                "Vault took `{}`, and its field `{field}` is not what was written when it is read back",
                self.path
            ))
            .help("look whether this version of Vault knows the field; what is only written is named in `write_only`")),
        }
    }
}
