//! `nautes.install.gitlab_settings`: settings of the instance, those that are named.

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value};

use super::access::told;
use crate::diagnostic::nearest;
use crate::modules::thing::{Thing, changes, differs, fields, same};
use crate::modules::{Diff, Failure, Given};
use crate::service::{Api, ApiReader, ServiceError, gitlab};

/// Where they are.
const PATH: &str = "/application/settings";

/// The module.
pub struct Settings {
    wanted: Map<String, Value>,
}

impl Settings {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        match given.get("settings") {
            Some(Value::Object(wanted)) => Ok(Self {
                wanted: wanted.clone(),
            }),
            _ => Err(Failure::msg("`settings` is a mapping of names and values")),
        }
    }

    /// What is there, of those that are named: all of them hold secrets.
    fn shown(&self, seen: &Value) -> Value {
        let named = self
            .wanted
            .keys()
            .map(|key| (key.clone(), seen[key].clone()));
        Value::Object(named.collect())
    }
}

#[async_trait]
impl Thing for Settings {
    async fn look(&self, api: &ApiReader) -> Result<Value, ServiceError> {
        Ok(gitlab::one(api, PATH).await?.unwrap_or_default())
    }

    fn compare(&self, seen: &Value) -> Result<Diff, Failure> {
        let known = seen.as_object();
        let unknown = self
            .wanted
            .keys()
            .find(|key| known.is_none_or(|known| !known.contains_key(*key)));
        if let Some(key) = unknown {
            let failure = Failure::msg(format!("this GitLab has no setting `{key}`"));
            let near = known.and_then(|known| {
                nearest(key, known.keys().map(String::as_str)).map(ToOwned::to_owned)
            });
            return Err(match near {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help("leave it out, or look which settings its version has"),
            });
        }
        let changes = changes("settings of GitLab", &self.wanted, seen);
        if changes.is_empty() {
            return Ok(same(
                "they are as wanted",
                fields("settings", &self.shown(seen)),
            ));
        }
        Ok(differs(changes))
    }

    async fn change(&self, api: &Api, _: &Value) -> Result<Map<String, Value>, Failure> {
        let body = Value::Object(self.wanted.clone());
        let made = gitlab::write(api, (Method::PUT, PATH), &body).await;
        let made = made.map_err(told)?;
        Ok(fields("settings", &self.shown(&made)))
    }
}
