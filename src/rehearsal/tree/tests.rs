//! The tree refuses what Linux refuses, with its words.

use super::*;

const DAY: Time = Time(1_700_000_000_000_000_000);

fn tree() -> Tree {
    let mut tree = Tree::new(1 << 20, DAY);
    let root = Caller::root();
    let mut at = access(&mut tree, &root);
    at.make_directories("/home/ann").unwrap();
    at.set_owner("/home/ann", (Some(1000), Some(1000)), Follow::No)
        .unwrap();
    at.make_directory("/tmp", 0o777).unwrap();
    at.set_mode("/tmp", 0o1777, Follow::No).unwrap();
    at.write("/etc-file", Content::new("root's\n")).unwrap();
    at.set_mode("/etc-file", 0o600, Follow::No).unwrap();
    tree
}

fn access<'a>(tree: &'a mut Tree, caller: &'a Caller) -> Access<'a> {
    Access {
        tree,
        caller,
        now: DAY,
    }
}

fn person(uid: u32) -> Caller {
    Caller {
        uid,
        gid: uid,
        groups: vec![uid],
        umask: 0o022,
    }
}

#[test]
fn permissions_are_the_kernels() {
    let (mut tree, ann, bob) = (tree(), person(1000), person(1001));
    assert_eq!(tree.read(&ann, "/etc-file"), Err(Errno::Denied));
    access(&mut tree, &ann)
        .write("/home/ann/x", Content::new("1"))
        .unwrap();
    assert_eq!(
        access(&mut tree, &bob).write("/home/ann/y", Content::new("1")),
        Err(Errno::Denied)
    );
    assert_eq!(
        access(&mut tree, &bob).set_mode("/home/ann/x", 0o777, Follow::No),
        Err(Errno::NotPermitted)
    );
    access(&mut tree, &ann)
        .write("/tmp/ann", Content::new(""))
        .unwrap();
    assert_eq!(
        access(&mut tree, &bob).remove_one("/tmp/ann"),
        Err(Errno::NotPermitted)
    );
    access(&mut tree, &ann).remove_one("/tmp/ann").unwrap();
}

#[test]
fn links_are_followed_and_loops_end() {
    let (mut tree, root) = (tree(), Caller::root());
    let mut at = access(&mut tree, &root);
    at.symlink("home/ann", "/short").unwrap();
    at.write("/short/file", Content::new("x")).unwrap();
    at.symlink("loop", "/loop").unwrap();
    assert!(tree.exists("/home/ann/file"));
    assert_eq!(
        tree.real_path(&root, "/short/none/../file").unwrap(),
        "/home/ann/file"
    );
    assert_eq!(
        tree.find(&root, "/loop/x", Follow::Link).unwrap_err(),
        Errno::Loop
    );
    assert_eq!(
        tree.find(&root, "/etc-file/x", Follow::Link).unwrap_err(),
        Errno::NotDirectory
    );
}

#[test]
fn a_hard_link_shares_content_until_the_last_name_goes() {
    let (mut tree, root) = (tree(), Caller::root());
    let used = tree.used();
    let mut at = access(&mut tree, &root);
    at.write("/a", Content::new("1")).unwrap();
    at.hard_link("/a", "/b").unwrap();
    at.write("/b", Content::new("2")).unwrap();
    assert_eq!(at.tree.text("/a"), "2");
    at.remove_one("/a").unwrap();
    assert_eq!(at.tree.text("/b"), "2");
    at.remove_one("/b").unwrap();
    assert_eq!(tree.used(), used);
}

#[test]
fn the_disk_fills_and_mounts_can_be_read_only() {
    let (mut tree, root) = (tree(), Caller::root());
    let big = Content::new(vec![0_u8; 2 << 20]);
    assert_eq!(
        access(&mut tree, &root).write("/big", big),
        Err(Errno::NoSpace)
    );
    assert!(!tree.exists("/big"), "nothing half-made is left");
    tree.read_only.push("/home".to_owned());
    assert_eq!(
        access(&mut tree, &root).write("/home/ann/x", Content::new("")),
        Err(Errno::ReadOnly)
    );
}

#[test]
fn renames_replace_and_refuse() {
    let (mut tree, root) = (tree(), Caller::root());
    let mut at = access(&mut tree, &root);
    at.make_directories("/d/sub").unwrap();
    at.write("/f", Content::new("1")).unwrap();
    assert_eq!(at.rename("/f", "/d"), Err(Errno::IsDirectory));
    assert_eq!(at.rename("/d", "/d/sub/x"), Err(Errno::Invalid));
    assert_eq!(at.remove_one("/d"), Err(Errno::NotEmpty));
    at.rename("/f", "/d/g").unwrap();
    assert_eq!(at.tree.text("/d/g"), "1");
    assert!(!at.tree.exists("/f"));
    at.remove_all("/d").unwrap();
    assert!(!tree.exists("/d"));
}

#[test]
fn a_snapshot_does_not_see_later_changes() {
    let (mut tree, root) = (tree().frozen(), Caller::root());
    let before = tree.clone();
    access(&mut tree, &root).remove_all("/home").unwrap();
    access(&mut tree, &root)
        .write("/new", Content::new(""))
        .unwrap();
    assert!(before.exists("/home/ann") && !before.exists("/new"));
    assert!(!tree.exists("/home") && tree.exists("/new"));
    let again = before.overlaid(tree.own().clone());
    assert_eq!(again.used(), tree.used());
    assert!(!again.exists("/home") && again.exists("/new"));
}
