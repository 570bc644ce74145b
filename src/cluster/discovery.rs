//! Which resource a kind is, as the server says: asked once per API version and cluster.
//!
//! By group version and not by the aggregated documents, because Kubernetes before 1.26 has none,
//! and because a handful of small answers in one round trip is less than all kinds at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::OnceCell;

use super::client::ClusterReader;
use super::request::Ask;
use super::{ClusterError, removed};

/// A resource of the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resource {
    /// Group; nothing for core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// As in paths.
    pub plural: String,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// Singular and short names.
    pub also: Vec<String>,
}

impl Resource {
    /// `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The path of all its objects, in a namespace or (nothing) everywhere.
    pub fn list_path(&self, namespace: &str) -> String {
        let root = root(&self.group, &self.version);
        if namespace.is_empty() || !self.namespaced {
            format!("{root}/{}", self.plural)
        } else {
            format!(
                "{root}/namespaces/{}/{}",
                super::path::query(namespace),
                self.plural
            )
        }
    }
}

/// Group and version of an `apiVersion`.
pub fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

fn root(group: &str, version: &str) -> String {
    if group.is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{group}/{version}")
    }
}

type Known = Arc<OnceCell<Option<Vec<Resource>>>>;

/// What the server has, as far as it was asked.
#[derive(Default)]
pub struct Kinds(Mutex<HashMap<String, Known>>);

impl Kinds {
    /// Forgets everything.
    pub fn forget(&self) {
        if let Ok(mut known) = self.0.lock() {
            known.clear();
        }
    }

    fn cell(&self, api_version: &str) -> Known {
        let Ok(mut known) = self.0.lock() else {
            return Known::default();
        };
        known.entry(api_version.to_owned()).or_default().clone()
    }

    /// The resource of a kind, which may also be named by its plural, singular or short name.
    pub(super) async fn find(
        &self,
        reader: &ClusterReader,
        (api_version, kind): (&str, &str),
    ) -> Result<Resource, ClusterError> {
        let cell = self.cell(api_version);
        let was_known = cell.initialized();
        let found = cell.get_or_try_init(|| fetch(reader, api_version)).await?;
        if let Some(resource) = found.as_deref().and_then(|all| named(all, kind)) {
            return Ok(resource.clone());
        }
        if was_known {
            // It may have been defined since.
            if let Ok(mut known) = self.0.lock() {
                known.remove(api_version);
            }
            let fresh = fetch(reader, api_version).await?;
            if let Some(resource) = fresh.as_deref().and_then(|all| named(all, kind)) {
                return Ok(resource.clone());
            }
        }
        Err(removed::unknown(reader, (api_version, kind), found.as_deref()).await)
    }
}

fn named<'a>(all: &'a [Resource], kind: &str) -> Option<&'a Resource> {
    all.iter().find(|r| r.kind == kind).or_else(|| {
        let lower = kind.to_lowercase();
        all.iter().find(|r| {
            r.plural == lower || r.kind.to_lowercase() == lower || r.also.contains(&lower)
        })
    })
}

/// The resources of an API version; `None` if the server does not serve it.
async fn fetch(
    reader: &ClusterReader,
    api_version: &str,
) -> Result<Option<Vec<Resource>>, ClusterError> {
    let (group, version) = split(api_version);
    let answer = match reader.value(&Ask::get(root(group, version))).await {
        Ok((answer, _)) => answer,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = answer["resources"].as_array().into_iter().flatten();
    let whole = list.filter(|r| !text(&r["name"]).contains('/'));
    let resources = whole.map(|r| Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: text(&r["kind"]),
        plural: text(&r["name"]),
        namespaced: r["namespaced"] == true,
        also: std::iter::once(text(&r["singularName"]))
            .chain(r["shortNames"].as_array().into_iter().flatten().map(text))
            .filter(|name| !name.is_empty())
            .collect(),
    });
    Ok(Some(resources.collect()))
}
