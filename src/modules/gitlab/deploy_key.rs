//! `community.general.gitlab_deploy_key`: found by its title. GitLab cannot give a key another
//! content, so another one takes its place; the key itself is public and may be shown.

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::access::told;
use super::needed;
use crate::modules::thing::{Thing, differs, fields, plain, same};
use crate::modules::{Change, Diff, Failure, Given};
use crate::service::{Api, ApiReader, ServiceError, gitlab};

/// The module.
pub struct DeployKey {
    project: String,
    title: String,
    key: String,
    push: bool,
    present: bool,
}

/// Kind and content of a key, without its comment.
fn bare(key: &str) -> String {
    let words: Vec<&str> = key.split_whitespace().take(2).collect();
    words.join(" ")
}

impl DeployKey {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        needed(given, &["project", "title", "key"])?;
        Ok(Self {
            project: given.string("project"),
            title: given.string("title"),
            key: given.string("key").trim().to_owned(),
            push: given.flag("can_push"),
            present: given.text("state") != Some("absent"),
        })
    }

    fn path(&self) -> String {
        format!("/projects/{}/deploy_keys", gitlab::encoded(&self.project))
    }

    fn has_content(&self, seen: &Value) -> bool {
        bare(seen["key"].as_str().unwrap_or_default()) == bare(&self.key)
    }
}

#[async_trait]
impl Thing for DeployKey {
    async fn look(&self, api: &ApiReader) -> Result<Value, ServiceError> {
        if gitlab::at(api, "projects", &self.project).await?.is_none() {
            return Ok(Value::Null);
        }
        let all = gitlab::all(api, &self.path()).await?;
        let same = |key: &&Value| self.has_content(key);
        // The same content under another title is this key: GitLab takes a content only once.
        let found = all.iter().find(same);
        let titled = all.iter().find(|key| key["title"] == self.title.as_str());
        Ok(found.or(titled).cloned().unwrap_or_default())
    }

    fn compare(&self, seen: &Value) -> Result<Diff, Failure> {
        let subject = format!("deploy key {} of {}", self.title, self.project);
        if !self.present || seen.is_null() {
            let (before, after) = match (self.present, seen.is_null()) {
                (false, true) => return Ok(same("it is not there", Map::new())),
                (false, false) => ("present", ""),
                _ => ("", "present"),
            };
            return Ok(differs(vec![Change::new(subject, before, after)]));
        }
        let mut changes = Vec::new();
        if !self.has_content(seen) {
            let old = bare(seen["key"].as_str().unwrap_or_default());
            changes.push(Change::new(format!("{subject}: key"), old, bare(&self.key)));
        }
        if seen["title"] != self.title.as_str() {
            let old = plain(&seen["title"]);
            changes.push(Change::new(format!("{subject}: title"), old, &self.title));
        }
        if seen["can_push"] != self.push {
            let old = plain(&seen["can_push"]);
            changes.push(Change::new(
                format!("{subject}: can_push"),
                old,
                self.push.to_string(),
            ));
        }
        if changes.is_empty() {
            return Ok(same("it is as wanted", fields("deploy_key", seen)));
        }
        Ok(differs(changes))
    }

    async fn change(&self, api: &Api, seen: &Value) -> Result<Map<String, Value>, Failure> {
        let at = format!("{}/{}", self.path(), seen["id"]);
        let replaced = self.present && !seen.is_null() && !self.has_content(seen);
        let mut body = json!({ "title": self.title, "can_push": self.push });
        if self.present && !seen.is_null() && !replaced {
            let made = gitlab::write(api, (Method::PUT, &at), &body).await;
            return Ok(fields("deploy_key", &made.map_err(told)?));
        }
        let mut result = Map::new();
        if self.present {
            body["key"] = json!(self.key);
            let path = self.path();
            let made = gitlab::write(api, (Method::POST, &path), &body).await;
            result = fields("deploy_key", &made.map_err(told)?);
        }
        if !self.present || replaced {
            let gone = (Method::DELETE, at.as_str());
            gitlab::write(api, gone, &Value::Null).await.map_err(told)?;
        }
        Ok(result)
    }
}
