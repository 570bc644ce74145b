//! `file`: a directory, a link, a file's attributes, or nothing at a path.

use crate::connection::{Action, Attributes, EntryKind, FileStat, Probe};
use crate::modules::dates;
use crate::modules::given::{join, parent};
use crate::modules::mode::{Mode, Target};
use crate::modules::seen::{stat, stat_through};
use crate::modules::wanted::{Wanted, describe};
use crate::modules::{Change, Failure, Given, Recipe, Seen, Steps};

/// What is wanted at the path.
#[derive(Clone, Debug, PartialEq)]
enum State {
    Absent,
    Directory,
    File,
    Touch,
    /// To where it says; `None`: to where it points already.
    Link(Option<String>),
    Hard(String),
    /// Not stated: as what is there.
    Asis,
}

/// A time to set.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Time {
    Keep,
    Now,
    At(f64),
}

/// The module.
pub struct File {
    pub(super) path: String,
    state: State,
    recurse: bool,
    pub(super) force: bool,
    pub(super) follow: bool,
    modified: Time,
    accessed: Time,
    pub(super) wanted: Wanted,
}

impl File {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let src = given.some("src");
        let needs_src = |state: &str| {
            src.clone()
                .ok_or_else(|| Failure::msg(format!("src is required for state={state}")))
        };
        let recurse = given.flag("recurse");
        let state = match given.text("state") {
            Some("absent") => State::Absent,
            Some("directory") => State::Directory,
            Some("touch") => State::Touch,
            Some("link") => State::Link(src.clone()),
            Some("hard") => State::Hard(needs_src("hard")?),
            Some("file") => State::File,
            _ if recurse => State::Directory,
            _ => State::Asis,
        };
        if recurse && state != State::Directory {
            return Err(Failure::msg(
                "recurse option requires state to be 'directory'",
            ));
        }
        if src.is_some() && !matches!(state, State::Link(_) | State::Hard(_) | State::Asis) {
            return Err(Failure::msg(
                "src option requires state to be 'link' or 'hard'",
            ));
        }
        let default = if state == State::Touch {
            Time::Now
        } else {
            Time::Keep
        };
        Ok(Self {
            path: given.the_path("path")?,
            recurse,
            force: given.flag("force"),
            follow: given.flag("follow"),
            modified: time(given, "modification_time", default)?,
            accessed: time(given, "access_time", default)?,
            wanted: Wanted::new(given)?,
            state,
        })
    }

    /// What is at the path, through a link if `follow` says so.
    fn there<'a>(&self, seen: &'a Seen) -> Result<Option<&'a FileStat>, Failure> {
        let there = seen.stat(&self.path)?;
        if self.follow && there.is_some_and(|s| s.kind == EntryKind::Link) {
            return Ok(seen.at(&stat_through(&self.path))?.or(there));
        }
        Ok(there)
    }

    /// The path that a link's text means.
    pub(super) fn meant(&self, src: &str) -> String {
        if src.starts_with('/') {
            src.to_owned()
        } else {
            join(parent(&self.path), src)
        }
    }
}

/// Reads a time argument.
fn time(given: &Given, name: &str, default: Time) -> Result<Time, Failure> {
    match given.text(name) {
        None | Some("") => Ok(default),
        Some("preserve") => Ok(Time::Keep),
        Some("now") => Ok(Time::Now),
        Some(text) => {
            let format = given.string(&format!("{name}_format"));
            let seconds = dates::parse(text, &format).ok_or_else(|| {
                Failure::msg(format!(
                    "Error while obtaining timestamp for time {text} using format {format}"
                ))
            })?;
            // Dates that a file can have are far below 2^53 seconds.
            let seconds = u32::try_from(seconds)
                .map_err(|_| Failure::msg(format!("time out of range: {text}")))?;
            Ok(Time::At(f64::from(seconds)))
        }
    }
}

