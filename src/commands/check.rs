//! What is checked in playbooks and components before a host is asked.

use std::path::Path;
use std::sync::Arc;

use super::load::Loaded;
use super::shared::Console;
use super::{Content, Failed, world};
use crate::diagnostic::Diagnostics;
use crate::input::{Files, SystemClock};
use crate::plan::{self, Checker};
use crate::playbook::{Component, Keys, Loader, Play};
use crate::template::Engine;

/// What is needed to check templates and the files that plays name.
pub struct Bench {
    files: Arc<dyn Files>,
    engine: Engine,
    keys: Keys,
}

impl Bench {
    /// For the user's files.
    pub fn new(loaded: &Loaded, console: &Console) -> Self {
        let files: Arc<dyn Files> = Arc::new(Content::new());
        let engine = world::engine(files.clone(), (Arc::new(SystemClock::new()), loaded));
        let keys = Keys {
            passwords: loaded.vault_passwords.clone(),
            redactor: console.redactor.clone(),
        };
        Self {
            files,
            engine,
            keys,
        }
    }

    /// Every mistake in plain plays.
    pub fn plays(&self, plays: &[Play]) -> Diagnostics {
        let mut checker = self.checker();
        checker.plays(plays);
        checker.finish()
    }

    /// Every mistake in the components, whatever part of them will run.
    pub fn components(&self, components: &[Arc<Component>]) -> Diagnostics {
        // Instances have the words of their component.
        let own = components.iter().filter(|one| one.instance.is_none());
        own.flat_map(|component| self.component(component, components))
            .collect()
    }

    fn component(&self, component: &Component, all: &[Arc<Component>]) -> Diagnostics {
        let ancestors = plan::ancestors(all, component);
        let mut checker = self.checker().of_component(
            &component.name,
            &ancestors,
            component.directory.parent().unwrap_or(Path::new("")),
        );
        for input in component.inputs.values() {
            input.default.iter().for_each(|node| checker.text(node));
        }
        for output in component.outputs.values() {
            checker.text(&output.value);
        }
        let parts = [
            &component.before,
            &component.install,
            &component.observe,
            &component.health,
            &component.upgrade,
            &component.backup,
            &component.restore,
            &component.remove,
        ];
        for plays in parts {
            checker.plays(plays);
        }
        checker.finish()
    }

    fn checker(&self) -> Checker<'_> {
        let loader = Loader::new(self.files.as_ref()).with_keys(self.keys.clone());
        Checker::new(&self.engine, self.files.as_ref(), loader)
    }
}

/// Refuses to go on with components that have mistakes.
pub fn components(loaded: &Loaded, console: &Console) -> Result<(), Failed> {
    let found = Bench::new(loaded, console).components(&loaded.components);
    if found.is_empty() {
        Ok(())
    } else {
        Err(found.into())
    }
}
