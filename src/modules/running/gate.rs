//! `gate`: what was looked at before something is called done, each with what was seen. Fails if
//! one of them is not as it should be; the program keeps the whole list as `JUnit` and JSON.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::connection::Reader;
use crate::modules::{Diff, Failure, Given, Module, Outcome, Site};

/// The module.
pub struct Gate {
    name: String,
    checks: Vec<Check>,
}

struct Check {
    name: String,
    passed: bool,
    seen: String,
    why: String,
}

impl Gate {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let list = given.get("checks").and_then(Value::as_array);
        let checks = list.into_iter().flatten().map(|one| {
            let text = |key: &str| one[key].as_str().unwrap_or_default().trim().to_owned();
            let passed = one["passed"].as_bool();
            let passed = passed.filter(|_| one["name"].is_string()).ok_or_else(|| {
                Failure::msg(
                    "a check is a mapping with `name`, `passed` (a boolean), `seen` and `why`",
                )
            })?;
            Ok(Check {
                name: text("name"),
                passed,
                seen: text("seen"),
                why: text("why"),
            })
        });
        Ok(Self {
            name: given.string("name"),
            checks: checks.collect::<Result<_, Failure>>()?,
        })
    }

    fn result(&self) -> Value {
        let checks = self.checks.iter().map(|check| {
            let mut told = json!({"name": check.name, "passed": check.passed, "seen": check.seen});
            if !check.passed {
                told["why"] = check.why.as_str().into();
            }
            told
        });
        json!({"name": self.name, "checks": checks.collect::<Vec<_>>()})
    }
}

#[async_trait]
impl Module for Gate {
    type Seen = ();

    async fn observe(&self, _: &Reader<'_>) -> Result<(), Failure> {
        Ok(())
    }

    fn diff(&self, (): &()) -> Result<Diff, Failure> {
        let failed: Vec<&Check> = self.checks.iter().filter(|check| !check.passed).collect();
        if !failed.is_empty() {
            let lines = failed.iter().map(|check| {
                let why = if check.why.is_empty() {
                    &check.seen
                } else {
                    &check.why
                };
                format!("{}: {why}", check.name)
            });
            let lines: Vec<String> = lines.collect();
            let msg = format!(
                "{} of {} checks of {} failed\n{}",
                failed.len(),
                self.checks.len(),
                self.name,
                lines.join("\n")
            );
            return Err(Failure::msg(msg)
                .coded("task/gate")
                .with("gate", self.result())
                .help("mend the first of them and run again: what was done stays done"));
        }
        let mut result = Map::new();
        result.insert("gate".to_owned(), self.result());
        let msg = format!("{} checks of {} passed", self.checks.len(), self.name);
        result.insert("msg".to_owned(), msg.into());
        Ok(Diff {
            reason: Some("it only says what was seen".to_owned()),
            result,
            ..Diff::default()
        })
    }

    async fn apply(&self, _: &Site<'_>, (): (), _: &Diff) -> Result<Outcome, Failure> {
        Ok(Outcome::default())
    }
}
