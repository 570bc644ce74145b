//! What a CI job does: tenants made and thrown away, two at once, without a terminal, read by programs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nautes_install::input::OsFiles;
use nautes_install::rehearsal::Estate;
use serde_json::Value;

struct Desk(tempfile::TempDir);

impl Desk {
    /// Two tenants' inventories.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(root.join("inventories/rehearsal.yaml")).unwrap();
        for (tenant, net) in [("one", "192.0.2."), ("two", "198.51.100.")] {
            let text = text.replace("tenant: rehearsal", &format!("tenant: {tenant}"));
            let text = text
                .replace("192.0.2.", net)
                .replace("example.test", &format!("{tenant}.example"));
            std::fs::write(folder.path().join(format!("{tenant}.yaml")), text).unwrap();
        }
        Self(folder)
    }

    fn start(&self, tenant: &str, args: &[&str]) -> std::process::Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nautes-install"));
        command
            .args(args)
            .args(["--output", "json", "-i", &format!("{tenant}.yaml")]);
        command.current_dir(self.0.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn run(&self, tenant: &str, args: &[&str]) -> Ended {
        Ended::of(self.start(tenant, args).wait_with_output().unwrap())
    }

    fn estate(&self, tenant: &str) -> PathBuf {
        self.0.path().join(".nautes-install/rehearsal").join(tenant)
    }

    /// Every file of an estate, its hosts' included, and those of the state directory.
    fn files(&self, tenant: &str) -> Vec<(String, Vec<u8>)> {
        let estate = Estate::open(&self.estate(tenant), &OsFiles, 1).unwrap();
        let files = estate.files().into_iter();
        files
            .map(|(host, path, _, bytes)| (format!("{host}:{path}"), bytes))
            .collect()
    }
}

