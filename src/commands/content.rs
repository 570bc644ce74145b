//! Playbooks, templates and charts: built into the program, or a folder given with `--content`.

use std::io;
use std::path::{Component, Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::input::{FileKind, Files, OsFiles};

static PLAYBOOKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/playbooks");
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");
static CHARTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/vendor-charts");

/// How built-in files are called in messages: `builtin:/playbooks/k3s.yaml`.
const BUILTIN: &str = "builtin:";

/// The controller's files, with the built-in ones below `builtin:/`.
pub struct Content {
    disk: OsFiles,
}

impl Content {
    /// The machine's files and the built-in ones.
    pub fn new() -> Self {
        Self { disk: OsFiles }
    }

    /// Where playbooks and templates lie: below `dir` if the user gave one.
    pub fn root(dir: Option<&Path>) -> PathBuf {
        dir.map_or_else(|| PathBuf::from(BUILTIN), Path::to_owned)
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::new()
    }
}

/// A built-in path in plain form, without `.` and `..`.
fn builtin(path: &Path) -> Option<PathBuf> {
    let mut parts = path.components();
    if parts.next()?.as_os_str() != BUILTIN {
        return None;
    }
    let mut plain = PathBuf::new();
    for part in parts {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => {
                plain.pop();
            }
            _ => {}
        }
    }
    Some(plain)
}

/// The built-in folder and the path inside it.
fn locate(plain: &Path) -> Option<(&'static Dir<'static>, PathBuf)> {
    let first = plain.components().next()?.as_os_str().to_owned();
    let rest: PathBuf = plain.components().skip(1).collect();
    match first.to_str()? {
        "playbooks" => Some((&PLAYBOOKS, rest)),
        "templates" => Some((&TEMPLATES, rest)),
        "vendor-charts" => Some((&CHARTS, rest)),
        _ => None,
    }
}

fn folder(plain: &Path) -> Option<&'static Dir<'static>> {
    let (root, rest) = locate(plain)?;
    if rest.as_os_str().is_empty() {
        Some(root)
    } else {
        root.get_dir(rest)
    }
}

fn missing() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "there is no such built-in file")
}

fn fixed() -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        "built-in files cannot be changed",
    )
}

impl Files for Content {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let Some(plain) = builtin(path) else {
            return self.disk.read(path);
        };
        let (root, rest) = locate(&plain).ok_or_else(missing)?;
        root.get_file(rest)
            .map(|file| file.contents().to_vec())
            .ok_or_else(missing)
    }

    fn read_part(&self, path: &Path, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        if builtin(path).is_none() {
            return self.disk.read_part(path, offset, len);
        }
        let whole = self.read(path)?;
        let rest = whole.into_iter();
        Ok(rest
            .skip(usize::try_from(offset).unwrap_or(usize::MAX))
            .take(len)
            .collect())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let Some(plain) = builtin(path) else {
            return self.disk.list(path);
        };
        let folder = folder(&plain).ok_or_else(missing)?;
        let mut names: Vec<String> = folder
            .entries()
            .iter()
            .filter_map(|entry| entry.path().file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        Ok(names)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let Some(plain) = builtin(path) else {
            return self.disk.kind(path);
        };
        if folder(&plain).is_some() {
            return Some(FileKind::Directory);
        }
        let (root, rest) = locate(&plain)?;
        root.get_file(rest).map(|_| FileKind::File)
    }

    fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        if builtin(path).is_some() {
            Err(fixed())
        } else {
            self.disk.write(path, content, mode)
        }
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        if builtin(path).is_some() {
            Err(fixed())
        } else {
            self.disk.make_directory(path)
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if builtin(path).is_some() {
            Err(fixed())
        } else {
            self.disk.remove(path)
        }
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        if builtin(path).is_some() {
            Ok(path.to_owned())
        } else {
            self.disk.real_path(path)
        }
    }
}
