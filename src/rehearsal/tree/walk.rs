//! From a path to an inode, as the kernel walks: links, `..`, and the right to pass.

use super::{Body, Caller, Errno, Ino, Inode, ROOT, Tree};

/// Links that may follow each other, as in Linux.
const MOST_LINKS: u32 = 40;

/// Whether a link at the end of a path is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// What it points to.
    Link,
    /// The link itself.
    No,
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path without links.
    pub path: String,
    /// The directory it is in.
    pub parent: Ino,
    /// Its name there; empty for `/`.
    pub name: String,
    /// What is there, if anything.
    pub ino: Option<Ino>,
}

/// What a caller wants to do with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Read a file, list a directory.
    Read = 4,
    /// Write a file, change a directory's names.
    Write = 2,
    /// Run a file, pass a directory.
    Pass = 1,
}

impl Inode {
    /// Whether the mode bits let the caller.
    pub fn allows(&self, caller: &Caller, wish: Wish) -> bool {
        let wish_bit = wish as u32;
        if caller.is_root() {
            return wish != Wish::Pass
                || matches!(self.body, Body::Directory(_))
                || self.mode & 0o111 != 0;
        }
        let shift = if caller.uid == self.uid {
            6
        } else if caller.gid == self.gid || caller.groups.contains(&self.gid) {
            3
        } else {
            0
        };
        (self.mode >> shift) & wish_bit != 0
    }
}

impl Tree {
    /// Walks a path. Everything but the last name must exist.
    pub fn walk(&self, caller: &Caller, path: &str, follow: Follow) -> Result<Place, Errno> {
        let mut walker = Walker {
            tree: self,
            caller,
            links: 0,
        };
        let place = walker.walk((ROOT, String::new()), path, follow)?;
        if path.len() > 1
            && path.ends_with('/')
            && let Some(node) = place.ino.and_then(|ino| self.inode(ino))
            && !matches!(node.body, Body::Directory(_) | Body::Link(_))
        {
            return Err(Errno::NotDirectory);
        }
        Ok(place)
    }

    /// Walks to something that must exist.
    pub fn find(
        &self,
        caller: &Caller,
        path: &str,
        follow: Follow,
    ) -> Result<(Ino, &Inode), Errno> {
        let place = self.walk(caller, path, follow)?;
        let ino = place.ino.ok_or(Errno::NotFound)?;
        let node = self.inode(ino).ok_or(Errno::NotFound)?;
        Ok((ino, node))
    }

    /// The path without links, whether or not its end exists (`realpath -m`).
    pub fn real_path(&self, caller: &Caller, path: &str) -> Result<String, Errno> {
        self.led(caller, path, 0)
    }

    /// [`Tree::real_path`] behind so many links that lead to where nothing is.
    fn led(&self, caller: &Caller, path: &str, links: usize) -> Result<String, Errno> {
        const MOST: usize = 40;
        let names: Vec<&str> = path.split('/').filter(|n| !n.is_empty()).collect();
        for known in (0..=names.len()).rev() {
            let head = format!("/{}", names[..known].join("/"));
            if links < MOST
                && let Some(to) = self.lost_link(caller, &head)
            {
                let tail = names[known..].iter().fold(to, |at, name| join(&at, name));
                return self.led(caller, &tail, links + 1);
            }
            match self.walk(caller, &head, Follow::Link) {
                Ok(place) if place.ino.is_some() || known == names.len() => {
                    let tail = names[known..]
                        .iter()
                        .fold(place.path, |at, name| join(&at, name));
                    return Ok(tail);
                }
                Ok(_) | Err(Errno::NotFound | Errno::NotDirectory) => {}
                Err(error) => return Err(error),
            }
        }
        Ok("/".to_owned())
    }

    /// Where a link leads whose target's folder is not there.
    fn lost_link(&self, caller: &Caller, path: &str) -> Option<String> {
        if self.walk(caller, path, Follow::Link).is_ok() {
            return None;
        }
        let (_, node) = self.find(caller, path, Follow::No).ok()?;
        let Body::Link(target) = &node.body else {
            return None;
        };
        if target.starts_with('/') {
            return Some(target.clone());
        }
        let (folder, _) = path.rsplit_once('/')?;
        let folder = self
            .walk(caller, &format!("{folder}/"), Follow::Link)
            .ok()?;
        Some(join(&folder.path, target))
    }