/// What a program sees of a run.
struct Ended {
    code: i32,
    events: Vec<Value>,
    errors: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        let text = String::from_utf8(output.stdout).unwrap();
        let line = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        Self {
            code: output.status.code().unwrap(),
            events: text.lines().map(line).collect(),
            errors: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn done(self) -> Self {
        assert_eq!(
            (self.code, self.errors.as_str()),
            (0, ""),
            "{:#?}",
            self.diagnostics()
        );
        self
    }

    fn diagnostics(&self) -> Vec<&Value> {
        let is_one = |event: &&Value| event["event"] == "diagnostic";
        self.events.iter().filter(is_one).collect()
    }

    fn recap(&self) -> &Value {
        let last = self.events.last().unwrap();
        assert_eq!(last["event"], "recap");
        last
    }
}

const UP: &[&str] = &["up", "--set", "nautes.components.harbor.enabled=false"];

/// The hosts of tenant `one` run what bare ones run and have none of its files; packages of the
/// distribution stay, somebody else may need them.
fn assert_bare(desk: &Desk) {
    let shown = desk.run("one", &["rehearse", "show"]).done();
    let hosts = shown.events[0]["hosts"].as_array().unwrap();
    let list = |host: &Value, key: &str| -> Vec<String> {
        let all = host[key].as_array().unwrap().iter();
        all.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    for host in hosts {
        let of_debian = [
            "containerd.service",
            "dbus.service",
            "ssh.service",
            "systemd-",
        ];
        for unit in list(host, "active") {
            let is_bare = of_debian.iter().any(|head| unit.starts_with(head));
            assert!(is_bare, "{unit} runs on {}", host["name"]);
        }
        for package in list(host, "packages") {
            let stays = ["containerd=", "runc=", "unzip="]
                .iter()
                .any(|head| package.starts_with(head));
            assert!(stays, "{package} is on {}", host["name"]);
        }
        for file in list(host, "files") {
            let ours = ["rancher", "k3s", "gitlab", "vault", "nautes", "tenant"];
            // What apt and dpkg remember is theirs.
            let is_list = ["/var/lib/apt/", "/var/lib/dpkg/"]
                .iter()
                .any(|head| file.starts_with(head));
            assert!(
                is_list || !ours.iter().any(|word| file.contains(word)),
                "{file} is on {}",
                host["name"]
            );
        }
    }
}

#[test]
fn two_at_once_know_nothing_of_each_other() {
    let desk = Desk::new();
    let both = ["one", "two"].map(|tenant| (tenant, desk.start(tenant, UP)));
    for (tenant, child) in both {
        let ended = Ended::of(child.wait_with_output().unwrap()).done();
        assert_eq!(ended.events[0]["tenant"], tenant);
        let gate = desk.estate(tenant).join("state/gates");
        let junit: Vec<_> = std::fs::read_dir(&gate)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let junit: Vec<_> = junit
            .into_iter()
            .filter(|path| path.extension().is_some_and(|e| e == "xml"))
            .collect();
        let text = std::fs::read_to_string(&junit[0]).unwrap();
        assert!(
            text.contains("failures=\"0\"") && text.contains(tenant),
            "{text}"
        );
        let again = desk.run(tenant, UP).done();
        assert_eq!(again.recap()["changed"], 0);
    }
    for (tenant, other) in [("one", "two"), ("two", "one")] {
        let theirs = desk.files(other);
        for (name, bytes) in desk.files(tenant) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(
                !text.contains(&format!("{other}.example")),
                "{tenant}: {name} names the other"
            );
            // Keys, tokens and certificates: what one has made, the other one has not.
            let made = name.contains("/state/") && bytes.len() >= 24;
            let same = theirs.iter().find(|(_, there)| made && *there == bytes);
            assert!(same.is_none(), "{tenant}: {name} is {}", same.unwrap().0);
        }
    }
    // One is thrown away, the other is not concerned.
    desk.run("one", &["destroy", "--yes"]).done();
    assert_bare(&desk);
    let status = desk.run("two", &["status", "--set", UP[2]]).done();
    assert_eq!(status.recap()["failed"], 0);
}

#[test]
fn a_second_run_for_the_same_tenant_is_told_whose_turn_it_is() {
    let desk = Desk::new();
    let first = desk.start("one", UP);
    let lock = desk.estate("one").join("state/lock");
    let begun = Instant::now();
    while !lock.exists() {
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "the first run took no lock"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let second = desk.run("one", UP);
    assert_eq!(second.code, 2, "{}", second.errors);
    let told = second.diagnostics();
    assert_eq!((told.len(), &told[0]["code"]), (1, &"state/locked".into()));
    let line = second.errors.trim_end();
    assert!(
        !line.contains('\n') && line.starts_with("error[state/locked]: "),
        "{line}"
    );
    assert!(line.contains(&first.id().to_string()), "{line}");
    Ended::of(first.wait_with_output().unwrap()).done();
    assert!(!lock.exists());
}

/// Whatever a failed run had made by then, and nothing that it had not.
#[test]
fn what_a_failed_run_left_is_taken_down() {
    let desk = Desk::new();
    for fault in [
        "server1:unit-fails=k3s",
        "server1:pod=traefik*:CrashLoopBackOff",
    ] {
        let ended = desk.run("one", &[UP, &["--fault", fault]].concat());
        assert_eq!(ended.code, 1, "{fault}: {}", ended.errors);
        desk.run("one", &["destroy", "--yes"]).done();
        assert_bare(&desk);
    }
}

#[test]
fn a_step_that_fails_says_why_in_one_line() {
    let desk = Desk::new();
    let ended = desk.run(
        "one",
        &[UP, &["--fault", "server1:unit-fails=k3s"]].concat(),
    );
    assert_eq!(ended.code, 1, "{}", ended.errors);
    let line = ended.errors.trim_end();
    assert!(!line.contains('\n'), "{line}");
    for word in ["error[", "k3s", "server1", "playbooks/k3s.yaml:"] {
        assert!(line.contains(word), "no {word}: {line}");
    }
    assert!(ended.recap()["failed"].as_u64().unwrap() > 0);
    // Without a terminal nobody is asked, and nothing is taken down by mistake.
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventories/single.yaml");
    std::fs::copy(real, desk.0.path().join("real.yaml")).unwrap();
    let refused = desk.run("real", &["destroy"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused
            .errors
            .starts_with("error[commands/not-confirmed]: ")
            && refused.errors.lines().count() == 1,
        "{}",
        refused.errors
    );
}
