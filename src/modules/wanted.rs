//! Owner, group, mode and flags that a task asks for, compared with what is there.

use super::mode::{Mode, Target, octal};
use super::{Change, Failure, Given, Seen, Steps};
use crate::connection::{Action, Attributes, EntryKind, Exec, FileStat, Probe};
use crate::input::Json;

/// What the shared arguments ask for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Mode.
    pub mode: Option<Mode>,
    /// Owner by name or number.
    pub owner: Option<String>,
    /// Group by name or number.
    pub group: Option<String>,
    /// Flags as `chattr` takes them: `+i`, `-a`, `=e`.
    flags: Option<String>,
    /// Whether something of `SELinux` is asked for.
    selinux: bool,
}

/// There only where `SELinux` is on.
const SELINUX: &str = "/sys/fs/selinux/enforce";

impl Wanted {
    /// Reads the shared arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        Ok(Self {
            mode: given.get("mode").map_or(Ok(None), Mode::parse)?,
            owner: given.some("owner"),
            group: given.some("group"),
            flags: given.some("attributes").map(|flags| {
                if flags.starts_with(['+', '-', '=']) {
                    flags
                } else {
                    format!("={flags}")
                }
            }),
            selinux: ["selevel", "serole", "setype", "seuser"]
                .iter()
                .any(|name| given.some(name).is_some()),
        })
    }

    /// These and nothing of flags.
    pub fn of(mode: Option<Mode>, owner: Option<String>, group: Option<String>) -> Self {
        Self {
            mode,
            owner,
            group,
            ..Self::default()
        }
    }

    /// What a task asks for the directories that are made on the way: its owner and group, and
    /// `directory_mode`.
    pub fn directories(given: &Given) -> Result<Self, Failure> {
        Ok(Self {
            mode: given.get("directory_mode").map_or(Ok(None), Mode::parse)?,
            owner: given.some("owner"),
            group: given.some("group"),
            ..Self::default()
        })
    }

    /// What must be asked for these besides the `stat`.
    pub fn questions(&self, path: &str) -> Vec<Probe> {
        let mut probes = Vec::new();
        if self.selinux {
            probes.push(super::seen::stat(SELINUX));
        }
        if self.flags.is_some() {
            probes.push(list_flags(path));
        }
        probes
    }

    /// The attributes to set, the mode computed from what is there or from a new one's default.
    pub fn attributes(&self, current: Option<&FileStat>, kind: Target) -> Attributes {
        let base = current.map_or(kind.default_mode(), |s| s.mode);
        Attributes {
            mode: self
                .mode
                .as_ref()
                .filter(|mode| **mode != Mode::Preserve)
                .map(|mode| mode.on(base, kind)),
            owner: self.owner.clone(),
            group: self.group.clone(),
        }
    }

    /// What differs at `path`.
    pub fn differences(&self, path: &str, stat: &FileStat) -> Vec<Change> {
        let kind = target(stat);
        let attributes = self.attributes(Some(stat), kind);
        let mut changes = Vec::new();
        if let Some(owner) = &attributes.owner
            && !same(owner, &stat.owner, stat.uid)
        {
            changes.push(Change::new(format!("{path} owner"), &stat.owner, owner));
        }
        if let Some(group) = &attributes.group
            && !same(group, &stat.group, stat.gid)
        {
            changes.push(Change::new(format!("{path} group"), &stat.group, group));
        }
        if let Some(mode) = attributes.mode
            && mode != stat.mode
            && stat.kind != EntryKind::Link
        {
            changes.push(Change::new(
                format!("{path} mode"),
                octal(stat.mode),
                octal(mode),
            ));
        }
        changes
    }

    /// Adds what sets the attributes of something that is there and stays.
    pub fn settle(&self, steps: &mut Steps, path: &str, stat: &FileStat) {
        let changes = self.differences(path, stat);
        if changes.is_empty() {
            return;
        }
        let mut attributes = self.attributes(Some(stat), target(stat));
        let is_link = stat.kind == EntryKind::Link;
        if is_link {
            attributes.mode = None;
        }
        steps.diff.changes.extend(changes);
        steps.actions.push(Action::SetAttributes {
            path: path.to_owned(),
            attributes,
            recurse: false,
            follow: !is_link,
        });
    }

    /// Adds what `chattr` has to do, and refuses what is asked of `SELinux` where it is on.
    pub fn settle_flags(&self, steps: &mut Steps, path: &str, seen: &Seen) -> Result<(), Failure> {
        if self.selinux && seen.stat(SELINUX)?.is_some() {
            return Err(Failure::msg(
                "SELinux contexts are not supported on a host where SELinux is on",
            )
            .help("set the context with `command: chcon` or `semanage fcontext`"));
        }
        let Some(flags) = &self.flags else {
            return Ok(());
        };
        let answer = seen.executed(&list_flags(path))?;
        let line = String::from_utf8_lossy(&answer.stdout).into_owned();
        let before: String = line
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| *c != '-')
            .collect();
        let wanted = flags.get(1..).unwrap_or_default();
        let differs = match flags.get(..1) {
            Some("+") => !wanted.chars().all(|c| before.contains(c)),
            Some("-") => wanted.chars().any(|c| before.contains(c)),
            _ => {
                !wanted.chars().all(|c| before.contains(c))
                    || !before.chars().all(|c| c == 'e' || wanted.contains(c))
            }
        };
        if differs {
            steps.step(
                Change::new(format!("{path} attributes"), before, flags),
                Action::Exec(Exec::new(["chattr", flags, path])),
            );
        }
        Ok(())
    }
}

/// The question for a path's flags.
fn list_flags(path: &str) -> Probe {
    Probe::Command(Box::new(Exec::new(["lsattr", "-d", path])))
}

/// Whether what is there is a directory, as modes count.
pub fn target(stat: &FileStat) -> Target {
    if stat.kind == EntryKind::Directory {
        Target::Directory
    } else {
        Target::File
    }
}

/// Whether a wanted name or number is the one that is there.
fn same(wanted: &str, name: &str, number: u32) -> bool {
    wanted == name || wanted.parse() == Ok(number)
}

/// The result fields that tell owner, group, mode, size and kind of what is (or will be) there.
pub fn describe(stat: Option<&FileStat>, set: &Attributes) -> Vec<(&'static str, Json)> {
    let mut fields = Vec::new();
    if let Some(stat) = stat {
        if set.owner.is_none() {
            fields.push(("uid", Json::from(stat.uid)));
        }
        if set.group.is_none() {
            fields.push(("gid", Json::from(stat.gid)));
        }
    }
    let owner = set.owner.clone().or_else(|| stat.map(|s| s.owner.clone()));
    let group = set.group.clone().or_else(|| stat.map(|s| s.group.clone()));
    let mode = set.mode.or_else(|| stat.map(|s| s.mode));
    fields.extend(owner.map(|owner| ("owner", Json::from(owner))));
    fields.extend(group.map(|group| ("group", Json::from(group))));
    // Ansible's text: a nought before whatever digits there are.
    fields.extend(mode.map(|mode| ("mode", Json::from(format!("0{mode:03o}")))));
    fields
}
