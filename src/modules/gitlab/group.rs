//! `community.general.gitlab_group`.

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::access::told;
use crate::modules::thing::{Thing, changes, differ, differs, fields, given_fields, same};
use crate::modules::{Change, Diff, Failure, Given};
use crate::service::{Api, ApiReader, ServiceError, gitlab};

/// Fields that are compared: ours and GitLab's name.
const FIELDS: &[(&str, &str)] = &[
    ("auto_devops_enabled", "auto_devops_enabled"),
    ("description", "description"),
    ("name", "name"),
    ("project_creation_level", "project_creation_level"),
    (
        "require_two_factor_authentication",
        "require_two_factor_authentication",
    ),
    ("subgroup_creation_level", "subgroup_creation_level"),
    ("visibility", "visibility"),
];

/// The module.
pub struct Group {
    path: String,
    parent: Option<String>,
    present: bool,
    wanted: Map<String, Value>,
}

impl Group {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Self {
        let name = given.string("name");
        Self {
            path: given.some("path").unwrap_or_else(|| name.replace(' ', "_")),
            parent: given.some("parent"),
            present: given.text("state") != Some("absent"),
            wanted: given_fields(given, FIELDS),
        }
    }

    fn full(&self) -> String {
        match &self.parent {
            Some(parent) => format!("{parent}/{}", self.path),
            None => self.path.clone(),
        }
    }
}

#[async_trait]
impl Thing for Group {
    async fn look(&self, api: &ApiReader) -> Result<Value, ServiceError> {
        let found = gitlab::at(api, "groups", &self.full()).await?;
        Ok(found.unwrap_or_default())
    }

    fn compare(&self, seen: &Value) -> Result<Diff, Failure> {
        let subject = format!("group {}", self.full());
        Ok(match (self.present, seen.is_null()) {
            (false, true) => same("it is not there", Map::new()),
            (false, false) => differs(vec![Change::new(subject, "present", "")]),
            (true, true) => differs(vec![Change::new(subject, "", "present")]),
            (true, false) => {
                let changes = changes(&subject, &self.wanted, seen);
                if changes.is_empty() {
                    return Ok(same("it is as wanted", fields("group", seen)));
                }
                differ(changes, fields("group", seen))
            }
        })
    }

    async fn change(&self, api: &Api, seen: &Value) -> Result<Map<String, Value>, Failure> {
        let at = format!("/groups/{}", seen["id"]);
        if !self.present {
            let gone = (Method::DELETE, at.as_str());
            gitlab::write(api, gone, &Value::Null).await.map_err(told)?;
            return Ok(Map::new());
        }
        let mut body = self.wanted.clone();
        if !seen.is_null() {
            let body = Value::Object(body);
            let made = gitlab::write(api, (Method::PUT, &at), &body).await;
            return Ok(fields("group", &made.map_err(told)?));
        }
        body.insert("path".to_owned(), json!(self.path));
        if let Some(parent) = &self.parent {
            let above = gitlab::at(api.reader(), "groups", parent)
                .await
                .map_err(told)?;
            let above = above.ok_or_else(|| {
                Failure::msg(format!("the parent group `{parent}` does not exist"))
            })?;
            body.insert("parent_id".to_owned(), above["id"].clone());
        }
        let made = gitlab::write(api, (Method::POST, "/groups"), &Value::Object(body)).await;
        Ok(fields("group", &made.map_err(told)?))
    }
}
