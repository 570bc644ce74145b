//! Filters with Ansible's meaning.

mod basic;

use minijinja::Environment;

use super::call::{Body, Undefined, wrap};

/// Filters of one file: name and body.
type Table = &'static [(&'static str, Body)];

const TABLES: &[Table] = &[basic::TABLE];

/// Filters that take undefined values: name and body.
const TOLERANT: Table = basic::TOLERANT;

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
    for (name, body) in TOLERANT {
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
        .chain(TOLERANT)
        .map(|(name, _)| *name)
        .chain(ENGINE.iter().copied())
        .collect()
}
