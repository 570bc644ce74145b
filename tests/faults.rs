//! Every fault of a rehearsal ends in an error that names the cause, and in the exit code for it;
//! once the fault is gone, the same command comes to its end.

#![allow(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use std::path::Path;

use assert_cmd::Command;

const PLAYBOOK: &str = "\
- hosts: web1
  become: true
  tasks:
    - name: Packages
      ansible.builtin.apt: { name: haproxy, update_cache: true }
      timeout: 100
    - name: File
      ansible.builtin.copy: { content: text, dest: /etc/x.conf }
    - name: Download
      ansible.builtin.get_url:
        url: https://example.org/tool
        dest: /usr/local/bin/tool
        checksum: sha256:9f5120ca0fbe989d915d5c393982d36e315767f7d23313a31dedf20cb9e17d3b
    - name: Settings
      ansible.builtin.command: sysctl -n vm.swappiness
      changed_when: false
      timeout: 20
    - name: Service
      ansible.builtin.systemd: { name: haproxy, state: restarted }
      timeout: 60
";

/// A fault, the exit code, and what the error says.
const CASES: [(&str, i32, &[&str]); 22] = [
    (
        "drop@task=File",
        1,
        &[
            "connection/lost",
            "at task `File`",
            "only the connection was lost",
        ],
    ),
    (
        "drop-after=5000",
        1,
        &["connection/lost", "only the connection was lost"],
    ),
    (
        "power-off@task=File",
        1,
        &["connection/lost", "has not come back", "timed out"],
    ),
    (
        "power-off=20@task=File",
        1,
        &["connection/lost", "it restarted"],
    ),
    ("reboot@task=File", 1, &["connection/lost", "it restarted"]),
    (
        "disk-full@task=File",
        1,
        &["host/disk-full", "No space left on device", "df -h"],
    ),
    ("slow=1000", 1, &["task/timed-out", "within 100 s"]),
    (
        "hang=swappiness",
        1,
        &["task/timed-out", "task `Settings`", "within 20 s"],
    ),
    (
        "apt-lock=500",
        1,
        &["host/apt-lock", "812 (unattended-upgr)", "lock_timeout"],
    ),
    (
        "missing-package=haproxy",
        1,
        &["No package matching 'haproxy' is available"],
    ),
    (
        "wrong-digest=tool",
        1,
        &["digest mismatch: the download has sha256:"],
    ),
    (
        "http=503",
        1,
        &["task `Download`", "The requested URL returned error: 503"],
    ),
    (
        "http=404,tool",
        1,
        &["task `Download`", "The requested URL returned error: 404"],
    ),
    (
        "http-timeout=tool",
        1,
        &["Connection to example.org port 443 timed out"],
    ),
    ("http-reset=tool", 1, &["Connection reset by peer"]),
    (
        "read-only=/etc",
        1,
        &["host/read-only", "Read-only file system"],
    ),
    (
        "sudo-password",
        3,
        &[
            "connection/become",
            "a password is required",
            "--ask-become-pass",
        ],
    ),
    (
        "changed-host-key",
        3,
        &["connection/untrusted", "host key", "ssh-keygen -R"],
    ),
    ("link-down", 3, &["connection/unreachable", "timed out"]),
    (
        "link-down@task=Settings",
        1,
        &[
            "connection/lost",
            "at task `Settings`",
            "has not come back",
            "timed out",
        ],
    ),
    (
        "unit-fails=haproxy",
        1,
        &[
            "Unable to start service haproxy",
            "last lines of its journal",
            "status=1/FAILURE",
        ],
    ),
    (
        "hang=systemctl restart",
        1,
        &[
            "task/timed-out",
            "haproxy.service is not up: systemctl did not finish within 60 s",
            "last lines of its journal",
            "journalctl -u haproxy.service",
        ],
    ),
];

/// A name in the page's table may stand for several forms: `http=STATUS[,TEXT]` is `http`.
fn bare(kind: &str) -> String {
    let end = kind.find(['=', '[', '@']).unwrap_or(kind.len());
    kind[..end].to_owned()
}

