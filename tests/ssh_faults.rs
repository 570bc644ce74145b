//! What can go wrong between here and a host, on a real one: sessions killed, restarts, host keys
//! that are unknown, changed or certified, forwarding forbidden, logins of every kind. It changes
//! the host's sshd and restarts it, so give it a lab of its own in `NAUTES_LAB_INVENTORY`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test says what went wrong by panicking"
)]

#[path = "contracts/lab.rs"]
mod lab;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lab::Lab;
use nautes_install::connection::{
    Action, Attributes, Connection, ConnectionError, Deadline, Exec, Identity, Probe, Reply,
    UnitAction,
};
use serde_json::{Map, Value, json};

const DROP_IN: &str = "/etc/ssh/sshd_config.d/00-nautes-faults.conf";

struct Host {
    lab: Lab,
    name: String,
    vars: Map<String, Value>,
}

impl Host {
    fn first() -> Self {
        let lab = Lab::from_environment();
        let (name, vars) = lab.hosts[0].clone();
        Self { lab, name, vars }
    }

    async fn open(&self) -> std::sync::Arc<nautes_install::connection::posix::PosixHost> {
        self.try_open(&self.vars)
            .await
            .unwrap_or_else(|e| panic!("{e}"))
    }

    async fn try_open(
        &self,
        vars: &Map<String, Value>,
    ) -> Result<std::sync::Arc<nautes_install::connection::posix::PosixHost>, ConnectionError> {
        self.lab.connector.open(&self.name, vars).await
    }

    /// The variables with other SSH arguments for the host itself; the way there stays.
    fn with(&self, known_hosts: &Path, more: &str) -> Map<String, Value> {
        let mut vars = self.vars.clone();
        let args = vars["ansible_ssh_common_args"].as_str().unwrap();
        let jump = args
            .split_whitespace()
            .find(|w| w.starts_with("ProxyJump="));
        let known = args
            .split_whitespace()
            .find(|w| w.starts_with("UserKnownHostsFile="));
        let known = known.unwrap().trim_start_matches("UserKnownHostsFile=");
        let key = &self.vars["ansible_ssh_private_key_file"].as_str().unwrap();
        let jump = jump.map_or_else(String::new, |j| {
            let to = j.trim_start_matches("ProxyJump=");
            format!("-o ProxyCommand='ssh -W %h:%p -i {key} -o UserKnownHostsFile={known} -o StrictHostKeyChecking=yes {to}'")
        });
        let line = format!(
            "{jump} -o UserKnownHostsFile={} -o GlobalKnownHostsFile=/dev/null {more}",
            known_hosts.display()
        );
        vars.insert("ansible_ssh_common_args".into(), json!(line));
        vars
    }

