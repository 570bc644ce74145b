//! `nautes_clusters`: the clusters that the Nautes API lists. It has no path that says whether it is
//! ready; that this answers with a token is how one sees it. Only looks.

use async_trait::async_trait;
use serde_json::{Map, json};

use super::registry::{Built, boxed};
use super::remote::Remote;
use super::transfer::refuse_unverified;
use super::{Context, Diff, Failure, Given, Module, Outcome, Site};
use crate::connection::{Probe, Reader};
use crate::secret::Secret;
use crate::service::nautes;

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, context: &Context<'_>) -> Built {
    match name {
        "nautes_clusters" => boxed(Clusters::new(given, context)?),
        _ => Ok(None),
    }
}

/// The module.
struct Clusters(Remote);

impl Clusters {
    fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        refuse_unverified(given)?;
        let token = given.string("token");
        let remote = Remote::new(given, context, ("url", "ca_path"))?;
        let remote = remote.connecting_to(given.some("connect_to"))?;
        let credential = nautes::token(&Secret::new(token.clone()));
        Ok(Self(remote.by(credential, &token)))
    }
}

#[async_trait]
impl Module for Clusters {
    type Seen = Vec<String>;

    fn foresee(&self) -> Vec<Probe> {
        self.0.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Vec<String>, Failure> {
        let api = self.0.open(at).await?;
        let all = nautes::clusters(&api).await.map_err(Failure::from)?;
        Ok(all.into_iter().map(|cluster| cluster.name).collect())
    }

    fn diff(&self, seen: &Vec<String>) -> Result<Diff, Failure> {
        let mut result = Map::new();
        result.insert("clusters".to_owned(), json!(seen));
        Ok(Diff {
            reason: Some("it only looks".to_owned()),
            result,
            ..Diff::default()
        })
    }

    async fn apply(&self, _: &Site<'_>, _: Vec<String>, _: &Diff) -> Result<Outcome, Failure> {
        Ok(Outcome::default())
    }
}