/// A kind in Ansible's words.
pub(super) fn word(stat: Option<&FileStat>) -> &'static str {
    match stat.map(|s| s.kind) {
        None => "absent",
        Some(EntryKind::Directory) => "directory",
        Some(EntryKind::Link) => "link",
        Some(EntryKind::File | EntryKind::Other) => "file",
    }
}

impl Recipe for File {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = vec![stat(&self.path)];
        if let State::Link(Some(src)) | State::Hard(src) = &self.state {
            probes.push(stat_through(&self.meant(src)));
        }
        probes.extend(self.wanted.questions(&self.path));
        probes
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        let there = seen.stat(&self.path)?;
        let mut probes = Vec::new();
        if there.is_some_and(|s| s.kind == EntryKind::Link) {
            probes.push(stat_through(&self.path));
        }
        if there.is_some_and(|s| s.kind == EntryKind::Directory) && self.lists() {
            probes.push(Probe::List {
                path: self.path.clone(),
                depth: self.depth(),
            });
        }
        Ok(probes)
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        let there = self.there(seen)?;
        let wanted = match &self.state {
            State::Asis => word(there),
            State::Absent => "absent",
            State::Directory => "directory",
            State::Touch if there.is_some() => word(there),
            State::Link(_) => "link",
            State::Hard(_) => "hard",
            State::File | State::Touch => "file",
        };
        let field = if matches!(self.state, State::Link(_) | State::Hard(_) | State::Touch) {
            "dest"
        } else {
            "path"
        };
        steps.set(field, self.path.as_str());
        steps.set("state", wanted);
        match &self.state {
            State::Absent => self.absent(&mut steps, seen)?,
            State::Directory => self.directory(&mut steps, there, seen)?,
            State::Touch => self.touch(&mut steps, there, seen)?,
            State::Link(src) => self.link(&mut steps, src.as_deref(), seen)?,
            State::Hard(src) => self.hard(&mut steps, src, seen)?,
            State::File | State::Asis => self.file(&mut steps, there, seen)?,
        }
        let kind = if wanted == "directory" {
            Target::Directory
        } else {
            Target::File
        };
        if let State::Link(_) = &self.state {
            let link = seen.stat(&self.path)?;
            let link = link.filter(|s| s.kind == EntryKind::Link);
            for (field, value) in describe(link, &Attributes::default()) {
                steps.set(field, value);
            }
        } else if wanted != "absent" {
            for (field, value) in describe(there, &self.wanted.attributes(there, kind)) {
                steps.set(field, value);
            }
        }
        Ok(steps.or_reason("as wanted already"))
    }
}

impl File {
    /// Whether the directory's content matters, and how deep.
    fn lists(&self) -> bool {
        self.recurse || matches!(self.state, State::Link(_))
    }

    fn depth(&self) -> Option<u32> {
        if self.recurse { None } else { Some(1) }
    }

    fn absent(&self, steps: &mut Steps, seen: &Seen) -> Result<(), Failure> {
        if let Some(there) = seen.stat(&self.path)? {
            steps.step(
                Change::new(&self.path, word(Some(there)), ""),
                Action::Remove {
                    path: self.path.clone(),
                },
            );
        }
        Ok(())
    }

    fn file(
        &self,
        steps: &mut Steps,
        there: Option<&FileStat>,
        seen: &Seen,
    ) -> Result<(), Failure> {
        let found = word(there);
        let Some(stat) = there.filter(|s| {
            self.state == State::Asis || !matches!(s.kind, EntryKind::Directory | EntryKind::Link)
        }) else {
            return Err(
                Failure::msg(format!("file ({}) is {found}, cannot continue", self.path))
                    .with("path", self.path.as_str())
                    .with("state", found),
            );
        };
        self.wanted.settle(steps, &self.path, stat);
        self.times(steps, stat);
        self.wanted.settle_flags(steps, &self.path, seen)
    }