    async fn configure(&self, text: &str) {
        let connection = self.open().await;
        let root = self.lab.root();
        let write = Action::WriteFile {
            path: DROP_IN.to_owned(),
            content: text.to_owned().into(),
            attributes: Attributes::default(),
            validate: None,
            backup: None,
        };
        let reload = Action::Unit {
            name: "ssh.service".to_owned(),
            action: UnitAction::Reload,
        };
        for action in [write, reload] {
            connection
                .act(&root, action, Deadline::default())
                .await
                .unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn whoami(connection: &dyn Connection) -> String {
    let exec = Action::Exec(Exec::new(["id", "-un"]));
    let done = connection
        .act(&Identity::default(), exec, Deadline::default())
        .await;
    String::from_utf8(done.unwrap().executed.stdout)
        .unwrap()
        .trim()
        .to_owned()
}

fn keygen(args: &[&str]) {
    let done = Command::new("ssh-keygen").args(args).output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab of its own: NAUTES_LAB_INVENTORY"]
async fn a_killed_session_is_unreachable_and_in_doubt() {
    let host = Host::first();
    let (first, second) = (host.open().await, host.open().await);
    let who = Identity::default();
    let path = "/tmp/nautes-marker".to_owned();
    let script = format!("sleep 3; echo done >{path}");
    let running = first.act(
        &who,
        Action::Exec(Exec::shell(&script)),
        Deadline::default(),
    );
    let killing = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // The oldest of the two sessions is the first connection's.
        let kill = Action::Exec(Exec::shell("pkill -KILL -o -u ops -f 'sshd.*: ops'"));
        second
            .act(&host.lab.root(), kill, Deadline::default())
            .await
    };
    let (outcome, _) = tokio::join!(running, killing);
    assert!(
        matches!(
            outcome,
            Err(ConnectionError::Unreachable { in_doubt: true, .. })
        ),
        "{outcome:?}"
    );
    // What was under way went on to its end.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let third = host.open().await;
    let probe = Probe::Read {
        path: path.clone(),
        limit: 100,
    };
    let read = third.probe(&who, &[probe]).await.unwrap();
    assert_eq!(read, [Reply::Content(Some(b"done\n".to_vec()))]);
    third
        .act(&who, Action::Remove { path }, Deadline::default())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab of its own: NAUTES_LAB_INVENTORY"]
async fn unknown_changed_and_pinned_host_keys() {
    let host = Host::first();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("known_hosts");
    let untrusted = |outcome: Result<_, ConnectionError>| match outcome {
        Err(ConnectionError::Untrusted { what, help }) => (what, help),
        Err(other) => panic!("{other:?}"),
        Ok(()) => panic!("trusted"),
    };
    let (what, help) = untrusted(host.try_open(&host.with(&file, "")).await.map(|_| ()));
    assert!(
        what.contains("not known") && what.contains("SHA256:"),
        "{what}"
    );
    let pin = help
        .split("nautes_host_key: ")
        .nth(1)
        .unwrap()
        .split('`')
        .next()
        .unwrap();

    let mut pinned = host.with(&file, "");
    pinned.insert("nautes_host_key".into(), json!(pin));
    assert_eq!(
        whoami(host.try_open(&pinned).await.unwrap().as_ref()).await,
        "ops"
    );
    pinned.insert("nautes_host_key".into(), json!("SHA256:AAAA"));
    let (what, _) = untrusted(host.try_open(&pinned).await.map(|_| ()));
    assert!(what.contains("pinned"), "{what}");

    let accept = host.with(&file, "-o StrictHostKeyChecking=accept-new");
    host.try_open(&accept).await.unwrap();
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(written.lines().count(), 1);
    host.try_open(&host.with(&file, "")).await.unwrap();

    let other = dir.path().join("other");
    keygen(&[
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-f",
        other.to_str().unwrap(),
    ]);
    let public = std::fs::read_to_string(dir.path().join("other.pub")).unwrap();
    let address = host.vars["ansible_host"].as_str().unwrap();
    std::fs::write(&file, format!("# one\n{address} {public}")).unwrap();
    let (what, _) = untrusted(host.try_open(&accept).await.map(|_| ()));
    assert!(
        what.contains("changed") && what.contains("known_hosts:2"),
        "{what}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab of its own: NAUTES_LAB_INVENTORY"]
async fn certificates_of_hosts_and_users() {
    let host = Host::first();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    for key in ["ca", "me"] {
        keygen(&["-q", "-t", "ed25519", "-N", "", "-f", &at(key)]);
    }
    let connection = host.open().await;
    let probe = Probe::Read {
        path: "/etc/ssh/ssh_host_ed25519_key.pub".to_owned(),
        limit: 10_000,
    };
    let read = connection
        .probe(&Identity::default(), &[probe])
        .await
        .unwrap();
    let [Reply::Content(Some(public))] = read.as_slice() else {
        panic!("{read:?}")
    };
    std::fs::write(at("host.pub"), public).unwrap();
    let address = host.vars["ansible_host"].as_str().unwrap();
    keygen(&[
        "-q",
        "-s",
        &at("ca"),
        "-I",
        "h",
        "-h",
        "-n",
        address,
        "-V",
        "+1h",
        &at("host.pub"),
    ]);
    keygen(&[
        "-q",
        "-s",
        &at("ca"),
        "-I",
        "u",
        "-n",
        "ops",
        "-V",
        "+1h",
        &at("me.pub"),
    ]);
    let ca = std::fs::read_to_string(at("ca.pub")).unwrap();
    for (path, content) in [
        (
            "/etc/ssh/nautes-cert.pub",
            std::fs::read(at("host-cert.pub")).unwrap(),
        ),
        ("/etc/ssh/nautes-ca.pub", ca.clone().into_bytes()),
    ] {
        let write = Action::WriteFile {
            path: path.to_owned(),
            content: content.into(),
            attributes: Attributes::default(),
            validate: None,
            backup: None,
        };
        connection
            .act(&host.lab.root(), write, Deadline::default())
            .await
            .unwrap();
    }
    host.configure(
        "HostCertificate /etc/ssh/nautes-cert.pub\nTrustedUserCAKeys /etc/ssh/nautes-ca.pub\n",
    )
    .await;
    let known = dir.path().join("known");
    std::fs::write(&known, format!("@cert-authority 10.* {ca}")).unwrap();
    let by_host_certificate = host.try_open(&host.with(&known, "")).await;
    assert_eq!(whoami(by_host_certificate.unwrap().as_ref()).await, "ops");
    std::fs::write(&known, format!("@cert-authority other.* {ca}")).unwrap();
    assert!(host.try_open(&host.with(&known, "")).await.is_err());
    std::fs::write(&known, format!("@cert-authority 10.* {ca}@revoked * {ca}")).unwrap();
    assert!(host.try_open(&host.with(&known, "")).await.is_err());

    std::fs::write(&known, format!("@cert-authority 10.* {ca}")).unwrap();
    let mut by_user_certificate = host.with(&known, "");
    by_user_certificate.insert("ansible_ssh_private_key_file".into(), json!(at("me")));
    let opened = host.try_open(&by_user_certificate).await;
    assert_eq!(whoami(opened.unwrap().as_ref()).await, "ops");
    std::fs::remove_file(at("me-cert.pub")).unwrap();
    let refused = host.try_open(&by_user_certificate).await;
    assert!(matches!(
        refused.map(|_| ()),
        Err(ConnectionError::Untrusted { .. })
    ));
    host.configure("").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab of its own: NAUTES_LAB_INVENTORY"]
async fn passwords_by_both_methods() {
    let host = Host::first();
    let password = host.lab.root().password.unwrap().expose().clone();
    let mut vars = host.vars.clone();
    vars.insert("ansible_ssh_private_key_file".into(), json!("/nonexistent"));
    vars.insert("ansible_password".into(), json!(password));
    // The bastion still wants the key.
    let key = host.vars["ansible_ssh_private_key_file"].as_str().unwrap();
    let args = vars["ansible_ssh_common_args"].as_str().unwrap().to_owned();
    vars.insert(
        "ansible_ssh_common_args".into(),
        json!(format!("{args} -i {key}")),
    );
    for methods in [
        "PubkeyAuthentication no\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\n",
        "PubkeyAuthentication no\nPasswordAuthentication no\nKbdInteractiveAuthentication yes\n",
    ] {
        // Only from the lab's network, and only until the next line: the key works from the host.
        host.configure(&format!("Match User ops\n{methods}Match all\n"))
            .await;
        let outcome = host.try_open(&vars).await;
        let root = {
            let mut vars = host.vars.clone();
            vars.insert("ansible_user".into(), json!("root"));
            host.try_open(&vars).await.unwrap()
        };
        let remove = Action::Remove {
            path: DROP_IN.to_owned(),
        };
        let reload = Action::Unit {
            name: "ssh.service".into(),
            action: UnitAction::Reload,
        };
        for action in [remove, reload] {
            root.act(&Identity::default(), action, Deadline::default())
                .await
                .unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(
            whoami(outcome.unwrap_or_else(|e| panic!("{e}")).as_ref()).await,
            "ops"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab of its own: NAUTES_LAB_INVENTORY"]
async fn forbidden_forwarding_says_so() {
    let host = Host::first();
    host.configure("AllowTcpForwarding no\n").await;
    let outcome = host.open().await.dial("127.0.0.1", 1).await.map(|_| ());
    host.configure("").await;
    match outcome {
        Err(ConnectionError::Refused { what }) => {
            assert!(what.contains("AllowTcpForwarding"), "{what}");
        }
        other => panic!("{other:?}"),
    }
    let again = host.open().await.dial("127.0.0.1", 1).await;
    match again.map(|_| ()) {
        Err(ConnectionError::Refused { what }) => {
            assert!(what.contains("nothing accepts"), "{what}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab of its own: NAUTES_LAB_INVENTORY"]
async fn a_restarted_host_is_found_again() {
    let host = Host::first();
    let connection = host.open().await;
    let reboot = Action::Reboot {
        command: None,
        post_delay: 0,
    };
    let deadline = Deadline(Duration::from_mins(3));
    connection
        .act(&host.lab.root(), reboot, deadline)
        .await
        .unwrap();
    assert_eq!(whoami(connection.as_ref()).await, "ops");
}
