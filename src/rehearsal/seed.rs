//! The files of a bare host, read from a table; built once and shared by every host of its kind.

use super::accounts::Accounts;
use super::tree::{Access, Caller, Content, Errno, Follow, Time, Tree, join};

/// Where every inode of the base was last changed: the day the image was made.
const IMAGE_DAY: Time = Time(1_764_000_000_000_000_000);

/// Debian 12 with systemd, sshd, sudo and apt.
const DEBIAN_12: &str = include_str!("base/debian12.txt");

/// The default disk of a host.
pub const DISK: u64 = 100 << 30;

/// The base tree of a bare Debian 12.
///
/// # Errors
/// The line of the table that cannot be made: a defect of this program.
pub fn debian12() -> Result<Tree, String> {
    let mut tree = Tree::new(DISK, IMAGE_DAY);
    let mut file: Option<(String, String)> = None;
    let mut later: Vec<(String, [String; 3])> = Vec::new();
    for line in DEBIAN_12.lines() {
        if let Some(text) = line.strip_prefix('|') {
            if let Some((_, content)) = &mut file {
                content.push_str(text);
                content.push('\n');
            }
            continue;
        }
        finish(&mut tree, file.take())?;
        let words: Vec<&str> = line.split(' ').collect();
        let made = match words.as_slice() {
            ["d", mode, owner, group, path] => {
                later.push(attributes(path, [mode, owner, group]));
                root(&mut tree).make_directory(path, 0o755).map(|_| ())
            }
            ["l", path, target] => root(&mut tree).symlink(target, path).map(|_| ()),
            ["f", mode, owner, group, path] => {
                later.push(attributes(path, [mode, owner, group]));
                file = Some(((*path).to_owned(), String::new()));
                Ok(())
            }
            ["x", directory, programs @ ..] => programs
                .iter()
                .try_for_each(|name| program(&mut tree, &join(directory, name))),
            _ => Ok(()),
        };
        made.map_err(|error| format!("{line}: {error}"))?;
    }
    finish(&mut tree, file)?;
    set_attributes(&mut tree, &later)?;
    Ok(tree.frozen())
}

/// An executable that the model answers for: its file is only a mark.
pub fn program(tree: &mut Tree, path: &str) -> Result<(), Errno> {
    let mut access = root(tree);
    access.write(path, Content::new("\x7fELF simulated\n"))?;
    access.set_mode(path, 0o755, Follow::Link)
}

fn attributes(path: &str, [mode, owner, group]: [&str; 3]) -> (String, [String; 3]) {
    (
        path.to_owned(),
        [mode.to_owned(), owner.to_owned(), group.to_owned()],
    )
}

fn root(tree: &mut Tree) -> Access<'_> {
    static ROOT: Caller = Caller::root();
    Access {
        tree,
        caller: &ROOT,
        now: IMAGE_DAY,
    }
}

fn finish(tree: &mut Tree, file: Option<(String, String)>) -> Result<(), String> {
    let Some((path, text)) = file else {
        return Ok(());
    };
    root(tree)
        .write(&path, Content::new(text))
        .map(|_| ())
        .map_err(|error| format!("{path}: {error}"))
}

fn set_attributes(tree: &mut Tree, wanted: &[(String, [String; 3])]) -> Result<(), String> {
    let accounts = Accounts::read(tree);
    for (path, [mode, owner, group]) in wanted {
        let mode = u32::from_str_radix(mode, 8).map_err(|e| format!("{path}: {e}"))?;
        let owner = (accounts.uid(owner), accounts.gid(group));
        let mut access = root(tree);
        access
            .set_owner(path, owner, Follow::No)
            .and_then(|()| access.set_mode(path, mode, Follow::No))
            .map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_has_what_a_bare_host_has() {
        let tree = debian12().unwrap();
        let root = Caller::root();
        let (_, shadow) = tree.find(&root, "/etc/shadow", Follow::Link).unwrap();
        assert_eq!((shadow.mode, shadow.gid), (0o640, 42));
        assert!(tree.exists("/bin/systemctl"));
        assert!(tree.text("/etc/os-release").contains("bookworm"));
        assert!(tree.own().is_empty(), "everything is in the shared layer");
    }
}
