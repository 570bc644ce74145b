//! `slurp`: a file's bytes, in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::connection::Probe;
use crate::modules::seen::{read, stat_through};
use crate::modules::{Failure, Given, NO_FILE, Recipe, Seen, Steps};

/// The module.
pub struct Slurp {
    path: String,
}

impl Slurp {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        Ok(Self {
            path: given.the_path("src")?,
        })
    }
}

impl Recipe for Slurp {
    fn questions(&self) -> Vec<Probe> {
        vec![read(&self.path)]
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        Ok(if seen.content(&self.path)?.is_none() {
            vec![stat_through(&self.path)]
        } else {
            Vec::new()
        })
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let Some(content) = seen.content(&self.path)? else {
            return Err(if seen.is_directory(&self.path)? {
                let path = &self.path;
                Failure::msg(format!("source is a directory and must be a file: {path}"))
            } else {
                Failure::msg(format!("file not found: {}", self.path)).coded(NO_FILE)
            });
        };
        let mut steps = Steps::none("only looks");
        steps.set("content", STANDARD.encode(content));
        steps.set("encoding", "base64");
        steps.set("source", self.path.as_str());
        Ok(steps)
    }
}
