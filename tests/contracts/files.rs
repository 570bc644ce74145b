//! Directories, links, times, attributes, removal, archives.

use nautes_install::connection::{Action, Attributes, EntryKind, Exec, Probe, Reply};

use crate::place::{ODD_NAMES, Place, mode};

crate::behaviours!(
    directories_are_made_with_their_parents,
    a_directory_over_a_file_is_refused,
    links_replace_what_is_there,
    hard_links_join,
    attributes_reach_as_far_as_asked,
    a_link_keeps_its_target_untouched,
    touch_makes_and_sets_times,
    removal_takes_everything_and_nothing_is_fine,
    removal_of_links_keeps_targets,
    dangerous_removals_are_refused,
    archives_are_unpacked,
);

fn make(path: String, attributes: Attributes) -> Action {
    Action::MakeDirectory { path, attributes }
}

fn link(path: String, target: &str, hard: bool) -> Action {
    Action::Link {
        path,
        target: target.to_owned(),
        hard,
    }
}

fn set(path: String, bits: u32, recurse: bool, follow: bool) -> Action {
    Action::SetAttributes {
        path,
        attributes: mode(bits),
        recurse,
        follow,
    }
}

async fn directories_are_made_with_their_parents(at: &Place<'_>) {
    at.act(make(at.path("a"), mode(0o700))).await;
    at.act(make(at.path("a/b c/-d/"), mode(0o751))).await;
    assert_eq!(at.stat(&at.path("a")).await.unwrap().mode, 0o700);
    assert_eq!(at.stat(&at.path("a/b c")).await.unwrap().mode, 0o751);
    assert_eq!(at.stat(&at.path("a/b c/-d")).await.unwrap().mode, 0o751);
    at.act(make(at.path("a"), Attributes::default())).await;
    assert_eq!(at.stat(&at.path("a")).await.unwrap().mode, 0o700);
}

async fn a_directory_over_a_file_is_refused(at: &Place<'_>) {
    at.write(&at.path("f"), b"").await;
    at.refused(make(at.path("f"), Attributes::default())).await;
    at.refused(make(at.path("f/g"), Attributes::default()))
        .await;
    assert_eq!(at.names().await, ["f"]);
}

async fn links_replace_what_is_there(at: &Place<'_>) {
    at.write(&at.path("l"), b"file").await;
    for target in ["one", "two", "it's\nodd", "-x"] {
        at.act(link(at.path("l"), target, false)).await;
        let found = at.stat(&at.path("l")).await.unwrap();
        assert_eq!(found.kind, EntryKind::Link);
        assert_eq!(found.target.as_deref(), Some(target));
    }
    // A link to a directory is replaced, not entered.
    at.act(make(at.path("d"), Attributes::default())).await;
    at.act(link(at.path("l"), "d", false)).await;
    at.act(link(at.path("l"), "e", false)).await;
    assert_eq!(
        at.stat(&at.path("l")).await.unwrap().target.as_deref(),
        Some("e")
    );
    assert_eq!(at.names().await, ["d", "l"]);
}

async fn hard_links_join(at: &Place<'_>) {
    at.write(&at.path("a"), b"1").await;
    at.write(&at.path("b"), b"2").await;
    at.act(link(at.path("b"), &at.path("a"), true)).await;
    at.act(link(at.path("b"), &at.path("a"), true)).await;
    let (a, b) = (at.stat(&at.path("a")).await, at.stat(&at.path("b")).await);
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!((a.inode, a.links), (b.inode, 2));
    at.refused(link(at.path("c"), &at.path("none"), true)).await;
    assert_eq!(at.names().await, ["a", "b"]);
}

async fn attributes_reach_as_far_as_asked(at: &Place<'_>) {
    at.act(make(at.path("d/e"), mode(0o755))).await;
    at.write(&at.path("d/e/f"), b"").await;
    at.act(set(at.path("d"), 0o700, false, false)).await;
    assert_eq!(at.stat(&at.path("d")).await.unwrap().mode, 0o700);
    assert_eq!(at.stat(&at.path("d/e")).await.unwrap().mode, 0o755);
    at.act(set(at.path("d"), 0o750, true, false)).await;
    assert_eq!(at.stat(&at.path("d/e")).await.unwrap().mode, 0o750);
    assert_eq!(at.stat(&at.path("d/e/f")).await.unwrap().mode, 0o750);
    at.refused(set(at.path("none"), 0o700, false, false)).await;
}

