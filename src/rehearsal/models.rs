//! Which model answers for which kind of service.

use super::gitlab;
use super::kubernetes;
use super::serving::{Birth, Born, Reads, Services};
use super::vault;
use super::vault_proxy;

/// Every service model that there is.
pub struct Models;

impl Services for Models {
    fn start(&self, birth: &Birth, reads: Reads<'_>) -> Result<Option<Born>, String> {
        match birth.kind.as_str() {
            "gitlab" => gitlab::born(birth, reads).map(Some),
            "kubernetes" => kubernetes::born(birth).map(Some),
            "vault" => vault::born(birth, reads).map(Some),
            "vault-proxy" => vault_proxy::born(birth, reads).map(Some),
            _ => Ok(None),
        }
    }

    fn port(&self, kind: &str, described: u16, reads: Reads<'_>) -> u16 {
        match kind {
            "gitlab" => gitlab::port(reads).unwrap_or(described),
            "vault" => vault::port(reads).unwrap_or(described),
            "vault-proxy" => vault_proxy::port(reads).unwrap_or(described),
            _ => described,
        }
    }
}