#[test]
fn every_kind_that_there_is_stands_in_the_page_and_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("site.yml"), PLAYBOOK).unwrap();
    let args = ["play", "-i", "web1,", "site.yml", "--rehearse"];
    let (_, _, err) = call(
        folder.path(),
        &[&args[..], &["--fault", "web1:xxxxxxxx"]].concat(),
    );
    let (_, names) = err.split_once("there are ").unwrap();
    let mut known: Vec<String> = names
        .lines()
        .next()
        .unwrap()
        .split(", ")
        .map(ToOwned::to_owned)
        .collect();
    known.sort();
    assert!(known.len() >= 16, "{known:?}");

    let page = include_str!("../docs/rehearsal.md");
    let (_, faults) = page.split_once("\n## Faults\n").unwrap();
    let rows = faults.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut told: Vec<String> = rows
        .map(|row| bare(row.split('`').next().unwrap()))
        .collect();
    told.sort();
    assert_eq!(told, known, "docs/rehearsal.md");

    // A clock that jumps has a test of its own below: nothing in this playbook looks at it.
    let mut tried: Vec<String> = CASES.iter().map(|(fault, ..)| bare(fault)).collect();
    tried.push("clock-jump".to_owned());
    // Nor does it make pods: tests/contracts/kubernetes/against_model.rs shows those.
    tried.push("pod".to_owned());
    tried.sort();
    tried.dedup();
    assert_eq!(tried, known, "tests/faults.rs");
}

fn call(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("nautes-install").unwrap();
    let output = command.current_dir(folder).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap();
    (code, text(&output.stdout), text(&output.stderr))
}

#[test]
fn each_fault_is_told_by_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("site.yml"), PLAYBOOK).unwrap();
    let mut wrong = Vec::new();
    for (number, (fault, code, said)) in CASES.iter().enumerate() {
        let (estate, fault) = (format!("estate{number}"), format!("web1:{fault}"));
        let common = [
            "play",
            "-i",
            "web1,",
            "-e",
            "ansible_user=ops",
            "--rehearse",
        ];
        let rest = ["--estate", &estate, "site.yml"];
        let plain = [&common[..], &rest[..]].concat();
        let struck = [&common[..], &["--fault", &fault], &rest[..]].concat();
        let (ended, _, err) = call(folder.path(), &struck);
        let missing: Vec<_> = said.iter().filter(|text| !err.contains(**text)).collect();
        if ended != *code || !missing.is_empty() {
            wrong.push(format!("{fault}: exit {ended}, missing {missing:?}\n{err}"));
        }
        // A place in the user's file, and the fault is not there the next time: what was done stays
        // done. A password that nobody knows stays on the host.
        if !err.contains("--> site.yml:") {
            wrong.push(format!("{fault}: no place\n{err}"));
        }
        if fault.contains("sudo") || fault.contains("power-off@") {
            continue;
        }
        let (ended, out, err) = call(folder.path(), &plain);
        if ended != 0 {
            wrong.push(format!("{fault}: afterwards exit {ended}\n{out}{err}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_scenario_is_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("site.yml"), PLAYBOOK).unwrap();
    let storm = "title: A storm\nfaults:\n  - 'web*:slow=2'\n  - web1:drop@request=4\n";
    std::fs::write(folder.path().join("storm.yaml"), storm).unwrap();
    let run = |estate: &str, seed: &str| {
        let args = [
            "--estate", estate, "--seed", seed, "--output", "json", "site.yml",
        ];
        let common = [
            "play",
            "-i",
            "web1,",
            "--rehearse",
            "--scenario",
            "storm.yaml",
        ];
        let (code, out, _) = call(folder.path(), &[&common[..], &args[..]].concat());
        assert_eq!(code, 1, "{out}");
        let lines: Vec<serde_json::Value> = out
            .lines()
            .map(|line| {
                let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
                // Only real time is another one.
                if line["event"] == "recap" {
                    line["duration_ms"] = 0.into();
                }
                line
            })
            .collect();
        assert!(out.contains("connection/lost"), "{out}");
        lines
    };
    assert_eq!(run("one", "1"), run("two", "1"));
}

#[test]
fn a_clock_that_is_wrong_is_found_before_certificates_are_not_valid() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = concat!(env!("CARGO_MANIFEST_DIR"), "/inventories/rehearsal.yaml");
    let fault = ["-i", inventory, "--fault", "agent1:clock-jump=-86400"];
    let (code, out, _) = call(folder.path(), &[&["preflight"], &fault[..]].concat());
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("FAIL    agent1: clock"), "{out}");
    let (code, _, err) = call(folder.path(), &[&["up"], &fault[..]].concat());
    assert_eq!(code, 1, "{err}");
    for said in [
        "task `Clock` failed on `agent1`",
        "behind",
        "are not valid yet there",
    ] {
        assert!(err.contains(said), "{said}\n{err}");
    }
}
