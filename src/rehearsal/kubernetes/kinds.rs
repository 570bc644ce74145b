//! Which kinds the API serves: the built-in ones from a table, custom ones from their CRDs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::refusal::About;
use super::types::Type;

/// The built-in kinds; `tests/contracts/kubernetes/generate.py` writes them.
const TABLE: &str = include_str!("base/kinds.txt");

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In namespaces.
    Namespaced,
    /// In none.
    Cluster,
}

/// A kind at one version.
#[derive(Clone, Debug)]
pub struct Kind {
    /// API group; nothing for core.
    pub group: String,
    /// Version.
    pub version: String,
    /// `deployments`.
    pub plural: String,
    /// `deployment`.
    pub singular: String,
    /// `Deployment`.
    #[expect(clippy::struct_field_names, reason = "the API's own word")]
    pub kind: String,
    /// Where its objects live.
    pub scope: Scope,
    /// What can be done with it.
    pub verbs: Vec<String>,
    /// `deploy`.
    pub short: Vec<String>,
    /// `all`.
    pub categories: Vec<String>,
    /// `status`, `scale`.
    pub subresources: Vec<String>,
    /// The type of its objects.
    pub shape: Type,
    /// What its CRD says of this version; nothing for built-in kinds.
    pub custom: Option<Arc<Custom>>,
}

/// A version of a CRD.
#[derive(Clone, Debug)]
pub struct Custom {
    /// The CRD's name.
    pub crd: String,
    /// `openAPIV3Schema`.
    pub schema: Value,
    /// `additionalPrinterColumns`.
    pub columns: Vec<Value>,
    /// `subresources.scale`, or null.
    pub scale: Value,
    /// Why its objects cannot be converted, if another version is the stored one.
    pub conversion: Option<String>,
}

impl Kind {
    /// `apps/v1`, `v1`.
    pub fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// What objects are stored by: `apps/deployments`.
    pub fn resource(&self) -> String {
        format!("{}/{}", self.group, self.plural)
    }

    /// Whether it has a subresource.
    pub fn has(&self, subresource: &str) -> bool {
        self.subresources.iter().any(|s| s == subresource)
    }

    /// For refusals that name the resource.
    pub fn about(&self, name: &str) -> About {
        About {
            group: self.group.clone(),
            resource: self.plural.clone(),
            name: name.to_owned(),
        }
    }

    /// For refusals that name the kind.
    pub fn about_kind(&self, name: &str) -> About {
        About {
            group: self.group.clone(),
            resource: self.kind.clone(),
            name: name.to_owned(),
        }
    }
}

/// Every kind that is served now.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    built_in: Arc<Vec<Arc<Kind>>>,
    /// By CRD: its served versions, the preferred first.
    pub custom: BTreeMap<String, Vec<Arc<Kind>>>,
}

impl Kinds {
    /// The kinds of a fresh cluster.
    ///
    /// # Errors
    /// A line of the table is not understood: a defect of this program.
    pub fn built_in() -> Result<Self, String> {
        let kinds: Result<Vec<Arc<Kind>>, String> = TABLE.lines().map(line).collect();
        Ok(Self {
            built_in: Arc::new(kinds?),
            custom: BTreeMap::new(),
        })
    }

    /// Every kind at every served version.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.built_in.iter().chain(self.custom.values().flatten())
    }

    /// By group, version and plural.
    pub fn by_path(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        self.all()
            .find(|k| k.group == group && k.version == version && k.plural == plural)
            .cloned()
    }

    /// By what objects are stored by, at the preferred version.
    pub fn by_resource(&self, resource: &str) -> Option<Arc<Kind>> {
        self.all().find(|k| k.resource() == resource).cloned()
    }

    /// Groups with their versions, as discovery lists them; core is not among them.
    pub fn groups(&self) -> Vec<(String, Vec<String>)> {
        let mut found: Vec<(String, Vec<String>)> = Vec::new();
        for kind in self.all().filter(|kind| !kind.group.is_empty()) {
            match found.iter_mut().find(|(group, _)| *group == kind.group) {
                Some((_, versions)) => {
                    if !versions.contains(&kind.version) {
                        versions.push(kind.version.clone());
                    }
                }
                None => found.push((kind.group.clone(), vec![kind.version.clone()])),
            }
        }
        for (_, versions) in &mut found {
            versions.sort_by(|a, b| super::crd::version_order(a, b));
        }
        found
    }
}

fn line(text: &str) -> Result<Arc<Kind>, String> {
    let words: Vec<&str> = text.split(' ').collect();
    let [
        group,
        version,
        plural,
        singular,
        kind,
        scope,
        verbs,
        short,
        categories,
        subresources,
        shape,
    ] = words[..]
    else {
        return Err(format!("`{text}` is no line of the kinds"));
    };
    let plain = |text: &str| {
        if text == "-" {
            String::new()
        } else {
            text.to_owned()
        }
    };
    let list = |text: &str| -> Vec<String> {
        plain(text)
            .split(',')
            .filter(|t| !t.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    };
    Ok(Arc::new(Kind {
        group: plain(group),
        version: version.to_owned(),
        plural: plural.to_owned(),
        singular: plain(singular),
        kind: kind.to_owned(),
        scope: if scope == "namespaced" {
            Scope::Namespaced
        } else {
            Scope::Cluster
        },
        verbs: list(verbs),
        short: list(short),
        categories: list(categories),
        subresources: list(subresources),
        shape: Type::Named(shape.to_owned()),
        custom: None,
    }))
}