    /// Whether nothing below this (link-free) path can be changed.
    pub fn is_read_only(&self, path: &str) -> bool {
        self.read_only.iter().any(|mount| {
            let mount = mount.trim_end_matches('/');
            path.strip_prefix(mount)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

struct Walker<'a> {
    tree: &'a Tree,
    caller: &'a Caller,
    links: u32,
}

impl Walker<'_> {
    fn walk(&mut self, from: (Ino, String), path: &str, follow: Follow) -> Result<Place, Errno> {
        let mut at = if path.starts_with('/') {
            (ROOT, String::new())
        } else {
            from
        };
        let names: Vec<&str> = path
            .split('/')
            .filter(|name| !name.is_empty() && *name != ".")
            .collect();
        let Some((last, heads)) = names.split_last() else {
            return Ok(self.directory_itself(at));
        };
        for name in heads {
            at = self.step(at, name)?;
        }
        self.last(at, last, follow)
    }

    /// One directory down (or up), links followed.
    fn step(&mut self, at: (Ino, String), name: &str) -> Result<(Ino, String), Errno> {
        let place = self.last(at, name, Follow::Link)?;
        let ino = place.ino.ok_or(Errno::NotFound)?;
        match self.tree.inode(ino).map(|node| &node.body) {
            Some(Body::Directory(_)) => Ok((
                ino,
                if ino == ROOT {
                    String::new()
                } else {
                    place.path
                },
            )),
            Some(_) => Err(Errno::NotDirectory),
            None => Err(Errno::NotFound),
        }
    }

    fn last(&mut self, at: (Ino, String), name: &str, follow: Follow) -> Result<Place, Errno> {
        let (parent, path) = at;
        let node = self.tree.inode(parent).ok_or(Errno::NotFound)?;
        let Body::Directory(entries) = &node.body else {
            return Err(Errno::NotDirectory);
        };
        if !node.allows(self.caller, Wish::Pass) {
            return Err(Errno::Denied);
        }
        if name.len() > 255 {
            return Err(Errno::NameTooLong);
        }
        if name == ".." {
            let (up, _) = parent_and_name(&path);
            let up = up.to_owned();
            return self.walk((ROOT, String::new()), &up, Follow::Link);
        }
        let ino = entries.get(name).copied();
        let here = format!("{path}/{name}");
        if follow == Follow::Link
            && let Some(Body::Link(target)) =
                ino.and_then(|ino| self.tree.inode(ino)).map(|n| &n.body)
        {
            self.links += 1;
            if self.links > MOST_LINKS {
                return Err(Errno::Loop);
            }
            return self.walk((parent, path), target, Follow::Link);
        }
        Ok(Place {
            path: here,
            parent,
            name: name.to_owned(),
            ino,
        })
    }

    fn directory_itself(&self, at: (Ino, String)) -> Place {
        let (ino, path) = at;
        if path.is_empty() {
            return Place {
                path: "/".to_owned(),
                parent: ROOT,
                name: String::new(),
                ino: Some(ino),
            };
        }
        let (up, name) = parent_and_name(&path);
        let parent = self
            .tree
            .find(&Caller::root(), up, Follow::No)
            .map_or(ROOT, |(ino, _)| ino);
        Place {
            name: name.to_owned(),
            path: path.clone(),
            parent,
            ino: Some(ino),
        }
    }
}

/// The directory and the last name of a path.
pub fn parent_and_name(path: &str) -> (&str, &str) {
    let path = path.trim_end_matches('/');
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((parent, name)) => (parent, name),
        None => ("/", path),
    }
}

/// A path below a directory, or the path itself if it is absolute; `.` and `..` by their text.
pub fn join(directory: &str, path: &str) -> String {
    let whole = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{directory}/{path}")
    };
    let mut names: Vec<&str> = Vec::new();
    for name in whole.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}
