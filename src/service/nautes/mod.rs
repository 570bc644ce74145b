//! Nautes' own API: clusters, products and what is in them.
//!
//! Paths, fields and behaviour are those of the api-server v0.4.2 (and v0.3.8 where it differs), as
//! it was seen running and as its own interface files say: nearly every refusal is a 500, every
//! call clones a repository into a folder that is named by the second, and a save is a commit each
//! time. So calls go one after another, saves stand two seconds apart, and what is refused is told
//! in words that say what to do.

mod compare;
mod form;
mod kind;
mod manifest;
mod refusal;
mod shown;
mod writer;

use serde_json::Value;

use super::{ApiReader, Credential, ServiceError};
use crate::secret::Secret;
pub use compare::{Difference, differences};
pub use form::Form;
pub use kind::{Id, Kind};
pub use manifest::{Manifest, read as manifest};
pub use refusal::{Refusal, refusal, told};
pub use shown::{columns, written};
pub use writer::{Check, Unmade, Writer};

/// What every path begins with.
const BASE: &str = "/api/v1";
/// How often a call is made again whose folder another one had just taken.
const TRIES: u32 = 5;

/// A GitLab token as a credential; the API asks GitLab with it, so its rights are the caller's.
pub fn token(token: &Secret<String>) -> Credential {
    let value = Secret::new(format!("Bearer {}", token.expose().trim()));
    Credential::new("authorization", value)
}

/// A registered cluster, as the API shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// The address of its Kubernetes API.
    pub api_server: String,
    /// `physical` or `virtual`.
    pub cluster_type: String,
    /// `host` or `worker`.
    pub usage: String,
    /// `pipeline` or `deployment`; empty for a host.
    pub worker_type: String,
    /// Where a virtual one runs.
    pub host_cluster: String,
}

/// The registered clusters. That this answers is also how one sees that the API is ready: it has no
/// path for that.
///
/// # Errors
/// There was no answer, or a refusal.
pub async fn clusters(api: &ApiReader) -> Result<Vec<Cluster>, ServiceError> {
    let items = list(api, Kind::Cluster, "").await?;
    Ok(items.iter().map(Cluster::new).collect())
}

impl Cluster {
    fn new(item: &Value) -> Self {
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        Self {
            name: text("name"),
            api_server: text("api_server"),
            cluster_type: text("cluster_type"),
            usage: text("usage"),
            worker_type: text("worker_type"),
            host_cluster: text("host_cluster"),
        }
    }
}

/// Every object of a kind, in a product where the kind is in one; none if there is no such product.
///
/// # Errors
/// There was no answer, a refusal, or an answer that is no list.
pub async fn list(api: &ApiReader, kind: Kind, product: &str) -> Result<Vec<Value>, ServiceError> {
    let path = format!("{BASE}{}", kind.collection(product));
    let Some(mut body) = read(api, &path).await? else {
        return Ok(Vec::new());
    };
    match body["items"].take() {
        Value::Array(items) => Ok(items),
        // An empty list may be left out.
        Value::Null if body.is_object() => Ok(Vec::new()),
        _ => Err(ServiceError::Protocol(format!(
            "{}{path} gives no list: it may be no Nautes API",
            api.url()
        ))),
    }
}

/// One object; `None` if it is not there.
///
/// # Errors
/// There was no answer, or a refusal.
pub async fn get(api: &ApiReader, id: &Id) -> Result<Option<Value>, ServiceError> {
    read(api, &format!("{BASE}{}", id.path())).await
}

async fn read(api: &ApiReader, path: &str) -> Result<Option<Value>, ServiceError> {
    let mut left = TRIES;
    loop {
        let answer = api.look(path).await?;
        if answer.code == 200 {
            return Ok(Some(answer.body));
        }
        match refusal(&answer) {
            Refusal::Absent => return Ok(None),
            Refusal::Busy if left > 1 => {
                left -= 1;
                api.clock().sleep(writer::APART).await;
            }
            told => return Err(told.error(("GET", path), api, &answer)),
        }
    }
}

#[cfg(test)]
mod tests;
