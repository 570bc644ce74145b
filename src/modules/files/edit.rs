//! Modules that change part of a text file: read, edit, write back whole.
//!
//! A link is edited where it points, as Ansible does; a file that is not UTF-8 is refused rather
//! than damaged.

use crate::connection::{Action, EntryKind, Probe};
use crate::modules::dates::backup_suffix;
use crate::modules::given::parent;
use crate::modules::mode::Target;
use crate::modules::seen::{read, real_path, stat, stat_through};
use crate::modules::wanted::Wanted;
use crate::modules::{Change, Context, Failure, Given, Recipe, Seen, Steps};

/// The part that differs between these modules.
pub trait Edit: Send + Sync {
    /// The new text from the old one (`None`: no file). Pure.
    fn edit(&self, text: Option<&str>) -> Result<Edited, Failure>;
}

/// What an edit comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Edited {
    /// The whole new text.
    pub text: String,
    /// Ansible's `msg`.
    pub msg: String,
    /// Further fields of the result.
    pub result: Vec<(&'static str, i64)>,
    /// There is no file and none is to be made.
    pub leave: bool,
}

/// An edit of one file.
pub struct Editing<E> {
    edit: E,
    path: String,
    create: bool,
    backup: Option<String>,
    validate: Option<String>,
    wanted: Wanted,
}

impl<E: Edit> Editing<E> {
    /// Reads the arguments that these modules share.
    pub fn new(edit: E, given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let path = given.the_path("path")?;
        let validate = given.some("validate");
        if let Some(validate) = &validate
            && !validate.contains("%s")
        {
            return Err(Failure::msg(format!(
                "validate must contain %s: {validate}"
            )));
        }
        Ok(Self {
            edit,
            create: given.flag("create"),
            backup: given
                .flag("backup")
                .then(|| backup_suffix(context.clock.now())),
            validate,
            wanted: Wanted::new(given)?,
            path,
        })
    }

    /// Where the text is: the path, or what a link there points to.
    fn file<'a>(&'a self, seen: &'a Seen) -> Result<&'a str, Failure> {
        if is_link(seen, &self.path)? {
            seen.real_path(&self.path)
        } else {
            Ok(&self.path)
        }
    }
}

/// Whether a path is a symbolic link.
fn is_link(seen: &Seen, path: &str) -> Result<bool, Failure> {
    Ok(seen.stat(path)?.is_some_and(|s| s.kind == EntryKind::Link))
}

impl<E: Edit> Recipe for Editing<E> {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = vec![stat(&self.path), read(&self.path)];
        probes.extend(self.wanted.questions(&self.path));
        probes
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        if is_link(seen, &self.path)? {
            return Ok(vec![real_path(&self.path), stat_through(&self.path)]);
        }
        if seen.stat(&self.path)?.is_none() && self.create {
            return Ok(vec![stat_through(parent(&self.path))]);
        }
        Ok(Vec::new())
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let there = if is_link(seen, &self.path)? {
            seen.at(&stat_through(&self.path))?
        } else {
            seen.stat(&self.path)?
        };
        if there.is_some_and(|s| s.kind == EntryKind::Directory) {
            return Err(
                Failure::msg(format!("Path {} is a directory !", self.path)).with("rc", 256)
            );
        }
        let text = match there {
            Some(_) => Some(whole_text(seen, &self.path)?),
            None => None,
        };
        let edited = self.edit.edit(text.as_deref())?;
        let mut steps = Steps::default();
        steps.set("path", self.path.as_str());
        steps.set("backup", "");
        for (field, value) in &edited.result {
            steps.set(field, *value);
        }
        if edited.leave || text.as_ref() == Some(&edited.text) {
            if let Some(stat) = there {
                self.wanted.settle(&mut steps, &self.path, stat);
                self.wanted.settle_flags(&mut steps, &self.path, seen)?;
            }
            let msg = match (steps.diff.changes.is_empty(), edited.msg.is_empty()) {
                (false, _) => "ownership, perms or SE linux context changed".to_owned(),
                (true, false) => edited.msg,
                (true, true) => String::new(),
            };
            steps.set("msg", msg);
            return Ok(steps.or_reason("the text is there already"));
        }
        self.write(&mut steps, seen, (text, edited))?;
        Ok(steps)
    }
}

impl<E: Edit> Editing<E> {
    /// Adds what writes the new text.
    fn write(
        &self,
        steps: &mut Steps,
        seen: &Seen,
        (before, edited): (Option<String>, Edited),
    ) -> Result<(), Failure> {
        let file = self.file(seen)?.to_owned();
        let there = seen
            .stat(&self.path)?
            .filter(|s| s.kind != EntryKind::Link)
            .map_or_else(
                || {
                    if file == self.path {
                        Ok(None)
                    } else {
                        seen.at(&stat_through(&self.path))
                    }
                },
                |stat| Ok(Some(stat)),
            )?;
        if there.is_none() {
            // The folder is made on the way, as Ansible does.
            let folder = parent(&file);
            if seen.at(&stat_through(folder)).is_ok_and(|s| s.is_none()) {
                steps.actions.push(Action::MakeDirectory {
                    path: folder.to_owned(),
                    attributes: crate::connection::Attributes::default(),
                });
            }
        }
        let backup = there
            .and(self.backup.as_ref())
            .map(|suffix| format!("{file}{suffix}"));
        if let Some(backup) = &backup {
            steps.set("backup", backup.as_str());
            steps.set("backup_file", backup.as_str());
        }
        steps.set("msg", edited.msg);
        steps.step(
            Change::new(&self.path, before.unwrap_or_default(), &edited.text),
            Action::WriteFile {
                path: file.clone(),
                content: edited.text.into_bytes().into(),
                attributes: self.wanted.attributes(there, Target::File),
                validate: self.validate.clone(),
                backup,
            },
        );
        if let Some(stat) = there {
            steps
                .diff
                .changes
                .extend(self.wanted.differences(&self.path, stat));
            self.wanted.settle_flags(steps, &file, seen)?;
        }
        Ok(())
    }
}

/// A file's text, refused if it is not UTF-8.
pub fn whole_text(seen: &Seen, path: &str) -> Result<String, Failure> {
    let bytes = seen
        .content(path)?
        .ok_or_else(|| Failure::msg(format!("`{path}` is not a regular file")))?;
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Failure::msg(format!("`{path}` is not UTF-8 text; it was left as it is")))
}
