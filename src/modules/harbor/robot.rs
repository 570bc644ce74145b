//! `nautes.install.harbor_robot`: a robot account of the whole Harbor.
//!
//! Harbor tells the secret that it makes once, and takes another one at any time: whoever keeps the
//! secret gives it (`secret`). It is tried, and set where it does not work, so a run that was cut
//! short, or a secret that was lost and made anew, ends with one that works.

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::told;
use crate::modules::thing::{Thing, changes, differs, fields, same};
use crate::modules::{Change, Diff, Failure, Given};
use crate::secret::Secret;
use crate::service::{Api, ApiReader, ServiceError, harbor};

/// The module.
pub struct Robot {
    name: String,
    present: bool,
    secret: Secret<String>,
    wanted: Map<String, Value>,
}

impl Robot {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let present = given.text("state") != Some("absent");
        let name = given.string("name");
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        if name.is_empty() || !name.chars().all(allowed) {
            return Err(Failure::msg(format!(
                "`{name}` is not the name of a robot account: small letters, digits, `.`, `_` and `-`, without `robot$`"
            )));
        }
        let secret = given.string("secret");
        let has = |kind: fn(&char) -> bool| secret.chars().any(|c| kind(&c));
        let strong = (8..=128).contains(&secret.len())
            && has(char::is_ascii_uppercase)
            && has(char::is_ascii_lowercase)
            && has(char::is_ascii_digit);
        if present && !strong {
            return Err(Failure::msg(
                "`secret` of a robot account has 8 to 128 characters, capital and small letters and digits among them",
            ));
        }
        let mut wanted = Map::new();
        wanted.insert("description".to_owned(), json!(given.string("description")));
        wanted.insert("disable".to_owned(), json!(false));
        wanted.insert("duration".to_owned(), json!(-1));
        wanted.insert(
            "permissions".to_owned(),
            ordered(given.get("permissions").unwrap_or(&Value::Null)),
        );
        Ok(Self {
            name,
            present,
            secret: Secret::new(secret),
            wanted,
        })
    }

    fn subject(&self) -> String {
        format!("robot account {}", self.name)
    }

    fn body(&self, whole: &Value) -> Value {
        let mut body = self.wanted.clone();
        body.insert("name".to_owned(), whole.clone());
        body.insert("level".to_owned(), json!("system"));
        Value::Object(body)
    }
}

/// Permissions in one order, with the fields that say something.
fn ordered(permissions: &Value) -> Value {
    let mut all: Vec<Value> = permissions
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| {
            let access = one["access"].as_array().into_iter().flatten();
            let mut access: Vec<Value> = access
                .map(|a| json!({ "resource": a["resource"], "action": a["action"] }))
                .collect();
            access.sort_by_key(ToString::to_string);
            json!({ "kind": one["kind"], "namespace": one["namespace"], "access": access })
        })
        .collect();
    all.sort_by_key(ToString::to_string);
    Value::Array(all)
}

#[async_trait]
impl Thing for Robot {
    async fn look(&self, api: &ApiReader) -> Result<Value, ServiceError> {
        let (whole, found) = harbor::robot(api, &self.name).await?;
        let Some(mut found) = found else {
            return Ok(json!({ "whole": whole, "robot": null }));
        };
        found["permissions"] = ordered(&found["permissions"]);
        if found["description"].is_null() {
            found["description"] = json!("");
        }
        let works = self.present && harbor::signs_in(api, &whole, &self.secret).await?;
        Ok(json!({ "whole": whole, "robot": found, "works": works }))
    }

    fn compare(&self, seen: &Value) -> Result<Diff, Failure> {
        let robot = &seen["robot"];
        let subject = self.subject();
        Ok(match (self.present, robot.is_null()) {
            (false, true) => same("it is not there", Map::new()),
            (false, false) => differs(vec![Change::new(subject, "present", "")]),
            (true, true) => differs(vec![Change::new(subject, "", "present")]),
            (true, false) => {
                let mut changes = changes(&subject, &self.wanted, robot);
                // One that is disabled cannot sign in whatever its secret: it is tried afterwards.
                if seen["works"] != true && changes.is_empty() {
                    let what = format!("{subject}: secret");
                    changes.push(Change::new(what, "another one", "the one that is kept"));
                }
                if changes.is_empty() {
                    return Ok(same("it works", fields("robot", robot)));
                }
                differs(changes)
            }
        })
    }

    async fn change(&self, api: &Api, seen: &Value) -> Result<Map<String, Value>, Failure> {
        let robot = &seen["robot"];
        let mut id = robot["id"].clone();
        if !self.present {
            let gone = (Method::DELETE, &*format!("/robots/{id}"));
            harbor::write(api, gone, &Value::Null).await.map_err(told)?;
            return Ok(Map::new());
        }
        if robot.is_null() {
            let body = self.body(&json!(self.name));
            let made = harbor::write(api, (Method::POST, "/robots"), &body).await;
            id = made.map_err(told)?["id"].clone();
        } else if !changes("", &self.wanted, robot).is_empty() {
            let mut body = self.body(&robot["name"]);
            body["id"] = id.clone();
            let put = (Method::PUT, &*format!("/robots/{id}"));
            harbor::write(api, put, &body).await.map_err(told)?;
        }
        let whole = seen["whole"].as_str().unwrap_or_default();
        let works = harbor::signs_in(api.reader(), whole, &self.secret);
        if !works.await.map_err(told)? {
            let body = json!({ "secret": self.secret.expose() });
            let patch = (Method::PATCH, &*format!("/robots/{id}"));
            harbor::write(api, patch, &body).await.map_err(told)?;
            let works = harbor::signs_in(api.reader(), whole, &self.secret);
            if !works.await.map_err(told)? {
                return Err(Failure::msg(format!(
                    "Harbor took the secret of `{whole}`, and does not let it sign in with it"
                ))
                .help("look at the robot account in Harbor: whether it is disabled or over"));
            }
        }
        let now = self.look(api.reader()).await.map_err(told)?;
        Ok(fields("robot", &now["robot"]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_the_same_in_any_order() {
        let one = json!([{ "kind": "project", "namespace": "*", "access": [
            { "resource": "repository", "action": "push" },
            { "resource": "repository", "action": "pull" } ] }]);
        let other = json!([{ "namespace": "*", "kind": "project", "access": [
            { "action": "pull", "resource": "repository", "effect": "" },
            { "action": "push", "resource": "repository", "effect": "" } ] }]);
        assert_eq!(ordered(&one), ordered(&other));
        assert_ne!(ordered(&one), ordered(&json!([])));
    }
}
