//! Looking: what can be asked, what is answered, and which change makes an answer stale.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One question to a host. Asking never changes anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Probe {
    /// `stat`: what is at a path, with the SHA-256 of its content if it is a regular file.
    Stat {
        /// Absolute path.
        path: String,
        /// Follow a symbolic link at the end of the path.
        follow: bool,
        /// Which digests of a regular file to compute: any of `sha256`, `sha1`, `md5`, `sha224`, `sha384`, `sha512`.
        digests: Vec<&'static str>,
    },
    /// The path with every symbolic link in it resolved, whether or not its end exists.
    RealPath {
        /// Absolute path.
        path: String,
    },
    /// The content of a regular file, at most `limit` bytes; larger is [`Reply::TooLarge`].
    Read {
        /// Absolute path; links are followed.
        path: String,
        /// Bytes.
        limit: u64,
    },
    /// Everything below a directory (or the directory's own entries), without following links.
    List {
        /// Absolute path.
        path: String,
        /// How many levels: 1 is the directory's own entries; `None` is all.
        depth: Option<u32>,
    },
    /// Installed version of packages (dpkg or rpm) and the candidate where the archive knows one.
    Package {
        /// The package's name, without version.
        name: String,
    },
    /// A systemd unit: `LoadState`, `ActiveState`, `SubState`, `UnitFileState` and so on.
    Unit {
        /// With its suffix: `ssh.service`.
        name: String,
    },
    /// An account by name, with its groups.
    User {
        /// Login name.
        name: String,
    },
    /// A group by name.
    Group {
        /// Group name.
        name: String,
    },
    /// Whether a TCP connect from the host to `host:port` succeeds within the time.
    Port {
        /// Name or address as seen from the host.
        host: String,
        /// TCP port.
        port: u16,
        /// Milliseconds.
        timeout_ms: u64,
    },
    /// The values of kernel parameters as `/proc/sys` has them now.
    Sysctl {
        /// Dotted name: `net.ipv4.ip_forward`.
        name: String,
    },
    /// The standard set of Ansible facts (one script, one round trip).
    Facts,
    /// A command that its author declares read-only (`changed_when: false`, a `validate`, …).
    Command(Box<super::Exec>),
}

/// What was found. "Nothing there" is an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// For `Stat`: `None` if nothing is there.
    Stat(Option<Box<FileStat>>),
    /// For `RealPath`.
    RealPath(String),
    /// For `Read`: the bytes, or `None` if there is no such regular file.
    Content(Option<Vec<u8>>),
    /// For `Read`: larger than the limit; its size in bytes.
    TooLarge(u64),
    /// For `List`: `None` if there is no such directory.
    List(Option<Listing>),
    /// For `Package`.
    Package(PackageState),
    /// For `Unit`.
    Unit(UnitState),
    /// For `User`: `None` if unknown.
    User(Option<Account>),
    /// For `Group`: its numeric id and members, `None` if unknown.
    Group(Option<(u32, Vec<String>)>),
    /// For `Port`: whether the connect succeeded.
    Port(bool),
    /// For `Sysctl`: the value with white space folded, `None` if there is no such parameter.
    Sysctl(Option<String>),
    /// For `Facts`: as `ansible_facts`, without the `ansible_` prefix.
    Facts(serde_json::Map<String, serde_json::Value>),
    /// For `Command`.
    Command(super::Executed),
    /// The host refused to answer this one probe: permission denied and the like.
    Refused(String),
}

/// What a directory entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, socket or pipe.
    Other,
}

/// What `stat` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileStat {
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits with setuid, setgid and sticky: `0o7777` at most.
    pub mode: u32,
    /// Owner's number.
    pub uid: u32,
    /// Group's number.
    pub gid: u32,
    /// Owner's name, or the number as text.
    pub owner: String,
    /// Group's name, or the number as text.
    pub group: String,
    /// Bytes.
    pub size: u64,
    /// Modification time, seconds since 1970.
    pub mtime: f64,
    /// Access time, seconds since 1970.
    pub atime: f64,
    /// Change time, seconds since 1970.
    pub ctime: f64,
    /// Inode number.
    pub inode: u64,
    /// Device number.
    pub device: u64,
    /// Number of hard links.
    pub links: u64,
    /// The link's target as written, for a symbolic link.
    pub target: Option<String>,
    /// Digests asked for, lower-case hex, by algorithm; only for regular files.
    pub digests: BTreeMap<String, String>,
}

/// One entry below a listed directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Path relative to the listed directory.
    pub path: String,
    /// As `stat` without following; no digests.
    pub stat: FileStat,
}

/// What is below a directory, sorted by path.
pub type Listing = Vec<Entry>;

/// What the package manager knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageState {
    /// Version installed and configured; `None` if not installed.
    pub installed: Option<String>,
    /// Newest version the archive offers, if the host's lists name one.
    pub candidate: Option<String>,
    /// Whether the package is on hold.
    pub held: bool,
}

/// What systemd knows of a unit. Words are systemd's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitState {
    /// `loaded`, `not-found`, `masked`, …
    pub load: String,
    /// `active`, `inactive`, `failed`, `activating`, …
    pub active: String,
    /// `running`, `dead`, `exited`, …
    pub sub: String,
    /// `enabled`, `disabled`, `static`, `masked`, … or empty.
    pub file: String,
    /// All properties that `systemctl show` printed, for the module's `status` result.
    pub properties: BTreeMap<String, String>,
}

/// An account as `getent passwd` and `id` give it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// Number.
    pub uid: u32,
    /// Primary group's number.
    pub gid: u32,
    /// Primary group's name.
    pub group: String,
    /// Comment (GECOS).
    pub comment: String,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
    /// Supplementary groups by name, sorted.
    pub groups: Vec<String>,
    /// Whether the password field is locked (`!` or `*`); `None` if we may not see it.
    pub locked: Option<bool>,
    /// SHA-256 of the password hash, to compare without carrying it; `None` if we may not see it.
    pub password_digest: Option<String>,
}

/// What an answer depends on, and what an action disturbs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Footprint {
    /// A path and everything below it.
    Path(String),
    /// A systemd unit.
    Unit(String),
    /// A package.
    Package(String),
    /// The account database.
    Accounts,
    /// What listens.
    Ports,
    /// Kernel parameters.
    Kernel,
    /// The host's facts.
    Facts,
    /// Whatever a command may look at.
    Command,
}

/// What an action may have disturbed on its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Only these.
    Only(Vec<Footprint>),
    /// Unknown: everything looked at on this host before is stale.
    Everything,
}
