//! Text from people becomes a tree that remembers where every value stood.
//!
//! This is the only room that names the YAML crate. Files are read by libyaml's rules with
//! Ansible's (YAML 1.1) meaning of plain scalars, or by Kubernetes' rules for manifests; the
//! result is a [`Node`] whose [`Span`] points into the [`Source`] it came from, so that an error
//! in minute 20 can still show the user's own line.

mod clock;
mod decode;
mod emit;
mod field_path;
mod files;
#[cfg(test)]
mod files_tests;
mod memory;
mod node;
mod os;
mod var;
mod yaml;

pub use clock::{Clock, SystemClock};
pub use decode::decode;
pub use emit::emit;
pub use field_path::{FieldPath, Step};
pub use files::{FileKind, Files, LocalFile, Processes};
pub use memory::{MemoryFiles, MemoryProcesses};
pub use node::{Kind, Node, Style};
pub use os::{OsFiles, OsProcesses};
pub use var::{Json, Table, Var, Variables};
use yaml::resolve;
pub use yaml::{Parsed, SyntaxError, literal, parse, parse_one, parse_tolerant};

use std::sync::Arc;

/// One text that was read: a file, or a command-line value.
#[derive(PartialEq, Eq)]
pub struct Source {
    /// What to call it in messages: the path as the user gave it, or e.g. `--set`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A source called `name` with this text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            text: text.into(),
        })
    }
}

impl std::fmt::Debug for Source {
    // Files hold secrets: only the name is ever shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({})", self.name)
    }
}

/// A range of bytes in a [`Source`]; `start..end`, both on character boundaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text it points into.
    pub source: Arc<Source>,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// Line and column (both from 1, column in characters) of the first byte.
    pub fn line_column(&self) -> (usize, usize) {
        let before = self
            .source
            .text
            .get(..self.start)
            .unwrap_or(&self.source.text);
        // A byte order mark is no character that a person counts.
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.source.name)
    }
}

/// Whose meaning plain scalars have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// YAML 1.1 as `PyYAML`'s safe loader reads it: `yes` is true, `0644` is octal, `<<` merges.
    Ansible,
    /// YAML as kubectl reads it (sigs.k8s.io/yaml, which is goyaml.v2): 1.1 booleans, `y` and `n`
    /// among them, octals, no base 60, `1e3` a number, no `=`.
    Kubernetes,
}

/// The nearest of `known` to what the user wrote, for a "did you mean". Of names equally many
/// typing mistakes away, the one that has more of the same letters in the same order.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(written, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().max(written.len()) / 4)
        .min_by(|(a, one), (b, other)| {
            let alike = |name: &str| strsim::jaro_winkler(written, name);
            a.cmp(b).then(alike(other).total_cmp(&alike(one)))
        })
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_the_one_that_was_meant() {
        assert_eq!(nearest("taks", ["tags", "tasks", "name"]), Some("tasks"));
        assert_eq!(
            nearest("regsiter", ["register", "delegate_to"]),
            Some("register")
        );
        assert_eq!(nearest("depends_on", ["needs", "inputs"]), None);
    }
}
