//! What `cp` copies, and where it refuses: the checks of GNU coreutils 9.

use super::super::tree::{Access, Body, Errno, Follow, Ino, Inode, join};

/// Whether a copy has the original's owner, mode and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// As `cp -p`.
    Yes,
    /// As `cp`.
    No,
}

/// Copies a file, a link or a directory with everything below; the first refusal's reason.
pub fn copy(
    access: &mut Access<'_>,
    [from, to]: [&str; 2],
    follow: Follow,
    keep: Keep,
) -> Result<(), Errno> {
    let (_, node) = access.tree.find(access.caller, from, follow)?;
    let node = node.clone();
    let existed = access.tree.find(access.caller, to, Follow::Link).is_ok();
    match &node.body {
        Body::File(_) => {
            let content = access.tree.read(access.caller, from)?;
            access.write(to, content)?;
        }
        Body::Link(target) => {
            if access.tree.find(access.caller, to, Follow::No).is_ok() {
                access.remove_one(to)?;
            }
            access.symlink(target, to)?;
        }
        Body::Directory(entries) => {
            if !existed {
                access.make_directory(to, 0o777)?;
            }
            for name in entries.keys() {
                let pair = [join(from, name), join(to, name)];
                copy(access, [&pair[0], &pair[1]], Follow::No, keep)?;
            }
        }
        Body::Other => {
            access.make_other(to, node.mode)?;
        }
    }
    finish(access, (to, &node), keep, existed)
}

/// The copy's owner, mode and times.
fn finish(
    access: &mut Access<'_>,
    (to, node): (&str, &Inode),
    keep: Keep,
    existed: bool,
) -> Result<(), Errno> {
    if matches!(node.body, Body::Link(_)) {
        return Ok(());
    }
    if keep == Keep::Yes {
        if access.caller.is_root() {
            access.set_owner(to, (Some(node.uid), Some(node.gid)), Follow::No)?;
        }
        access.set_mode(to, node.mode, Follow::No)?;
        return access.set_times(to, (Some(node.mtime), Some(node.atime)));
    }
    if existed {
        return Ok(());
    }
    // mkdir(2) is given the sticky bit too, open(2) is not.
    let kept = if matches!(node.body, Body::Directory(_)) {
        0o1777
    } else {
        0o777
    };
    let bits = node.mode & !access.caller.umask & kept;
    access.set_mode(to, bits, Follow::No)
}

/// One operand of `cp` under way.
pub struct Copying<'a> {
    /// The tree.
    pub access: Access<'a>,
    /// What the copies keep.
    pub keep: Keep,
    /// What was refused, in cp's words.
    pub refused: Vec<String>,
    /// The first directory that was made: it is not copied into itself.
    pub made: Option<Ino>,
}

/// Whether the rest of a directory makes sense.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It does.
    GoOn,
    /// A directory was about to be copied into itself.
    Stop,
}

impl Copying<'_> {
    fn look(&self, path: &str, follow: Follow) -> Option<(Ino, Inode)> {
        let found = self.access.tree.find(self.access.caller, path, follow).ok();
        found.map(|(ino, node)| (ino, node.clone()))
    }

    fn refuse(&mut self, words: String) -> Next {
        self.refused.push(words);
        Next::GoOn
    }

    /// Copies what is at the first path to the second one.
    pub fn one(&mut self, [from, to]: [&str; 2], follow: Follow) -> Next {
        let Some((ino, node)) = self.look(from, follow) else {
            return self.refuse(format!("cannot stat '{from}': {}", Errno::NotFound));
        };
        if matches!(node.body, Body::Directory(_)) {
            return self.directory([from, to], (ino, &node));
        }
        if let Some(why) = self.obstacle([from, to], (ino, &node)) {
            return self.refuse(why);
        }
        let pair = [from, to];
        if let Err(error) = copy(&mut self.access, pair, follow, self.keep) {
            let kind = match node.body {
                Body::Link(_) => "symbolic link",
                _ => "regular file",
            };
            return self.refuse(format!("cannot create {kind} '{to}': {error}"));
        }
        Next::GoOn
    }

    /// Why something that is no directory is not copied over what is there.
    fn obstacle(&self, [from, to]: [&str; 2], (ino, node): (Ino, &Inode)) -> Option<String> {
        let there = self.look(to, Follow::No)?;
        let behind = self.look(to, Follow::Link);
        let is_link = matches!(node.body, Body::Link(_));
        let met = if is_link {
            Some(&there)
        } else {
            behind.as_ref()
        };
        let is_directory = |node: &Inode| matches!(node.body, Body::Directory(_));
        if met.is_some_and(|(_, node)| is_directory(node)) {
            return Some(format!(
                "cannot overwrite directory '{to}' with non-directory"
            ));
        }
        let same = if is_link && !matches!(there.1.body, Body::Link(_)) {
            self.look(from, Follow::Link).map(|(ino, _)| ino) == Some(there.0)
        } else {
            met.map(|(ino, _)| *ino) == Some(ino)
        };
        if same {
            return Some(format!("'{from}' and '{to}' are the same file"));
        }
        (!is_link && behind.is_none())
            .then(|| format!("not writing through dangling symlink '{to}'"))
    }

    fn directory(&mut self, [from, to]: [&str; 2], (ino, node): (Ino, &Inode)) -> Next {
        if self.made == Some(ino) {
            self.refuse(format!("cannot copy a directory, '{from}', into itself"));
            return Next::Stop;
        }
        let there = self.look(to, Follow::No);
        let existed = there.is_some();
        match there {
            Some((_, there)) if !matches!(there.body, Body::Directory(_)) => {
                return self.refuse(format!(
                    "cannot overwrite non-directory '{to}' with directory '{from}'"
                ));
            }
            Some((there, _)) if there == ino => {
                return self.refuse(format!("'{from}' and '{to}' are the same file"));
            }
            Some(_) => {}
            None => match self.access.make_directory(to, 0o777) {
                Ok(made) => {
                    self.made.get_or_insert(made);
                }
                Err(error) => {
                    return self.refuse(format!("cannot create directory '{to}': {error}"));
                }
            },
        }
        let mut next = Next::GoOn;
        // Read after the copy's directory was made, as cp does: it may lie in here.
        let names = self.access.tree.names(self.access.caller, from);
        for name in names.unwrap_or_default() {
            let pair = [join(from, &name), join(to, &name)];
            next = self.one([&pair[0], &pair[1]], Follow::No);
            if next == Next::Stop {
                break;
            }
        }
        if let Err(error) = finish(&mut self.access, (to, node), self.keep, existed) {
            return self.refuse(format!("setting permissions for '{to}': {error}"));
        }
        next
    }
}
