//! The flavours of Kubernetes on the rehearsal, as a chart component sees them: k3s with several
//! servers, kubeadm with one and with three control planes, workers added later, a control plane
//! lost.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot start has failed"
)]

mod desk;

use std::fmt::Write as _;
use std::path::Path;

use assert_cmd::Command;

/// A component as charts are: it runs here and reaches the API through the cluster's host.
const PROBE: &str = "\
component: probe
title: What a chart does
needs: [cluster]
install:
  - hosts: localhost
    gather_facts: false
    tasks:
      - name: Object
        kubernetes.core.k8s:
          kubeconfig: \"{{ outputs.cluster.kubeconfig }}\"
          definition: {apiVersion: v1, kind: ConfigMap, metadata: {name: probe, namespace: default}, data: {version: \"{{ outputs.cluster.version }}\"}}
        delegate_to: \"{{ outputs.cluster.at }}\"
        become: \"{{ outputs.cluster.at != 'localhost' }}\"
health:
  - hosts: localhost
    gather_facts: false
    tasks:
      - name: Look
        kubernetes.core.k8s_info: {kubeconfig: \"{{ outputs.cluster.kubeconfig }}\", kind: ConfigMap, namespace: default, name: probe}
        delegate_to: \"{{ outputs.cluster.at }}\"
        become: \"{{ outputs.cluster.at != 'localhost' }}\"
        register: seen
        failed_when: seen.resources | length != 1
remove:
  - hosts: localhost
    gather_facts: false
    tasks:
      - name: Object
        kubernetes.core.k8s: {kubeconfig: \"{{ outputs.cluster.kubeconfig }}\", state: absent, kind: ConfigMap, namespace: default, name: probe}
        delegate_to: \"{{ outputs.cluster.at }}\"
        become: \"{{ outputs.cluster.at != 'localhost' }}\"
";

/// Groups of the inventory with their hosts; become is a play's matter, its password each host's.
fn inventory(flavour: &str, servers: &[&str], workers: &[&str]) -> String {
    let mut text = format!(
        "all:\n  vars: {{nautes: {{tenant: t, domain: t.example.test, components: {{cluster: {{flavour: {flavour}}}}}}}}}\n  children:\n"
    );
    let mut address = 10;
    for (group, hosts) in [("kube_control_plane", servers), ("kube_node", workers)] {
        writeln!(text, "    {group}:\n      hosts:").unwrap();
        for host in hosts {
            address += 1;
            writeln!(text, "        {host}: {{ansible_host: 10.1.0.{address}, ansible_user: ops, ansible_become_password: of-{host}}}").unwrap();
        }
    }
    text.push_str("    etcd: {children: {kube_control_plane: }}\n    k8s_cluster: {children: {kube_control_plane: , kube_node: }}\n");
    text
}

/// A folder with the content of the program, of which only the ground and the probe are listed.
fn content() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["playbooks", "templates", "vendor-charts"] {
        if root.join(name).is_dir() {
            desk::copy(&root.join(name), &folder.path().join("content").join(name));
        }
    }
    let playbooks = folder.path().join("content/playbooks");
    std::fs::write(playbooks.join("probe.yaml"), PROBE).unwrap();
    let story = "components: [pki, hosts, k3s, kubernetes, cluster, probe]\n";
    std::fs::write(playbooks.join("tenant.yaml"), story).unwrap();
    folder
}

/// What a run said on both streams, and its exit code.
fn run(folder: &Path, args: &[&str], inventory: &str) -> (String, i32) {
    std::fs::write(folder.join("i.yaml"), inventory).unwrap();
    let mut command = Command::cargo_bin("nautes-install").unwrap();
    command.current_dir(folder).args(args);
    command.args(["-i", "i.yaml", "--content", "content", "--rehearse"]);
    let output = command.output().unwrap();
    let text =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (text, output.status.code().unwrap_or(-1))
}

fn done(folder: &Path, args: &[&str], inventory: &str) -> String {
    let (text, code) = run(folder, args, inventory);
    assert_eq!(code, 0, "{args:?}: {text}");
    text
}

/// `up` ends well; afterwards another one changes nothing.
fn converges(folder: &Path, inventory: &str) -> String {
    let first = done(folder, &["up"], inventory);
    unchanged(&done(folder, &["up"], inventory));
    first
}

fn unchanged(text: &str) {
    let recap: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("unreachable="))
        .collect();
    assert!(!recap.is_empty(), "{text}");
    assert!(
        recap.iter().all(|line| line.contains("changed=0 ")),
        "{text}"
    );
}

/// The life of a cluster of a flavour: made, grown by a worker, looked at, taken down, made again.
fn life(flavour: &str, servers: &[&str], kubeconfig: &str) {
    let folder = content();
    let at = folder.path();
    let small = inventory(flavour, servers, &["w1"]);
    unchanged_on_bare_hosts(at, &small);
    let text = converges(at, &small);
    assert!(
        text.contains(&format!("cluster.kubeconfig   {kubeconfig}")),
        "{text}"
    );
    assert!(
        text.contains(&format!("cluster.nodes_ready  {}", servers.len() + 1)),
        "{text}"
    );
    let grown = inventory(flavour, servers, &["w1", "w2"]);
    let text = done(at, &["up", "--limit", "w2"], &grown);
    assert!(
        text.contains(&format!("cluster.nodes_ready  {}", servers.len() + 2)),
        "{text}"
    );
    unchanged(&done(at, &["up"], &grown));
    assert!(done(at, &["status"], &grown).contains("probe"));
    done(at, &["destroy", "--yes"], &grown);
    done(at, &["destroy", "--yes"], &grown);
    converges(at, &small);
}

fn unchanged_on_bare_hosts(at: &Path, inventory: &str) {
    let text = done(at, &["plan"], inventory);
    assert!(text.contains("tasks would change something"), "{text}");
    let text = done(at, &["plan"], inventory);
    assert!(text.contains("tasks would change something"), "{text}");
}

#[test]
fn k3s_with_one_server() {
    life("k3s", &["cp1"], "/etc/rancher/k3s/k3s.yaml");
}

#[test]
fn k3s_with_three_servers() {
    life("k3s", &["cp1", "cp2", "cp3"], "/etc/rancher/k3s/k3s.yaml");
}

#[test]
fn kubeadm_with_one_control_plane() {
    life("kubernetes", &["cp1"], "/etc/kubernetes/admin.conf");
}

#[test]
fn kubeadm_with_three_control_planes() {
    life(
        "kubernetes",
        &["cp1", "cp2", "cp3"],
        "/etc/kubernetes/admin.conf",
    );
}

#[test]
fn k3s_survives_a_lost_server() {
    let folder = content();
    let at = folder.path();
    let inventory = inventory("k3s", &["cp1", "cp2", "cp3"], &["w1"]);
    converges(at, &inventory);
    let (text, code) = run(at, &["up", "--fault", "cp1:power-off"], &inventory);
    assert_ne!(code, 0);
    assert!(text.contains("lost host `cp1`"), "{text}");
    let text = done(at, &["up", "--limit", "all:!cp1"], &inventory);
    assert!(text.contains("cluster.at           cp2"), "{text}");
    unchanged(&text);
}

#[test]
fn kubeadm_survives_a_lost_control_plane() {
    let folder = content();
    let at = folder.path();
    let inventory = inventory("kubernetes", &["cp1", "cp2", "cp3"], &["w1"]);
    converges(at, &inventory);
    // The first is lost: the whole job says which, the rest goes on without it.
    let (text, code) = run(at, &["up", "--fault", "cp1:power-off"], &inventory);
    assert_ne!(code, 0);
    assert!(
        text.contains("lost host `cp1`") || text.contains("`cp1`"),
        "{text}"
    );
    let text = done(at, &["up", "--limit", "all:!cp1"], &inventory);
    assert!(text.contains("cluster.at           cp2"), "{text}");
    assert!(
        text.contains("changed: [w1] kubernetes: Name of the API"),
        "{text}"
    );
    unchanged(&done(at, &["up", "--limit", "all:!cp1"], &inventory));
}

#[test]
fn what_cannot_be_is_said_before_anything_is_touched() {
    let folder = content();
    let at = folder.path();
    let good = inventory("kubernetes", &["cp1", "cp2"], &["w1"]);
    let apart = good.replace(
        "etcd: {children: {kube_control_plane: }}",
        "etcd: {hosts: {w1: }}",
    );
    let refused = |args: &[&str], inventory: &str, words: &str| {
        let (text, code) = run(at, args, inventory);
        assert_ne!(code, 0, "{text}");
        assert!(text.contains(words), "{text}");
        assert!(!text.contains("changed: ["), "{text}");
    };
    refused(&["up"], &apart, "etcd runs beside every API server");
    converges(at, &good);
    let version = "nautes.components.kubernetes.version";
    refused(
        &["up", "--set", &format!("{version}=v1.35.2")],
        &good,
        "cp1 runs Kubernetes v1.36.4, and v1.35.2 is asked for: it cannot go back",
    );
    refused(
        &["up", "--set", &format!("{version}=v1.38.0")],
        &good,
        "next is v1.37",
    );
}

#[test]
fn k3s_goes_from_one_minor_to_the_next() {
    let folder = content();
    let at = folder.path();
    let inventory = inventory("k3s", &["cp1"], &[]);
    converges(at, &inventory);
    let version = |version: &str| format!("nautes.components.k3s.version={version}");
    for (wanted, words) in [
        ("v1.35.9+k3s1", "it cannot go back"),
        ("v1.38.0+k3s1", "next is v1.37"),
    ] {
        let (text, code) = run(at, &["up", "--set", &version(wanted)], &inventory);
        assert_ne!(code, 0, "{text}");
        assert!(text.contains(words), "{text}");
        assert!(!text.contains("changed: ["), "{text}");
    }
    let text = done(at, &["up", "--set", &version("v1.37.1+k3s1")], &inventory);
    assert!(text.contains("cluster.version      1.37.1"), "{text}");
}

#[test]
fn every_release_of_kubeadm_gets_its_own_settings() {
    let folder = content();
    let at = folder.path();
    let inventory = inventory("kubernetes", &["cp1"], &["w1"]);
    for (version, api) in [
        ("v1.21.14", "v1beta2"),
        ("v1.23.7", "v1beta3"),
        ("v1.34.4", "v1beta4"),
    ] {
        let estate = format!("of-{version}");
        let set = format!("nautes.components.kubernetes.version={version}");
        let oidc = "nautes.components.kubernetes.oidc_issuer=https://dex.example";
        done(
            at,
            &["up", "--estate", &estate, "--set", &set, "--set", oidc],
            &inventory,
        );
        let mut command = Command::cargo_bin("nautes-install").unwrap();
        let shell = [
            "rehearse", "shell", "-i", "i.yaml", "--estate", &estate, "cp1",
        ];
        let output = command
            .current_dir(at)
            .args(shell)
            .write_stdin("cat /etc/kubernetes/nautes/kubeadm.yaml; ls /usr/local/bin\n");
        let text = String::from_utf8(output.output().unwrap().stdout).unwrap();
        assert!(text.contains(&format!("kubeadm.k8s.io/{api}")), "{text}");
        let argument = if api == "v1beta4" {
            r#"{"name":"oidc-issuer-url","value":"https://dex.example"}"#
        } else {
            r#""oidc-issuer-url":"https://dex.example""#
        };
        assert!(
            text.replace(": ", ":")
                .replace(", ", ",")
                .contains(argument),
            "{text}"
        );
        assert_eq!(text.contains("crictl"), api != "v1beta4", "{text}");
    }
}

/// Groups and addresses of an inventory that kubespray made a cluster with: the same hosts, one more file.
#[test]
fn an_inventory_of_kubespray_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let inventory = root.join("tests/inventories/57-kubespray/inventory.ini");
    let run = |verb: &str| {
        let mut command = Command::cargo_bin("nautes-install").unwrap();
        command
            .current_dir(folder.path())
            .arg(verb)
            .arg("-i")
            .arg(&inventory);
        command.args([
            "--rehearse",
            "--only",
            "pki,secrets,hosts,kubernetes,cluster",
        ]);
        let output = command.output().unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{verb}: {text}");
        text.into_owned()
    };
    let planned = run("plan");
    for host in ["node1", "node2", "node3", "node4", "node5"] {
        let line = format!("changed: [{host}] kubernetes: ");
        assert!(planned.contains(&line), "no {line}: {planned}");
    }
    assert!(!planned.contains("[gitlab1] kubernetes: "), "{planned}");
    let made = run("up");
    for words in [
        "cluster.at           node1",
        "cluster.nodes_ready  5",
        "/etc/kubernetes/admin.conf",
    ] {
        assert!(made.contains(words), "no {words}: {made}");
    }
    unchanged(&run("up"));
}
