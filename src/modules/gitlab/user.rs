//! `community.general.gitlab_user`. A user without a password gets one that nobody knows.

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::access::told;
use crate::modules::thing::{Thing, changes, differ, differs, fields, given_fields, same};
use crate::modules::{Change, Diff, Failure, Given};
use crate::secret::Secret;
use crate::service::{Api, ApiReader, ServiceError, gitlab};

/// Fields that are compared: ours and what GitLab shows.
const FIELDS: &[(&str, &str)] = &[
    ("email", "email"),
    ("external", "external"),
    ("isadmin", "is_admin"),
    ("name", "name"),
];

/// The module.
pub struct User {
    username: String,
    present: bool,
    wanted: Map<String, Value>,
    password: Option<Secret<String>>,
    reset: bool,
    confirm: bool,
}

impl User {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Self {
        Self {
            username: given.string("username"),
            present: given.text("state") != Some("absent"),
            wanted: given_fields(given, FIELDS),
            password: given.some("password").map(Secret::new),
            reset: given.flag("reset_password"),
            confirm: given.flag("confirm"),
        }
    }

    /// The fields as GitLab takes them.
    fn body(&self) -> Value {
        let mut body = self.wanted.clone();
        if let Some(admin) = body.remove("is_admin") {
            body.insert("admin".to_owned(), admin);
        }
        Value::Object(body)
    }
}

#[async_trait]
impl Thing for User {
    async fn look(&self, api: &ApiReader) -> Result<Value, ServiceError> {
        let found = gitlab::user(api, &self.username).await?.unwrap_or_default();
        // Lists leave out what only administrators see.
        match found["id"].as_u64() {
            Some(id) => Ok(gitlab::one(api, &format!("/users/{id}"))
                .await?
                .unwrap_or(found)),
            None => Ok(found),
        }
    }

    fn compare(&self, seen: &Value) -> Result<Diff, Failure> {
        let subject = format!("user {}", self.username);
        Ok(match (self.present, seen.is_null()) {
            (false, true) => same("it is not there", Map::new()),
            (false, false) => differs(vec![Change::new(subject, "present", "")]),
            (true, true) => differs(vec![Change::new(subject, "", "present")]),
            (true, false) => {
                let changes = changes(&subject, &self.wanted, seen);
                if changes.is_empty() {
                    return Ok(same("it is as wanted", fields("user", seen)));
                }
                differ(changes, fields("user", seen))
            }
        })
    }

    async fn change(&self, api: &Api, seen: &Value) -> Result<Map<String, Value>, Failure> {
        let at = format!("/users/{}", seen["id"]);
        if !self.present {
            let gone = (Method::DELETE, at.as_str());
            gitlab::write(api, gone, &Value::Null).await.map_err(told)?;
            return Ok(Map::new());
        }
        let mut body = self.body();
        let order = if seen.is_null() {
            for field in ["name", "email"] {
                if body[field].is_null() {
                    return Err(Failure::msg(format!(
                        "`{field}` is needed to make user `{}`",
                        self.username
                    )));
                }
            }
            body["username"] = json!(self.username);
            body["skip_confirmation"] = json!(!self.confirm);
            match &self.password {
                Some(password) => body["password"] = json!(password.expose()),
                None if self.reset => body["reset_password"] = json!(true),
                None => body["force_random_password"] = json!(true),
            }
            (Method::POST, "/users")
        } else {
            body["skip_reconfirmation"] = json!(!self.confirm);
            (Method::PUT, at.as_str())
        };
        let made = gitlab::write(api, order, &body).await.map_err(told)?;
        Ok(fields("user", &made))
    }
}
