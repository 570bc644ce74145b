//! `getent`: entries of the host's databases.

use serde_json::{Map, Value, json};

use crate::connection::{Exec, Probe};
use crate::modules::{Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Getent {
    database: String,
    key: Option<String>,
    /// A missing key is a failure.
    strict: bool,
}

impl Getent {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Self {
        Self {
            database: given.string("database"),
            key: given.some("key"),
            strict: given.flag("fail_key"),
        }
    }

    fn question(&self) -> Probe {
        let argv = ["getent".to_owned(), self.database.clone()];
        Probe::Command(Box::new(Exec::new(
            argv.into_iter().chain(self.key.clone()),
        )))
    }
}

impl Recipe for Getent {
    fn questions(&self) -> Vec<Probe> {
        vec![self.question()]
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let answer = seen.executed(&self.question())?;
        let mut entries = Map::new();
        match answer.code {
            0 => {
                let colons = matches!(
                    self.database.as_str(),
                    "passwd" | "shadow" | "group" | "gshadow"
                );
                for line in String::from_utf8_lossy(&answer.stdout).lines() {
                    let mut parts: Vec<&str> = if colons {
                        line.split(':').collect()
                    } else {
                        line.split_whitespace().collect()
                    };
                    if !parts.is_empty() {
                        let name = parts.remove(0);
                        entries.insert(name.to_owned(), json!(parts));
                    }
                }
            }
            2 if !self.strict => {
                entries.insert(self.key.clone().unwrap_or_default(), Value::Null);
            }
            2 => {
                return Err(Failure::msg(
                    "One or more supplied key could not be found in the database.",
                ));
            }
            3 => return Err(Failure::msg("Enumeration not supported on this database.")),
            _ => return Err(Failure::msg("Missing arguments, or database unknown.")),
        }
        let mut steps = Steps::none("only looks");
        steps.set(
            "ansible_facts",
            json!({ format!("getent_{}", self.database): entries }),
        );
        Ok(steps)
    }
}
