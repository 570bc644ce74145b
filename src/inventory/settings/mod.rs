//! The typed variable `nautes`: what a tenant is.
//!
//! ```yaml
//! nautes:
//!   tenant: demo                    # or {name: demo, gitops: true}
//!   release: current
//!   domain: nautes.example.com
//!   components: {harbor: {storage: 40Gi}}
//! ```
//!
//! Inputs of components are defined by the component files and checked by the plan; here they are
//! mappings. Everything else is checked here, and an unknown key is an error.

mod find;
mod read;
mod schema;

use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;

use crate::input::Node;

pub use find::find;
pub use read::read;
pub use schema::schema;

/// What `nautes` says, defaults filled in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who it is for.
    pub tenant: Tenant,
    /// Which versions.
    pub release: Release,
    /// The DNS domain below which the tenant's services have their names.
    pub domain: Option<String>,
    /// Inputs by component, each a mapping, as written.
    pub components: IndexMap<String, Arc<Node>>,
    /// The tenant's certificate authority.
    pub trust: Trust,
    /// Where downloads come from.
    pub artifacts: Artifacts,
    /// Image references by prefix: what they are replaced with. Checked in this order.
    pub images: IndexMap<String, String>,
}

/// Who it is for.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Tenant {
    /// Name of the tenant: a DNS label (lower-case letters, digits and dashes, at most 63).
    #[schemars(
        regex(pattern = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"),
        default = "nautes"
    )]
    pub name: String,
    /// Whether Argo CD takes over the components that live in the tenant repository.
    #[schemars(default = "yes")]
    pub gitops: bool,
}

/// A pinned set of versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Release {
    /// The versions of the Nautes documentation.
    Reference,
    /// The newest versions that work together.
    #[default]
    Current,
}

/// The tenant's certificate authority: made here, or brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Trust {
    /// File with a certificate authority's certificate (PEM); needs `ca_key`.
    pub ca_cert: Option<String>,
    /// File with its private key (PEM); needs `ca_cert`.
    pub ca_key: Option<String>,
    /// Keys of certificates made here.
    #[schemars(default)]
    pub algorithm: Algorithm,
}

/// Which keys certificates get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Algorithm {
    /// ECDSA with P-256.
    #[default]
    Ecdsa,
    /// RSA, for clients that know nothing else.
    Rsa,
}

/// Where downloads come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Artifacts {
    /// URL of a mirror that is asked instead of the upstream addresses.
    pub mirror: Option<String>,
    /// URL of the HTTP proxy for downloads.
    pub proxy: Option<String>,
    /// Download on this machine and send over SSH: for hosts without a way out.
    #[schemars(default)]
    pub push: bool,
}

/// The tenant's name when none is given.
pub(super) const DEFAULT_TENANT: &str = "nautes";

fn nautes() -> String {
    DEFAULT_TENANT.to_owned()
}

const fn yes() -> bool {
    true
}

impl Default for Tenant {
    fn default() -> Self {
        Self {
            name: nautes(),
            gitops: yes(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tenant: Tenant::default(),
            release: Release::default(),
            domain: None,
            components: IndexMap::new(),
            trust: Trust::default(),
            artifacts: Artifacts::default(),
            images: IndexMap::new(),
        }
    }
}

#[cfg(test)]
mod tests;
