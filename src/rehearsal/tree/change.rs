//! Changing the tree, with the kernel's checks: permissions, sticky directories, read-only
//! mounts, a disk that fills.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::walk::Wish;
use super::{Body, Caller, Content, Errno, Follow, Ino, Inode, Place, Time, Tree};

/// The tree in the hands of somebody at some time.
pub struct Access<'a> {
    /// What is changed.
    pub tree: &'a mut Tree,
    /// By whom.
    pub caller: &'a Caller,
    /// When.
    pub now: Time,
}

impl Access<'_> {
    /// Writes a file in place (made if it is not there), as `open(O_TRUNC)` and `write` do.
    pub fn write(&mut self, path: &str, content: Content) -> Result<Ino, Errno> {
        let place = self.tree.walk(self.caller, path, Follow::Link)?;
        self.writable_mount(&place)?;
        let Some(ino) = place.ino else {
            return self.create(&place, Body::File(content), 0o666 & !self.caller.umask);
        };
        let node = self.node(ino)?;
        match node.body {
            Body::Directory(_) => Err(Errno::IsDirectory),
            Body::Other => Ok(ino),
            _ if !node.allows(self.caller, Wish::Write) => Err(Errno::Denied),
            _ => {
                let now = self.now;
                self.update(ino, |node| {
                    node.body = Body::File(content);
                    node.mtime = now;
                })?;
                Ok(ino)
            }
        }
    }

    /// Appends to a file (made if it is not there).
    pub fn append(&mut self, path: &str, bytes: &[u8]) -> Result<Ino, Errno> {
        let mut whole = match self.tree.find(self.caller, path, Follow::Link) {
            Ok((
                _,
                Inode {
                    body: Body::File(content),
                    ..
                },
            )) => content.bytes().to_vec(),
            _ => Vec::new(),
        };
        whole.extend_from_slice(bytes);
        self.write(path, Content::new(whole))
    }

    /// Makes one directory.
    pub fn make_directory(&mut self, path: &str, mode: u32) -> Result<Ino, Errno> {
        let place = self.tree.walk(self.caller, path, Follow::No)?;
        if place.ino.is_some() {
            return Err(Errno::Exists);
        }
        self.writable_mount(&place)?;
        let mode = mode & !self.caller.umask;
        self.create(&place, Body::Directory(BTreeMap::new()), mode)
    }

    /// Makes a directory and its missing parents; gives the paths that were made.
    pub fn make_directories(&mut self, path: &str) -> Result<Vec<String>, Errno> {
        let mut made = Vec::new();
        let mut at = String::new();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            at = format!("{at}/{name}");
            match self.tree.find(self.caller, &at, Follow::Link) {
                Ok((_, node)) if matches!(node.body, Body::Directory(_)) => {}
                Ok(_) => return Err(Errno::NotDirectory),
                Err(Errno::NotFound) => {
                    self.make_directory(&at, 0o777)?;
                    made.push(at.clone());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(made)
    }

    /// Makes a symbolic link.
    pub fn symlink(&mut self, target: &str, path: &str) -> Result<Ino, Errno> {
        let place = self.tree.walk(self.caller, path, Follow::No)?;
        if place.ino.is_some() {
            return Err(Errno::Exists);
        }
        self.writable_mount(&place)?;
        self.create(&place, Body::Link(target.to_owned()), 0o777)
    }

    /// Gives a file another name.
    pub fn hard_link(&mut self, target: &str, path: &str) -> Result<(), Errno> {
        let (ino, node) = self.tree.find(self.caller, target, Follow::No)?;
        if matches!(node.body, Body::Directory(_)) {
            return Err(Errno::NotPermitted);
        }
        let place = self.tree.walk(self.caller, path, Follow::No)?;
        if place.ino.is_some() {
            return Err(Errno::Exists);
        }
        self.writable_mount(&place)?;
        self.enter(&place, Some(ino))?;
        self.update(ino, |node| node.links += 1)
    }

    /// Renames, replacing what is there as `rename(2)` does.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        let source = self.tree.walk(self.caller, from, Follow::No)?;
        let ino = source.ino.ok_or(Errno::NotFound)?;
        let target = self.tree.walk(self.caller, to, Follow::No)?;
        self.writable_mount(&source)?;
        self.writable_mount(&target)?;
        let moved_is_directory = self.is_directory(ino);
        if moved_is_directory
            && format!("{}/", target.path).starts_with(&format!("{}/", source.path))
        {
            return if source.path == target.path {
                Ok(())
            } else {
                Err(Errno::Invalid)
            };
        }
        if let Some(old) = target.ino {
            if old == ino {
                return Ok(());
            }
            match (moved_is_directory, self.is_directory(old)) {
                (true, false) => return Err(Errno::NotDirectory),
                (false, true) => return Err(Errno::IsDirectory),
                (true, true) if !self.is_empty(old) => return Err(Errno::NotEmpty),
                _ => {}
            }
            self.may_unlink(&target)?;
            self.may_unlink(&source)?;
            self.unlink_at(&target, old)?;
        }
        self.may_unlink(&source)?;
        self.enter(&target, Some(ino))?;
        self.enter(&source, None)?;
        if moved_is_directory {
            self.count_subdirectory(source.parent, target.parent)?;
        }
        self.update(ino, |_| {})
    }

    /// Removes a file, a link or an empty directory.
    pub fn remove_one(&mut self, path: &str) -> Result<(), Errno> {
        let place = self.tree.walk(self.caller, path, Follow::No)?;
        let ino = place.ino.ok_or(Errno::NotFound)?;
        self.writable_mount(&place)?;
        if place.name.is_empty() {
            return Err(Errno::Busy);
        }
        if self.is_directory(ino) && !self.is_empty(ino) {
            return Err(Errno::NotEmpty);
        }
        self.may_unlink(&place)?;
        self.unlink_at(&place, ino)
    }

    /// Removes everything at a path and below; says at which path it was refused.
    pub fn remove_all(&mut self, path: &str) -> Result<(), (String, Errno)> {
        let at = |error| (path.to_owned(), error);
        let (ino, _) = self.tree.find(self.caller, path, Follow::No).map_err(at)?;
        if self.is_directory(ino) {
            for name in self.tree.names(self.caller, path).map_err(at)? {
                self.remove_all(&super::join(path, &name))?;
            }
        }
        self.remove_one(path).map_err(at)
    }

    /// Sets permission bits.
    pub fn set_mode(&mut self, path: &str, mode: u32, follow: Follow) -> Result<(), Errno> {
        let (ino, node) = self.changeable(path, follow)?;
        if !self.caller.is_root() && self.caller.uid != node.uid {
            return Err(Errno::NotPermitted);
        }
        if matches!(node.body, Body::Link(_)) {
            return Ok(());
        }
        self.update(ino, |node| node.mode = mode & 0o7777)
    }

    /// Sets owner and group; `None` keeps.
    pub fn set_owner(
        &mut self,
        path: &str,
        owner: (Option<u32>, Option<u32>),
        follow: Follow,
    ) -> Result<(), Errno> {
        let (ino, node) = self.changeable(path, follow)?;
        let (uid, gid) = (owner.0.unwrap_or(node.uid), owner.1.unwrap_or(node.gid));
        if !self.caller.is_root() {
            let own = self.caller.uid == node.uid && uid == node.uid;
            let member =
                gid == node.gid || gid == self.caller.gid || self.caller.groups.contains(&gid);
            if !(own && member) {
                return Err(Errno::NotPermitted);
            }
        }
        let regular = matches!(node.body, Body::File(_));
        self.update(ino, |node| {
            if regular && (uid != node.uid || gid != node.gid) {
                node.mode &= !0o6000;
            }
            node.uid = uid;
            node.gid = gid;
        })
    }

    /// Sets modification and access time; `None` keeps.
    pub fn set_times(
        &mut self,
        path: &str,
        times: (Option<Time>, Option<Time>),
    ) -> Result<(), Errno> {
        let (ino, node) = self.changeable(path, Follow::Link)?;
        if self.caller.uid != node.uid && !node.allows(self.caller, Wish::Write) {
            return Err(Errno::Denied);
        }
        self.update(ino, |node| {
            node.mtime = times.0.unwrap_or(node.mtime);
            node.atime = times.1.unwrap_or(node.atime);
        })
    }

    /// Makes a device, socket or pipe.
    pub fn make_other(&mut self, path: &str, mode: u32) -> Result<Ino, Errno> {
        let place = self.tree.walk(self.caller, path, Follow::No)?;
        if place.ino.is_some() {
            return Err(Errno::Exists);
        }
        self.create(&place, Body::Other, mode)
    }

    fn create(&mut self, place: &Place, body: Body, mode: u32) -> Result<Ino, Errno> {
        let parent = self.node(place.parent)?;
        let directory = matches!(body, Body::Directory(_));
        let inherits = parent.mode & 0o2000 != 0;
        let node = Inode {
            links: if directory { 2 } else { 1 },
            mode: if directory && inherits {
                mode | 0o2000
            } else {
                mode
            },
            uid: self.caller.uid,
            gid: if inherits {
                parent.gid
            } else {
                self.caller.gid
            },
            body,
            mtime: self.now,
            atime: self.now,
            ctime: self.now,
        };
        if !parent.allows(self.caller, Wish::Write) {
            return Err(Errno::Denied);
        }
        let ino = self.tree.fresh();
        self.tree.put(ino, node)?;
        self.enter(place, Some(ino))?;
        if directory {
            self.update(place.parent, |node| node.links += 1)?;
        }
        Ok(ino)
    }

    /// Enters or removes a name in its directory.
    fn enter(&mut self, place: &Place, ino: Option<Ino>) -> Result<(), Errno> {
        let parent = self.node(place.parent)?;
        if !parent.allows(self.caller, Wish::Write) {
            return Err(Errno::Denied);
        }
        let now = self.now;
        self.update(place.parent, |node| {
            node.mtime = now;
            if let Body::Directory(entries) = &mut node.body {
                match ino {
                    Some(ino) => entries.insert(place.name.clone(), ino),
                    None => entries.remove(&place.name),
                };
            }
        })
    }

    fn unlink_at(&mut self, place: &Place, ino: Ino) -> Result<(), Errno> {
        self.enter(place, None)?;
        if self.is_directory(ino) {
            self.tree.drop_inode(ino);
            return self.update(place.parent, |node| node.links -= 1);
        }
        if self.node(ino)?.links <= 1 {
            self.tree.drop_inode(ino);
            return Ok(());
        }
        self.update(ino, |node| node.links -= 1)
    }

    fn count_subdirectory(&mut self, from: Ino, to: Ino) -> Result<(), Errno> {
        if from != to {
            self.update(from, |node| node.links -= 1)?;
            self.update(to, |node| node.links += 1)?;
        }
        Ok(())
    }

    fn update(&mut self, ino: Ino, change: impl FnOnce(&mut Inode)) -> Result<(), Errno> {
        let mut node = (*self.node(ino)?).clone();
        change(&mut node);
        node.ctime = self.now;
        self.tree.put(ino, node)
    }

    fn node(&self, ino: Ino) -> Result<Arc<Inode>, Errno> {
        self.tree.inode(ino).cloned().ok_or(Errno::NotFound)
    }

    fn changeable(&self, path: &str, follow: Follow) -> Result<(Ino, Arc<Inode>), Errno> {
        let place = self.tree.walk(self.caller, path, follow)?;
        let ino = place.ino.ok_or(Errno::NotFound)?;
        self.writable_mount(&place)?;
        Ok((ino, self.node(ino)?))
    }

    fn writable_mount(&self, place: &Place) -> Result<(), Errno> {
        if self.tree.is_read_only(&place.path) {
            return Err(Errno::ReadOnly);
        }
        Ok(())
    }

    fn is_directory(&self, ino: Ino) -> bool {
        self.tree
            .inode(ino)
            .is_some_and(|node| matches!(node.body, Body::Directory(_)))
    }

    fn is_empty(&self, ino: Ino) -> bool {
        self.tree
            .inode(ino)
            .is_none_or(|node| matches!(&node.body, Body::Directory(entries) if entries.is_empty()))
    }

    /// Whether the caller may take this name away: write on the directory, and in a sticky one
    /// only the owner of either.
    fn may_unlink(&self, place: &Place) -> Result<(), Errno> {
        let parent = self.node(place.parent)?;
        if !parent.allows(self.caller, Wish::Write) {
            return Err(Errno::Denied);
        }
        let owner = place
            .ino
            .and_then(|ino| self.tree.inode(ino))
            .map_or(0, |n| n.uid);
        let own = [0, parent.uid, owner].contains(&self.caller.uid);
        if parent.mode & 0o1000 != 0 && !own && !self.caller.is_root() {
            return Err(Errno::NotPermitted);
        }
        Ok(())
    }
}
