//! `get`, `apply`, `delete` in the whole program, on the simulated estate: manifests in any order of
//! files go in by kind, once; they go out the other way round; what is refused is told with the
//! place of the manifest.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// One of each kind, one file each, and the names of the files say nothing about the order.
const FILES: [(&str, &str); 9] = [
    (
        "a.yaml",
        "kind: DeploymentRuntime\nspec: { name: run, product: demo, projectsRef: [shop], manifestSource: { codeRepo: deploy, targetRevision: main, path: test }, destination: { environment: test, namespaces: [shop-test] } }",
    ),
    (
        "b.yaml",
        "kind: ProjectPipelineRuntime\nspec:\n  name: build\n  product: demo\n  project: shop\n  pipelineSource: pipe\n  pipelines: [{ name: main, label: main, path: main.yaml }]\n  eventSources: [{ name: push, gitlab: { repoName: pipe, revision: main, events: [push_events] } }]\n  pipelineTriggers: [{ eventSource: push, pipeline: main }]\n  destination: { environment: dev, namespace: shop-dev }\n  isolation: shared",
    ),
    (
        "c.yaml",
        "kind: CodeRepoBinding\nspec: { name: may, productName: demo, coderepo: deploy, product: demo, projects: [shop], permissions: readwrite }",
    ),
    (
        "d.yaml",
        "kind: CodeRepo\nspec: { name: pipe, product: demo, project: shop, pipelineRuntime: true, webhook: { events: [push_events] }, git: { gitlab: { name: pipe, path: pipe, visibility: private } } }",
    ),
    (
        "e.yaml",
        "kind: CodeRepo\nspec: { name: deploy, product: demo, project: shop, deploymentRuntime: true, git: { gitlab: { name: deploy, path: deploy, visibility: private } } }",
    ),
    (
        "f.yaml",
        "kind: Project\nspec: { name: shop, product: demo, language: go }",
    ),
    (
        "g.yaml",
        "kind: Environment\nspec: { name: dev, product: demo, cluster: pipelines, envType: dev }\n---\napiVersion: nautes.resource.nautes.io/v1alpha1\nkind: Environment\nspec: { name: test, product: demo, cluster: deployments, envType: test }",
    ),
    (
        "h.yaml",
        "kind: Product\nspec: { name: demo, git: { gitlab: { name: demo, path: demo, visibility: private, description: a demo } } }",
    ),
    (
        "i.yaml",
        "kind: Cluster\nspec: { name: pipelines, apiServer: 'https://192.0.2.21:6443', clusterKind: kubernetes, clusterType: physical, usage: worker, workerType: pipeline, kubeconfig: CANARY-kubeconfig }\n---\napiVersion: nautes.resource.nautes.io/v1alpha1\nkind: Cluster\nspec: { name: deployments, apiServer: 'https://192.0.2.22:6443', clusterKind: kubernetes, clusterType: physical, usage: worker, workerType: deployment, kubeconfig: CANARY-kubeconfig }",
    ),
];

/// The order in which they must go in.
const ORDER: [&str; 11] = [
    "Cluster deployments",
    "Cluster pipelines",
    "Product demo",
    "Environment demo/dev",
    "Environment demo/test",
    "Project demo/shop",
    "CodeRepo demo/deploy",
    "CodeRepo demo/pipe",
    "CodeRepoBinding demo/may",
    "ProjectPipelineRuntime demo/build",
    "DeploymentRuntime demo/run",
];

fn shipped(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn called(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nautes-install"));
    command.args(args).current_dir(folder).env("NO_COLOR", "1");
    command.output().unwrap()
}

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Self(folder);
        let stands = shipped("tests/nautes/stands.yaml");
        let estate = ".nautes-install/rehearsal/rehearsal";
        desk.good(&["up", "--only", "pki,secrets,hosts,k3s,cluster,traefik"]);
        desk.good(&["play", "--estate", estate, &stands]);
        fs::create_dir(desk.path("product")).unwrap();
        for (name, text) in FILES {
            desk.write(&format!("product/{name}"), text);
        }
        desk
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let head = "apiVersion: nautes.resource.nautes.io/v1alpha1\n";
        fs::write(self.path(name), format!("{head}{text}\n")).unwrap();
    }

    /// Stdout, stderr and the exit code.
    fn run(&self, args: &[&str]) -> (String, String, i32) {
        let inventory = shipped("inventories/rehearsal.yaml");
        let at = ["-i", &inventory];
        let done = called(self.0.path(), &[args, &at].concat());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            text(&done.stdout),
            text(&done.stderr),
            done.status.code().unwrap(),
        )
    }

    fn good(&self, args: &[&str]) -> String {
        let (out, err, code) = self.run(args);
        assert_eq!(code, 0, "{args:?}\n{out}\n{err}");
        out
    }
}

/// Each of the objects with a word, in this order.
fn lines<'a>(order: impl Iterator<Item = &'a &'a str>, word: &str) -> String {
    order.map(|object| format!("{object} {word}\n")).collect()
}

