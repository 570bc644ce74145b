//! `tempfile`: a new empty file or directory with a name of its own.

use async_trait::async_trait;
use serde_json::json;

use super::Blind;
use crate::connection::{Action, Exec};
use crate::modules::recipe::program_failed;
use crate::modules::{Failure, Given, Outcome, Site};

/// The module.
pub struct TempFile {
    exec: Exec,
    state: String,
}

impl TempFile {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let state = given.string("state");
        let folder = given.path("path")?.unwrap_or_else(|| "/tmp".to_owned());
        let mut argv = vec!["mktemp".to_owned()];
        if state == "directory" {
            argv.push("-d".to_owned());
        }
        argv.push(format!("--tmpdir={folder}"));
        argv.push(format!("--suffix={}", given.string("suffix")));
        argv.push("--".to_owned());
        argv.push(format!("{}XXXXXXXX", given.string("prefix")));
        Ok(Self {
            exec: Exec::new(argv),
            state,
        })
    }
}

#[async_trait]
impl Blind for TempFile {
    async fn go(&self, at: &Site<'_>) -> Result<Outcome, Failure> {
        let action = Action::Exec(self.exec.clone());
        let done = at.act(action.clone()).await?;
        if done.executed.code != 0 {
            return Err(program_failed(&action, &done.executed));
        }
        let path = String::from_utf8_lossy(&done.executed.stdout)
            .trim_end()
            .to_owned();
        let mode = if self.state == "directory" {
            "0700"
        } else {
            "0600"
        };
        let fields = [
            ("path", json!(path)),
            ("state", json!(self.state)),
            ("mode", json!(mode)),
        ];
        Ok(Outcome {
            result: fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            changed: Some(true),
        })
    }
}
