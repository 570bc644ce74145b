//! A push to a repository of a rehearsed product, and what comes of it: webhook, event source, sensor,
//! pipeline run. Every hop goes through the objects of the simulated clusters, so that what is missing
//! there breaks the chain where it would break for real. docs/rehearsal.md says what of it is not proven.

mod events;
mod objects;
mod walk;

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::Value;

pub use self::events::{delivered, matches};
use self::walk::Walk;
use super::estate::Estate;
use super::kubernetes::Cluster;

/// A push.
#[derive(Clone, Debug)]
pub struct Push {
    /// The product.
    pub product: String,
    /// The repository, by its name in Nautes.
    pub repository: String,
    /// What was pushed: `refs/heads/main`.
    pub reference: String,
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Which one.
    pub link: &'static str,
    /// What was seen.
    pub seen: String,
    /// Why the chain ends here, if it does, and the way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// What Nautes knows of the way of a push.
#[derive(Clone, Debug)]
pub struct Route {
    id: String,
    product: String,
    repository: String,
    runtime: String,
    event: String,
    pattern: String,
    pipeline: String,
    namespace: String,
    domain: String,
    url: String,
}

impl Route {
    /// The Secret whose token GitLab shows at each delivery.
    fn secret(&self) -> String {
        format!("{}-{}-secret-token", self.id, self.repository)
    }

    /// Its sensor.
    fn sensor(&self) -> String {
        format!("{}-{}-0", self.product, self.runtime)
    }

    /// The path of the webhook.
    fn path(&self) -> String {
        format!("/{}/{}", self.id, self.event)
    }
}

/// Link, what was seen, and the way out.
type Broken = (&'static str, String, String);

impl Estate {
    /// Pushes, and follows what comes of it until the run has ended or the chain is broken.
    pub fn push(&self, push: &Push) -> Vec<Link> {
        let mut walk = Walk {
            estate: self,
            push,
            links: Vec::new(),
        };
        if let Err((link, seen, help)) = walk.all() {
            walk.links.push(Link {
                link,
                seen,
                broken: Some(help),
            });
        }
        walk.links
    }

    /// The cluster whose API is at an address.
    fn cluster_at(&self, url: &str) -> Option<Cluster> {
        let host = url.strip_prefix("https://")?.split('/').next()?;
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let name = self.world().host_at(host)?.name.clone();
        let all = self.clusters();
        let found = all.into_iter().find(|(at, _)| *at == name);
        found.map(|(_, server)| server.cluster)
    }

    /// Lets seconds pass until something holds.
    fn waited(&self, seconds: u64, holds: impl Fn() -> bool) -> bool {
        for _ in 0..seconds {
            if holds() {
                return true;
            }
            self.clock().advance(Duration::from_secs(1));
        }
        holds()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}
