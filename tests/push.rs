//! A push to a repository of a rehearsed product: webhook, event source, sensor, pipeline run; and what
//! is said where the chain breaks.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod desk;

use desk::Desk;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/inventories/rehearsal.yaml");
const ONLY: &str = "pki,secrets,hosts,k3s,cluster,traefik,argo-events,tekton-pipelines";
/// The last version that serves what Nautes v0.4 makes.
const OLD: &str = "nautes.components.tekton-pipelines.version=v0.37.5";

/// It is nobody's default.
const EVENTS: &str = "nautes.components.argo-events.enabled=true";

/// A tenant with the product.
fn desk(settings: &[&str]) -> Desk {
    let desk = Desk::at(INVENTORY, &[]);
    desk.up(&[&["--only", ONLY, "--set", EVENTS], settings].concat());
    let stands = format!("{ROOT}/tests/nautes/stands.yaml");
    let estate = desk.estate("rehearsal").display().to_string();
    for args in [
        ["play", "--estate", &estate, &stands].as_slice(),
        &["apply", "-f", &format!("{ROOT}/tests/push/product.yaml")],
    ] {
        let (text, code) = desk.run(args[0], &args[1..]);
        assert_eq!(code, 0, "{text}");
    }
    desk
}

/// What is printed, and the exit code.
fn push(desk: &Desk, repository: &str, more: &[&str]) -> (String, i32) {
    let args = ["rehearse", "push", "-i", INVENTORY, repository];
    desk.said(&[&args, more].concat())
}

#[test]
fn a_push_comes_to_the_end_of_its_pipeline() {
    let desk = desk(&["--set", OLD]);
    let (text, code) = push(&desk, "demo/api", &[]);
    assert_eq!(code, 0, "{text}");
    let links: Vec<&str> = text.lines().map(|line| line[8..22].trim()).collect();
    let all = [
        "webhook",
        "cluster",
        "event source",
        "delivery",
        "sensor",
        "pipeline run",
    ];
    assert_eq!(links, all, "{text}");
    assert!(text.contains(": Succeeded; Tasks Completed: 2"), "{text}");
    // It is there for whoever looks, and each push makes one of its own.
    let get = "k3s kubectl get pipelineruns -n shop-dev -o name";
    assert_eq!(desk.shell("server1", get).lines().count(), 1);
    assert_eq!(push(&desk, "demo/api", &["--ref", "main"]).1, 0);
    let runs = desk.shell("server1", get);
    assert_eq!(runs.lines().count(), 2, "{runs}");

    for (repository, reference, link, seen) in [
        ("demo/api", "develop", "webhook", "that match `main`"),
        ("demo/none", "main", "webhook", "has no CodeRepo `none`"),
        (
            "other/api",
            "main",
            "product",
            "no Nautes here has a product",
        ),
        (
            "demo/web",
            "main",
            "cluster",
            "https://192.0.2.99:6443 is not on the estate",
        ),
    ] {
        let (text, code) = push(&desk, repository, &["--ref", reference]);
        let broken = text
            .lines()
            .find(|line| line.starts_with("BROKEN"))
            .unwrap();
        assert_eq!(code, 1, "{text}");
        assert!(broken.contains(link) && broken.contains(seen), "{text}");
    }
    assert_eq!(push(&desk, "api", &[]).1, 2);
    let (text, code) = push(&desk, "demo/api", &["--output", "json"]);
    assert_eq!(code, 0, "{text}");
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["link"], "pipeline run");
}

#[test]
fn the_newest_tekton_does_not_serve_what_is_made() {
    let desk = desk(&[]);
    let (text, code) = push(&desk, "demo/api", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("BROKEN  sensor"), "{text}");
    assert!(text.contains("tekton-pipelines.version: v0.37.5"), "{text}");
}

#[test]
fn the_chain_breaks_where_something_is_missing() {
    let desk = desk(&["--set", OLD]);
    let gone = "k3s kubectl delete deployment tekton-pipelines-controller -n tekton-pipelines";
    desk.shell("server1", gone);
    let (text, code) = push(&desk, "demo/api", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("BROKEN  pipeline run"), "{text}");
    assert!(text.contains("not begun"), "{text}");
    let (text, code) = desk.run(
        "destroy",
        &["--yes", "--only", "argo-events", "--set", EVENTS],
    );
    assert_eq!(code, 0, "{text}");
    let (text, code) = push(&desk, "demo/api", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("component `argo-events` must be on"),
        "{text}"
    );
}
