//! Files and programs that exist only in memory: for tests, and for the rehearsal's controller.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{FileKind, Files, Processes};

/// What stands at a path.
#[derive(Clone)]
enum Entry {
    Directory,
    File { content: Vec<u8>, mode: u32 },
}

/// A tree of files in memory. Paths are taken as they are (`.` and `..` resolved, no links);
/// a relative path is relative to the tree's root.
#[derive(Default)]
pub struct MemoryFiles(Mutex<BTreeMap<PathBuf, Entry>>);

impl MemoryFiles {
    /// A tree with these files, mode 0644.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let tree = Self::default();
        for (path, text) in files {
            tree.put(path, text, 0o644);
        }
        tree
    }

    /// Puts a file there, with the directories above it.
    pub fn put(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>, mode: u32) {
        let path = clean(path.as_ref());
        let content = content.as_ref().to_owned();
        let mut tree = self.tree();
        make_parents(&mut tree, &path);
        tree.insert(path, Entry::File { content, mode });
    }

    /// The permission bits of a file.
    pub fn mode(&self, path: impl AsRef<Path>) -> Option<u32> {
        match self.tree().get(&clean(path.as_ref()))? {
            Entry::File { mode, .. } => Some(*mode),
            Entry::Directory => None,
        }
    }

    /// All files, sorted by path.
    pub fn paths(&self) -> Vec<PathBuf> {
        let tree = self.tree();
        let files = tree
            .iter()
            .filter(|(_, entry)| matches!(entry, Entry::File { .. }));
        files.map(|(path, _)| path.clone()).collect()
    }

    fn tree(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Entry>> {
        // A test that panicked while it held the tree left it whole: every change is one insert.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path without `.`, `..` and a leading `/`.
fn clean(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                result.pop();
            }
            Component::Normal(name) => result.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    result
}

fn make_parents(tree: &mut BTreeMap<PathBuf, Entry>, path: &Path) {
    for parent in path.ancestors().skip(1) {
        tree.entry(parent.to_owned()).or_insert(Entry::Directory);
    }
}

fn missing(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("`{}` does not exist", path.display()),
    )
}

fn wrong(path: &Path, kind: io::ErrorKind) -> io::Error {
    io::Error::new(kind, format!("`{}`: {kind}", path.display()))
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.tree().get(&clean(path)) {
            Some(Entry::File { content, .. }) => Ok(content.clone()),
            Some(Entry::Directory) => Err(wrong(path, io::ErrorKind::IsADirectory)),
            None => Err(missing(path)),
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        match self.kind(path) {
            Some(FileKind::Directory) => {}
            Some(_) => return Err(wrong(path, io::ErrorKind::NotADirectory)),
            None => return Err(missing(path)),
        }
        let directory = clean(path);
        let tree = self.tree();
        let inside = tree.keys().filter(|p| p.parent() == Some(&directory));
        Ok(inside
            .filter_map(|p| Some(p.file_name()?.to_string_lossy().into_owned()))
            .collect())
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let path = clean(path);
        match self.tree().get(&path) {
            Some(Entry::Directory) => Some(FileKind::Directory),
            Some(Entry::File { mode, .. }) if mode & 0o111 != 0 => Some(FileKind::Executable),
            Some(Entry::File { .. }) => Some(FileKind::File),
            None => path.as_os_str().is_empty().then_some(FileKind::Directory),
        }
    }

    fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        let target = clean(path);
        let parent = target.parent().unwrap_or(Path::new(""));
        match self.kind(parent) {
            Some(FileKind::Directory) => {}
            Some(_) => return Err(wrong(parent, io::ErrorKind::NotADirectory)),
            None => return Err(missing(parent)),
        }
        if self.kind(&target) == Some(FileKind::Directory) {
            return Err(wrong(path, io::ErrorKind::IsADirectory));
        }
        self.put(&target, content, mode);
        Ok(())
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        let path = clean(path);
        let mut tree = self.tree();
        if let Some(file) = path
            .ancestors()
            .find(|p| matches!(tree.get(*p), Some(Entry::File { .. })))
        {
            return Err(wrong(file, io::ErrorKind::NotADirectory));
        }
        make_parents(&mut tree, &path);
        tree.insert(path, Entry::Directory);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if self.kind(path) == Some(FileKind::Directory) {
            return Err(wrong(path, io::ErrorKind::IsADirectory));
        }
        self.tree().remove(&clean(path));
        Ok(())
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        if self.kind(path).is_none() {
            return Err(missing(path));
        }
        Ok(Path::new("/").join(clean(path)))
    }
}

/// Programs that answer what they were told to, and an environment of its own.
#[derive(Default)]
pub struct MemoryProcesses {
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// Stdout by command line (program and arguments joined by spaces).
    pub answers: BTreeMap<String, String>,
}

impl Processes for MemoryProcesses {
    fn run(&self, program: &Path, args: &[&str], _cwd: Option<&Path>) -> io::Result<Vec<u8>> {
        let mut line = program.display().to_string();
        for arg in args {
            line.push(' ');
            line.push_str(arg);
        }
        self.answers
            .get(&line)
            .map(|answer| answer.as_bytes().to_owned())
            .ok_or_else(|| missing(program))
    }

    fn environment(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }
}
