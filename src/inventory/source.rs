//! What a `-i` may be: a file in one of the formats, a program, a directory of those, or a list
//! of hosts. Tried in Ansible's order: list, program, YAML, INI.

use std::path::Path;
use std::sync::Arc;

use super::build::{Builder, UNGROUPED};
use super::open::Opener;
use super::{ini, names, script, terraform, yaml};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{FileKind, Kind, Source};

/// Names in an inventory directory that are never read as inventories.
const NEVER: [&str; 3] = ["host_vars", "group_vars", "vars_plugins"];
/// Ends of names in an inventory directory that are never read (Ansible's
/// `INVENTORY_IGNORE_EXTS`).
const IGNORED_ENDS: [&str; 12] = [
    ".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry",
];
/// Ends of names that are read as YAML.
const YAML_ENDS: [&str; 3] = ["yaml", "yml", "json"];

/// Reads one source into the inventory.
pub(super) fn read(
    opener: Opener<'_>,
    written: &str,
    into: &mut Builder,
) -> Result<(), Diagnostics> {
    let path = opener.absolute(written);
    match opener.world.files.kind(&path) {
        None if written.contains(',') => {
            into.source = (Some(written.to_owned()), None);
            list(written, into);
            Ok(())
        }
        None => Err(vec![
            Diagnostic::error(
                "inventory/no-source",
                format!("there is no inventory `{written}`"),
            )
            .why("it is neither a file nor a directory")
            .help("check the path; a list of hosts needs a comma: `-i web1,`"),
        ]),
        Some(_) => read_path(opener, &path, into),
    }
}

fn read_path(opener: Opener<'_>, path: &Path, into: &mut Builder) -> Result<(), Diagnostics> {
    match opener.world.files.kind(path) {
        Some(FileKind::Directory) => directory(opener, path, into),
        Some(kind) => {
            let directory = path.parent().map(|p| p.display().to_string());
            into.source = (Some(path.display().to_string()), directory);
            if kind == FileKind::Executable && script::read(opener, path, into)? {
                return Ok(());
            }
            file(opener, path, into)
        }
        None => Ok(()),
    }
}

fn directory(opener: Opener<'_>, path: &Path, into: &mut Builder) -> Result<(), Diagnostics> {
    let mut names = opener.world.files.list(path).map_err(|error| {
        let what = format!("cannot read the directory `{}`", opener.shown(path));
        vec![Diagnostic::error("inventory/cannot-read", what).why(error.to_string())]
    })?;
    names.sort();
    let mut errors = Vec::new();
    for name in names {
        let ignored = name.starts_with('.')
            || NEVER.contains(&name.as_str())
            || IGNORED_ENDS.iter().any(|end| name.ends_with(end));
        if !ignored && let Err(more) = read_path(opener, &path.join(&name), into) {
            errors.extend(more);
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// `-i a,b,`.
fn list(written: &str, into: &mut Builder) {
    for entry in written.split(',').map(str::trim).filter(|e| !e.is_empty()) {
        let (name, port) = names::listed(entry);
        if !into.hosts.contains_key(name) {
            into.add_host(name, Some(UNGROUPED), port);
        }
    }
}

/// A file: YAML if its name allows it and its text is a mapping, else INI.
fn file(opener: Opener<'_>, path: &Path, into: &mut Builder) -> Result<(), Diagnostics> {
    let content = opener.text(path).map_err(|error| vec![error])?;
    let end = path.extension().and_then(|end| end.to_str());
    if end == Some("toml") {
        return Err(vec![not_toml(&content.source)]);
    }
    let named_yaml = end.is_some_and(|end| YAML_ENDS.contains(&end));
    let mut not_yaml = Vec::new();
    if named_yaml || end.is_none() {
        match opener.tree(&content) {
            Ok(tree) => match &tree.node.kind {
                Kind::Map(entries) if !entries.is_empty() => {
                    refuse_plugin(&tree.node)?;
                    into.warnings.extend(tree.warnings);
                    if terraform::is_state(&tree.node) {
                        return terraform::read(&tree.node, into);
                    }
                    return yaml::read(&tree.node, into);
                }
                _ => not_yaml.push(not_groups(&content.source, tree.node.type_name())),
            },
            Err(errors) => not_yaml = errors,
        }
    }
    let mut attempt = into.clone();
    match ini::read(&content.source, &mut attempt) {
        Ok(()) => {
            *into = attempt;
            Ok(())
        }
        Err(_) if !not_yaml.is_empty() && (named_yaml || looks_like_yaml(&content.source)) => {
            Err(not_yaml)
        }
        Err(errors) => Err(errors),
    }
}

/// A file that configures one of Ansible's inventory plugins.
fn refuse_plugin(node: &crate::input::Node) -> Result<(), Diagnostics> {
    let Some((key, plugin)) = node.entry("plugin") else {
        return Ok(());
    };
    if plugin.is_null() {
        return Ok(());
    }
    let what = format!(
        "the inventory plugin `{}` is not supported",
        plugin.key_text()
    );
    Err(vec![
        Diagnostic::error("inventory/plugin", what)
            .at(&key.span)
            .why("a file with `plugin` at its top configures a program that makes the inventory")
            .help("save its result: `ansible-inventory -i THIS --list --yaml > inventory.yaml`"),
    ])
}

fn not_toml(source: &Arc<Source>) -> Diagnostic {
    Diagnostic::error("inventory/plugin", "an inventory in TOML is not supported")
        .at(&super::open::start(source))
        .why("inventories are YAML, INI, programs, or names with a comma")
        .help("save it as YAML: `ansible-inventory -i THIS --list --yaml > inventory.yaml`")
}

fn not_groups(source: &Arc<Source>, found: &str) -> Diagnostic {
    Diagnostic::error(
        "inventory/not-groups",
        format!("the file holds {found}, not groups"),
    )
    .at(&super::open::start(source))
    .help("begin with `all:` and put `hosts:`, `children:` and `vars:` below it")
}

/// Whether a text that is neither valid YAML nor INI was probably meant as YAML.
fn looks_like_yaml(source: &Source) -> bool {
    source
        .text
        .lines()
        .map(str::trim_end)
        .find(|line| !line.is_empty() && !line.starts_with(['#', ';']))
        .is_some_and(|line| line == "---" || (line.ends_with(':') && !line.starts_with('[')))
}
