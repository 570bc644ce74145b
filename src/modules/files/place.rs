//! A file with given bytes at a path of the host: what `copy` and `template` come down to.

use bytes::Bytes;

use crate::connection::{Action, EntryKind, FileStat, Probe};
use crate::input::Json;
use crate::modules::given::join;
use crate::modules::mode::Target;
use crate::modules::seen::{read, real_path, stat_digest};
use crate::modules::wanted::{Wanted, describe};
use crate::modules::{Change, Failure, Given, Recipe, Seen, Steps};

/// How a file that is there already is treated.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Replace it if it differs.
    pub force: bool,
    /// Write where a link at the destination points instead of replacing the link.
    pub follow: bool,
    /// What its backup is called, if one is wanted: the suffix.
    pub backup: Option<String>,
    /// A command that checks the new content; `%s` is its path.
    pub validate: Option<String>,
    /// Owner, group, mode.
    pub wanted: Wanted,
    /// For directories that are made.
    pub directory: Wanted,
    /// The texts must not be shown.
    pub secret: bool,
}

/// A file to be placed.
pub struct Place {
    /// The bytes.
    pub content: Bytes,
    /// Its name inside the destination, should that be a directory; `None`: it must not be.
    pub name: Option<String>,
    /// Destination without a trailing slash.
    pub dest: String,
    /// The destination was written with a trailing slash: it is a directory.
    pub folder: bool,
    /// How.
    pub manner: Manner,
    /// Where it came from, for the result.
    pub source: Option<String>,
}

/// The question what is at a path itself, with the digest of a file.
pub fn look(path: &str) -> Probe {
    Probe::Stat {
        path: path.to_owned(),
        follow: false,
        digests: vec!["sha256"],
    }
}

/// Lower-case hex of the SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

/// Lower-case hex of the SHA-1, which Ansible's results show.
pub fn sha1(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The most bytes of a file that a diff shows, as in Ansible.
const SHOWN: u64 = 104_448;

/// Bytes as a diff shows them.
pub fn shown(bytes: &[u8]) -> String {
    if bytes.len() as u64 > SHOWN {
        return format!("({} bytes: too large to be shown)", bytes.len());
    }
    std::str::from_utf8(bytes).map_or_else(
        |_| format!("({} bytes of binary data)", bytes.len()),
        ToOwned::to_owned,
    )
}

impl Manner {
    /// Reads the arguments that `copy` and `template` share.
    pub fn new(given: &Given, backup_suffix: &str) -> Result<Self, Failure> {
        let validate = given.some("validate");
        if let Some(validate) = &validate
            && !validate.contains("%s")
        {
            return Err(Failure::msg(format!(
                "validate must contain %s: {validate}"
            )));
        }
        Ok(Self {
            force: given.flag("force"),
            follow: given.flag("follow"),
            backup: given.flag("backup").then(|| backup_suffix.to_owned()),
            validate,
            wanted: Wanted::new(given)?,
            directory: Wanted::directories(given)?,
            secret: false,
        })
    }
}

impl Recipe for Place {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = match (&self.name, self.folder) {
            (Some(name), true) => vec![look(&self.dest), look(&join(&self.dest, name))],
            _ => vec![look(&self.dest)],
        };
        probes.extend(self.manner.wanted.questions(&self.dest));
        probes
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        let top = seen.at(&look(&self.dest))?;
        if top.is_some_and(|s| s.kind == EntryKind::Link) && !seen.knows(&stat_digest(&self.dest)) {
            return Ok(vec![stat_digest(&self.dest), real_path(&self.dest)]);
        }
        let target = self.target(seen)?;
        if !seen.knows(&look(&target)) {
            return Ok(vec![look(&target)]);
        }
        Ok(match seen.at(&look(&target))? {
            Some(there) if self.differs(there) && there.size <= SHOWN && !self.manner.secret => {
                vec![read(&target)]
            }
            _ => Vec::new(),
        })
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let target = self.target(seen)?;
        let there = seen.at(&look(&target))?;
        let mut steps = Steps::default();
        self.result(&mut steps, &target, there);
        if there.is_some_and(|s| s.kind == EntryKind::Directory) {
            return Err(Failure::msg(format!(
                "can not write a file over the directory {target}"
            )));
        }
        if let Some(there) = there
            && !self.differs(there)
        {
            self.manner.wanted.settle(&mut steps, &target, there);
            self.manner.wanted.settle_flags(&mut steps, &target, seen)?;
            return Ok(steps.or_reason("the content is there already"));
        }
        if there.is_some() && !self.manner.force {
            return Ok(steps.or_reason("file already exists"));
        }
        if self.folder && seen.at(&look(&self.dest))?.is_none() {
            steps.step(
                Change::new(&self.dest, "", "directory"),
                Action::MakeDirectory {
                    path: self.dest.clone(),
                    attributes: self.manner.directory.attributes(None, Target::Directory),
                },
            );
        }
        self.write(&mut steps, &target, seen)?;
        Ok(steps)
    }
}

