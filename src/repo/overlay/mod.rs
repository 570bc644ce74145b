//! What we change of a template, each change with its reason: data, by object and field, and made in
//! the text of the files, so that nothing else of them differs. A change whose target is not there
//! is an error: upstream has moved, and a person must look.

mod apply;
mod change;
mod edit;
mod mask;
mod proof;
mod region;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use self::apply::WITHOUT_TARGET;
use self::change::Change;
use super::problem;
use super::tree::Tree;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Files, Rules, Source, Variables, decode, parse_one};
use crate::template::Engine;

/// The changes of a template.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    changes: Vec<Change>,
}

/// What the files are that changes meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Targets {
    /// The template's own: every target must be there.
    Real,
    /// Stand-ins of a rehearsal, which have little: changes of what is missing are left out.
    StandIns,
}

/// What changes may depend on.
pub struct Setting<'a> {
    /// Renders conditions and values.
    pub engine: &'a Engine,
    /// Their variables.
    pub variables: &'a Arc<dyn Variables>,
    /// Where an image comes from.
    pub images: &'a (dyn Fn(&str) -> String + Sync),
    /// Whether the template is real.
    pub targets: Targets,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Files that were changed, made or removed, each with the reason; a file may be there twice.
    pub changes: Vec<(String, String)>,
    /// Files that belong to the Nautes API server once they are in the repository.
    pub kept: Vec<String>,
}

impl Overlay {
    /// The changes of a folder's YAML files, by name.
    ///
    /// # Errors
    /// All mistakes in them.
    pub fn read(files: &dyn Files, folder: &Path) -> Result<Self, Diagnostics> {
        let unreadable = |path: &Path, error: std::io::Error| {
            let what = format!("cannot read `{}`", path.display());
            vec![
                problem("repo/unreadable", what)
                    .why(error.to_string())
                    .help("an overlay is a folder of YAML files: docs/tenant-repo.md"),
            ]
        };
        let names = files
            .list(folder)
            .map_err(|error| unreadable(folder, error))?;
        let mut overlay = Self::default();
        let mut errors = Diagnostics::new();
        for name in names.iter().filter(|name| name.ends_with(".yaml")) {
            let path = folder.join(name);
            let bytes = files
                .read(&path)
                .map_err(|error| unreadable(&path, error))?;
            let source = decode(path.display().to_string(), bytes);
            let source = source.map_err(|error| vec![Diagnostic::from(error)])?;
            match Self::parse(&source) {
                Ok(more) => overlay.changes.extend(more.changes),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() {
            Ok(overlay)
        } else {
            Err(errors)
        }
    }

    /// The changes of one text.
    ///
    /// # Errors
    /// All mistakes in it.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Diagnostics> {
        let root = parse_one(source, Rules::Kubernetes)
            .map_err(|found| found.into_iter().map(Diagnostic::from).collect::<Vec<_>>())?;
        change::all(&root).map(|changes| Self { changes })
    }

    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Makes the changes in the files.
    ///
    /// # Errors
    /// Every change that cannot be made.
    pub fn apply(&self, tree: &mut Tree, setting: &Setting<'_>) -> Result<Applied, Diagnostics> {
        let mut applied = Applied::default();
        let mut errors = Diagnostics::new();
        for change in &self.changes {
            let left_out = |error: &Diagnostic| {
                setting.targets == Targets::StandIns && error.code == WITHOUT_TARGET
            };
            match change.apply(tree, (setting, &mut applied)) {
                Err(error) if !left_out(&error) => errors.push(*error),
                _ => {}
            }
        }
        if errors.is_empty() {
            Ok(applied)
        } else {
            Err(errors)
        }
    }
}
