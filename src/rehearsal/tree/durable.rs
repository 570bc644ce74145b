//! What survives a power cut: single paths are carried from the live tree to the disk by fsync.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Body, Caller, Errno, Follow, Ino, Inode, ROOT, Tree};

impl Tree {
    /// Takes over from `live` what is at a path (and the directories above it), as fsync of a file
    /// and of its directory does; a path that is gone there goes here too.
    pub fn take_over(&mut self, live: &Self, path: &str) -> Result<(), Errno> {
        let place = live.walk(&Caller::root(), path, Follow::No)?;
        self.capacity = live.capacity;
        self.next = self.next.max(live.next);
        let mut at = ROOT;
        let names: Vec<&str> = place.path.split('/').filter(|n| !n.is_empty()).collect();
        for (depth, name) in names.iter().enumerate() {
            let Some(Body::Directory(entries)) = live.inode(at).map(|n| &n.body) else {
                return Err(Errno::NotFound);
            };
            let Some(ino) = entries.get(*name).copied() else {
                return self.name(at, name, None);
            };
            let node = live.inode(ino).ok_or(Errno::NotFound)?;
            self.adopt(ino, node, depth + 1 == names.len())?;
            self.name(at, name, Some(ino))?;
            at = ino;
        }
        Ok(())
    }

    /// Puts an inode as it is in the live tree; a directory keeps the entries it had here.
    fn adopt(&mut self, ino: Ino, live: &Arc<Inode>, last: bool) -> Result<(), Errno> {
        let known = self.inode(ino).map(|node| node.body.clone());
        match (&live.body, known) {
            (Body::Directory(_), Some(_)) if !last => Ok(()),
            (Body::Directory(_), known) => {
                let mut node = (**live).clone();
                node.body = match known {
                    Some(body @ Body::Directory(_)) => body,
                    _ => Body::Directory(BTreeMap::new()),
                };
                self.put(ino, node)
            }
            _ => self.put(ino, (**live).clone()),
        }
    }

    fn name(&mut self, directory: Ino, name: &str, ino: Option<Ino>) -> Result<(), Errno> {
        let mut node = (**self.inode(directory).ok_or(Errno::NotFound)?).clone();
        if let Body::Directory(entries) = &mut node.body {
            match ino {
                Some(ino) => entries.insert(name.to_owned(), ino),
                None => entries.remove(name),
            };
        }
        self.put(directory, node)
    }
}
