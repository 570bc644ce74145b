//! `kubeconfig` on the simulated estate: what the host has, by an address that is one here, for
//! nobody else to read.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod desk;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const INVENTORY: &str = "all:
  vars:
    nautes: { tenant: demo, release: current, domain: demo.example.test }
    ansible_connection: rehearsal
    ansible_become: true
  children:
    kube_control_plane: { hosts: { node1: { ansible_host: 192.0.2.10 } } }
    gitlab: {}
    vault: {}
";

fn run(folder: &Path, args: &[&str]) -> (String, String, i32) {
    desk::apart(desk::command(folder, args).args(["-i", "tenant.yaml"]))
}

#[test]
fn it_is_printed_or_written_for_the_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("tenant.yaml"), INVENTORY).unwrap();
    let (_, said, code) = run(folder, &["kubeconfig"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("error[commands/no-kubeconfig]"), "{said}");
    let (_, said, code) = run(folder, &["up", "--only", "pki,secrets,hosts,k3s"]);
    assert_eq!(code, 0, "{said}");
    let (text, said, code) = run(folder, &["kubeconfig"]);
    assert_eq!((code, said.as_str()), (0, ""));
    assert!(text.contains("server: https://192.0.2.10:6443\n"), "{text}");
    assert!(text.contains("client-key-data: "), "{text}");
    let other = [
        "kubeconfig",
        "--address",
        "api.example.test",
        "--to",
        "k.yaml",
    ];
    let (shown, said, code) = run(folder, &other);
    assert_eq!((code, shown.as_str()), (0, ""), "{said}");
    let file = folder.join("k.yaml");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let written = std::fs::read_to_string(&file).unwrap();
    let wanted = text.replace("192.0.2.10", "api.example.test");
    assert_eq!(written, wanted);
    let (_, said, code) = run(folder, &["kubeconfig", "--group", "runtime_a"]);
    assert_eq!(code, 2);
    assert!(said.contains("no group `runtime_a`"), "{said}");
}
