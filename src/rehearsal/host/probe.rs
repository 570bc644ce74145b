//! Questions that the host's own state answers.

use super::super::accounts::Accounts;
use super::super::packages::Archive;
use super::super::tree::{Body, Caller, Errno, Follow, Ino, Inode, Time, join};
use super::Host;
use crate::connection::{Entry, EntryKind, FileStat, Probe, Reply};

/// What a probe needs beside the host.
pub struct Asking<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// The account database, read once per batch.
    pub accounts: &'a Accounts,
    /// What can be installed.
    pub archive: &'a Archive,
    /// Now.
    pub now: Time,
}

impl Host {
    /// Answers a probe about the host itself; `None` for those that ask further (`Command`,
    /// `Port`, `Facts`).
    pub fn answer(&self, probe: &Probe, asking: &Asking<'_>) -> Option<Reply> {
        if let Some(refused) = odd(probe) {
            return Some(refused);
        }
        Some(match probe {
            Probe::Stat {
                path,
                follow,
                digests,
            } => self.answer_stat(
                path,
                if *follow { Follow::Link } else { Follow::No },
                digests,
                asking,
            ),
            Probe::RealPath { path } => match self.tree.real_path(asking.caller, path) {
                Ok(real) => Reply::RealPath(real),
                Err(error) => Reply::Refused(format!("{path}: {error}")),
            },
            Probe::Read { path, limit } => self.answer_read(path, *limit, asking),
            Probe::List { path, depth } => self.answer_list(path, *depth, asking),
            Probe::Package { name } => Reply::Package(self.package(name, asking.archive)),
            Probe::Unit { name } => Reply::Unit(self.unit(name, asking.now)),
            Probe::User { name } => Reply::User(asking.accounts.account(name, asking.caller)),
            Probe::Group { name } => Reply::Group(
                asking
                    .accounts
                    .group(name)
                    .map(|group| (group.gid, group.members.clone())),
            ),
            Probe::Sysctl { name } => Reply::Sysctl(self.parameter(name)),
            Probe::Port { .. } | Probe::Facts | Probe::Command(_) => return None,
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    fn answer_stat(
        &self,
        path: &str,
        follow: Follow,
        digests: &[&'static str],
        asking: &Asking<'_>,
    ) -> Reply {
        match self.tree.find(asking.caller, path, follow) {
            Ok((ino, node)) => {
                let mut stat = file_stat(ino, node, asking.accounts);
                if let Body::File(content) = &node.body
                    && node.allows(asking.caller, super::super::tree::Wish::Read)
                {
                    stat.digests = digests
                        .iter()
                        .filter_map(|name| Some(((*name).to_owned(), content.digest(name)?)))
                        .collect();
                }
                Reply::Stat(Some(Box::new(stat)))
            }
            Err(Errno::NotFound | Errno::NotDirectory) => Reply::Stat(None),
            Err(error) => Reply::Refused(format!("{path}: {error}")),
        }
    }

    fn answer_read(&self, path: &str, limit: u64, asking: &Asking<'_>) -> Reply {
        match self.tree.read(asking.caller, path) {
            Ok(content) if content.len() > limit => Reply::TooLarge(content.len()),
            Ok(content) => Reply::Content(Some(content.bytes().to_vec())),
            Err(Errno::NotFound | Errno::NotDirectory | Errno::IsDirectory) => Reply::Content(None),
            Err(error) => Reply::Refused(format!("{path}: {error}")),
        }
    }

    fn answer_list(&self, path: &str, depth: Option<u32>, asking: &Asking<'_>) -> Reply {
        match self.tree.below(asking.caller, path, depth) {
            Ok(found) => Reply::List(Some(
                found
                    .into_iter()
                    .map(|(path, ino, node)| Entry {
                        path,
                        stat: file_stat(ino, &node, asking.accounts),
                    })
                    .collect(),
            )),
            Err(Errno::NotFound | Errno::NotDirectory) => Reply::List(None),
            Err(error) => Reply::Refused(format!("{}: {error}", join("/", path))),
        }
    }
}

/// What the real layer refuses to ask.
fn odd(probe: &Probe) -> Option<Reply> {
    match probe {
        Probe::Stat { path, .. }
        | Probe::RealPath { path }
        | Probe::Read { path, .. }
        | Probe::List { path, .. } => {
            let proper = path.starts_with('/') && !path.contains('\0');
            (!proper).then(|| Reply::Refused(format!("`{path}` is not an absolute path")))
        }
        Probe::Unit { name } => {
            let proper = |c: char| c.is_ascii_alphanumeric() || ":-_.@\\".contains(c);
            (!name.chars().all(proper) || name.is_empty())
                .then(|| Reply::Refused(format!("`{name}` is not a unit's name")))
        }
        _ => None,
    }
}

/// An inode as `stat` says it, without digests.
pub fn file_stat(ino: Ino, node: &Inode, accounts: &Accounts) -> FileStat {
    FileStat {
        kind: match node.body {
            Body::File(_) => EntryKind::File,
            Body::Directory(_) => EntryKind::Directory,
            Body::Link(_) => EntryKind::Link,
            Body::Other => EntryKind::Other,
        },
        mode: node.mode,
        uid: node.uid,
        gid: node.gid,
        owner: accounts.user_name(node.uid),
        group: accounts.group_name(node.gid),
        size: node.size(),
        mtime: node.mtime.seconds(),
        atime: node.atime.seconds(),
        ctime: node.ctime.seconds(),
        inode: ino,
        device: 0xfe01,
        links: node.links,
        target: match &node.body {
            Body::Link(target) => Some(target.clone()),
            _ => None,
        },
        digests: std::collections::BTreeMap::new(),
    }
}
