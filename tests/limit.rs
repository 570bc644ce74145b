//! `--limit` on an installation: one host is mended or added, and the rest is left alone. On the
//! rehearsal.

#![allow(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use std::path::Path;

use assert_cmd::Command;

fn inventory(workers: &[&str]) -> String {
    let workers = workers.join(": , ");
    format!(
        "all:\n  vars: {{ansible_become: true, nautes: {{tenant: t, domain: t.example.test}}}}\n  \
         children:\n    kube_control_plane: {{hosts: {{cp1: , cp2: , cp3: }}}}\n    \
         kube_node: {{hosts: {{{workers}: }}}}\n    etcd: {{hosts: {{cp1: }}}}\n    \
         web: {{hosts: {{other: }}}}\n"
    )
}

/// The recap's lines of `up`, by host.
fn up(folder: &Path, workers: &[&str], limit: &str) -> Vec<String> {
    std::fs::write(folder.join("i.yaml"), inventory(workers)).unwrap();
    let said = [
        "-i",
        "i.yaml",
        "--rehearse",
        "--only",
        "hosts,pki,k3s",
        "--limit",
        limit,
    ];
    let mut command = Command::cargo_bin("nautes-install").unwrap();
    let output = command.current_dir(folder).arg("up").args(said);
    let output = output.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "--limit {limit}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let recap = text
        .lines()
        .skip_while(|line| *line != "PLAY RECAP")
        .skip(1);
    recap
        .take_while(|line| line.contains("ok="))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn a_host_is_mended_or_added_without_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    up(at, &["w1", "w2"], "all");
    for limit in ["w1", "cp1", "cp2", "kube_node", "all:!cp1", "other"] {
        let recap = up(at, &["w1", "w2"], limit);
        assert!(
            recap.iter().all(|line| line.contains("changed=0")),
            "{limit}: {recap:?}"
        );
        let names: Vec<&str> = recap
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert!(names.contains(&"localhost"), "{limit}: {names:?}");
        assert!(
            limit.contains("cp1") || !names.contains(&"cp1"),
            "{limit}: {names:?}"
        );
    }
    let recap = up(at, &["w1", "w2", "w3"], "w3");
    let new = recap.iter().find(|line| line.starts_with("w3 ")).unwrap();
    assert!(!new.contains("changed=0 "), "{new}");
    let recap = up(at, &["w1", "w2", "w3"], "all");
    assert!(
        recap.iter().all(|line| line.contains("changed=0")),
        "{recap:?}"
    );
}
