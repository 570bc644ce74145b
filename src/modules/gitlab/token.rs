//! `nautes.install.gitlab_personal_access_token`: a token of a user, made by an administrator.
//!
//! GitLab tells its value once. Whoever keeps it gives it (`value`): it is asked whether it works, is
//! that user's, may do what is wanted and lives long enough; else another one is made, and the old
//! one lives on until `state: absent` with the new `value` takes back all others of the name.

use std::sync::Arc;

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::access::told;
use super::needed;
use crate::input::Clock;
use crate::modules::thing::{Thing, differs, fields, same};
use crate::modules::{Change, Context, Diff, Failure, Given, dates};
use crate::secret::Secret;
use crate::service::gitlab::AccessToken;
use crate::service::{Api, ApiReader, ServiceError, gitlab};

/// Seconds of a day.
const DAY: i64 = 86400;

/// The module.
pub struct Token {
    user: String,
    name: String,
    scopes: Vec<String>,
    days: i64,
    before: i64,
    value: Option<Secret<String>>,
    present: bool,
    clock: Arc<dyn Clock>,
}

impl Token {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        needed(given, &["user", "name"])?;
        let present = given.text("state") != Some("absent");
        let (days, before) = (given.int("days"), given.int("renew_before"));
        let (days, before) = (days.unwrap_or(365), before.unwrap_or(30));
        if present && (given.list("scopes").is_empty() || days < 1 || before >= days) {
            return Err(Failure::msg(
                "`scopes` must be given, `days` at least 1, and `renew_before` less than `days`",
            ));
        }
        let mut scopes = given.list("scopes");
        scopes.sort();
        Ok(Self {
            user: given.string("user"),
            name: given.string("name"),
            scopes,
            days,
            before,
            value: given.some("value").map(Secret::new),
            present,
            clock: context.clock.clone(),
        })
    }

    fn subject(&self) -> String {
        format!("token {} of {}", self.name, self.user)
    }

    /// A day from now as `2027-01-31`.
    fn date(&self, days: i64) -> String {
        let [year, month, day, ..] = dates::civil(dates::seconds(self.clock.now()) + days * DAY);
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// Why the token that is kept will not do.
    fn wrong(&self, seen: &Value) -> Option<String> {
        if self.value.is_none() {
            return Some("nobody has its value".to_owned());
        }
        let kept = &seen["kept"];
        if kept["active"] != true {
            return Some("the one that is kept does not work any more".to_owned());
        }
        if kept["user_id"] != seen["user_id"] || kept["name"] != self.name.as_str() {
            return Some("the one that is kept is another".to_owned());
        }
        if kept["scopes"] != json!(self.scopes) {
            return Some(format!("it may do {}", kept["scopes"]));
        }
        // Dates of this form are in the order of time.
        let soon = self.date(self.before);
        let ends = kept["expires_at"].as_str()?;
        (ends <= soon.as_str()).then(|| format!("it ends on {ends}"))
    }
}

impl Token {
    /// Takes all but the kept one back; the token that asks, if it is one of them, last.
    async fn revoke(&self, api: &Api) -> Result<Map<String, Value>, Failure> {
        let mine = gitlab::own_token(api.reader()).await.map_err(told)?;
        let mine = mine.map(|token| token.id);
        // Looked at again: the program that made the token that asks took earlier ones back.
        let seen = self.look(api.reader()).await.map_err(told)?;
        let others = seen["others"].as_array().into_iter().flatten();
        let mut ids: Vec<u64> = others.filter_map(|one| one["id"].as_u64()).collect();
        ids.sort_by_key(|id| Some(*id) == mine);
        for id in ids {
            let path = format!("/personal_access_tokens/{id}");
            let gone = gitlab::write(api, (Method::DELETE, &path), &Value::Null).await;
            gone.map_err(told)?;
        }
        Ok(Map::new())
    }
}

fn shown(token: &AccessToken) -> Value {
    let mut scopes = token.scopes.clone();
    scopes.sort();
    json!({ "id": token.id, "name": token.name, "user_id": token.user_id, "scopes": scopes,
        "active": token.active, "expires_at": token.expires_at })
}

#[async_trait]
impl Thing for Token {
    async fn look(&self, api: &ApiReader) -> Result<Value, ServiceError> {
        let user = gitlab::user(api, &self.user).await?;
        let kept = match &self.value {
            Some(value) => {
                let value = Secret::new(value.expose().clone());
                gitlab::own_token(&api.with(gitlab::token(value))).await?
            }
            None => None,
        };
        let id = user.as_ref().and_then(|user| user["id"].as_u64());
        let all = match id {
            Some(id) if !self.present => gitlab::tokens(api, id).await?,
            _ => Vec::new(),
        };
        let kept_id = kept.as_ref().map(|token| token.id);
        let others = all
            .iter()
            .filter(|token| token.name == self.name && Some(token.id) != kept_id);
        Ok(json!({ "user_id": id, "kept": kept.as_ref().map(shown),
            "others": others.map(shown).collect::<Vec<_>>() }))
    }

    fn compare(&self, seen: &Value) -> Result<Diff, Failure> {
        if !self.present {
            let others = seen["others"].as_array().into_iter().flatten();
            let changes = others.map(|one| {
                Change::new(
                    format!("{} (number {})", self.subject(), one["id"]),
                    "works",
                    "revoked",
                )
            });
            let changes: Vec<Change> = changes.collect();
            return Ok(if changes.is_empty() {
                same("there is no other", Map::new())
            } else {
                differs(changes)
            });
        }
        Ok(match self.wrong(seen) {
            None => same("it works", fields("access_token", &seen["kept"])),
            Some(why) => {
                let after = format!("made, ends on {}", self.date(self.days));
                differs(vec![Change::new(self.subject(), why, after)])
            }
        })
    }

    async fn change(&self, api: &Api, seen: &Value) -> Result<Map<String, Value>, Failure> {
        if !self.present {
            return self.revoke(api).await;
        }
        let user = seen["user_id"].as_u64().ok_or_else(|| {
            Failure::msg(format!("GitLab has no user `{}`", self.user))
                .help("make it before, with `gitlab_user`")
        })?;
        let path = format!("/users/{user}/personal_access_tokens");
        let body =
            json!({ "name": self.name, "scopes": self.scopes, "expires_at": self.date(self.days) });
        let made = gitlab::write(api, (Method::POST, &path), &body).await;
        let made = made.map_err(told)?;
        if !made["token"].is_string() {
            return Err(Failure::msg("GitLab made a token and did not say it"));
        }
        Ok(fields("access_token", &made))
    }
}
