//! What can be installed: Debian's common packages, and what components describe.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Debian 12's versions of packages that playbooks install.
const DEBIAN_12: &str = include_str!("../base/archive.json");

/// A package as the archive offers it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Offer {
    /// Name.
    #[serde(rename = "package")]
    pub name: String,
    /// The newest version.
    pub version: String,
    /// Older versions that can still be asked for with `name=version`.
    pub older: Vec<String>,
    /// Packages it needs.
    pub depends: Vec<String>,
    /// Paths of the programs it brings.
    pub programs: Vec<String>,
    /// Unit files it brings by name; enabled and started if they have an `[Install]` section, as
    /// Debian does.
    pub units: BTreeMap<String, String>,
    /// Files it brings: text, or `{content, mode, owner, group}`.
    pub files: BTreeMap<String, Value>,
    /// Seconds that installing it takes; 2 without.
    pub seconds: Option<f64>,
    /// A word of the address of the repository it comes from; empty is the distribution's own.
    pub repository: String,
}

/// Everything that can be installed, by name.
#[derive(Clone, Debug, Default)]
pub struct Archive(Arc<BTreeMap<String, Offer>>);

impl Archive {
    /// The distribution's own packages.
    ///
    /// # Errors
    /// The built-in table does not parse: a defect of this program.
    pub fn built_in() -> Result<Self, String> {
        let offers: Vec<Offer> =
            serde_json::from_str(DEBIAN_12).map_err(|error| format!("archive.json: {error}"))?;
        let by_name = offers.into_iter().map(|offer| (offer.name.clone(), offer));
        Ok(Self(Arc::new(by_name.collect())))
    }

    /// Offers a package, or another version of it: what was offered becomes an older one.
    pub fn offer(&mut self, mut offer: Offer) {
        let all = Arc::make_mut(&mut self.0);
        if let Some(before) = all.get(&offer.name)
            && before.version != offer.version
            && !offer.older.contains(&before.version)
        {
            offer.older.push(before.version.clone());
        }
        all.insert(offer.name.clone(), offer);
    }

    /// A package by name.
    pub fn get(&self, name: &str) -> Option<&Offer> {
        self.0.get(name)
    }

    /// Which package brings a program of this name.
    pub fn bringing(&self, program: &str) -> Option<&Offer> {
        self.0.values().find(|offer| {
            offer
                .programs
                .iter()
                .any(|path| path.rsplit('/').next() == Some(program))
        })
    }
}
