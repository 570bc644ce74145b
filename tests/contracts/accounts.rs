//! Accounts, groups, packages and units as every host has them.

use nautes_install::connection::{Probe, Reply};

use crate::place::Place;

crate::behaviours!(
    root_is_an_account,
    an_unknown_account_is_none,
    groups_are_known_or_none,
    the_shell_is_a_package,
    ports_are_tried,
    facts_have_ansible_s_forms,
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

async fn facts_have_ansible_s_forms(at: &Place<'_>) {
    let Reply::Facts(facts) = at.ask(Probe::Facts).await else {
        panic!()
    };
    for name in [
        "architecture",
        "distribution",
        "distribution_major_version",
        "distribution_release",
        "distribution_version",
        "fqdn",
        "hostname",
        "kernel",
        "machine",
        "nodename",
        "os_family",
        "pkg_mgr",
        "service_mgr",
        "system",
        "user_dir",
        "user_id",
        "user_shell",
    ] {
        let text = facts[name].as_str();
        assert!(text.is_some_and(|t| !t.is_empty()), "{name}: {text:?}");
    }
    for name in [
        "memtotal_mb",
        "processor_vcpus",
        "processor_nproc",
        "user_uid",
        "uptime_seconds",
    ] {
        assert!(facts[name].is_i64() || facts[name].is_u64(), "{name}");
    }
    for name in [
        "all_ipv4_addresses",
        "all_ipv6_addresses",
        "interfaces",
        "mounts",
    ] {
        assert!(facts[name].is_array(), "{name}");
    }
    for name in [
        "default_ipv4",
        "lsb",
        "selinux",
        "date_time",
        "env",
        "cmdline",
    ] {
        assert!(facts[name].is_object(), "{name}");
    }
    assert_eq!(facts["system"], "Linux");
    assert!(facts["env"]["PATH"].is_string());
    let date = &facts["date_time"];
    assert!(date["epoch"].as_str().unwrap().parse::<u64>().unwrap() > 1_500_000_000);
    assert_eq!(date["iso8601"].as_str().unwrap().len(), 20);
}
