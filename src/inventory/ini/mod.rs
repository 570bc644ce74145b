//! Ansible's INI inventories: sections of hosts, of variables, of child groups.

mod lines;
mod literal;
mod python;
mod words;

use std::sync::Arc;

use indexmap::IndexMap;

use super::build::{Builder, UNGROUPED};
use super::names;
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::input::{Source, Span};
use lines::{Line, Section};

/// After this many mistakes in one file the rest is not read.
const MOST_ERRORS: usize = 20;

/// Reads a text into the inventory.
pub(super) fn read(source: &Arc<Source>, into: &mut Builder) -> Result<(), Diagnostics> {
    let mut reader = Reader {
        into,
        group: UNGROUPED.to_owned(),
        section: Section::Hosts,
        pending: IndexMap::new(),
    };
    let mut errors = Vec::new();
    for line in lines::split(source) {
        if let Err(error) = reader.line(&line) {
            errors.push(error);
            if errors.len() >= MOST_ERRORS {
                return Err(errors);
            }
        }
    }
    errors.extend(
        reader
            .pending
            .into_iter()
            .map(|(name, pending)| pending.error(&name)),
    );
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// A group that was named before it was declared.
struct Pending {
    place: Span,
    /// The groups that want it as a child; none if only its variables were met.
    parents: Vec<String>,
}

impl Pending {
    fn error(self, name: &str) -> Diagnostic {
        let what = match self.parents.last() {
            Some(parent) => {
                format!("`[{parent}:children]` names `{name}`, which is no group here")
            }
            None => format!("`[{name}:vars]` sets variables of a group that is not declared"),
        };
        Diagnostic::error("inventory/undefined-group", what)
            .at(&self.place)
            .why("a group is declared by `[name]` or `[name:children]`, above or below")
            .help(format!("add a section `[{name}]`, or correct the name"))
    }
}

struct Reader<'a> {
    into: &'a mut Builder,
    group: String,
    section: Section,
    pending: IndexMap<String, Pending>,
}

