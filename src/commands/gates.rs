//! What gates of a run have seen, kept in the state directory for CI: `JUnit`'s XML and JSON.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::Content;
use super::shared::Console;
use crate::diagnostic::Diagnostic;
use crate::event::{Event, Sink};
use crate::input::{Files, Json};
use crate::report::junit;

/// Collects the results of module `gate`.
#[derive(Default)]
pub struct Gates(Mutex<Vec<Json>>);

impl Sink for Gates {
    fn emit(&self, event: &Event) {
        let Event::TaskResult(result) = event else {
            return;
        };
        let gate = &result.result["gate"];
        if gate["checks"].is_array() {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // One that is tried again counts as it was last.
            all.retain(|one| one["name"] != gate["name"]);
            all.push(gate.clone());
        }
    }
}

impl Gates {
    /// Writes each as `NAME.xml` and `NAME.json` below `gates/`; their paths.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn keep(
        &self,
        (state, tenant): (&Path, &str),
        console: &Console,
    ) -> Result<Vec<String>, Box<Diagnostic>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = state.join("gates");
        let mut paths = Vec::new();
        for gate in all.iter() {
            let name = gate["name"].as_str().unwrap_or("gate");
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            let name: String = name.chars().map(plain).collect();
            let mut told = gate.clone();
            told["tenant"] = tenant.into();
            let json = format!("{told:#}\n");
            for (suffix, text) in [("xml", junit(gate, tenant)), ("json", json)] {
                let path = folder.join(format!("{name}.{suffix}"));
                let text = console.redactor.redact(&text);
                let files = Content::new();
                let made = files.make_directory(&folder);
                let written = made.and_then(|()| files.write(&path, text.as_bytes(), 0o600));
                written.map_err(|error| {
                    let what = format!("cannot write `{}`", path.display());
                    Box::new(
                        Diagnostic::error("state/unwritable", what)
                            .why(error.to_string())
                            .help("make room in the state directory and run again"),
                    )
                })?;
                paths.push(path.display().to_string());
            }
        }
        Ok(paths)
    }
}
