//! Filters with Ansible's meaning.

mod address;
mod basic;
mod chance;
mod combine;
mod crypt;
mod data;
mod hash;
mod list;
mod mapping;
mod network;
mod number;
mod path;
pub(super) mod regex;
mod select;
mod sets;
mod text;

use minijinja::Environment;

use super::call::{Body, Undefined, wrap};
pub(super) use combine::cartesian;
pub(super) use network::is_address;
pub(super) use select::path as path_in;

/// Filters of one file: name and body.
type Table = &'static [(&'static str, Body)];

const TABLES: &[Table] = &[
    basic::TABLE,
    chance::TABLE,
    combine::TABLE,
    data::TABLE,
    hash::TABLE,
    list::TABLE,
    mapping::TABLE,
    network::TABLE,
    number::TABLE,
    path::TABLE,
    regex::TABLE,
    super::time::TABLE,
    select::TABLE,
    sets::TABLE,
    text::TABLE,
];

/// Filters that take undefined values: name and body.
const TOLERANT: &[Table] = &[basic::TOLERANT, list::TOLERANT];

/// Filters of the engine that already mean what Ansible means.
const ENGINE: &[&str] = &[
    "lower",
    "upper",
    "title",
    "capitalize",
    "length",
    "count",
    "first",
    "last",
    "reverse",
    "list",
];

/// Collections whose filters are ours, for fully-qualified names.
const COLLECTIONS: &[&str] = &[
    "ansible.builtin",
    "ansible.utils",
    "community.general",
    "ansible.netcommon",
];

/// Adds all filters under their short and their fully-qualified names.
pub(super) fn register(environment: &mut Environment<'static>) {
    for (name, body) in TABLES.iter().copied().flatten() {
        add(environment, name, *body, Undefined::Refused);
    }
    for (name, body) in TOLERANT.iter().copied().flatten() {
        add(environment, name, *body, Undefined::Taken);
    }
}

fn add(
    environment: &mut Environment<'static>,
    name: &'static str,
    body: Body,
    undefined: Undefined,
) {
    environment.add_filter(name, wrap(name, body, undefined));
    for collection in COLLECTIONS {
        environment.add_filter(format!("{collection}.{name}"), wrap(name, body, undefined));
    }
}

/// The short names of all filters.
pub(super) fn names() -> Vec<&'static str> {
    TABLES
        .iter()
        .copied()
        .flatten()
        .chain(TOLERANT.iter().copied().flatten())
        .map(|(name, _)| *name)
        .chain(ENGINE.iter().copied())
        .collect()
}
