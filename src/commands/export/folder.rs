//! The folder that is written into: ours or empty, for its owner alone, in no git work tree.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::gather::Page;
use crate::commands::{Content, Failed, world};
use crate::diagnostic::Diagnostic;
use crate::input::{FileKind, Files as _};

/// The file that says that a folder is ours, and what we wrote into it.
const MARK: &str = ".nautes-install-export";

/// Whether a git work tree is as good as any other folder.
#[derive(Clone, Copy, Debug)]
pub struct AllowGit(pub bool);

/// A folder that may be written into.
pub struct Folder {
    path: PathBuf,
    tenant: String,
    earlier: Vec<String>,
}

impl Folder {
    /// Looks whether a folder may be written into; nothing is written yet.
    ///
    /// # Errors
    /// It is somebody else's, others may read it, or it lies in a git work tree.
    pub fn open(path: &Path, (tenant, allow_git): (&str, AllowGit)) -> Result<Self, Failed> {
        let files = Content::new();
        let shown = path.display();
        let path = world::absolute(path);
        let mark = files.read(&path.join(MARK)).unwrap_or_default();
        let mark = String::from_utf8_lossy(&mark).into_owned();
        let mut lines = mark.lines().map(ToOwned::to_owned);
        let owner = lines.next();
        match files.kind(&path) {
            Some(FileKind::Directory) => {
                let names = files.list(&path).unwrap_or_default();
                if owner.is_none() && !names.is_empty() {
                    let first = &names[0];
                    return Err(taken(format!("`{shown}` has files that are not ours"))
                        .why(format!("`{first}` is among {}", names.len()))
                        .into());
                }
                if let Some(other) = owner.as_ref().filter(|owner| *owner != tenant) {
                    return Err(
                        taken(format!("`{shown}` is the export of tenant `{other}`")).into(),
                    );
                }
                private(&path, &shown.to_string())?;
            }
            Some(_) => return Err(taken(format!("`{shown}` is a file")).into()),
            None => {}
        }
        if let Some(root) = work_tree(&path).filter(|_| !allow_git.0) {
            let what = format!("`{shown}` lies in a git work tree");
            let why = format!(
                "`{}` is one, and a commit would tell its secrets",
                root.display()
            );
            return Err(Diagnostic::error("commands/in-git", what)
                .why(why)
                .why("nothing was written")
                .help("name a folder elsewhere, or say `--allow-git`")
                .into());
        }
        Ok(Self {
            path,
            tenant: tenant.to_owned(),
            earlier: lines.collect(),
        })
    }

    /// Writes the pages, and removes those that an earlier export wrote and this one has not.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, pages: &[Page]) -> Result<(), Failed> {
        let files = Content::new();
        let failed = |path: &Path, error: &std::io::Error| -> Failed {
            let what = format!("cannot write `{}`", path.display());
            Diagnostic::error("commands/unwritable", what)
                .why(error.to_string())
                .help("name a folder that you can write to")
                .into()
        };
        let put = |path: &Path, content: &[u8], mode: u32| {
            let folder = path.parent().unwrap_or(path);
            let made = files.make_directory(folder);
            made.and_then(|()| files.write(path, content, mode))
                .map_err(|error| failed(path, &error))
        };
        let written = pages.iter().filter(|page| page.content.is_ok());
        let names: Vec<&str> = written.map(|page| page.path.as_str()).collect();
        // Ours before the first secret: one that is killed here can be written again.
        let mark = [&[self.tenant.as_str()], &names[..]].concat().join("\n") + "\n";
        put(&self.path.join(MARK), mark.as_bytes(), 0o600)?;
        for page in pages {
            if let Ok(content) = &page.content {
                let mode = if page.secret { 0o600 } else { 0o644 };
                put(&self.path.join(&page.path), content, mode)?;
            }
        }
        let gone = |name: &&String| !names.contains(&name.as_str()) && is_below(name);
        for name in self.earlier.iter().filter(gone) {
            let path = self.path.join(name);
            files.remove(&path).map_err(|error| failed(&path, &error))?;
        }
        Ok(())
    }
}

/// A name that leads nowhere else, whoever wrote the list.
fn is_below(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn taken(what: String) -> Diagnostic {
    Diagnostic::error("commands/not-ours", what)
        .why("nothing was written")
        .help("name a folder that is not there yet, or an empty one")
}

/// Nobody else may look into a folder that is there.
fn private(path: &Path, shown: &str) -> Result<(), Failed> {
    let mode = std::fs::metadata(path).map_or(0, |about| about.permissions().mode() & 0o777);
    let of_others = mode & 0o077;
    if of_others == 0 {
        return Ok(());
    }
    Err(Diagnostic::error(
        "commands/not-ours",
        format!("others may look into `{shown}`"),
    )
    .why(format!("its mode is {mode:04o}; nothing was written"))
    .help(format!("chmod 700 {shown}"))
    .into())
}

/// The root of the git work tree that a path lies in, links resolved.
fn work_tree(path: &Path) -> Option<PathBuf> {
    let files = Content::new();
    let mut there = path.ancestors().filter(|above| files.kind(above).is_some());
    let nearest = there.next()?;
    let real = files
        .real_path(nearest)
        .unwrap_or_else(|_| nearest.to_owned());
    let mut above = real.ancestors();
    let root = above.find(|folder| files.kind(&folder.join(".git")).is_some());
    root.map(Path::to_owned)
}
