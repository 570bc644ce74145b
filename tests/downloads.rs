//! Downloads of an installation, as its user meets them: locked at the first run, refused when
//! they differ, sent from this machine where the inventory says so. On the rehearsal's stand-ins.

#![allow(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use std::path::Path;

use assert_cmd::Command;

const ADDRESS: &str = "https://github.com/k3s-io/k3s/releases/download/";

fn inventory(artifacts: &str) -> String {
    format!(
        "all:\n  vars: {{ansible_become: true, nautes: {{tenant: t, domain: t.example.test{artifacts}}}}}\n  \
         children:\n    kube_control_plane:\n      hosts: {{a: {{ansible_host: 10.1.0.1}}}}\n    \
         kube_node: {{hosts: {{b: {{ansible_host: 10.1.0.2}}}}}}\n    etcd: {{hosts: {{a: }}}}\n"
    )
}

/// Exit code, stdout and stderr together.
fn run(folder: &Path, verb: &str, more: &[&str]) -> (i32, String) {
    let mut command = Command::cargo_bin("nautes-install").unwrap();
    let said = [
        "-i",
        "i.yaml",
        "--rehearse",
        "--estate",
        "e",
        "--only",
        "hosts,pki,k3s",
    ];
    let output = command.current_dir(folder).arg(verb).args(said).args(more);
    let output = output.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    (output.status.code().unwrap(), text)
}

fn folder(artifacts: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("i.yaml"), inventory(artifacts)).unwrap();
    folder
}

fn lock(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("e/nautes-install.lock")).unwrap_or_default()
}

#[test]
fn a_download_is_locked_by_the_first_run_and_kept_to_afterwards() {
    let dir = folder("");
    let at = dir.path();
    let (code, _) = run(at, "up", &["--locked"]);
    assert_eq!(code, 1);
    assert_eq!(lock(at), "");
    let (code, text) = run(at, "plan", &[]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains(&format!("not locked yet: {ADDRESS}")),
        "{text}"
    );
    assert_eq!(lock(at), "");

    assert_eq!(run(at, "up", &[]).0, 0);
    let written = lock(at);
    assert_eq!(written.matches("sha256:").count(), 1, "{written}");
    assert!(written.contains(ADDRESS), "{written}");
    let (code, text) = run(at, "plan", &["--exit-code", "--locked"]);
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("not locked"), "{text}");
    assert_eq!(lock(at), written);

    // Another file at the same address is none that this installation takes.
    let other: String = written
        .lines()
        .map(|line| match line.split_once("sha256:") {
            Some((head, _)) if !line.starts_with('#') => {
                format!("{head}sha256:{}\n", "0".repeat(64))
            }
            _ => format!("{line}\n"),
        })
        .collect();
    std::fs::write(at.join("e/nautes-install.lock"), &other).unwrap();
    let (code, text) = run(at, "up", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("nautes-install.lock"), "{text}");
    assert_eq!(lock(at), other);
}

#[test]
fn a_lost_lock_is_written_again_without_a_download() {
    let dir = folder("");
    let at = dir.path();
    assert_eq!(run(at, "up", &[]).0, 0);
    let written = lock(at);
    std::fs::remove_file(at.join("e/nautes-install.lock")).unwrap();
    let (code, text) = run(at, "up", &[]);
    assert_eq!(code, 0);
    assert!(
        text.contains("changed=0") && !text.contains("changed=1"),
        "{text}"
    );
    assert_eq!(lock(at), written);
}

#[test]
fn what_this_machine_sends_is_the_same_and_the_mirror_does_not_count() {
    let (direct, sent) = (folder(""), folder(", artifacts: {push: true}"));
    let mirrored = folder(", artifacts: {mirror: 'http://mirror.test:8081/', push: true}");
    for dir in [&direct, &sent, &mirrored] {
        let (code, text) = run(dir.path(), "up", &[]);
        assert_eq!(code, 0, "{text}");
        let (code, text) = run(dir.path(), "plan", &["--exit-code"]);
        assert_eq!(code, 0, "{text}");
    }
    assert_eq!(lock(sent.path()), lock(direct.path()));
    assert!(lock(mirrored.path()).contains(ADDRESS));
    assert!(!lock(mirrored.path()).contains("mirror.test"));
}
