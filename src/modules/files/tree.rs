//! Whole folders for `copy`: from this machine, or from one place of the host to another.

use std::path::Path;

use super::place::{Manner, Place, look};
use crate::connection::{Action, EntryKind, FileStat, Probe};
use crate::input::{FileKind, Json};
use crate::modules::given::{absolute, base_name, join, parent};
use crate::modules::mode::{Mode, Target};
use crate::modules::seen::stat_digest;
use crate::modules::wanted::Wanted;
use crate::modules::{Change, Context, Failure, Recipe, Seen, Steps};

/// A folder of this machine, wanted on the host.
pub struct Tree {
    /// As Ansible's result tells it: with a slash at its end.
    dest: String,
    root: String,
    folders: Vec<String>,
    files: Vec<Place>,
    directory: Wanted,
}

impl Tree {
    /// Reads the folder. `src` with a trailing slash is its content, without one the folder itself.
    pub fn new(
        (path, src): (&Path, &str),
        dest: String,
        manner: Manner,
        context: &Context<'_>,
    ) -> Result<Self, Failure> {
        let shown = join(&dest, "");
        let root = if src.ends_with('/') {
            dest
        } else {
            join(&dest, base_name(src))
        };
        let mut tree = Self {
            directory: manner.directory.clone(),
            dest: shown,
            root,
            folders: Vec::new(),
            files: Vec::new(),
        };
        tree.gather(path, &tree.root.clone(), &manner, context)?;
        Ok(tree)
    }

    /// Adds what is in a folder.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    fn gather(
        &mut self,
        path: &Path,
        dest: &str,
        manner: &Manner,
        context: &Context<'_>,
    ) -> Result<(), Failure> {
        self.folders.push(dest.to_owned());
        let names = context.files.list(path).map_err(|error| {
            Failure::msg(format!("could not list `{}`: {error}", path.display()))
        })?;
        for name in names {
            let (from, to) = (path.join(&name), join(dest, &name));
            let kind = context.files.kind(&from);
            if kind == Some(FileKind::Directory) {
                self.gather(&from, &to, manner, context)?;
                continue;
            }
            let mut manner = manner.clone();
            if manner.wanted.mode == Some(Mode::Preserve) {
                let executable = kind == Some(FileKind::Executable);
                manner.wanted.mode = Some(Mode::Exact(if executable { 0o755 } else { 0o644 }));
            }
            self.files.push(Place {
                content: context.read(&from)?.into(),
                name: None,
                dest: to,
                folder: false,
                manner,
                source: None,
            });
        }
        Ok(())
    }
}

impl Recipe for Tree {
    fn questions(&self) -> Vec<Probe> {
        let folders = self.folders.iter().map(|folder| stat_digest(folder));
        folders
            .chain(self.files.iter().flat_map(Recipe::questions))
            .collect()
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        let more: Result<Vec<_>, _> = self.files.iter().map(|file| file.more(seen)).collect();
        Ok(more?.concat())
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        for folder in &self.folders {
            match seen.at(&stat_digest(folder))? {
                None => steps.step(
                    Change::new(folder, "", "directory"),
                    Action::MakeDirectory {
                        path: folder.clone(),
                        attributes: self.directory.attributes(None, Target::Directory),
                    },
                ),
                Some(there) if there.kind != EntryKind::Directory => {
                    return Err(Failure::msg(format!("{folder} is not a directory")));
                }
                Some(_) => {}
            }
        }
        for file in &self.files {
            let more = file.plan(seen)?;
            steps.diff.changes.extend(more.diff.changes);
            steps.actions.extend(more.actions);
        }
        steps.set("dest", self.dest.as_str());
        steps.set("state", "directory");
        Ok(steps.or_reason("every file is there already"))
    }
}

/// Something below the source, and where it goes.
struct Pair<'a> {
    from: String,
    to: String,
    stat: &'a FileStat,
}

/// Adds what makes a link that says the same as the source's.
fn copy_link(steps: &mut Steps, seen: &Seen, pair: &Pair<'_>) -> Result<(), Failure> {
    if seen.at(&look(&pair.to))?.is_some() {
        return Ok(());
    }
    let target = pair.stat.target.clone().unwrap_or_default();
    steps.step(
        Change::new(&pair.to, "", format!("link to {target}")),
        Action::Link {
            path: pair.to.clone(),
            target,
            hard: false,
        },
    );
    Ok(())
}

/// A file or folder of the host, wanted at another place of it.
pub struct RemoteCopy {
    src: String,
    /// `src` ended with a slash: its content is meant.
    content: bool,
    dest: String,
    folder: bool,
    manner: Manner,
}

impl RemoteCopy {
    /// From `src` to a destination (and whether that was written with a trailing slash).
    pub fn new(src: &str, (dest, folder): (String, bool), manner: Manner) -> Result<Self, Failure> {
        Ok(Self {
            content: src.ends_with('/'),
            src: absolute("src", src)?,
            dest,
            folder,
            manner,
        })
    }

