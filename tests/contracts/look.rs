//! Looking at files: what is there, what is not, and odd names.

use nautes_install::connection::{Action, Attributes, EntryKind, Exec, Probe, Reply};

use crate::place::{ODD_NAMES, Place, mode, write};

crate::behaviours!(
    stat_tells_kind_mode_size_and_digest,
    stat_of_nothing_is_an_answer,
    stat_follows_links_only_when_asked,
    a_batch_is_answered_in_order,
    odd_names_are_just_names,
    read_gives_the_bytes,
    read_says_when_too_large,
    read_of_what_is_no_file_is_none,
    read_of_a_kernel_file,
    list_is_sorted_and_relative,
    list_stops_at_its_depth,
    list_of_nothing_is_none,
    real_path_resolves_links,
    sysctl_reads_what_is_there,
    what_cannot_be_asked_is_refused_alone,
);

fn stat(path: &str, follow: bool, digests: &[&'static str]) -> Probe {
    Probe::Stat {
        path: path.to_owned(),
        follow,
        digests: digests.to_vec(),
    }
}

async fn stat_tells_kind_mode_size_and_digest(at: &Place<'_>) {
    let path = at.path("f");
    at.act(write(&path, b"hello\n", mode(0o640))).await;
    let Reply::Stat(Some(found)) = at.ask(stat(&path, false, &["sha256", "md5", "sha1"])).await
    else {
        panic!()
    };
    assert_eq!(found.kind, EntryKind::File);
    assert_eq!((found.mode, found.size, found.links), (0o640, 6, 1));
    assert_eq!(
        found.digests["sha256"],
        "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    );
    assert_eq!(found.digests["md5"], "b1946ac92492d2347c6235b4d2611184");
    assert_eq!(
        found.digests["sha1"],
        "f572d396fae9206628714fb2ce00f72e94f2258f"
    );
    assert!(found.mtime > 1_500_000_000.0);
    assert!(!found.owner.is_empty() && !found.group.is_empty());
    let Reply::Stat(Some(dir)) = at.ask(stat(&at.dir, false, &["sha256"])).await else {
        panic!()
    };
    assert_eq!(dir.kind, EntryKind::Directory);
    assert!(dir.digests.is_empty());
}

async fn stat_of_nothing_is_an_answer(at: &Place<'_>) {
    for path in ["missing", "missing/below", "f/below a file"] {
        at.write(&at.path("f"), b"").await;
        assert_eq!(
            at.ask(stat(&at.path(path), false, &[])).await,
            Reply::Stat(None)
        );
        assert_eq!(
            at.ask(stat(&at.path(path), true, &[])).await,
            Reply::Stat(None)
        );
    }
}

async fn stat_follows_links_only_when_asked(at: &Place<'_>) {
    at.write(&at.path("f"), b"12345").await;
    for (name, target) in [("good", at.path("f")), ("dangling", at.path("none"))] {
        at.act(Action::Link {
            path: at.path(name),
            target,
            hard: false,
        })
        .await;
    }
    let link = at.stat(&at.path("good")).await.unwrap();
    assert_eq!(link.kind, EntryKind::Link);
    assert_eq!(link.target, Some(at.path("f")));
    let Reply::Stat(Some(file)) = at.ask(stat(&at.path("good"), true, &["sha256"])).await else {
        panic!()
    };
    assert_eq!((file.kind, file.size), (EntryKind::File, 5));
    assert_eq!(file.digests.len(), 1);
    assert_eq!(
        at.stat(&at.path("dangling")).await.unwrap().kind,
        EntryKind::Link
    );
    assert_eq!(
        at.ask(stat(&at.path("dangling"), true, &[])).await,
        Reply::Stat(None)
    );
}

async fn a_batch_is_answered_in_order(at: &Place<'_>) {
    at.write(&at.path("a"), b"aaa").await;
    at.write(&at.path("b"), b"b").await;
    let read = |name: &str, limit| Probe::Read {
        path: at.path(name),
        limit,
    };
    let replies = at
        .ask_all(vec![
            stat(&at.path("b"), false, &["sha256"]),
            read("a", 100),
            stat(&at.path("none"), true, &["sha1"]),
            Probe::Command(Box::new(Exec::new(["printf", "x"]))),
            read("b", 200),
            read("a", 2),
            stat(&at.path("a"), true, &["sha256"]),
            Probe::User {
                name: "root".into(),
            },
            read("none", 100),
        ])
        .await;
    assert!(matches!(&replies[0], Reply::Stat(Some(s)) if s.size == 1));
    assert_eq!(replies[1], Reply::Content(Some(b"aaa".to_vec())));
    assert_eq!(replies[2], Reply::Stat(None));
    assert!(matches!(&replies[3], Reply::Command(e) if e.stdout == b"x" && e.code == 0));
    assert_eq!(replies[4], Reply::Content(Some(b"b".to_vec())));
    assert_eq!(replies[5], Reply::TooLarge(3));
    assert!(matches!(&replies[6], Reply::Stat(Some(s)) if s.size == 3));
    assert!(matches!(&replies[7], Reply::User(Some(u)) if u.uid == 0));
    assert_eq!(replies[8], Reply::Content(None));
}

async fn odd_names_are_just_names(at: &Place<'_>) {
    for name in ODD_NAMES {
        at.write(&at.path(name), name.as_bytes()).await;
        at.act(Action::Link {
            path: at.path(&format!("link {name}")),
            target: (*name).to_owned(),
            hard: false,
        })
        .await;
    }
    let mut probes = Vec::new();
    for name in ODD_NAMES {
        probes.push(stat(&at.path(name), false, &["sha256"]));
        probes.push(stat(&at.path(&format!("link {name}")), false, &[]));
        probes.push(stat(&at.path(&format!("link {name}")), true, &["sha256"]));
        probes.push(Probe::Read {
            path: at.path(name),
            limit: 1000,
        });
        probes.push(stat(&at.path(&format!("{name}x")), false, &[]));
    }
    let replies = at.ask_all(probes).await;
    for (name, found) in ODD_NAMES.iter().zip(replies.chunks(5)) {
        assert!(matches!(&found[0], Reply::Stat(Some(s)) if s.size == name.len() as u64));
        assert!(
            matches!(&found[1], Reply::Stat(Some(s)) if s.target.as_deref() == Some(*name)),
            "{name:?}"
        );
        assert!(matches!(&found[2], Reply::Stat(Some(s)) if s.kind == EntryKind::File));
        assert_eq!(found[3], Reply::Content(Some(name.as_bytes().to_vec())));
        assert_eq!(found[4], Reply::Stat(None));
    }
    let mut expected: Vec<String> = ODD_NAMES
        .iter()
        .flat_map(|n| [(*n).to_owned(), format!("link {n}")])
        .collect();
    expected.sort();
    assert_eq!(at.names().await, expected);
}

async fn read_gives_the_bytes(at: &Place<'_>) {
    let all: Vec<u8> = (0..=255u8).cycle().take(70_000).collect();
    at.write(&at.path("binary"), &all).await;
    at.write(&at.path("empty"), b"").await;
    at.write(&at.path("lines"), b"\n\nx\n\n").await;
    assert_eq!(at.read(&at.path("binary")).await, Some(all));
    assert_eq!(at.read(&at.path("empty")).await, Some(vec![]));
    assert_eq!(
        at.read(&at.path("lines")).await,
        Some(b"\n\nx\n\n".to_vec())
    );
}

async fn read_says_when_too_large(at: &Place<'_>) {
    at.write(&at.path("f"), &[b'x'; 5000]).await;
    let read = |limit| Probe::Read {
        path: at.path("f"),
        limit,
    };
    assert_eq!(at.ask(read(4999)).await, Reply::TooLarge(5000));
    assert_eq!(
        at.ask(read(5000)).await,
        Reply::Content(Some(vec![b'x'; 5000]))
    );
}

async fn read_of_what_is_no_file_is_none(at: &Place<'_>) {
    assert_eq!(at.read(&at.dir).await, None);
    assert_eq!(at.read(&at.path("none")).await, None);
}

async fn read_of_a_kernel_file(at: &Place<'_>) {
    let id = at.read("/proc/sys/kernel/random/boot_id").await.unwrap();
    assert_eq!(id.len(), 37);
}

async fn list_is_sorted_and_relative(at: &Place<'_>) {
    at.act(Action::MakeDirectory {
        path: at.path("d/e"),
        attributes: mode(0o750),
    })
    .await;
    at.write(&at.path("d/e/f"), b"123").await;
    at.write(&at.path("c"), b"").await;
    at.act(Action::Link {
        path: at.path("l"),
        target: "d".to_owned(),
        hard: false,
    })
    .await;
    let probe = Probe::List {
        path: at.dir.clone(),
        depth: None,
    };
    let Reply::List(Some(list)) = at.ask(probe).await else {
        panic!()
    };
    let paths: Vec<&str> = list.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["c", "d", "d/e", "d/e/f", "l"]);
    assert_eq!(list[1].stat.kind, EntryKind::Directory);
    assert_eq!(list[2].stat.mode, 0o750);
    assert_eq!(list[3].stat.size, 3);
    assert_eq!(list[4].stat.target.as_deref(), Some("d"));
}

async fn list_stops_at_its_depth(at: &Place<'_>) {
    at.act(Action::MakeDirectory {
        path: at.path("d/e/f"),
        attributes: Attributes::default(),
    })
    .await;
    let probe = Probe::List {
        path: at.dir.clone(),
        depth: Some(2),
    };
    let Reply::List(Some(list)) = at.ask(probe).await else {
        panic!()
    };
    let paths: Vec<&str> = list.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["d", "d/e"]);
}

