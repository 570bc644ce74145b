//! Acting: what can be done to a host. Every action is done whole or not at all where the host
//! allows it; a torn file is never visible.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::input::LocalFile;

/// Owner, group and mode to set; `None` leaves what is there (or the default for a new file).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// Permission bits, `0o7777` at most.
    pub mode: Option<u32>,
    /// Owner by name or number.
    pub owner: Option<String>,
    /// Group by name or number.
    pub group: Option<String>,
}

/// A program to run. Arguments are a list; nothing is parsed by a shell unless `argv` names one.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Exec {
    /// Program and arguments. Shown in messages: never a secret.
    pub argv: Vec<String>,
    /// What it reads. May hold secrets: it goes over the channel, not into a command line.
    pub stdin: Option<Bytes>,
    /// Working directory.
    pub cwd: Option<String>,
    /// Environment added for it, from the user's `environment:`.
    pub env: BTreeMap<String, String>,
    /// File mode creation mask.
    pub umask: Option<u32>,
    /// The most bytes of stdout and of stderr to keep each; more is cut and said.
    pub output_limit: Option<u64>,
}

impl std::fmt::Debug for Exec {
    // stdin and env may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exec({:?})", self.argv)
    }
}

impl Exec {
    /// A program with its arguments.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// A script for `/bin/sh -c`: only for text that is a shell command by its meaning (`shell:`).
    pub fn shell(script: &str) -> Self {
        Self::new(["/bin/sh", "-c", script])
    }

    /// Gives it this on stdin.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }
}

/// What a program answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Exit code; 128 + n for a signal n.
    pub code: i32,
    /// Standard output, lossily decoded by whoever shows it.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

/// Install, remove or refresh packages with the host's package manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageAction {
    /// Refresh the archive's lists.
    Update,
    /// Install these (`name` or `name=version`).
    Install {
        /// What to install.
        names: Vec<String>,
        /// Options handed to the package manager before the names, such as `-o Dpkg::Options::=--force-confold`.
        options: Vec<String>,
    },
    /// Remove these.
    Remove {
        /// What to remove.
        names: Vec<String>,
        /// Options such as `--purge` or `--auto-remove`.
        options: Vec<String>,
    },
    /// Upgrade what is installed: `upgrade`, `dist-upgrade`, `full-upgrade`, `autoremove`, `autoclean`, `clean`.
    Whole {
        /// The package manager's verb.
        verb: String,
        /// Options.
        options: Vec<String>,
    },
}

/// What to do with a systemd unit; words are systemctl's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitAction {
    /// Start it and wait for the job.
    Start,
    /// Stop it.
    Stop,
    /// Restart it.
    Restart,
    /// Reload its configuration.
    Reload,
    /// Enable at boot.
    Enable,
    /// Do not start at boot.
    Disable,
    /// Mask.
    Mask,
    /// Unmask.
    Unmask,
    /// `systemctl daemon-reload`; the unit's name is not used.
    DaemonReload,
    /// `systemctl daemon-reexec`; the unit's name is not used.
    DaemonReexec,
    /// Forget a failed state.
    ResetFailed,
}

/// One change to a host.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Write a file: a temporary file beside it, attributes, fsync, then rename over it.
    WriteFile {
        /// Absolute path.
        path: String,
        /// The whole content.
        content: Bytes,
        /// Owner, group, mode; for a file that exists, unset ones are kept.
        attributes: Attributes,
        /// A command to check the new content with before the rename; `%s` is the temporary path.
        validate: Option<String>,
        /// Copy what is there to this path first.
        backup: Option<String>,
    },
    /// Copy a file on the host itself, atomically as `WriteFile`; it keeps its modification time.
    CopyFile {
        /// Absolute path on the host.
        from: String,
        /// Absolute path on the host.
        to: String,
        /// As for `WriteFile`.
        attributes: Attributes,
        /// As for `WriteFile`.
        backup: Option<String>,
    },
    /// Make a directory and its missing parents.
    MakeDirectory {
        /// Absolute path.
        path: String,
        /// For the directories that are made.
        attributes: Attributes,
    },
    /// Set owner, group, mode of what is there.
    SetAttributes {
        /// Absolute path.
        path: String,
        /// What to set.
        attributes: Attributes,
        /// Everything below as well.
        recurse: bool,
        /// Follow a link at the path itself.
        follow: bool,
    },
    /// Make a symbolic or hard link, replacing what is there atomically.
    Link {
        /// Where the link is made.
        path: String,
        /// What it says (symbolic) or the file it joins (hard).
        target: String,
        /// Hard instead of symbolic.
        hard: bool,
    },
    /// Make an empty file if there is none; set times as given (seconds since 1970, `None` is now).
    Touch {
        /// Absolute path.
        path: String,
        /// Modification time; `Some(None)`… is now, `None` keeps it.
        mtime: Option<Option<f64>>,
        /// Access time, likewise.
        atime: Option<Option<f64>>,
    },
    /// Remove a file, a link, or a directory with everything below.
    Remove {
        /// Absolute path.
        path: String,
    },
    /// Unpack an archive that is on the host.
    Unpack {
        /// Absolute path of the archive (tar, tar.gz, tar.xz, tar.zst, zip).
        archive: String,
        /// Absolute path of an existing directory.
        into: String,
        /// Further arguments for the program that unpacks.
        options: Vec<String>,
    },
    /// Run a program.
    Exec(Exec),
    /// Change packages.
    Package(PackageAction),
    /// Change a unit.
    Unit {
        /// With its suffix.
        name: String,
        /// What to do.
        action: UnitAction,
    },
    /// Set a kernel parameter now (not in a file).
    Sysctl {
        /// Dotted name.
        name: String,
        /// New value.
        value: String,
    },
    /// Download on the host, verify the digest, then rename into place.
    Download {
        /// http or https address.
        url: String,
        /// Absolute path.
        path: String,
        /// `sha256` and the like with lower-case hex; `None` only where the user's own task has none.
        digest: Option<(String, String)>,
        /// Owner, group, mode.
        attributes: Attributes,
        /// Request headers; may hold secrets, so they go by a file descriptor, not by argv.
        headers: Vec<(String, String)>,
    },
    /// Send a file of this machine in pieces, verify its digest on the host, then rename into place.
    Upload {
        /// What is sent.
        file: LocalFile,
        /// Absolute path.
        path: String,
        /// Algorithm and lower-case hex of the whole.
        digest: (String, String),
        /// Owner, group, mode.
        attributes: Attributes,
    },
    /// Another action whose programs have these variables in their environment, from the user's
    /// `environment:`. They go over the channel, never into a command line.
    With {
        /// Name and value.
        env: BTreeMap<String, String>,
        /// What is done.
        action: Box<Action>,
    },
    /// Restart the host and come back: the connection is re-made when it answers again.
    Reboot {
        /// Command to run instead of the default.
        command: Option<String>,
        /// Seconds to wait before asking.
        post_delay: u64,
    },
}

/// What an action answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// For `Exec`, `Package` and `Unit`: what the program answered.
    pub executed: Executed,
}
