//! `register` on the simulated estate: runtime clusters of the inventory become clusters of Nautes,
//! hosts before what runs in them, once; no kubeconfig is seen on the way.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod desk;

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

const INVENTORY: &str = "all:
  vars:
    nautes: { tenant: demo, domain: demo.example.test, components: { harbor: { enabled: false } } }
    ansible_connection: rehearsal
    ansible_become: true
  children:
    kube_control_plane: { hosts: { node1: { ansible_host: 192.0.2.10 } } }
    gitlab: { hosts: { git1: { ansible_host: 192.0.2.11 } } }
    vault: { hosts: { vault1: { ansible_host: 192.0.2.12 } } }
    runtime_east:
      vars: { nautes_cluster: { workerType: deployment } }
      hosts: { east1: { ansible_host: 192.0.2.21 } }
    runtime_big_host:
      vars:
        nautes_cluster: { primaryDomain: big.example.test }
        nautes_virtual_clusters:
          - { name: a-build, workerType: pipeline, vcluster: { httpsNodePort: 32101 } }
          - { name: dev, workerType: deployment, vcluster: { httpsNodePort: \"32100\" } }
      hosts: { big1: { ansible_host: 192.0.2.31 } }
";

fn run(folder: &Path, args: &[&str]) -> (String, String, i32) {
    desk::apart(desk::command(folder, args).args(["-i", "tenant.yaml"]))
}

#[test]
fn clusters_are_registered_once_hosts_first() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("tenant.yaml"), INVENTORY).unwrap();
    let (_, said, code) = run(folder, &["up"]);
    assert_eq!(code, 0, "{said}");

    let (shown, said, code) = run(folder, &["register", "--check", "--exit-code"]);
    assert_eq!(code, 4, "{said}");
    for part in [
        "Cluster big-host:\n",
        "  usage: host\n",
        "  api_server: https://192.0.2.21:6443\n",
        "  kubeconfig: '********'\n",
        "  host_cluster: big-host\n",
        "  api_server: https://192.0.2.31:32101\n",
        "Cluster east created (dry run)\n",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let (kubeconfig, ..) = run(folder, &["kubeconfig", "--group", "runtime_east"]);
    let secrets = kubeconfig.lines().filter(|line| line.contains("-data: "));
    for secret in secrets.filter_map(|line| line.split_once("-data: ")) {
        assert!(
            !shown.contains(secret.1) && !said.contains(secret.1),
            "{shown}"
        );
    }

    let (shown, said, code) = run(folder, &["register", "--limit", "runtime_big_host"]);
    assert_eq!(code, 0, "{said}");
    let wanted = "Cluster big-host created\nCluster a-build created\nCluster dev created\n";
    assert_eq!(shown, wanted);
    let (shown, said, code) = run(folder, &["register"]);
    assert_eq!(code, 0, "{said}");
    assert!(shown.contains("Cluster east created\n"), "{shown}");
    assert_eq!(shown.matches("unchanged").count(), 3, "{shown}");
    let (shown, said, code) = run(folder, &["register", "--check", "--exit-code"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("0 of 4 objects would change"),
        "{shown}{said}"
    );
    let (shown, ..) = run(folder, &["get", "clusters"]);
    assert!(
        shown.contains("a-build    https://192.0.2.31:32101"),
        "{shown}"
    );
    a_kubeconfig_without_a_certificate_is_refused(folder);
}

fn a_kubeconfig_without_a_certificate_is_refused(folder: &Path) {
    let shell = ["rehearse", "shell", "-i", "tenant.yaml", "east1"];
    let mut command = desk::command(folder, &shell);
    let mut shell = command.stdin(Stdio::piped()).spawn().unwrap();
    let line = b"echo 'apiVersion: v1' > /etc/rancher/k3s/k3s.yaml\n";
    shell.stdin.take().unwrap().write_all(line).unwrap();
    assert!(shell.wait().unwrap().success());
    let (_, said, code) = run(folder, &["register", "--limit", "runtime_east"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("error[nautes/no-certificate]"), "{said}");
}

#[test]
fn what_is_not_there_is_told_before_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("tenant.yaml"), INVENTORY).unwrap();
    let (_, said, code) = run(folder, &["register", "--limit", "git1"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("error[nautes/no-cluster]"), "{said}");
    let (_, said, code) = run(folder, &["register"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("error[commands/no-kubeconfig]"), "{said}");
}
