//! Modules about units, the kernel and the host's name.

mod hostname;
mod modprobe;
mod sysctl;
mod unit;

use super::registry::{Built, boxed};
use super::{Context, Given};

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, _: &Context<'_>) -> Built {
    match name {
        "service" | "systemd_service" => boxed(unit::Unit::new(given)?),
        "hostname" => boxed(hostname::Hostname::new(given)?),
        "sysctl" => boxed(sysctl::Sysctl::new(given)?),
        "modprobe" => boxed(modprobe::Modprobe::new(given)),
        _ => Ok(None),
    }
}