#[test]
fn shuffled_files_go_in_by_kind_once_and_out_the_other_way_round() {
    let desk = Desk::new();
    let apply = ["apply", "-f", "product"];
    let dry = desk.good(&["apply", "-f", "product", "--dry-run"]);
    assert_eq!(dry, lines(ORDER.iter(), "created (dry run)"));
    assert_eq!(
        desk.run(&["apply", "-f", "product", "--dry-run", "--exit-code"])
            .2,
        4
    );
    assert_eq!(desk.good(&apply), lines(ORDER.iter(), "created"));
    assert_eq!(desk.good(&apply), lines(ORDER.iter(), "unchanged"));
    desk.good(&["apply", "-f", "product", "--dry-run", "--exit-code"]);
    let back = lines(ORDER.iter().rev(), "deleted");
    assert_eq!(desk.good(&["delete", "-f", "product"]), back);
    let gone = lines(ORDER.iter().rev(), "not found");
    assert_eq!(desk.good(&["delete", "-f", "product"]), gone);
    assert_eq!(desk.good(&["get", "clusters"]), "");
}

#[test]
fn only_what_differs_is_saved_and_no_kubeconfig_is_shown() {
    let desk = Desk::new();
    desk.good(&["apply", "-f", "product"]);
    desk.write(
        "product/f.yaml",
        "kind: Project\nspec: { name: shop, product: demo, language: rust }",
    );
    let (out, err, _) = desk.run(&["apply", "-f", "product", "--diff", "--output", "json"]);
    assert!(!(out.clone() + &err).contains("CANARY"), "{out}{err}");
    let events: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let changed: Vec<_> = events
        .iter()
        .filter(|e| e["result"] == "configured")
        .collect();
    assert_eq!(changed.len(), 1, "{out}");
    assert_eq!(changed[0]["differences"][0]["path"], "language");
    assert_eq!(changed[0]["differences"][0]["before"], "go");
    assert_eq!(events.last().unwrap()["changed"], 1);
    let shown = desk.good(&["get", "-f", "product", "--manifest"]);
    assert!(
        !shown.contains("CANARY") && shown.contains("language: rust"),
        "{shown}"
    );
    // What is shown can be applied, and is what is there; a kubeconfig it cannot show.
    fs::write(desk.path("again.yaml"), &shown).unwrap();
    let (_, err, code) = desk.run(&["apply", "-f", "again.yaml"]);
    assert_eq!(code, 2, "{err}");
    assert_eq!(
        err.matches("kubeconfig`: Nautes manages").count(),
        2,
        "{err}"
    );
    let table = desk.good(&["get", "env", "dev", "-p", "demo"]);
    let cells: Vec<Vec<&str>> = table
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(
        cells,
        [
            ["PRODUCT", "NAME", "CLUSTER", "ENVTYPE"],
            ["demo", "dev", "pipelines", "dev"]
        ]
    );
    let (_, err, code) = desk.run(&["get", "env", "gone"]);
    assert!(code == 1 && err.contains("nautes/not-found"), "{err}");
}

#[test]
fn a_dependency_that_is_left_gives_the_server_s_reason_with_the_place() {
    let desk = Desk::new();
    desk.good(&["apply", "-f", "product"]);
    let (_, err, code) = desk.run(&["delete", "-f", "product/g.yaml"]);
    assert_eq!(code, 1, "{err}");
    for said in [
        "error[nautes/refused]: Environment demo/test was not deleted: environment referenced by [demo/run]",
        "--> product/g.yaml:7:15",
        "delete what needs it first",
    ] {
        assert!(err.contains(said), "{said}\n{err}");
    }
    // And what an object needs, where the manifest names it.
    let one = "kind: CodeRepo\nspec: { name: x, product: demo, project: nowhere, git: { gitlab: { visibility: public } } }";
    desk.write("x.yaml", one);
    let (_, err, code) = desk.run(&["apply", "-f", "x.yaml"]);
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("Project 'nowhere' does not exist") && err.contains("--> x.yaml:3:42"),
        "{err}"
    );
    desk.good(&["apply", "-f", "x.yaml", "--insecure-skip-check"]);
}

#[test]
fn every_mistake_is_told_at_once_and_no_call_is_made() {
    let desk = Desk::new();
    desk.write(
        "product/f.yaml",
        "kind: Project\nspec: { name: shop, product: demo, langauge: go }",
    );
    desk.write("product/h.yaml", "kind: Prodct\nspec: { name: demo }");
    desk.write(
        "product/j.yaml",
        "kind: Environment\nspec: { name: dev, product: demo, cluster: c, envType: dev }",
    );
    desk.write("product/k.yaml", "kind: DeploymentRuntime\nspec: { name: old, product: demo, manifestSource: { codeRepo: a, targetRevision: b, path: c }, destination: dev }");
    let (out, err, code) = desk.run(&["apply", "-f", "product"]);
    assert_eq!((out.as_str(), code), ("", 2), "{err}");
    for said in [
        "product/f.yaml:3:36",
        "did you mean `language`?",
        "product/h.yaml:2:7",
        "did you mean `Product`?",
        "Environment demo/dev is described twice",
        "product/k.yaml:3:",
        "error[manifest/other-version]",
    ] {
        assert!(err.contains(said), "{said}\n{err}");
    }
    // The same destination is right for the older one.
    let (_, err, code) = desk.run(&[
        "apply",
        "-f",
        "product/k.yaml",
        "--nautes-version",
        "0.3",
        "--dry-run",
    ]);
    assert_eq!(code, 0, "{err}");
    let (_, err, code) = desk.run(&["apply", "-f", "product/k.yaml", "--nautes-version", "9"]);
    assert!(
        code == 2 && err.contains("manifest/nautes-version"),
        "{err}"
    );
}
