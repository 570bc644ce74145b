//! Accounts, groups, packages and units as every host has them.

use nautes_install::connection::{Probe, Reply};

use crate::place::Place;

crate::behaviours!(
    root_is_an_account,
    an_unknown_account_is_none,
    groups_are_known_or_none,
    the_shell_is_a_package,
    ports_are_tried,
);

fn user(name: &str) -> Probe {
    Probe::User {
        name: name.to_owned(),
    }
}

async fn root_is_an_account(at: &Place<'_>) {
    let Reply::User(Some(root)) = at.ask(user("root")).await else {
        panic!()
    };
    assert_eq!((root.name.as_str(), root.uid, root.gid), ("root", 0, 0));
    assert_eq!((root.group.as_str(), root.home.as_str()), ("root", "/root"));
}

async fn an_unknown_account_is_none(at: &Place<'_>) {
    let replies = at
        .ask_all(vec![
            user("nobody-of-that-name"),
            user("root"),
            user("-x"),
            user(""),
        ])
        .await;
    assert_eq!(replies[0], Reply::User(None));
    assert!(matches!(replies[1], Reply::User(Some(_))));
    assert_eq!(replies[2], Reply::User(None));
    assert_eq!(replies[3], Reply::User(None));
}

async fn groups_are_known_or_none(at: &Place<'_>) {
    let group = |name: &str| Probe::Group {
        name: name.to_owned(),
    };
    let replies = at
        .ask_all(vec![
            group("root"),
            group("none-of-that-name"),
            group("daemon"),
        ])
        .await;
    assert!(matches!(&replies[0], Reply::Group(Some((0, _)))));
    assert_eq!(replies[1], Reply::Group(None));
    assert!(matches!(&replies[2], Reply::Group(Some(_))));
}

async fn the_shell_is_a_package(at: &Place<'_>) {
    let package = |name: &str| Probe::Package {
        name: name.to_owned(),
    };
    let replies = at
        .ask_all(vec![
            package("bash"),
            package("no-such-package-anywhere"),
            package("-x"),
        ])
        .await;
    assert!(matches!(&replies[0], Reply::Package(p) if p.installed.is_some()));
    assert!(matches!(&replies[1], Reply::Package(p) if p.installed.is_none()));
    assert!(matches!(&replies[2], Reply::Package(p) if p.installed.is_none()));
}

async fn ports_are_tried(at: &Place<'_>) {
    let closed = Probe::Port {
        host: "127.0.0.1".to_owned(),
        port: 1,
        timeout_ms: 2000,
    };
    assert_eq!(at.ask(closed).await, Reply::Port(false));
}
