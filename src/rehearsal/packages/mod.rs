//! What dpkg and apt know of a host.

mod archive;
mod install;
mod lists;

pub use archive::{Archive, Offer};
pub use install::{Plan, Purge, compare};

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::host::Distribution;
use crate::connection::PackageState;

/// What a bare host has, `name version` a line.
const INSTALLED: &str = include_str!("../base/installed.txt");

/// An installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// Its version.
    pub version: String,
    /// `apt-mark hold`.
    #[serde(default)]
    pub held: bool,
    /// Came as a dependency.
    #[serde(default)]
    pub auto: bool,
    /// Removed, its configuration kept (`rc`).
    #[serde(default)]
    pub removed: bool,
}

/// Every package dpkg knows of; shared between hosts until it changes.
#[derive(Clone, Debug, Default)]
pub struct Packages(pub Arc<BTreeMap<String, Installed>>);

impl Packages {
    /// What a bare host has.
    pub fn bare(_distribution: &Distribution) -> Self {
        let entries = INSTALLED.lines().filter_map(|line| {
            let (name, version) = line.split_once(' ')?;
            let installed = Installed {
                version: version.to_owned(),
                ..Installed::default()
            };
            Some((name.to_owned(), installed))
        });
        Self(Arc::new(entries.collect()))
    }

    /// An installed package.
    pub fn get(&self, name: &str) -> Option<&Installed> {
        self.0.get(name).filter(|package| !package.removed)
    }

    /// All installed ones, sorted by name.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Installed)> {
        self.0.iter().filter(|(_, package)| !package.removed)
    }

    /// Changes the table.
    pub fn change(&mut self) -> &mut BTreeMap<String, Installed> {
        Arc::make_mut(&mut self.0)
    }
}

impl super::host::Host {
    /// A package's state as the host protocol gives it.
    pub fn package(&self, name: &str, archive: &Archive) -> PackageState {
        let installed = self.packages.get(name);
        let offered = self.candidate(name, archive);
        PackageState {
            installed: installed.map(|package| package.version.clone()),
            candidate: match (offered, installed) {
                // apt's candidate is never older than what is installed.
                (Some(offer), Some(have)) if compare(&offer, &have.version).is_lt() => {
                    Some(have.version.clone())
                }
                (None, have) => have.map(|package| package.version.clone()),
                (offer, _) => offer,
            },
            held: installed.is_some_and(|package| package.held),
        }
    }
}