async fn list_of_nothing_is_none(at: &Place<'_>) {
    at.write(&at.path("f"), b"").await;
    for name in ["none", "f"] {
        let probe = Probe::List {
            path: at.path(name),
            depth: None,
        };
        assert_eq!(at.ask(probe).await, Reply::List(None));
    }
}

async fn real_path_resolves_links(at: &Place<'_>) {
    at.act(Action::MakeDirectory {
        path: at.path("d"),
        attributes: Attributes::default(),
    })
    .await;
    at.act(Action::Link {
        path: at.path("l"),
        target: "d".to_owned(),
        hard: false,
    })
    .await;
    for (link, target) in [
        ("lost", "none/of/it"),
        ("lost2", "l/lost3"),
        ("d/lost3", "../lost"),
    ] {
        at.act(Action::Link {
            path: at.path(link),
            target: target.to_owned(),
            hard: false,
        })
        .await;
    }
    let real = |name: &str| Probe::RealPath {
        path: at.path(name),
    };
    for name in ["lost", "lost2"] {
        let reply = at.ask_all(vec![real(name)]).await.remove(0);
        assert_eq!(reply, Reply::RealPath(at.path("none/of/it")), "{name}");
    }
    let replies = at
        .ask_all(vec![real("l/new\nline"), real("d/../l/x/y"), real("plain")])
        .await;
    assert_eq!(replies[0], Reply::RealPath(at.path("d/new\nline")));
    assert_eq!(replies[1], Reply::RealPath(at.path("d/x/y")));
    assert_eq!(replies[2], Reply::RealPath(at.path("plain")));
}

async fn sysctl_reads_what_is_there(at: &Place<'_>) {
    let ask = |name: &str| Probe::Sysctl {
        name: name.to_owned(),
    };
    let replies = at
        .ask_all(vec![
            ask("kernel.ostype"),
            ask("no.such"),
            ask("kernel.printk"),
        ])
        .await;
    assert_eq!(replies[0], Reply::Sysctl(Some("Linux".to_owned())));
    assert_eq!(replies[1], Reply::Sysctl(None));
    assert!(matches!(&replies[2], Reply::Sysctl(Some(v)) if v.split(' ').count() == 4));
}

async fn what_cannot_be_asked_is_refused_alone(at: &Place<'_>) {
    let replies = at
        .ask_all(vec![
            stat("relative", false, &[]),
            stat(&at.path("a\0b"), false, &[]),
            stat(&at.dir, false, &[]),
        ])
        .await;
    assert!(matches!(replies[0], Reply::Refused(_)));
    assert!(matches!(replies[1], Reply::Refused(_)));
    assert!(matches!(replies[2], Reply::Stat(Some(_))));
}
