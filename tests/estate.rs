//! What a host costs does not depend on how many there are: requests, events and what the estate
//! keeps of it are counted for few hosts and for many. Counted, never timed.

#![allow(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

const FEW: usize = 4;
const MANY: usize = 40;

/// One server and `count - 1` agents. Names and addresses are of one length each.
fn inventory(count: usize) -> String {
    let mut text = String::from(
        "all:\n  vars: {ansible_become: true, nautes: {tenant: big, release: current, domain: big.example.test}}\n  \
         children:\n    kube_control_plane:\n      hosts: {server: {ansible_host: 10.1.0.1}}\n    \
         etcd: {children: {kube_control_plane: }}\n    gitlab: {children: {kube_control_plane: }}\n    \
         vault: {children: {kube_control_plane: }}\n    k8s_cluster: {children: {kube_control_plane: , kube_node: }}\n    \
         kube_node:\n      hosts:\n",
    );
    for number in 1..count {
        let address = 100 + number;
        writeln!(
            text,
            "        agent{number:03}: {{ansible_host: 10.1.1.{address}}}"
        )
        .unwrap();
    }
    text
}

/// What one host took part in.
#[derive(Default)]
struct Cost {
    events: usize,
    requests: u64,
    kept: usize,
}

/// Runs the job and counts, by host.
fn up(folder: &Path, count: usize, estate: &str) -> BTreeMap<String, Cost> {
    let name = format!("{count}.yaml");
    std::fs::write(folder.join(&name), inventory(count)).unwrap();
    let only = ["--only", "hosts,pki,k3s", "--output", "json"];
    let args = ["up", "-i", &name, "--rehearse", "--estate", estate];
    let mut command = Command::cargo_bin("nautes-install").unwrap();
    let output = command.current_dir(folder).args(args).args(only);
    let output = output.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut costs: BTreeMap<String, Cost> = BTreeMap::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        if event["event"] == "task_result" {
            let host = event["host"].as_str().unwrap().to_owned();
            costs.entry(host).or_default().events += 1;
        }
    }
    let saved = std::fs::read(folder.join(estate).join("estate.json")).unwrap();
    let saved: Value = serde_json::from_slice(&saved).unwrap();
    for host in saved["hosts"].as_array().unwrap() {
        let cost = costs
            .entry(host["name"].as_str().unwrap().to_owned())
            .or_default();
        cost.requests = host["requests"].as_u64().unwrap();
        cost.kept = host.to_string().len();
    }
    costs
}

#[test]
fn a_host_costs_the_same_among_many() {
    let folder = tempfile::tempdir().unwrap();
    let (few, many) = (
        up(folder.path(), FEW, "few"),
        up(folder.path(), MANY, "many"),
    );
    assert_eq!((few.len(), many.len()), (FEW + 1, MANY + 1));
    // localhost makes one key and certificate for each service, not for each host.
    let same = few
        .keys()
        .map(|name| (name.as_str(), name.as_str()))
        .chain([("agent002", "agent039")]);
    for (name, other) in same {
        let (one, other) = (&few[name], &many[other]);
        assert_eq!(one.events, other.events, "events of {name}");
        assert_eq!(one.requests, other.requests, "requests of {name}");
        let more = other.kept.abs_diff(one.kept);
        assert!(
            more * 50 < one.kept,
            "kept of {name}: {} and {}",
            one.kept,
            other.kept
        );
    }
    // A second run looks at every host the same few times, and changes nothing.
    let again = up(folder.path(), MANY, "many");
    let asked = |name: &str| again[name].requests - many[name].requests;
    assert!(asked("agent001") <= 12, "{} requests", asked("agent001"));
    assert_eq!(asked("agent001"), asked("agent039"));
}
