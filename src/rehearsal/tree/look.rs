//! Looking at the tree: nothing here changes anything.

use std::sync::Arc;

use super::walk::Wish;
use super::{Body, Caller, Content, Errno, Follow, Ino, Inode, Tree, join};

impl Tree {
    /// A regular file's content.
    pub fn read(&self, caller: &Caller, path: &str) -> Result<Content, Errno> {
        let (_, node) = self.find(caller, path, Follow::Link)?;
        match &node.body {
            Body::File(content) if node.allows(caller, Wish::Read) => Ok(content.clone()),
            Body::File(_) => Err(Errno::Denied),
            Body::Directory(_) => Err(Errno::IsDirectory),
            Body::Link(_) => Err(Errno::NotFound),
            Body::Other => Ok(Content::new("")),
        }
    }

    /// A file as text, for the model's own use; empty if there is none.
    pub fn text(&self, path: &str) -> String {
        self.read(&Caller::root(), path)
            .map(|content| String::from_utf8_lossy(content.bytes()).into_owned())
            .unwrap_or_default()
    }

    /// Whether anything is at a path, links followed.
    pub fn exists(&self, path: &str) -> bool {
        self.find(&Caller::root(), path, Follow::Link).is_ok()
    }

    /// The names in a directory, sorted.
    pub fn names(&self, caller: &Caller, path: &str) -> Result<Vec<String>, Errno> {
        let (_, node) = self.find(caller, path, Follow::Link)?;
        match &node.body {
            Body::Directory(_) if !node.allows(caller, Wish::Read) => Err(Errno::Denied),
            Body::Directory(entries) => Ok(entries.keys().cloned().collect()),
            _ => Err(Errno::NotDirectory),
        }
    }

    /// Everything below a directory to a depth, with paths relative to it, sorted by path.
    pub fn below(
        &self,
        caller: &Caller,
        path: &str,
        depth: Option<u32>,
    ) -> Result<Vec<(String, Ino, Arc<Inode>)>, Errno> {
        let (_, node) = self.find(caller, path, Follow::Link)?;
        let mut found = Vec::new();
        self.collect(caller, node, "", depth.unwrap_or(u32::MAX), &mut found)?;
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    #[expect(clippy::too_many_arguments, reason = "a recursion's state")]
    fn collect(
        &self,
        caller: &Caller,
        node: &Inode,
        at: &str,
        depth: u32,
        found: &mut Vec<(String, Ino, Arc<Inode>)>,
    ) -> Result<(), Errno> {
        let Body::Directory(entries) = &node.body else {
            return Err(Errno::NotDirectory);
        };
        if !node.allows(caller, Wish::Read) {
            return Err(Errno::Denied);
        }
        for (name, ino) in entries {
            let Some(child) = self.inode(*ino) else {
                continue;
            };
            let path = join(at, name)[1..].to_owned();
            if depth > 1 && matches!(child.body, Body::Directory(_)) {
                // What may not be listed is listed itself, as find does.
                let _ = self.collect(caller, child, &format!("/{path}"), depth - 1, found);
            }
            found.push((path, *ino, child.clone()));
        }
        Ok(())
    }
}
