//! Runtime clusters in the whole program, on the simulated estate: each has a Kubernetes and what
//! belongs into it, under a name of its own, and goes alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

mod desk;

use desk::Desk;

const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/inventories/runtime.yaml");
const ONLY: &str = "pki,hosts,k3s,k3s@runtime_east,k3s@runtime_west,cluster,cluster@runtime_east,cluster@runtime_west,traefik,argo-rollouts,argo-rollouts@runtime_east,external-secrets@runtime_east,external-secrets@runtime_west,tekton-pipelines,tekton-pipelines@runtime_east,tekton-pipelines@runtime_west";

fn desk() -> Desk {
    Desk::at(INVENTORY, &["--rehearse"])
}

/// What a server's kubectl says.
fn kubectl(desk: &Desk, host: &str, words: &str) -> String {
    desk.shell(host, &format!("k3s kubectl {words}"))
}

#[test]
fn each_cluster_gets_what_belongs_into_it_and_loses_it_alone() {
    let desk = desk();
    let (plan, code) = desk.run("plan", &["--only", ONLY]);
    assert_eq!(code, 0, "{plan}");
    assert!(
        plan.contains("[tekton-pipelines@runtime_west] Pipelines (Tekton) on runtime_west"),
        "{plan}"
    );
    let (text, code) = desk.run("up", &["--only", ONLY]);
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("[external-secrets@runtime_east]"), "{text}");
    assert!(!text.contains("[argo-rollouts]"), "{text}");

    let nodes = |host: &str| {
        let said = kubectl(&desk, host, "get nodes -o name");
        let mut names: Vec<String> = said.lines().map(|line| line.replace("node/", "")).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(nodes("node1"), "node1");
    assert_eq!(nodes("east1"), "east1 east2");
    assert_eq!(nodes("west2"), "west1 west2 west3 west4");
    let namespaces = |host: &str| kubectl(&desk, host, "get namespaces -o name");
    assert!(namespaces("east1").contains("argo-rollouts"));
    assert!(!namespaces("west1").contains("argo-rollouts"));
    assert!(namespaces("west1").contains("external-secrets"));
    assert!(
        !namespaces("east1").contains("traefik"),
        "what is the tenant's stays there"
    );

    let (text, code) = desk.run("up", &["--only", ONLY]);
    assert_eq!(code, 0, "{text}");
    let recap: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("changed="))
        .collect();
    assert_eq!(recap.len(), 8, "{text}");
    assert!(
        recap.iter().all(|line| line.contains("changed=0 ")),
        "{text}"
    );

    seen_and_removed_alone(&desk);
}

fn seen_and_removed_alone(desk: &Desk) {
    let namespaces = |host: &str| kubectl(desk, host, "get namespaces -o name");
    let (text, code) = desk.run(
        "status",
        &[
            "--only",
            "argo-rollouts@runtime_east,external-secrets@runtime_west",
        ],
    );
    assert_eq!(code, 0, "{text}");
    for name in [
        "argo-rollouts@runtime_east",
        "external-secrets@runtime_west",
    ] {
        assert!(
            text.lines()
                .any(|line| line.starts_with(name) && line.ends_with(" ok")),
            "{text}"
        );
    }
    let (text, code) = desk.run(
        "destroy",
        &["--only", "tekton-pipelines@runtime_west", "--yes"],
    );
    assert_eq!(code, 0, "{text}");
    assert!(!namespaces("west1").contains("tekton-pipelines"));
    assert!(namespaces("east1").contains("tekton-pipelines"));
    assert!(namespaces("node1").contains("tekton-pipelines"));
}

#[test]
fn an_instance_is_named_and_versioned_by_itself() {
    let desk = desk();
    let (text, code) = desk.run(
        "plan",
        &["--set", "nautes.components.hnc@runtime_north.enabled=true"],
    );
    assert_eq!(code, 2, "{text}");
    assert!(
        text.contains("there is no component `hnc@runtime_north`"),
        "{text}"
    );
    // Another Kubernetes in one cluster alone: charts are held against their own.
    let old = "nautes.components.k3s@runtime_east.version=v1.21.14+k3s1";
    let (text, code) = desk.run("plan", &["--set", old, "--only", ONLY]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("error[chart/"), "{text}");
    let without = [
        "argo-rollouts@runtime_east",
        "tekton-pipelines@runtime_east",
    ];
    let others: Vec<&str> = ONLY
        .split(',')
        .filter(|name| !without.contains(name))
        .collect();
    let (text, code) = desk.run("plan", &["--set", old, "--only", &others.join(",")]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn nodes_trust_harbor_and_dex_and_an_agent_is_never_newer_than_its_servers() {
    let desk = desk();
    let only = ["--only", "pki,hosts,k3s@runtime_east"];
    let up = |minor: u32, more: &[&str]| {
        let version = format!("nautes.components.k3s.version=v1.{minor}.4+k3s1");
        desk.run("up", &[&only[..], &["--set", &version], more].concat())
    };
    let (text, code) = up(29, &[]);
    assert_eq!(code, 0, "{text}");
    let file = |host: &str, name: &str| desk.shell(host, &format!("cat /etc/rancher/k3s/{name}"));
    let registries = file("east2", "registries.yaml");
    assert!(
        registries.contains("harbor.nautes.example.com:31443:"),
        "{registries}"
    );
    assert!(
        registries.contains("ca_file: /etc/rancher/k3s/tenant-ca.crt"),
        "{registries}"
    );
    assert!(file("east2", "tenant-ca.crt").contains("BEGIN CERTIFICATE"));
    // Before 1.30 arguments, from then on a file that the API server reads anew by itself.
    let issuer = "https://dex.nautes.example.com:31443";
    assert!(file("east1", "config.yaml").contains(&format!("oidc-issuer-url={issuer}")));
    let (text, code) = up(30, &["--limit", "east2,localhost"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("the servers east1 are older"), "{text}");
    let (text, code) = up(30, &["--limit", "east1,localhost"]);
    assert_eq!(code, 0, "{text}");
    let config = file("east1", "config.yaml");
    assert!(
        config.contains("authentication-config=") && !config.contains("oidc-issuer-url"),
        "{config}"
    );
    let tokens = file("east1", "authentication.yaml");
    assert!(tokens.contains(&format!("url: \"{issuer}\"")), "{tokens}");
    assert!(
        tokens.contains("apiserver.config.k8s.io/v1beta1"),
        "{tokens}"
    );
    for minor in [31, 32] {
        let (text, code) = up(minor, &["--limit", "east1,localhost"]);
        assert_eq!(code, 0, "{text}");
    }
    let (text, code) = up(33, &["--limit", "east1,localhost"]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("the agents east2 are too old for it"),
        "{text}"
    );
}