impl Place {
    /// The path that the bytes go to.
    fn target(&self, seen: &Seen) -> Result<String, Failure> {
        let inside = |name: &str| Ok(join(&self.dest, name));
        let top = seen.at(&look(&self.dest))?;
        let is_directory = match top {
            Some(s) if s.kind == EntryKind::Link => seen
                .at(&stat_digest(&self.dest))?
                .is_some_and(|s| s.kind == EntryKind::Directory),
            Some(s) => s.kind == EntryKind::Directory,
            None => self.folder,
        };
        match (is_directory, &self.name) {
            (true, Some(name)) => inside(name),
            (true, None) => Err(Failure::msg("can not use content with a dir as dest")),
            (false, _) if top.is_some_and(|s| s.kind == EntryKind::Link) && self.manner.follow => {
                seen.real_path(&self.dest).map(ToOwned::to_owned)
            }
            (false, _) => Ok(self.dest.clone()),
        }
    }

    /// Whether what is there is not the file that is wanted. A link is never.
    fn differs(&self, there: &FileStat) -> bool {
        there.kind != EntryKind::File
            || there.size != self.content.len() as u64
            || there.digests.get("sha256").map(String::as_str) != Some(&sha256(&self.content))
    }

    /// Adds what writes the file.
    fn write(&self, steps: &mut Steps, target: &str, seen: &Seen) -> Result<(), Failure> {
        let there = seen.at(&look(target))?;
        let file = there.filter(|s| s.kind == EntryKind::File);
        let before = match (there, file) {
            (None, _) => String::new(),
            (Some(link), None) => format!("link to {}", link.target.as_deref().unwrap_or("?")),
            (Some(_), Some(file)) if file.size > SHOWN => {
                format!("({} bytes: too large to be shown)", file.size)
            }
            (Some(_), Some(_)) if self.manner.secret => String::new(),
            (Some(_), Some(_)) => shown(seen.content(target)?.unwrap_or_default()),
        };
        let mut change = Change::new(target, before, shown(&self.content));
        change.secret = self.manner.secret;
        let backup = file
            .and(self.manner.backup.as_ref())
            .map(|suffix| format!("{target}{suffix}"));
        if let Some(backup) = &backup {
            steps.set("backup_file", backup.as_str());
        }
        steps.step(
            change,
            Action::WriteFile {
                path: target.to_owned(),
                content: self.content.clone(),
                attributes: self.manner.wanted.attributes(file, Target::File),
                validate: self.manner.validate.clone(),
                backup,
            },
        );
        if let Some(file) = file {
            steps
                .diff
                .changes
                .extend(self.manner.wanted.differences(target, file));
            self.manner.wanted.settle_flags(steps, target, seen)?;
        }
        Ok(())
    }

    /// The result's fields.
    fn result(&self, steps: &mut Steps, target: &str, there: Option<&FileStat>) {
        steps.set("dest", target);
        steps.set("checksum", sha1(&self.content));
        steps.set("size", Json::from(self.content.len()));
        steps.set("state", "file");
        if let Some(source) = &self.source {
            steps.set("src", source.as_str());
        }
        // A link that is there will be a file.
        let there = there.filter(|s| s.kind == EntryKind::File);
        let attributes = self.manner.wanted.attributes(there, Target::File);
        for (field, value) in describe(there, &attributes) {
            steps.set(field, value);
        }
    }
}