async fn a_link_keeps_its_target_untouched(at: &Place<'_>) {
    at.write(&at.path("f"), b"").await;
    at.act(set(at.path("f"), 0o644, false, false)).await;
    at.act(link(at.path("l"), "f", false)).await;
    at.act(set(at.path("l"), 0o600, false, false)).await;
    assert_eq!(at.stat(&at.path("f")).await.unwrap().mode, 0o644);
    at.act(set(at.path("l"), 0o600, false, true)).await;
    assert_eq!(at.stat(&at.path("f")).await.unwrap().mode, 0o600);
    assert_eq!(at.stat(&at.path("l")).await.unwrap().kind, EntryKind::Link);
}

async fn touch_makes_and_sets_times(at: &Place<'_>) {
    let touch = |mtime, atime| Action::Touch {
        path: at.path("t"),
        mtime,
        atime,
    };
    at.act(touch(
        Some(Some(1_000_000_000.0)),
        Some(Some(1_000_000_001.5)),
    ))
    .await;
    let found = at.stat(&at.path("t")).await.unwrap();
    assert!((found.mtime - 1_000_000_000.0).abs() < 0.001);
    assert!((found.atime - 1_000_000_001.5).abs() < 0.001);
    at.write(&at.path("u"), b"content").await;
    let keep = Action::Touch {
        path: at.path("u"),
        mtime: None,
        atime: None,
    };
    at.act(keep).await;
    assert_eq!(at.read(&at.path("u")).await.unwrap(), b"content");
    at.act(touch(Some(None), None)).await;
    assert!(at.stat(&at.path("t")).await.unwrap().mtime > 1_500_000_000.0);
}

async fn removal_takes_everything_and_nothing_is_fine(at: &Place<'_>) {
    for name in ODD_NAMES {
        at.act(make(at.path(&format!("d/{name}")), Attributes::default()))
            .await;
        at.write(&at.path(&format!("d/{name}/f")), b"").await;
        at.write(&at.path(name), b"").await;
        at.act(Action::Remove {
            path: at.path(name),
        })
        .await;
    }
    assert_eq!(at.names().await.len(), 1 + 2 * ODD_NAMES.len());
    at.act(Action::Remove { path: at.path("d") }).await;
    at.act(Action::Remove { path: at.path("d") }).await;
    assert!(at.names().await.is_empty());
}

async fn removal_of_links_keeps_targets(at: &Place<'_>) {
    at.act(make(at.path("d"), Attributes::default())).await;
    at.write(&at.path("d/f"), b"").await;
    at.act(link(at.path("l"), "d", false)).await;
    at.act(Action::Remove {
        path: at.path("l/"),
    })
    .await;
    assert_eq!(at.names().await, ["d", "d/f"]);
}

async fn dangerous_removals_are_refused(at: &Place<'_>) {
    for path in ["/", "//", "", "relative", "/etc/..", "/tmp/."] {
        at.refused(Action::Remove {
            path: path.to_owned(),
        })
        .await;
    }
}

async fn archives_are_unpacked(at: &Place<'_>) {
    at.act(make(at.path("in"), Attributes::default())).await;
    at.act(make(at.path("out"), Attributes::default())).await;
    at.write(&at.path("in/it's"), b"content").await;
    let (archive, from) = (at.path("a.tar.gz"), at.path("in"));
    let made = at
        .run(Exec::new(["tar", "-czf", &archive, "-C", &from, "it's"]))
        .await;
    assert_eq!(made.code, 0);
    let unpack = |into: &str| Action::Unpack {
        archive: at.path("a.tar.gz"),
        into: at.path(into),
        options: vec![],
    };
    at.act(unpack("out")).await;
    assert_eq!(at.read(&at.path("out/it's")).await.unwrap(), b"content");
    at.refused(unpack("none")).await;
    let probe = Probe::Stat {
        path: at.path("none"),
        follow: false,
        digests: vec![],
    };
    assert_eq!(at.ask(probe).await, Reply::Stat(None));
}
