//! The files of a repository at one moment, in memory: what is rendered, changed, merged, pushed.

use std::collections::BTreeMap;
use std::path::Path;

use super::problem;
use crate::diagnostic::Diagnostic;
use crate::input::{FileKind, Files};

/// Folders deeper than this are a loop of links.
const DEEPEST: usize = 40;

/// One file.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its bytes; of a link, where it leads.
    pub content: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
}

/// What a file is to git.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    Plain,
    /// A file that may be executed.
    Executable,
    /// A symbolic link.
    Link,
}

impl EntryKind {
    /// Git's mode, as it writes it.
    pub const fn mode(self) -> &'static str {
        match self {
            Self::Plain => "100644",
            Self::Executable => "100755",
            Self::Link => "120000",
        }
    }

    /// What a mode of git means; `None` for what is no file (a submodule).
    pub fn of_mode(mode: &str) -> Option<Self> {
        match mode {
            "100644" | "100664" => Some(Self::Plain),
            "100755" => Some(Self::Executable),
            "120000" => Some(Self::Link),
            _ => None,
        }
    }
}

impl Entry {
    /// A plain file.
    pub fn plain(content: impl Into<Vec<u8>>) -> Self {
        Self {
            content: content.into(),
            kind: EntryKind::Plain,
        }
    }

    /// Its text, if it is text.
    pub fn text(&self) -> Option<&str> {
        if self.kind == EntryKind::Link || self.content.contains(&0) {
            return None;
        }
        std::str::from_utf8(&self.content).ok()
    }
}

impl std::fmt::Debug for Entry {
    // Rendered files hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({:?}, {} bytes)", self.kind, self.content.len())
    }
}

/// Files by path: `/` between the parts, no `.` and `..`, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree(BTreeMap<String, Entry>);

impl Tree {
    /// The files of a folder of this machine; `.git` is left out, links are followed.
    ///
    /// # Errors
    /// Something in it cannot be read.
    pub fn read(files: &dyn Files, folder: &Path) -> Result<Self, Diagnostic> {
        let mut tree = Self::default();
        tree.collect(files, (folder, ""), DEEPEST)?;
        Ok(tree)
    }

    fn collect(
        &mut self,
        files: &dyn Files,
        (folder, prefix): (&Path, &str),
        depth: usize,
    ) -> Result<(), Diagnostic> {
        let unreadable = |path: &Path, why: String| {
            problem(
                "repo/unreadable",
                format!("cannot read `{}`", path.display()),
            )
            .why(why)
            .help("a template is a folder of files that you may read")
        };
        if depth == 0 {
            let why = format!("it is more than {DEEPEST} folders deep: a loop of links");
            return Err(unreadable(folder, why));
        }
        let names = files
            .list(folder)
            .map_err(|error| unreadable(folder, error.to_string()))?;
        for name in names {
            let path = folder.join(&name);
            let inner = format!("{prefix}{name}");
            match files.kind(&path) {
                Some(FileKind::Directory) if name == ".git" => {}
                Some(FileKind::Directory) => {
                    self.collect(files, (&path, &format!("{inner}/")), depth - 1)?;
                }
                // `.git` is a file in a worktree of git.
                Some(_) if inner == ".git" => {}
                Some(kind) => {
                    let content = files
                        .read(&path)
                        .map_err(|error| unreadable(&path, error.to_string()))?;
                    let kind = if kind == FileKind::Executable {
                        EntryKind::Executable
                    } else {
                        EntryKind::Plain
                    };
                    self.0.insert(inner, Entry { content, kind });
                }
                None => return Err(unreadable(&path, "it leads nowhere".to_owned())),
            }
        }
        Ok(())
    }

    /// Writes the files into a folder of this machine; links become files with what they say.
    ///
    /// # Errors
    /// One cannot be written.
    pub fn write(&self, files: &dyn Files, folder: &Path) -> Result<(), Diagnostic> {
        let failed = |path: &Path, error: std::io::Error| {
            let what = format!("cannot write `{}`", path.display());
            problem("repo/unwritable", what)
                .why(error.to_string())
                .help("name a folder that you may write to")
        };
        for (path, entry) in &self.0 {
            let target = folder.join(path);
            let parent = target.parent().unwrap_or(folder);
            files
                .make_directory(parent)
                .map_err(|error| failed(parent, error))?;
            let mode = match entry.kind {
                EntryKind::Executable => 0o755,
                EntryKind::Plain | EntryKind::Link => 0o644,
            };
            files
                .write(&target, &entry.content, mode)
                .map_err(|error| failed(&target, error))?;
        }
        Ok(())
    }

    /// A file.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.0.get(path)
    }

    /// Adds or replaces a file; what was there before.
    pub fn insert(&mut self, path: impl Into<String>, entry: Entry) -> Option<Entry> {
        self.0.insert(path.into(), entry)
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) -> Option<Entry> {
        self.0.remove(path)
    }

    /// Every file, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// Every path.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<P: Into<String>> FromIterator<(P, Entry)> for Tree {
    fn from_iter<I: IntoIterator<Item = (P, Entry)>>(entries: I) -> Self {
        Self(
            entries
                .into_iter()
                .map(|(path, entry)| (path.into(), entry))
                .collect(),
        )
    }
}

/// A path in plain form if it stays inside its tree: `./a//b` is `a/b`; `../a`, `/a`, what is git's
/// own (`.git/config`) and what no file can be called are none.
pub fn inside(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['\0', '\n', '\\']) {
        return None;
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part if part.eq_ignore_ascii_case(".git") => return None,
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::OsFiles;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read_back_without_git() {
        let dir = tempfile::tempdir().unwrap();
        let tree: Tree = [
            ("a/b.yaml", Entry::plain("x")),
            ("empty", Entry::plain("")),
            (
                "run",
                Entry {
                    content: b"#!/bin/sh\n".to_vec(),
                    kind: EntryKind::Executable,
                },
            ),
        ]
        .into_iter()
        .collect();
        tree.write(&OsFiles, dir.path()).unwrap();
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        std::fs::write(dir.path().join(".git/config"), "secret").unwrap();
        assert_eq!(Tree::read(&OsFiles, dir.path()).unwrap(), tree);
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(inside("./a//b/./c").as_deref(), Some("a/b/c"));
        for wrong in [
            "",
            ".",
            "/a",
            "a/../b",
            "..",
            "a\\b",
            ".git/config",
            "a/.GIT/b",
        ] {
            assert_eq!(inside(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_path_that_is_inside_never_leaves(path in "[a./\\\\g]{0,12}") {
            if let Some(plain) = inside(&path) {
                prop_assert!(plain.split('/').all(|part| !part.is_empty() && part != ".." && part != "."));
                let again = inside(&plain);
                prop_assert_eq!(again.as_deref(), Some(plain.as_str()));
            }
        }
    }
}