impl Reader<'_> {
    fn line(&mut self, line: &Line<'_>) -> Result<(), Diagnostic> {
        match line.header() {
            Some(Ok((group, kind))) => return self.header(line, group, kind),
            Some(Err(())) => return Err(bad_header(line)),
            None => {}
        }
        match self.section {
            Section::Hosts => self.host(line),
            Section::Vars => self.variable(line),
            Section::Children => self.child(line),
        }
    }

    fn header(&mut self, line: &Line<'_>, group: &str, kind: &str) -> Result<(), Diagnostic> {
        let Some(section) = Section::named(kind) else {
            let known = ["hosts", "children", "vars"];
            let error = Diagnostic::error(
                "inventory/section",
                format!("`[{group}:{kind}]` is no kind of section"),
            )
            .at(&line.span());
            return Err(match nearest(kind, known) {
                Some(near) => error.help(format!("write `[{group}:{near}]`")),
                None => error.help("a section is `[group]`, `[group:vars]` or `[group:children]`"),
            });
        };
        group.clone_into(&mut self.group);
        self.section = section;
        let declares = section != Section::Vars;
        if !self.into.groups.contains_key(group) {
            if !declares && !self.pending.contains_key(group) {
                let place = line.span();
                let parents = Vec::new();
                self.pending
                    .insert(group.to_owned(), Pending { place, parents });
            }
            self.into.add_group(group, &line.span())?;
        }
        if declares && let Some(pending) = self.pending.shift_remove(group) {
            for parent in &pending.parents {
                self.into.add_child(parent, group, &pending.place)?;
            }
        }
        Ok(())
    }

    fn host(&mut self, line: &Line<'_>) -> Result<(), Diagnostic> {
        let words = words::split(line.text).map_err(|why| {
            Diagnostic::error("inventory/host-line", "this line does not split into words")
                .at(&line.span())
                .why(why)
                .help("put values with blanks, quotes or `#` into quotes: name=\"a value\"")
        })?;
        let Some((name, assignments)) = words.split_first() else {
            return Ok(());
        };
        let place = line.part(name.start, name.end);
        let hosts = written_hosts(&name.text, &place)?;
        if hosts.names.is_empty() {
            self.into.warnings.push(empty_range(&name.text, &place));
        }
        let mut values = Vec::new();
        for word in assignments {
            let place = line.part(word.start, word.end);
            let Some((key, value)) = word.text.split_once('=') else {
                return Err(not_an_assignment(&word.text, &place));
            };
            values.push((key.to_owned(), literal::value(value, &place)));
        }
        for host in &hosts.names {
            self.into.add_host(host, Some(&self.group), hosts.port);
            for (key, value) in &values {
                self.into.set_written(host, key, value.clone())?;
            }
        }
        Ok(())
    }

    fn variable(&mut self, line: &Line<'_>) -> Result<(), Diagnostic> {
        let Some((key, value)) = line.text.split_once('=') else {
            return Err(not_an_assignment(line.text, &line.span()));
        };
        let start = line.text.len() - value.trim_start().len();
        let place = line.part(start.min(line.text.len()), line.text.len());
        let value = literal::value(value.trim(), &place);
        self.into.set_written(&self.group, key.trim(), value)
    }

    fn child(&mut self, line: &Line<'_>) -> Result<(), Diagnostic> {
        let Some(child) = line.group_name() else {
            return Err(Diagnostic::error(
                "inventory/group-name",
                format!("`{}` is no group name", line.text),
            )
            .at(&line.span())
            .why("a `:children` section has one group on each line, without `:`, `]` or blanks"));
        };
        let place = line.part(0, child.len());
        if self.into.groups.contains_key(child) {
            return self.into.add_child(&self.group, child, &place);
        }
        let pending = self.pending.entry(child.to_owned()).or_insert(Pending {
            place,
            parents: Vec::new(),
        });
        pending.parents.push(self.group.clone());
        Ok(())
    }
}

/// A host as written, with errors that have its place. Shared with the YAML reader.
pub(super) fn written_hosts(written: &str, place: &Span) -> Result<names::Hosts, Diagnostic> {
    let error = |what: String| Diagnostic::error("inventory/host-name", what).at(place);
    let hosts = names::hosts(written).map_err(|why| {
        error(format!("the host range `{written}` cannot be counted"))
            .why(why.to_string())
            .help("write it as `web[1:3]`, `web[01:10:2]` or `db-[a:f]`")
    })?;
    if written.trim_end().ends_with(':') && hosts.port.is_none() {
        return Err(error(format!("`{written}` ends with a colon")).why(
            "behind a colon there is a port; in YAML a colon needs a file that is YAML as a whole",
        ));
    }
    if hosts
        .names
        .iter()
        .any(|name| name.trim() == "---" || name.is_empty())
    {
        return Err(error(format!("`{written}` is no host name"))
            .why("`---` begins a YAML file, but this one was not readable as YAML"));
    }
    Ok(hosts)
}

pub(super) fn empty_range(written: &str, place: &Span) -> Diagnostic {
    Diagnostic::warning(
        "inventory/empty-range",
        format!("the host range `{written}` stands for no host"),
    )
    .at(place)
    .help("write the smaller number first")
}

fn bad_header(line: &Line<'_>) -> Diagnostic {
    Diagnostic::error(
        "inventory/section",
        format!("`{}` is no section", line.text),
    )
    .at(&line.span())
    .why("a section is `[group]`, `[group:vars]` or `[group:children]`, without blanks")
}

fn not_an_assignment(text: &str, place: &Span) -> Diagnostic {
    Diagnostic::error(
        "inventory/assignment",
        format!("`{text}` is not `name=value`"),
    )
    .at(place)
    .help("write `name=value`, with quotes around a value that has blanks")
}

#[cfg(test)]
mod tests;
