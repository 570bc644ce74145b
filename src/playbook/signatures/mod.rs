//! What every module is called and takes: names, arguments, types, defaults, aliases, check support.
//!
//! Data, one file per family. The parser uses it to refuse an unknown module or argument with its
//! place before anything runs; the modules use the same data to turn rendered arguments into
//! their types. To add a module, add an entry to a family (or a file to [`FAMILIES`]).

mod accounts;
mod cluster;
mod coerce;
mod controller;
mod crypto;
mod files;
mod free_form;
mod gitlab;
mod harbor;
mod nautes;
mod packages;
mod repo;
mod running;
mod services;
mod signature;
mod transfer;
mod vault;

pub use coerce::Problem;
pub use free_form::shell_words;
pub use signature::{Argument, Check, FILE, FreeForm, Kind, Runs, Signature};

use signature::opt;

/// All families of modules.
pub static FAMILIES: &[&[Signature]] = &[
    running::ALL,
    files::ALL,
    transfer::ALL,
    packages::ALL,
    services::ALL,
    accounts::ALL,
    crypto::ALL,
    cluster::ALL,
    gitlab::ALL,
    harbor::ALL,
    repo::ALL,
    nautes::ALL,
    controller::ALL,
    vault::ALL,
];

/// Every signature.
pub fn all() -> impl Iterator<Item = &'static Signature> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The signature of a module by its short or fully qualified name.
pub fn find(name: &str) -> Option<&'static Signature> {
    let name = name.strip_prefix("ansible.legacy.").unwrap_or(name);
    all().find(|signature| signature.is_called(name))
}

/// The nearest supported module to a name that [`find`] does not know, for "did you mean".
pub fn nearest(name: &str) -> Option<&'static str> {
    let known = all().flat_map(|s| [s.name, s.short()].into_iter().chain(s.aka.iter().copied()));
    crate::diagnostic::nearest(name, known)
}

#[cfg(test)]
mod tests;
