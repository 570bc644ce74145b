//! `nautes.install.harbor_configuration`: settings of Harbor, those that are named.
//!
//! Harbor never tells a password: such a setting is named in `write_only`, and `force` says that it
//! must be written again.

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value};

use super::told;
use crate::diagnostic::nearest;
use crate::modules::thing::{Thing, differs, fields, plain, same};
use crate::modules::{Change, Diff, Failure, Given};
use crate::service::{Api, ApiReader, ServiceError, harbor};

/// The module.
pub struct Configuration {
    wanted: Map<String, Value>,
    write_only: Vec<String>,
    force: bool,
}

impl Configuration {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        match given.get("configuration") {
            Some(Value::Object(wanted)) => Ok(Self {
                wanted: wanted.clone(),
                write_only: given.list("write_only"),
                force: given.flag("force"),
            }),
            _ => Err(Failure::msg(
                "`configuration` is a mapping of names and values",
            )),
        }
    }

    /// The settings that are read back.
    fn readable(&self) -> impl Iterator<Item = (&String, &Value)> {
        let all = self.wanted.iter();
        all.filter(|(name, _)| !self.write_only.contains(name))
    }

    /// The names of those that differ.
    fn differing(&self, seen: &Value) -> Vec<&String> {
        let all = self.readable();
        let differ = all.filter(|(name, wanted)| seen[name.as_str()]["value"] != **wanted);
        differ.map(|(name, _)| name).collect()
    }

    fn shown(&self, seen: &Value) -> Value {
        let all = self.readable();
        let all = all.map(|(name, _)| (name.clone(), seen[name.as_str()]["value"].clone()));
        Value::Object(all.collect())
    }

    /// What this Harbor does not know, or does not change any more.
    fn refused(&self, seen: &Value) -> Option<Failure> {
        let known = seen.as_object()?;
        if let Some((name, _)) = self.readable().find(|(name, _)| !known.contains_key(*name)) {
            let failure = Failure::msg(format!("this Harbor has no setting `{name}`"));
            return Some(match nearest(name, known.keys().map(String::as_str)) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help(
                    "leave it out, look which settings its version has, or name a password in `write_only`",
                ),
            });
        }
        let fixed = self
            .differing(seen)
            .into_iter()
            .find(|name| seen[name.as_str()]["editable"] == false)?;
        let failure = Failure::msg(format!(
            "`{fixed}` of Harbor is {}, cannot be changed any more, and {} is wanted",
            plain(&seen[fixed.as_str()]["value"]),
            plain(&self.wanted[fixed.as_str()])
        ));
        Some(if fixed == "auth_mode" {
            failure.help("Harbor has accounts beside admin, which belong to the way people sign in now: remove them in Harbor, or leave the way as it is")
        } else {
            failure.help("leave the setting as it is")
        })
    }
}

#[async_trait]
impl Thing for Configuration {
    async fn look(&self, api: &ApiReader) -> Result<Value, ServiceError> {
        harbor::configuration(api).await.map(Value::Object)
    }

    fn compare(&self, seen: &Value) -> Result<Diff, Failure> {
        if let Some(failure) = self.refused(seen) {
            return Err(failure);
        }
        let subject = |name: &str| format!("configuration of Harbor: {name}");
        let changes = self.differing(seen).into_iter().map(|name| {
            let before = plain(&seen[name.as_str()]["value"]);
            Change::new(subject(name), before, plain(&self.wanted[name.as_str()]))
        });
        let mut changes: Vec<Change> = changes.collect();
        if self.force {
            let anew = self.write_only.iter();
            changes.extend(anew.map(|name| Change::new(subject(name), "", "written anew")));
        }
        if changes.is_empty() {
            let shown = fields("configuration", &self.shown(seen));
            return Ok(same("it is as wanted", shown));
        }
        Ok(differs(changes))
    }

    async fn change(&self, api: &Api, seen: &Value) -> Result<Map<String, Value>, Failure> {
        // Only what differs: Harbor refuses to write some settings even as they are.
        let differing = self.differing(seen);
        let wanted = self.wanted.iter();
        let body: Map<String, Value> = wanted
            .filter(|(name, _)| differing.contains(name) || self.write_only.contains(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if let Some(Value::String(url)) = body.get("oidc_endpoint") {
            let asked = harbor::reaches_provider(api, url).await;
            asked.map_err(|error| {
                told(error).help(format!("Harbor's pods must find the name of {url}, reach it, and trust its certificate: `kubectl -n harbor logs deploy/harbor-core` says which of them fails"))
            })?;
        }
        let body = Value::Object(body);
        let put = (Method::PUT, "/configurations");
        harbor::write(api, put, &body).await.map_err(told)?;
        let now = harbor::configuration(api.reader()).await.map_err(told)?;
        let now = Value::Object(now);
        match self.differing(&now).first() {
            None => Ok(fields("configuration", &self.shown(&now))),
            Some(name) => Err(Failure::msg(format!(
                "Harbor took the configuration, and `{name}` is {} when it is read back",
                plain(&now[name.as_str()]["value"])
            ))
            .help("write the value as Harbor itself says it")),
        }
    }
}
