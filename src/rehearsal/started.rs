//! What ran on the simulated hosts, as `ps` would have shown it: arguments and environment of every
//! program. A secret that is seen there is seen by everybody on the host, so tests search it.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, json};

use super::process::Process;

/// What every login has in its environment; the rest is told.
const OF_LOGIN: [&str; 5] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL"];

/// The programs of a run, one JSON object a line; nothing is kept unless somebody asked for it.
/// Clones are the same list.
#[derive(Clone, Default)]
pub struct Started(Option<Arc<Mutex<Vec<String>>>>);

impl Started {
    /// A list that is kept.
    pub fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    /// A program is about to run.
    pub fn add(&self, process: &Process<'_>) {
        let Some(list) = &self.0 else { return };
        let beside = (process.env.iter()).filter(|(name, _)| !OF_LOGIN.contains(&name.as_str()));
        let env: Map<_, _> = beside
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        let line = json!({
            "host": process.host.name,
            "user": process.user,
            "argv": process.argv,
            "env": env,
        });
        let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(line.to_string());
    }

    /// One program a line, in the order in which they began.
    pub fn text(&self) -> Option<String> {
        let list = self.0.as_ref()?;
        let list = list.lock().unwrap_or_else(PoisonError::into_inner);
        Some(list.iter().map(|line| format!("{line}\n")).collect())
    }
}
