//! From a component's `rehearsal:` list to descriptions, with errors that name the entry.

use fancy_regex::Regex;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Command, CommandText, Described, UnitText};
use crate::diagnostic::nearest;

/// The key that says what an entry is about.
const KINDS: [&str; 4] = ["command", "unit", "package", "unpack"];

impl Described {
    /// Adds the entries of one `rehearsal:` list.
    ///
    /// # Errors
    /// The first entry that is wrong, in one line that says which and why.
    pub fn add(&mut self, entries: &Value) -> Result<(), String> {
        let Some(entries) = entries.as_array() else {
            return Err("`rehearsal` is a list".to_owned());
        };
        for (at, entry) in entries.iter().enumerate() {
            self.add_one(entry)
                .map_err(|why| format!("entry {} of `rehearsal`: {why}", at + 1))?;
        }
        Ok(())
    }

    fn add_one(&mut self, entry: &Value) -> Result<(), String> {
        let has = |key: &str| entry.get(key).is_some();
        match KINDS.into_iter().find(|kind| has(kind)) {
            Some("command") => {
                let text: CommandText = read(entry)?;
                let pattern = Regex::new(&text.command)
                    .map_err(|error| format!("`{}` is no pattern: {error}", text.command))?;
                self.commands.push(Command {
                    pattern,
                    stdout: text.stdout,
                    stderr: text.stderr,
                    code: text.code,
                    seconds: text.seconds,
                    when: text.when,
                    effects: text.effects,
                });
            }
            Some("unit") => self.units.push(read::<UnitText>(entry)?),
            Some("package") => self.packages.push(read(entry)?),
            Some(_) => self.archives.push(read(entry)?),
            None => return Err(unknown(entry)),
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(entry: &Value) -> Result<T, String> {
    serde_json::from_value(entry.clone()).map_err(|error| error.to_string())
}

fn unknown(entry: &Value) -> String {
    let written = entry
        .as_object()
        .and_then(|map| map.keys().next().cloned())
        .unwrap_or_default();
    match nearest(&written, KINDS) {
        Some(meant) => format!("`{written}` is unknown; did you mean `{meant}`?"),
        None => format!(
            "it has none of {}",
            KINDS.map(|k| format!("`{k}`")).join(", ")
        ),
    }
}
