//! `group_vars/` and `host_vars/`, beside the inventory and beside the playbook.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Vars;
use super::open::Opener;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{FileKind, Kind, Node};

/// The ends a file of variables may have; none is fine too, and looked for first.
const ENDS: [&str; 3] = [".yml", ".yaml", ".json"];

/// Whose variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Of {
    Group,
    Host,
}

impl Of {
    fn directory(self) -> &'static str {
        match self {
            Self::Group => "group_vars",
            Self::Host => "host_vars",
        }
    }
}

/// Reads each file once.
pub(super) struct VarsFiles<'a> {
    opener: Opener<'a>,
    read: HashMap<(PathBuf, Of, String), Vars>,
    pub errors: Diagnostics,
    pub warnings: Diagnostics,
}

impl<'a> VarsFiles<'a> {
    pub fn new(opener: Opener<'a>) -> Self {
        Self {
            opener,
            read: HashMap::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The variables that the files below a directory give a group or host.
    pub fn load(&mut self, base: &Path, of: Of, name: &str) -> Vars {
        let key = (base.to_owned(), of, name.to_owned());
        if let Some(vars) = self.read.get(&key) {
            return vars.clone();
        }
        let mut vars = Vars::new();
        // A chroot's "host name" is a path, and no file is meant by it.
        if !name.starts_with('/') {
            for file in self.files(&base.join(of.directory()), name) {
                self.file(&file, &mut vars);
            }
        }
        self.read.insert(key, vars.clone());
        vars
    }

    fn files(&mut self, directory: &Path, name: &str) -> Vec<PathBuf> {
        let files = self.opener.world.files;
        match files.kind(directory) {
            None => return Vec::new(),
            Some(FileKind::Directory) => {}
            Some(_) => {
                let what = format!("`{}` is not a directory", self.opener.shown(directory));
                let warning = Diagnostic::warning("inventory/vars-directory", what)
                    .why("it is left out")
                    .help("make it a directory with one file per group or host");
                if !self.warnings.contains(&warning) {
                    self.warnings.push(warning);
                }
                return Vec::new();
            }
        }
        // The first that exists hides the others: `web/` hides `web.yml`.
        for end in std::iter::once("").chain(ENDS) {
            let path = directory.join(format!("{name}{end}"));
            match files.kind(&path) {
                None => {}
                Some(FileKind::Directory) => return self.below(&path),
                Some(_) => return vec![path],
            }
        }
        Vec::new()
    }

    fn below(&mut self, directory: &Path) -> Vec<PathBuf> {
        let files = self.opener.world.files;
        let mut names = match files.list(directory) {
            Ok(names) => names,
            Err(error) => {
                let what = format!("cannot read `{}`", self.opener.shown(directory));
                self.errors
                    .push(Diagnostic::error("inventory/cannot-read", what).why(error.to_string()));
                return Vec::new();
            }
        };
        names.sort();
        let mut found = Vec::new();
        for name in names {
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            let path = directory.join(&name);
            let end = name.rfind('.').map_or("", |dot| &name[dot..]);
            match files.kind(&path) {
                Some(FileKind::Directory) if end.is_empty() => found.extend(self.below(&path)),
                Some(FileKind::File | FileKind::Executable)
                    if end.is_empty() || ENDS.contains(&end) =>
                {
                    found.push(path);
                }
                _ => {}
            }
        }
        found
    }

    fn file(&mut self, path: &Path, vars: &mut Vars) {
        let tree = match self.opener.yaml(path) {
            Ok(tree) => tree,
            Err(errors) => return self.errors.extend(errors),
        };
        self.warnings.extend(tree.warnings);
        match mapping(&tree.node) {
            Ok(found) => vars.extend(found),
            Err(error) => self.errors.push(error),
        }
    }
}

/// A file's variables: a mapping, or nothing.
pub(super) fn mapping(node: &Node) -> Result<Vars, Diagnostic> {
    match &node.kind {
        Kind::Null => Ok(Vars::new()),
        Kind::Map(entries) => Ok(entries
            .iter()
            .map(|(name, value)| (name.key_text(), value.clone().into()))
            .collect()),
        _ => Err(Diagnostic::error(
            "inventory/not-variables",
            format!("a file of variables holds {}", node.type_name()),
        )
        .at(&node.span)
        .help("write `name: value` pairs")),
    }
}
