//! Small simulated programs: what a Debian host has in its `/usr/bin`, as far as installers call it.
//!
//! Each does what its real twin does to the model's tree and prints what it prints. An option
//! that is not understood is an error ([`Process::strange`]), never ignored.

mod accounts;
mod apt;
mod args;
mod attributes;
mod certificates;
mod columns;
mod conditions;
mod copy_tree;
mod copying;
mod curl_config;
mod digests;
mod dpkg;
mod fetch;
mod files;
mod gitlab;
mod grep;
mod groups;
mod k3s;
mod kernel;
mod kubeadm;
mod kubectl;
mod links;
mod look;
mod running;
mod sed;
mod system;
mod systemctl;
mod tar;
mod text;
mod whois;
mod wrap;

pub use args::Args;
pub use copy_tree::{Keep, copy};
pub use copying::are_same;
pub use fetch::fetch;

use std::collections::BTreeMap;

use super::process::{Ended, Process, Stop};
use super::tree::Errno;
use super::units::{Behaviour, UnitFile};

/// A simulated program.
pub type Program = fn(&mut Process<'_>) -> Ended;

/// The program of a name, without its directory.
pub fn find(name: &str) -> Option<Program> {
    TABLES
        .iter()
        .flat_map(|table| table.iter())
        .find(|(known, _)| *known == name)
        .map(|(_, program)| *program)
}

/// How a unit starts that a node of a cluster runs in, and what it then serves; `None` for others.
pub fn node_unit(
    process: &mut Process<'_>,
    file: &UnitFile,
) -> Option<Result<(Behaviour, BTreeMap<u16, String>), Errno>> {
    k3s::unit(process, file).or_else(|| kubeadm::kubelet_unit(process, file))
}

/// Programs by name.
pub type Table = &'static [(&'static str, Program)];

const TABLES: [Table; 26] = [
    accounts::PROGRAMS,
    apt::PROGRAMS,
    attributes::PROGRAMS,
    columns::PROGRAMS,
    conditions::PROGRAMS,
    copying::PROGRAMS,
    digests::PROGRAMS,
    grep::PROGRAMS,
    groups::PROGRAMS,
    kernel::PROGRAMS,
    kubeadm::PROGRAMS,
    running::PROGRAMS,
    sed::PROGRAMS,
    whois::PROGRAMS,
    dpkg::PROGRAMS,
    fetch::PROGRAMS,
    files::PROGRAMS,
    gitlab::PROGRAMS,
    k3s::PROGRAMS,
    links::PROGRAMS,
    look::PROGRAMS,
    system::PROGRAMS,
    systemctl::PROGRAMS,
    tar::PROGRAMS,
    text::PROGRAMS,
    wrap::PROGRAMS,
];

impl Process<'_> {
    /// The error for an option or use that the simulated program does not know.
    pub fn strange(&self, what: &str) -> Stop {
        Stop::Undescribed(format!(
            "the rehearsal's `{}` does not know `{what}` (in `{}` on `{}`); describe the whole \
             command in the component's `rehearsal:` list",
            self.name(),
            self.argv.join(" "),
            self.host.name
        ))
    }
}
