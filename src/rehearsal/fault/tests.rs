//! Each kind of fault shows as the error the real thing would be.

use serde_json::{Map, json};

use super::*;
use crate::connection::{
    Action, Attributes, ConnectionError, Connector, Deadline, Done, Exec, Identity, PackageAction,
};
use crate::rehearsal::Estate;
use crate::rehearsal::testing::{act, act_as, block, host, host_with, try_sh};

fn with(fault: &str) -> Estate {
    let estate = host();
    estate.add_fault(fault.parse().unwrap());
    estate
}

fn write(path: &str) -> Action {
    Action::WriteFile {
        path: path.to_owned(),
        content: bytes::Bytes::from_static(b"0123456789"),
        attributes: Attributes::default(),
        validate: None,
        backup: None,
    }
}

fn words(result: Result<Done, ConnectionError>) -> String {
    match result {
        Err(error) => error.to_string(),
        Ok(done) => format!(
            "[{}]{}",
            done.executed.code,
            String::from_utf8_lossy(&done.executed.stderr)
        ),
    }
}

#[test]
fn text_is_read_and_misspellings_are_named() {
    let fault: Fault = "host*:http=503,download@task=Get k3s".parse().unwrap();
    assert_eq!(fault.host, "host*");
    assert_eq!(fault.kind, Kind::Http(503, "download".to_owned()));
    assert_eq!(fault.when, When::Task("Get k3s".to_owned()));
    let error = "h:disk-fall".parse::<Fault>().unwrap_err();
    assert!(error.contains("did you mean `disk-full`"), "{error}");
    assert!("drop".parse::<Fault>().is_err() && "h:slow".parse::<Fault>().is_err());
}

#[test]
fn disks_mounts_and_locks() {
    assert!(words(act(&with("h:disk-full"), write("/f"))).contains("No space left on device"));
    assert!(
        words(act(&with("h:read-only=/etc"), write("/etc/f"))).contains("Read-only file system")
    );
    let estate = with("h:apt-lock=300");
    let update = Action::Package(PackageAction::Update);
    assert!(words(act(&estate, update.clone())).contains("Could not get lock"));
    // The lock's holder ends by itself.
    estate.clock().advance(Duration::from_secs(300));
    assert!(words(act(&estate, update)).starts_with("[0]"));
}

#[test]
fn a_dropped_connection_leaves_doubt_and_can_be_made_again() {
    let estate = with("h:drop@request=2");
    act(&estate, write("/a")).unwrap();
    match act(&estate, write("/b")) {
        Err(ConnectionError::Unreachable { in_doubt, .. }) => assert!(in_doubt),
        other => panic!("{other:?}"),
    }
    act(&estate, write("/c")).unwrap();
}

#[test]
fn power_loss_keeps_what_was_synced() {
    let estate = with("h:power-off=1@request=3");
    try_sh(&estate, "echo lost > /lost").unwrap();
    act(&estate, write("/kept")).unwrap();
    assert!(act(&estate, write("/x")).is_err());
    estate.clock().advance(Duration::from_secs(120));
    let (_, out, _) = try_sh(&estate, "ls /kept /lost 2>&1").unwrap();
    assert!(
        out.contains("/kept") && out.contains("cannot access '/lost'"),
        "{out}"
    );
}

#[test]
fn hanging_programs_meet_their_deadline() {
    let estate = with("h:hang=sysctl");
    let result = block(async {
        let connection = estate.connector().connect("h", &Map::new()).await.unwrap();
        let action = Action::Exec(Exec::new(["sysctl", "-n", "vm.swappiness"]));
        connection
            .act(
                &Identity::default(),
                action,
                Deadline(Duration::from_secs(9)),
            )
            .await
    });
    assert!(matches!(result, Err(ConnectionError::TimedOut { after, .. }) if after.as_secs() == 9));
    assert!(
        try_sh(&estate, "sysctl -n vm.swappiness").is_ok(),
        "it hangs once"
    );
}

#[test]
fn logins_keys_and_passwords() {
    assert!(matches!(
        act(&with("h:changed-host-key"), write("/x")),
        Err(ConnectionError::Untrusted { .. })
    ));
    assert!(matches!(
        act(&with("h:link-down"), write("/x")),
        Err(ConnectionError::Unreachable {
            in_doubt: false,
            ..
        })
    ));
    let estate = host_with(json!({"ansible_user": "ops"}));
    estate.add_fault("h:sudo-password".parse().unwrap());
    let who = Identity {
        user: Some("root".to_owned()),
        password: None,
    };
    assert!(matches!(
        act_as(&estate, &who, write("/x")),
        Err(ConnectionError::Become { .. })
    ));
}

#[test]
fn packages_units_and_downloads() {
    let install = |name: &str| {
        Action::Package(PackageAction::Install {
            names: vec![name.to_owned()],
            options: Vec::new(),
        })
    };
    let estate = with("h:missing-package=chrony");
    act(&estate, Action::Package(PackageAction::Update)).unwrap();
    assert!(words(act(&estate, install("chrony"))).contains("Unable to locate package chrony"));
    let estate = with("h:unit-fails=haproxy");
    act(&estate, Action::Package(PackageAction::Update)).unwrap();
    act(&estate, install("haproxy")).unwrap();
    let (code, out, _) = try_sh(
        &estate,
        "systemctl is-active haproxy; systemctl start haproxy",
    )
    .unwrap();
    assert_eq!((code, out.as_str()), (1, "failed\n"));
    let url = "https://example.org/tool";
    for (fault, expected) in [
        ("h:wrong-digest=tool", "sha256"),
        ("h:http=503,example", "503"),
        ("h:http-timeout=example", "timed out"),
        ("h:http-reset", "Connection reset by peer"),
    ] {
        let estate = with(fault);
        let artifact = crate::rehearsal::Artifact::text("tool");
        let digest = ("sha256".to_owned(), artifact.digests["sha256"].clone());
        let list = std::collections::BTreeMap::from([(url.to_owned(), artifact)]);
        estate.set_artifacts(std::sync::Arc::new(list));
        let action = Action::Download {
            url: url.to_owned(),
            path: "/tool".to_owned(),
            digest: Some(digest),
            attributes: Attributes::default(),
            headers: Vec::new(),
        };
        let said = words(act(&estate, action));
        assert!(said.contains(expected), "{said}");
    }
}
