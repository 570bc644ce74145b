//! Ansible's YAML inventories: groups with `hosts`, `children` and `vars`.

use super::build::Builder;
use super::ini::{empty_range, written_hosts};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::input::{Kind, Node, Span};

const SECTIONS: [&str; 3] = ["hosts", "children", "vars"];

/// Reads a mapping of groups into the inventory.
pub(super) fn read(document: &Node, into: &mut Builder) -> Result<(), Diagnostics> {
    let mut reader = Reader {
        into,
        errors: Vec::new(),
    };
    for (name, data) in document.as_map().unwrap_or_default() {
        reader.group(name, data);
    }
    if reader.errors.is_empty() {
        Ok(())
    } else {
        Err(reader.errors)
    }
}

struct Reader<'a> {
    into: &'a mut Builder,
    errors: Diagnostics,
}

impl Reader<'_> {
    fn take<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    /// Reads one group; its name if it is one.
    fn group(&mut self, key: &Node, data: &Node) -> Option<String> {
        if !matches!(data.kind, Kind::Map(_) | Kind::Null) {
            let what = format!(
                "`{}` is {}, not a group, and is left out",
                key.key_text(),
                data.type_name()
            );
            let warning = Diagnostic::warning("inventory/not-a-group", what)
                .at(&key.span)
                .why("the top of an inventory, and `children`, hold groups")
                .help("put variables under `all: vars:`");
            self.into.warnings.push(warning);
            return None;
        }
        let Some(name) = key.as_str() else {
            self.errors.push(not_a_name(key, "group"));
            return None;
        };
        let added = self.into.add_group(name, &key.span);
        self.take(added)?;
        for (section, value) in data.as_map().unwrap_or_default() {
            self.section(name, section, value);
        }
        Some(name.to_owned())
    }

    fn section(&mut self, group: &str, key: &Node, value: &Node) {
        let section = key.key_text();
        let entries = match &value.kind {
            Kind::Null => return,
            Kind::Map(entries) => entries.clone(),
            // `hosts: web1` is short for `hosts: {web1: null}`.
            Kind::Str(_) if SECTIONS.contains(&section.as_str()) => {
                vec![(value.clone(), Node::new(value.span.clone(), Kind::Null))]
            }
            _ if SECTIONS.contains(&section.as_str()) => {
                self.errors.push(not_a_mapping(&section, group, value));
                return;
            }
            _ => {
                self.into.warnings.push(unknown(&section, group, &key.span));
                return;
            }
        };
        match section.as_str() {
            "hosts" => entries
                .iter()
                .for_each(|(h, vars)| self.hosts(group, h, vars)),
            "children" => entries
                .iter()
                .for_each(|(c, data)| self.child(group, c, data)),
            "vars" => {
                for (name, value) in &entries {
                    let set = self
                        .into
                        .set_written(group, &name.key_text(), value.clone());
                    self.take(set);
                }
            }
            _ => self.into.warnings.push(unknown(&section, group, &key.span)),
        }
    }

    fn child(&mut self, group: &str, key: &Node, data: &Node) {
        // What is no group is left out with a warning, and so is its place among the children.
        if let Some(name) = self.group(key, data) {
            let added = self.into.add_child(group, &name, &key.span);
            self.take(added);
        }
    }

    fn hosts(&mut self, group: &str, key: &Node, vars: &Node) {
        let Some(written) = key.as_str() else {
            self.errors.push(not_a_name(key, "host"));
            return;
        };
        let Some(hosts) = self.take(written_hosts(written, &key.span)) else {
            return;
        };
        if hosts.names.is_empty() {
            self.into.warnings.push(empty_range(written, &key.span));
        }
        if vars.as_map().is_none() && !is_falsy(vars) {
            self.errors.push(not_a_mapping(written, group, vars));
            return;
        }
        for host in &hosts.names {
            self.into.add_host(host, Some(group), hosts.port);
            for (name, value) in vars.as_map().unwrap_or_default() {
                let set = self.into.set_written(host, &name.key_text(), value.clone());
                self.take(set);
            }
        }
    }
}

/// What Python holds for false: a host's variables may be written so.
fn is_falsy(node: &Node) -> bool {
    match &node.kind {
        Kind::Null | Kind::Bool(false) | Kind::Int(0) => true,
        Kind::Float(number) => *number == 0.0,
        Kind::Str(text) => text.is_empty(),
        Kind::Seq(items) => items.is_empty(),
        Kind::Map(entries) => entries.is_empty(),
        Kind::Bool(true) | Kind::Int(_) => false,
    }
}

fn not_a_name(key: &Node, of: &str) -> Diagnostic {
    let text = key.key_text();
    Diagnostic::error(
        "inventory/name-type",
        format!("the {of} name `{text}` is {}", key.type_name()),
    )
    .at(&key.span)
    .help(format!("put it into quotes: \"{text}\""))
}

fn not_a_mapping(name: &str, group: &str, value: &Node) -> Diagnostic {
    let error = Diagnostic::error(
        "inventory/not-a-mapping",
        format!(
            "`{name}` in group `{group}` is {}, not a mapping",
            value.type_name()
        ),
    )
    .at(&value.span);
    match value.as_seq() {
        Some(_) => error.help("write each entry as a key: `name:` instead of `- name`"),
        None => error.help("write `name: value` pairs below it, or nothing"),
    }
}

fn unknown(section: &str, group: &str, place: &Span) -> Diagnostic {
    let warning = Diagnostic::warning(
        "inventory/unknown-key",
        format!("`{section}` in group `{group}` means nothing and is left out"),
    )
    .at(place)
    .why("a group has `hosts`, `children` and `vars`");
    match nearest(section, SECTIONS) {
        Some(near) => warning.help(format!("write `{near}`")),
        None => warning.help(format!(
            "if it is a group, put it under `children:` of `{group}`"
        )),
    }
}
