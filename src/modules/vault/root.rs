//! `vault_root`: the token that may do everything: the one that is given while it works, else one that
//! is made of shares of the key. Who made it takes it back (`vault_write` of `auth/token/revoke-self`).

use async_trait::async_trait;
use serde_json::json;

use super::shares::Shares;
use super::{anonymous, remote};
use crate::connection::{Probe, Reader};
use crate::modules::remote::Remote;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Site};
use crate::service::ApiReader;
use crate::service::vault;

/// The module.
pub struct Root {
    remote: Remote,
    token: Option<String>,
    shares: Shares,
}

impl Root {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let token = given.some("token");
        let remote = match token {
            Some(_) => remote(given, context)?,
            None => anonymous(given, context)?,
        };
        Ok(Self {
            remote,
            token,
            shares: Shares::new(given),
        })
    }
}

#[async_trait]
impl Module for Root {
    /// The API, and whether the token that was given is one.
    type Seen = (ApiReader, bool);

    fn foresee(&self) -> Vec<Probe> {
        self.remote.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Self::Seen, Failure> {
        let api = self.remote.open(at).await?;
        let works = self.token.is_some() && vault::is_token(&api).await?;
        Ok((api, works))
    }

    fn diff(&self, (api, works): &Self::Seen) -> Result<Diff, Failure> {
        let mut diff = Diff::default();
        if *works {
            let token = json!(self.token);
            diff.result.insert("token".to_owned(), token);
            diff.reason = Some("the token that is kept works".to_owned());
        } else if self.shares.is_empty() {
            diff.result.insert("token".to_owned(), json!(""));
            diff.reason = Some("there is no token, and no share to make one of".to_owned());
        } else {
            diff.changes.push(Change::new(
                format!("root token of {}", api.url()),
                String::new(),
                "one that is made of the shares\n".to_owned(),
            ));
        }
        Ok(diff)
    }

    async fn apply(
        &self,
        at: &Site<'_>,
        (api, _): Self::Seen,
        _: &Diff,
    ) -> Result<Outcome, Failure> {
        let needed = vault::seal(&api).await?.threshold;
        let shares = self.shares.open();
        if (shares.len() as u64) < needed {
            return Err(Failure::msg(format!(
                "the root token of {} was taken back, and making one takes {needed} shares: {} can be used",
                api.url(),
                shares.len()
            ))
            .help(self.shares.help()));
        }
        let api = api.writer(at.connection);
        let token = vault::make_root(&api, &shares).await?;
        Ok(Outcome {
            result: [("token".to_owned(), json!(token.expose()))]
                .into_iter()
                .collect(),
            changed: Some(true),
        })
    }
}
