//! What was found on the host, looked up by the question that was asked.

use std::collections::HashMap;

use super::Failure;
use crate::connection::{
    Account, EntryKind, Executed, FileStat, Listing, PackageState, Probe, Reader, Reply, UnitState,
};

/// Answers by question.
#[derive(Default)]
pub struct Seen(HashMap<Probe, Reply>);

/// The largest file that a module reads whole to edit it.
pub const READ_LIMIT: u64 = 16 << 20;

/// The question what is at a path, without following a link there.
pub fn stat(path: &str) -> Probe {
    Probe::Stat {
        path: path.to_owned(),
        follow: false,
        digests: Vec::new(),
    }
}

/// The question what is at a path after following links.
pub fn stat_through(path: &str) -> Probe {
    Probe::Stat {
        path: path.to_owned(),
        follow: true,
        digests: Vec::new(),
    }
}

/// The question what is at a path after following links, with the digest of a file.
pub fn stat_digest(path: &str) -> Probe {
    Probe::Stat {
        path: path.to_owned(),
        follow: true,
        digests: vec!["sha256"],
    }
}

/// The question for a file's content.
pub fn read(path: &str) -> Probe {
    Probe::Read {
        path: path.to_owned(),
        limit: READ_LIMIT,
    }
}

/// The question for a path with its links resolved.
pub fn real_path(path: &str) -> Probe {
    Probe::RealPath {
        path: path.to_owned(),
    }
}

impl Seen {
    /// Asks what is not known yet.
    pub async fn ask(&mut self, at: &Reader<'_>, probes: Vec<Probe>) -> Result<(), Failure> {
        let probes: Vec<Probe> = probes.into_iter().filter(|p| !self.knows(p)).collect();
        if probes.is_empty() {
            return Ok(());
        }
        let replies = at.ask(&probes).await?;
        self.0.extend(probes.into_iter().zip(replies));
        Ok(())
    }

    /// An answer that did not come from the host.
    pub fn put(&mut self, probe: Probe, reply: Reply) {
        self.0.insert(probe, reply);
    }

    /// Whether a question was answered.
    pub fn knows(&self, probe: &Probe) -> bool {
        self.0.contains_key(probe)
    }

    /// The answer, if the host gave one.
    pub fn get(&self, probe: &Probe) -> Result<&Reply, Failure> {
        match self.0.get(probe) {
            Some(Reply::Refused(why)) => Err(Failure::msg(why.clone())),
            Some(reply) => Ok(reply),
            None => Err(Failure::msg(
                "this was never asked (a defect of this program)",
            )),
        }
    }

    /// What is at a path; `probe` is one of the `stat` questions.
    pub fn at(&self, probe: &Probe) -> Result<Option<&FileStat>, Failure> {
        match self.get(probe)? {
            Reply::Stat(stat) => Ok(stat.as_deref()),
            _ => Err(mismatch()),
        }
    }

    /// What is at a path, a link there not followed.
    pub fn stat(&self, path: &str) -> Result<Option<&FileStat>, Failure> {
        self.at(&stat(path))
    }

    /// Whether there is a directory, links followed.
    pub fn is_directory(&self, path: &str) -> Result<bool, Failure> {
        Ok(self
            .at(&stat_through(path))?
            .is_some_and(|s| s.kind == EntryKind::Directory))
    }

    /// A file's content; `None` if there is no such file.
    pub fn content(&self, path: &str) -> Result<Option<&[u8]>, Failure> {
        match self.get(&read(path))? {
            Reply::Content(content) => Ok(content.as_deref()),
            Reply::TooLarge(size) => Err(Failure::msg(format!(
                "`{path}` is too large to be edited: {size} bytes"
            ))),
            _ => Err(mismatch()),
        }
    }

    /// A file's content as text; `None` if there is no such file.
    pub fn text(&self, path: &str) -> Result<Option<String>, Failure> {
        Ok(self
            .content(path)?
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    }

    /// A path with its links resolved.
    pub fn real_path(&self, path: &str) -> Result<&str, Failure> {
        match self.get(&real_path(path))? {
            Reply::RealPath(path) => Ok(path),
            _ => Err(mismatch()),
        }
    }

    /// An account.
    pub fn user(&self, name: &str) -> Result<Option<&Account>, Failure> {
        match self.get(&Probe::User {
            name: name.to_owned(),
        })? {
            Reply::User(user) => Ok(user.as_ref()),
            _ => Err(mismatch()),
        }
    }

    /// A group's number and members.
    pub fn group(&self, name: &str) -> Result<Option<&(u32, Vec<String>)>, Failure> {
        match self.get(&Probe::Group {
            name: name.to_owned(),
        })? {
            Reply::Group(group) => Ok(group.as_ref()),
            _ => Err(mismatch()),
        }
    }

    /// A package.
    pub fn package(&self, name: &str) -> Result<&PackageState, Failure> {
        match self.get(&Probe::Package {
            name: name.to_owned(),
        })? {
            Reply::Package(state) => Ok(state),
            _ => Err(mismatch()),
        }
    }

    /// A unit.
    pub fn unit(&self, name: &str) -> Result<&UnitState, Failure> {
        match self.get(&Probe::Unit {
            name: name.to_owned(),
        })? {
            Reply::Unit(state) => Ok(state),
            _ => Err(mismatch()),
        }
    }

    /// A directory's entries.
    pub fn listing(&self, path: &str, depth: Option<u32>) -> Result<Option<&Listing>, Failure> {
        match self.get(&Probe::List {
            path: path.to_owned(),
            depth,
        })? {
            Reply::List(list) => Ok(list.as_ref()),
            _ => Err(mismatch()),
        }
    }

    /// What a read-only command answered.
    pub fn executed(&self, probe: &Probe) -> Result<&Executed, Failure> {
        match self.get(probe)? {
            Reply::Command(executed) => Ok(executed),
            _ => Err(mismatch()),
        }
    }
}

/// The host answered another question than was asked.
fn mismatch() -> Failure {
    Failure::Host(crate::connection::ConnectionError::Protocol {
        what: "the answer is not of the kind that was asked for".to_owned(),
    })
}
