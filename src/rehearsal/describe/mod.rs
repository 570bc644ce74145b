//! What components say of themselves in their `rehearsal:` list: commands with their answers,
//! units, packages, downloads.

mod apply;
mod parse;

pub use apply::{answer, unit_behaviour};

use std::collections::BTreeMap;

use fancy_regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::packages::Offer;

/// What happens on the host beside an answer.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Effects {
    /// Files that appear: text, `{content, mode, owner, group}`, or null for one that goes.
    pub files: BTreeMap<String, Value>,
    /// Directories that appear.
    pub directories: Vec<String>,
    /// Unit files that appear, by name.
    pub units: BTreeMap<String, String>,
    /// Units that are started afterwards.
    pub start: Vec<String>,
    /// Units that are stopped afterwards.
    pub stop: Vec<String>,
    /// Units that are enabled afterwards.
    pub enable: Vec<String>,
}

/// What has to be so for a description to count.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Condition {
    /// A path that has to be there.
    pub exists: Option<String>,
    /// A path that must not be there.
    pub absent: Option<String>,
    /// A unit that has to be active.
    pub active: Option<String>,
    /// Text that stdin has to contain.
    pub stdin: Option<String>,
}

/// A command and its answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandText {
    command: String,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
    #[serde(default)]
    code: i32,
    #[serde(default)]
    seconds: f64,
    #[serde(default)]
    when: Condition,
    #[serde(default)]
    effects: Effects,
}

/// A command pattern, ready to match.
#[derive(Clone, Debug)]
pub struct Command {
    /// Over the arguments joined with single spaces.
    pub pattern: Regex,
    /// What it prints; `$1` is the pattern's first group.
    pub stdout: String,
    /// What it prints on stderr.
    pub stderr: String,
    /// Its exit code.
    pub code: i32,
    /// How long it takes.
    pub seconds: f64,
    /// When this answer counts.
    pub when: Condition,
    /// What it does.
    pub effects: Effects,
}

/// A unit that behaves in its own way.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnitText {
    /// The unit's name.
    pub unit: String,
    /// Seconds until it is up.
    pub seconds: Option<f64>,
    /// TCP ports it listens on.
    pub ports: Vec<u16>,
    /// Service models behind its ports, by their kind.
    pub serves: BTreeMap<u16, String>,
    /// Why it does not start.
    pub fails: Option<String>,
    /// When the description counts.
    pub when: Condition,
    /// What its start does.
    pub effects: Effects,
}

/// What is in a downloaded archive.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Unpack {
    /// Text that the archive's address contains.
    pub unpack: String,
    /// Files in it by their path there: text, or `{content, mode}`. A mode with an execute bit is
    /// a program.
    pub files: BTreeMap<String, Value>,
}

/// Everything that was described.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// Commands; the last one that matches counts.
    pub commands: Vec<Command>,
    /// Units; the last one that matches counts.
    pub units: Vec<UnitText>,
    /// Packages.
    pub packages: Vec<Offer>,
    /// Archives; the last one that matches counts.
    pub archives: Vec<Unpack>,
}