    /// Adds what sets the times of something that is there.
    fn times(&self, steps: &mut Steps, stat: &FileStat) {
        let set = |time: Time, now: f64| match time {
            Time::Keep => None,
            Time::Now => Some(None),
            Time::At(at) if (at - now).abs() < 1.0 => None,
            Time::At(at) => Some(Some(at)),
        };
        let (mtime, atime) = (
            set(self.modified, stat.mtime),
            set(self.accessed, stat.atime),
        );
        if mtime.is_some() || atime.is_some() {
            let shown = |t: Option<Option<f64>>| match t {
                Some(Some(at)) => at.to_string(),
                Some(None) => "now".to_owned(),
                None => "kept".to_owned(),
            };
            steps.step(
                Change::new(
                    format!("{} times", self.path),
                    format!("modified {}, accessed {}", stat.mtime, stat.atime),
                    format!("modified {}, accessed {}", shown(mtime), shown(atime)),
                ),
                Action::Touch {
                    path: self.path.clone(),
                    mtime,
                    atime,
                },
            );
        }
    }

    fn touch(
        &self,
        steps: &mut Steps,
        there: Option<&FileStat>,
        seen: &Seen,
    ) -> Result<(), Failure> {
        if let Some(stat) = there {
            self.times(steps, stat);
            self.wanted.settle(steps, &self.path, stat);
            return self.wanted.settle_flags(steps, &self.path, seen);
        }
        let given = |time: Time| match time {
            Time::At(at) => Some(Some(at)),
            Time::Keep | Time::Now => None,
        };
        steps.step(
            Change::new(&self.path, "", "file"),
            Action::Touch {
                path: self.path.clone(),
                mtime: given(self.modified),
                atime: given(self.accessed),
            },
        );
        self.settle_new(steps, Target::File);
        Ok(())
    }

    /// Adds what sets the attributes of something that was just made.
    fn settle_new(&self, steps: &mut Steps, kind: Target) {
        let attributes = self.wanted.attributes(None, kind);
        if attributes != Attributes::default() {
            steps.actions.push(Action::SetAttributes {
                path: self.path.clone(),
                attributes,
                recurse: false,
                follow: self.follow,
            });
        }
    }

    fn directory(
        &self,
        steps: &mut Steps,
        there: Option<&FileStat>,
        seen: &Seen,
    ) -> Result<(), Failure> {
        let Some(stat) = there else {
            steps.step(
                Change::new(&self.path, "", "directory"),
                Action::MakeDirectory {
                    path: self.path.clone(),
                    attributes: self.wanted.attributes(None, Target::Directory),
                },
            );
            return Ok(());
        };
        if stat.kind != EntryKind::Directory {
            return Err(
                Failure::msg(format!("{} already exists as a {}", self.path, word(there)))
                    .with("path", self.path.as_str()),
            );
        }
        if self.recurse {
            self.recurse(steps, stat, seen)?;
        } else {
            self.wanted.settle(steps, &self.path, stat);
        }
        self.times(steps, stat);
        self.wanted.settle_flags(steps, &self.path, seen)
    }

    /// Adds what sets the attributes of the directory and everything below that differs.
    fn recurse(&self, steps: &mut Steps, top: &FileStat, seen: &Seen) -> Result<(), Failure> {
        let mut differing = Steps::default();
        self.wanted.settle(&mut differing, &self.path, top);
        if seen.knows(&Probe::List {
            path: self.path.clone(),
            depth: None,
        }) {
            for entry in seen.listing(&self.path, None)?.into_iter().flatten() {
                // A link's own owner; where it points is not part of the tree.
                self.wanted
                    .settle(&mut differing, &join(&self.path, &entry.path), &entry.stat);
            }
        }
        // One action for all, unless each has a mode of its own.
        if differing.actions.len() > 1 && !matches!(self.wanted.mode, Some(Mode::Symbolic(_))) {
            differing.actions = vec![Action::SetAttributes {
                path: self.path.clone(),
                attributes: self.wanted.attributes(Some(top), Target::Directory),
                recurse: true,
                follow: true,
            }];
        }
        steps.diff.changes.extend(differing.diff.changes);
        steps.actions.extend(differing.actions);
        Ok(())
    }
}
