//! How hosts are reached on a real run: SSH, or this machine itself.

use std::path::PathBuf;
use std::sync::Arc;

use crate::connection::{Ask, Connector, HostConnector, World};
use crate::input::{Clock, Files};
use crate::secret::{Redactor, Secret};

use super::shared::Console;

/// The connector of a real run.
pub fn connector(
    console: &Console,
    (files, clock): (&Arc<dyn Files>, &Arc<dyn Clock>),
) -> Arc<dyn Connector> {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
    Arc::new(HostConnector::new(World {
        files: files.clone(),
        clock: clock.clone(),
        ask: Arc::new(Terminal {
            output: console.output,
            redactor: console.redactor.clone(),
        }),
        home: path("HOME"),
        user: std::env::var("USER").unwrap_or_else(|_| "root".to_owned()),
        agent: path("SSH_AUTH_SOCK"),
        config: None,
    }))
}

/// Asks for passphrases where there is somebody to ask.
struct Terminal {
    output: super::cli::Output,
    redactor: Redactor,
}

impl Ask for Terminal {
    fn secret(&self, question: &str) -> Option<Secret<String>> {
        let console = Console::masking(self.output, self.redactor.clone());
        console.ask_secret(question).ok()
    }
}
