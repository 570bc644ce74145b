//! Tests (`x is …`) with Ansible's meaning.

mod basic;
mod results;
mod values;
mod version;

use minijinja::Environment;

use super::call::{Body, Undefined, wrap};

type Table = &'static [(&'static str, Body)];

const TABLES: &[Table] = &[results::TABLE, values::TABLE, version::TABLE];

/// Tests that take undefined values.
const TOLERANT: Table = basic::TOLERANT;

/// Tests of the engine that already mean what Ansible means.
const ENGINE: &[&str] = &[
    "boolean",
    "odd",
    "even",
    "divisibleby",
    "number",
    "integer",
    "float",
    "string",
    "sequence",
    "iterable",
    "mapping",
    "none",
    "lower",
    "upper",
    "sameas",
    "eq",
    "equalto",
    "ne",
    "lt",
    "lessthan",
    "le",
    "gt",
    "greaterthan",
    "ge",
    "in",
    "true",
    "false",
    "filter",
    "test",
];

/// Adds all tests under their short and their fully-qualified names.
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
    environment.add_test(name, wrap(name, body, undefined));
    for collection in ["ansible.builtin", "ansible.utils", "community.general"] {
        environment.add_test(format!("{collection}.{name}"), wrap(name, body, undefined));
    }
}

/// The short names of all tests.
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
