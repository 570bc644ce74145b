//! `nautes.install.harbor_project`: a project, which images and charts are in.

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::told;
use crate::modules::thing::{Thing, changes, differs, fields, same};
use crate::modules::{Change, Diff, Failure, Given};
use crate::service::{Api, ApiReader, ServiceError, harbor};

/// The module.
pub struct Project {
    name: String,
    present: bool,
    metadata: Map<String, Value>,
}

impl Project {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let name = given.string("name");
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        if name.is_empty() || !name.chars().all(allowed) {
            return Err(Failure::msg(format!(
                "`{name}` is not the name of a project: small letters, digits, `.`, `_` and `-`"
            )));
        }
        // Harbor keeps all of them as text.
        let mut metadata = Map::new();
        for field in ["public", "auto_scan"] {
            if let Some(value) = given.choice(field) {
                metadata.insert(field.to_owned(), json!(value.to_string()));
            }
        }
        Ok(Self {
            name,
            present: given.text("state") != Some("absent"),
            metadata,
        })
    }
}

#[async_trait]
impl Thing for Project {
    async fn look(&self, api: &ApiReader) -> Result<Value, ServiceError> {
        let found = harbor::project(api, &self.name).await?;
        Ok(found.unwrap_or_default())
    }

    fn compare(&self, seen: &Value) -> Result<Diff, Failure> {
        let subject = format!("project {}", self.name);
        Ok(match (self.present, seen.is_null()) {
            (false, true) => same("it is not there", Map::new()),
            (false, false) => differs(vec![Change::new(subject, "present", "")]),
            (true, true) => differs(vec![Change::new(subject, "", "present")]),
            (true, false) => {
                let changes = changes(&subject, &self.metadata, &seen["metadata"]);
                if changes.is_empty() {
                    return Ok(same("it is as wanted", fields("project", seen)));
                }
                differs(changes)
            }
        })
    }

    async fn change(&self, api: &Api, seen: &Value) -> Result<Map<String, Value>, Failure> {
        let at = format!("/projects/{}", seen["project_id"]);
        let (call, body) = match (self.present, seen.is_null()) {
            (false, _) => ((Method::DELETE, at.as_str()), Value::Null),
            (true, false) => (
                (Method::PUT, at.as_str()),
                json!({ "metadata": self.metadata }),
            ),
            (true, true) => (
                (Method::POST, "/projects"),
                json!({ "project_name": self.name, "metadata": self.metadata }),
            ),
        };
        let done = harbor::write(api, call, &body).await;
        done.map_err(|error| match error.code() {
            Some(412) => told(error)
                .help("a project with images is removed in Harbor, by whoever knows them"),
            _ => told(error),
        })?;
        let now = self.look(api.reader()).await.map_err(told)?;
        Ok(fields("project", &now))
    }
}
