//! `community.general.gitlab_project`.

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::access::told;
use crate::modules::thing::{Thing, changes, differ, differs, fields, given_fields, same};
use crate::modules::{Change, Diff, Failure, Given};
use crate::service::{Api, ApiReader, ServiceError, gitlab};

/// Fields that are compared: ours and GitLab's name.
const FIELDS: &[(&str, &str)] = &[
    ("description", "description"),
    ("issues_enabled", "issues_enabled"),
    ("lfs_enabled", "lfs_enabled"),
    ("merge_requests_enabled", "merge_requests_enabled"),
    ("name", "name"),
    ("packages_enabled", "packages_enabled"),
    ("snippets_enabled", "snippets_enabled"),
    ("visibility", "visibility"),
    ("wiki_enabled", "wiki_enabled"),
];

/// The module.
pub struct Project {
    path: String,
    group: Option<String>,
    present: bool,
    wanted: Map<String, Value>,
    branch: Option<String>,
    readme: bool,
}

impl Project {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Self {
        let name = given.string("name");
        Self {
            path: given.some("path").unwrap_or_else(|| name.replace(' ', "_")),
            group: given.some("group"),
            present: given.text("state") != Some("absent"),
            wanted: given_fields(given, FIELDS),
            branch: given.some("default_branch"),
            readme: given.flag("initialize_with_readme"),
        }
    }

    /// What is wanted of one that is there: a branch that does not exist cannot be its first.
    fn wanted(&self, seen: &Value) -> Map<String, Value> {
        let mut wanted = self.wanted.clone();
        if let Some(branch) = self.branch.as_ref().filter(|_| seen["empty_repo"] != true) {
            wanted.insert("default_branch".to_owned(), json!(branch));
        }
        wanted
    }
}

#[async_trait]
impl Thing for Project {
    async fn look(&self, api: &ApiReader) -> Result<Value, ServiceError> {
        let space = if let Some(group) = &self.group {
            group.clone()
        } else {
            let me = gitlab::one(api, "/user").await?.unwrap_or_default();
            me["username"].as_str().unwrap_or_default().to_owned()
        };
        let path = format!("{space}/{}", self.path);
        let found = gitlab::at(api, "projects", &path).await?;
        Ok(json!({ "at": path, "project": found }))
    }

    fn compare(&self, seen: &Value) -> Result<Diff, Failure> {
        let (at, seen) = (&seen["at"], &seen["project"]);
        let subject = format!("project {}", at.as_str().unwrap_or_default());
        Ok(match (self.present, seen.is_null()) {
            (false, true) => same("it is not there", Map::new()),
            (false, false) => differs(vec![Change::new(subject, "present", "")]),
            (true, true) => differs(vec![Change::new(subject, "", "present")]),
            (true, false) => {
                let changes = changes(&subject, &self.wanted(seen), seen);
                if changes.is_empty() {
                    return Ok(same("it is as wanted", fields("project", seen)));
                }
                differ(changes, fields("project", seen))
            }
        })
    }

    async fn change(&self, api: &Api, seen: &Value) -> Result<Map<String, Value>, Failure> {
        let seen = &seen["project"];
        let at = format!("/projects/{}", seen["id"]);
        if !self.present {
            let gone = (Method::DELETE, at.as_str());
            gitlab::write(api, gone, &Value::Null).await.map_err(told)?;
            return Ok(Map::new());
        }
        if !seen.is_null() {
            let body = Value::Object(self.wanted(seen));
            let made = gitlab::write(api, (Method::PUT, &at), &body).await;
            return Ok(fields("project", &made.map_err(told)?));
        }
        let mut body = self.wanted.clone();
        body.insert("path".to_owned(), json!(self.path));
        body.insert("initialize_with_readme".to_owned(), json!(self.readme));
        if let Some(branch) = &self.branch {
            body.insert("default_branch".to_owned(), json!(branch));
        }
        if let Some(group) = &self.group {
            let above = gitlab::at(api.reader(), "groups", group)
                .await
                .map_err(told)?;
            let above =
                above.ok_or_else(|| Failure::msg(format!("the group `{group}` does not exist")))?;
            body.insert("namespace_id".to_owned(), above["id"].clone());
        }
        let made = gitlab::write(api, (Method::POST, "/projects"), &Value::Object(body)).await;
        Ok(fields("project", &made.map_err(told)?))
    }
}