    /// The source, which must be there.
    fn source<'a>(&self, seen: &'a Seen) -> Result<&'a FileStat, Failure> {
        seen.at(&stat_digest(&self.src))?
            .ok_or_else(|| Failure::msg(format!("Source {} not found", self.src)))
    }

    /// Where the source goes.
    fn target(&self, seen: &Seen) -> Result<String, Failure> {
        let directory = self.source(seen)?.kind == EntryKind::Directory;
        let into = self.folder
            || seen
                .at(&stat_digest(&self.dest))?
                .is_some_and(|s| s.kind == EntryKind::Directory);
        Ok(if (directory && self.content) || (!directory && !into) {
            self.dest.clone()
        } else if directory || into {
            join(&self.dest, base_name(&self.src))
        } else {
            self.dest.clone()
        })
    }

    /// The list of the source folder.
    fn listing(&self) -> Probe {
        Probe::List {
            path: self.src.clone(),
            depth: None,
        }
    }

    /// What is below the source, and where each goes.
    fn pairs<'a>(&self, seen: &'a Seen) -> Result<Vec<Pair<'a>>, Failure> {
        let target = self.target(seen)?;
        Ok(seen
            .listing(&self.src, None)?
            .into_iter()
            .flatten()
            .map(|e| Pair {
                from: join(&self.src, &e.path),
                to: join(&target, &e.path),
                stat: &e.stat,
            })
            .collect())
    }

    /// Adds what copies one file.
    fn copy(
        &self,
        steps: &mut Steps,
        seen: &Seen,
        (from, to, new_mode): (&str, &str, Option<u32>),
    ) -> Result<(), Failure> {
        let Some(source) = seen.at(&stat_digest(from))? else {
            return Ok(());
        };
        let there = seen.at(&look(to))?;
        let same = there.is_some_and(|s| s.kind == EntryKind::File && s.digests == source.digests);
        let mut wanted = self.manner.wanted.clone();
        if wanted.mode == Some(Mode::Preserve) {
            wanted.mode = Some(Mode::Exact(source.mode));
        }
        if let Some(there) = there
            && (same || !self.manner.force)
        {
            if same {
                wanted.settle(steps, to, there);
            }
            return Ok(());
        }
        let mut attributes = wanted.attributes(there, Target::File);
        if there.is_none() {
            // A copy of one file does not bring the source's mode along; a whole new folder does.
            let mode = new_mode.unwrap_or(Target::File.default_mode());
            attributes.mode = attributes.mode.or(Some(mode));
        }
        let backup = there
            .and(self.manner.backup.as_ref())
            .map(|suffix| format!("{to}{suffix}"));
        if let Some(backup) = &backup {
            steps.set("backup_file", backup.as_str());
        }
        steps.step(
            Change::new(
                to,
                there.map_or("", |_| "other content"),
                format!("content of {from}"),
            ),
            Action::CopyFile {
                from: from.to_owned(),
                to: to.to_owned(),
                attributes,
                backup,
            },
        );
        Ok(())
    }

    /// The directories that are missing, then their files.
    fn copy_folder(&self, steps: &mut Steps, seen: &Seen) -> Result<(), Failure> {
        let mut folders = vec![(self.target(seen)?, self.source(seen)?.mode)];
        let pairs = self.pairs(seen)?;
        folders.extend(
            pairs
                .iter()
                .filter(|pair| pair.stat.kind == EntryKind::Directory)
                .map(|pair| (pair.to.clone(), pair.stat.mode)),
        );
        for (folder, mode) in folders {
            if seen.at(&look(&folder))?.is_none() {
                let mut attributes = self.manner.directory.attributes(None, Target::Directory);
                attributes.mode = attributes.mode.or(Some(mode));
                steps.step(
                    Change::new(&folder, "", "directory"),
                    Action::MakeDirectory {
                        path: folder,
                        attributes,
                    },
                );
            }
        }
        for pair in &pairs {
            match pair.stat.kind {
                EntryKind::Directory => {}
                EntryKind::Link => copy_link(steps, seen, pair)?,
                EntryKind::File | EntryKind::Other => {
                    let new = seen.at(&look(parent(&pair.to)))?.is_none();
                    let mode = new.then_some(pair.stat.mode);
                    self.copy(steps, seen, (&pair.from, &pair.to, mode))?;
                }
            }
        }
        Ok(())
    }
}

impl Recipe for RemoteCopy {
    fn questions(&self) -> Vec<Probe> {
        vec![
            stat_digest(&self.src),
            stat_digest(&self.dest),
            look(&self.dest),
        ]
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        let mut probes = vec![look(&self.target(seen)?)];
        if self.source(seen)?.kind == EntryKind::Directory {
            if !seen.knows(&self.listing()) {
                return Ok(vec![self.listing()]);
            }
            for pair in self.pairs(seen)? {
                probes.extend([stat_digest(&pair.from), look(&pair.to)]);
            }
        }
        Ok(probes)
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        let target = self.target(seen)?;
        let source = self.source(seen)?;
        let mut shown = (self.src.clone(), target.clone());
        if source.kind == EntryKind::Directory {
            self.copy_folder(&mut steps, seen)?;
            shown.1.clone_from(&self.dest);
            if self.content {
                shown = (join(&shown.0, ""), join(&shown.1, ""));
            }
        } else {
            if self.folder && seen.at(&stat_digest(&self.dest))?.is_none() {
                steps.step(
                    Change::new(&self.dest, "", "directory"),
                    Action::MakeDirectory {
                        path: self.dest.clone(),
                        attributes: self.manner.directory.attributes(None, Target::Directory),
                    },
                );
            }
            self.copy(&mut steps, seen, (&self.src, &target, None))?;
            steps.set("size", Json::from(source.size));
        }
        steps.set("src", shown.0);
        steps.set("dest", shown.1);
        Ok(steps.or_reason("the content is there already"))
    }
}
