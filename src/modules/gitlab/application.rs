//! `nautes.install.gitlab_application`: an OAuth application of the instance.
//!
//! GitLab tells an application's secret once, when it is made, and its API changes no application.
//! Whoever keeps the secret names the `client_id` that it belongs to: if it is not this
//! application's, the secret is lost and made anew, which the plan says. Where something else
//! differs, another application takes its place. Before GitLab 16.11 a lost secret means that too.

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::access::told;
use super::needed;
use crate::modules::thing::{Thing, differs, fields, plain, same};
use crate::modules::{Change, Diff, Failure, Given};
use crate::service::{Api, ApiReader, ServiceError, gitlab};

/// The module.
pub struct Application {
    name: String,
    redirects: String,
    scopes: Vec<String>,
    confidential: bool,
    kept: String,
    present: bool,
}

impl Application {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let present = given.text("state") != Some("absent");
        needed(given, &["name"])?;
        let (redirects, scopes) = (given.list("redirect_uri"), given.list("scopes"));
        if present && (redirects.is_empty() || scopes.is_empty()) {
            return Err(Failure::msg(
                "missing required arguments: redirect_uri, scopes",
            ));
        }
        Ok(Self {
            name: given.string("name"),
            redirects: redirects.join("\n"),
            scopes,
            confidential: given.choice("confidential") != Some(false),
            kept: given.string("client_id"),
            present,
        })
    }

    /// What differs, but for the secret.
    fn changes(&self, seen: &Value) -> Vec<Change> {
        let subject = format!("application {}", self.name);
        let mut changes = Vec::new();
        let theirs = plain(&seen["callback_url"]);
        if theirs
            .split_whitespace()
            .ne(self.redirects.split_whitespace())
        {
            let ours = self.redirects.clone();
            changes.push(Change::new(
                format!("{subject}: redirect_uri"),
                theirs,
                ours,
            ));
        }
        if seen["confidential"]
            .as_bool()
            .is_some_and(|told| told != self.confidential)
        {
            let (old, new) = (!self.confidential, self.confidential);
            let subject = format!("{subject}: confidential");
            changes.push(Change::new(subject, old.to_string(), new.to_string()));
        }
        // GitLab tells scopes since 18.
        if let Some(told) = seen["scopes"].as_array() {
            let mut theirs: Vec<&str> = told.iter().filter_map(Value::as_str).collect();
            let mut ours: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
            theirs.sort_unstable();
            ours.sort_unstable();
            if theirs != ours {
                let (old, new) = (theirs.join(" "), ours.join(" "));
                changes.push(Change::new(format!("{subject}: scopes"), old, new));
            }
        }
        changes
    }

    async fn make(&self, api: &Api) -> Result<Value, Failure> {
        let body = json!({ "name": self.name, "redirect_uri": self.redirects,
            "scopes": self.scopes.join(" "), "confidential": self.confidential });
        let made = gitlab::write(api, (Method::POST, "/applications"), &body).await;
        made.map_err(told)
    }

    async fn drop(&self, api: &Api, id: &Value) -> Result<(), Failure> {
        let path = format!("/applications/{id}");
        let gone = gitlab::write(api, (Method::DELETE, &path), &Value::Null).await;
        gone.map(|_| ()).map_err(told)
    }
}

#[async_trait]
impl Thing for Application {
    async fn look(&self, api: &ApiReader) -> Result<Value, ServiceError> {
        let all = gitlab::all(api, "/applications").await?;
        let named: Vec<&Value> = all
            .iter()
            .filter(|one| one["application_name"] == self.name.as_str())
            .collect();
        let mine = named
            .iter()
            .find(|one| one["application_id"] == self.kept.as_str());
        Ok(mine
            .or(named.first())
            .map_or(Value::Null, |one| (*one).clone()))
    }

    fn compare(&self, seen: &Value) -> Result<Diff, Failure> {
        let subject = format!("application {}", self.name);
        if !self.present || seen.is_null() {
            let (before, after) = match (self.present, seen.is_null()) {
                (false, true) => return Ok(same("it is not there", Map::new())),
                (false, false) => ("present", ""),
                _ => ("", "present"),
            };
            return Ok(differs(vec![Change::new(subject, before, after)]));
        }
        let mut changes = self.changes(seen);
        if !changes.is_empty() {
            let (old, new) = ("as it is", "another one, with another client id and secret");
            changes.push(Change::new(subject, old, new));
        } else if seen["application_id"] != self.kept.as_str() {
            let (old, new) = (
                "nobody has it any more",
                "made anew; whoever uses it is told",
            );
            changes.push(Change::new(format!("{subject}: secret"), old, new));
        }
        if changes.is_empty() {
            return Ok(same("it is as wanted", fields("application", seen)));
        }
        Ok(differs(changes))
    }

    async fn change(&self, api: &Api, seen: &Value) -> Result<Map<String, Value>, Failure> {
        if !self.present {
            self.drop(api, &seen["id"]).await?;
            return Ok(Map::new());
        }
        if seen.is_null() {
            return Ok(fields("application", &self.make(api).await?));
        }
        if self.changes(seen).is_empty() {
            let path = format!("/applications/{}/renew-secret", seen["id"]);
            match gitlab::write(api, (Method::POST, &path), &Value::Null).await {
                Ok(made) => return Ok(fields("application", &made)),
                // An older GitLab: another one takes its place.
                Err(error) if matches!(error.code(), Some(404 | 405)) => {}
                Err(error) => return Err(told(error)),
            }
        }
        let made = self.make(api).await?;
        self.drop(api, &seen["id"]).await?;
        Ok(fields("application", &made))
    }
}
