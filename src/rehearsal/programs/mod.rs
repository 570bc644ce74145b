//! Small simulated programs: what a Debian host has in its `/usr/bin`, as far as installers call it.
//!
//! Each does what its real twin does to the model's tree and prints what it prints. An option
//! that is not understood is an error ([`Process::strange`]), never ignored.

mod accounts;
mod apt;
mod args;
mod attributes;
mod columns;
mod conditions;
mod copy_tree;
mod copying;
mod digests;
mod dpkg;
mod fetch;
mod files;
mod grep;
mod groups;
mod k3s;
mod kernel;
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
pub use k3s::unit as k3s_unit;

use super::process::{Ended, Process, Stop};

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

/// Programs by name.
pub type Table = &'static [(&'static str, Program)];

const TABLES: [Table; 24] = [
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
    running::PROGRAMS,
    sed::PROGRAMS,
    whois::PROGRAMS,
    dpkg::PROGRAMS,
    fetch::PROGRAMS,
    files::PROGRAMS,
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
