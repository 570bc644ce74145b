//! A host's files: inodes shared with every host of the same kind until they change.
//!
//! [`Tree`] is a base layer that many hosts share and an own layer of what changed, both behind
//! `Arc`: a snapshot is two reference counts, and 200 hosts cost what they differ in.

mod change;
mod content;
mod durable;
mod errno;
mod look;
mod md5;
mod walk;

#[cfg(test)]
mod tests;

pub use change::Access;
pub use content::{Content, StandIn, hex};
pub use errno::Errno;
pub use walk::{Follow, Place, Wish, join, parent_and_name};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// An inode's number.
pub type Ino = u64;

/// The number of `/`.
pub const ROOT: Ino = 2;

/// The file system's unit: every file takes whole blocks.
const BLOCK: u64 = 4096;

/// Nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Time(pub u64);

impl Time {
    /// As `stat` prints it: seconds since 1970.
    pub fn seconds(self) -> f64 {
        Duration::from_nanos(self.0).as_secs_f64()
    }

    /// From seconds since 1970; before that is 1970.
    pub fn from_seconds(seconds: f64) -> Self {
        Duration::try_from_secs_f64(seconds.max(0.0)).map_or(Self(0), Self::from)
    }
}

impl From<Duration> for Time {
    fn from(since: Duration) -> Self {
        Self(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        time.duration_since(UNIX_EPOCH).unwrap_or_default().into()
    }
}

/// What an inode is.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A regular file.
    File(Content),
    /// A directory's entries.
    Directory(BTreeMap<String, Ino>),
    /// A symbolic link's text.
    Link(String),
    /// A device, socket or pipe.
    Other,
}

/// A file, directory, link or other thing, without its names.
#[derive(Clone, Debug, PartialEq)]
pub struct Inode {
    /// What it is.
    pub body: Body,
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    /// Owner's number.
    pub uid: u32,
    /// Group's number.
    pub gid: u32,
    /// How many names it has.
    pub links: u64,
    /// Modified.
    pub mtime: Time,
    /// Read.
    pub atime: Time,
    /// Changed.
    pub ctime: Time,
}

impl Inode {
    /// Bytes as `stat` says them.
    pub fn size(&self) -> u64 {
        match &self.body {
            Body::File(content) => content.len(),
            Body::Directory(_) => BLOCK,
            Body::Link(target) => target.len() as u64,
            Body::Other => 0,
        }
    }

    /// Bytes it takes on the disk.
    fn blocks(&self) -> u64 {
        match &self.body {
            Body::File(content) => content.len().div_ceil(BLOCK) * BLOCK,
            Body::Directory(_) => BLOCK,
            Body::Link(_) | Body::Other => 0,
        }
    }
}

/// Who asks, as the kernel sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// User number; 0 may do everything.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// All groups.
    pub groups: Vec<u32>,
    /// Bits that new files do not get.
    pub umask: u32,
}

impl Caller {
    /// The superuser with the usual mask.
    pub const fn root() -> Self {
        Self {
            uid: 0,
            gid: 0,
            groups: Vec::new(),
            umask: 0o022,
        }
    }

    /// Whether it is the superuser.
    pub const fn is_root(&self) -> bool {
        self.uid == 0
    }
}

/// A layer of inodes; `None` hides one of the base.
pub type Layer = BTreeMap<Ino, Option<Arc<Inode>>>;

/// A whole file system.
#[derive(Clone)]
pub struct Tree {
    base: Arc<Layer>,
    own: Arc<Layer>,
    next: Ino,
    used: u64,
    /// Bytes the disk holds.
    pub capacity: u64,
    /// Paths below which nothing can be changed.
    pub read_only: Vec<String>,
}

impl Tree {
    /// An empty tree: only `/`.
    pub fn new(capacity: u64, now: Time) -> Self {
        let root = Inode {
            body: Body::Directory(BTreeMap::new()),
            mode: 0o755,
            uid: 0,
            gid: 0,
            links: 2,
            mtime: now,
            atime: now,
            ctime: now,
        };
        Self {
            base: Arc::default(),
            own: Arc::new(BTreeMap::from([(ROOT, Some(Arc::new(root)))])),
            next: ROOT + 1,
            used: BLOCK,
            capacity,
            read_only: Vec::new(),
        }
    }

    /// The same tree with everything in the base layer, to be shared by many hosts.
    #[must_use]
    pub fn frozen(&self) -> Self {
        let mut all: Layer = (*self.base).clone();
        all.extend(self.own.iter().map(|(ino, node)| (*ino, node.clone())));
        all.retain(|_, node| node.is_some());
        Self {
            base: Arc::new(all),
            own: Arc::default(),
            ..self.clone()
        }
    }

    /// What changed since it was [`Tree::frozen`], for saving.
    pub fn own(&self) -> &Layer {
        &self.own
    }

    /// Puts a saved own layer over this base.
    #[must_use]
    pub fn overlaid(&self, own: Layer) -> Self {
        let next = own.keys().next_back().map_or(0, |last| last + 1);
        let mut tree = Self {
            own: Arc::new(own),
            next: self.next.max(next),
            ..self.clone()
        };
        tree.used = tree.inodes().map(|(_, node)| node.blocks()).sum();
        tree
    }

    /// Every inode with its number.
    pub fn inodes(&self) -> impl Iterator<Item = (Ino, &Arc<Inode>)> {
        let base = self
            .base
            .iter()
            .filter(|(ino, _)| !self.own.contains_key(ino));
        base.chain(self.own.iter())
            .filter_map(|(ino, node)| node.as_ref().map(|node| (*ino, node)))
    }

    /// An inode by number.
    pub fn inode(&self, ino: Ino) -> Option<&Arc<Inode>> {
        match self.own.get(&ino) {
            Some(node) => node.as_ref(),
            None => self.base.get(&ino)?.as_ref(),
        }
    }

    /// Bytes in use.
    pub const fn used(&self) -> u64 {
        self.used
    }

    /// Puts an inode, accounting for its blocks; a full disk refuses what grows.
    fn put(&mut self, ino: Ino, node: Inode) -> Result<(), Errno> {
        let before = self.inode(ino).map_or(0, |old| old.blocks());
        let after = node.blocks();
        let used = self.used - before + after;
        if after > before && used > self.capacity {
            return Err(Errno::NoSpace);
        }
        self.used = used;
        Arc::make_mut(&mut self.own).insert(ino, Some(Arc::new(node)));
        Ok(())
    }

    /// Forgets an inode without names.
    fn drop_inode(&mut self, ino: Ino) {
        self.used -= self.inode(ino).map_or(0, |old| old.blocks());
        let own = Arc::make_mut(&mut self.own);
        if self.base.contains_key(&ino) {
            own.insert(ino, None);
        } else {
            own.remove(&ino);
        }
    }

    /// A number nobody has.
    const fn fresh(&mut self) -> Ino {
        let ino = self.next;
        self.next += 1;
        ino
    }
}
