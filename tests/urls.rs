//! `urls` on the simulated estate: what is there with its address and the name of its secret, what is
//! not there said so, and no secret's value anywhere.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod desk;

use std::collections::BTreeSet;
use std::path::Path;

use nautes_install::playbook::Loader;
use serde_json::Value;

const INVENTORY: &str = "all:
  vars:
    nautes:
      tenant: demo
      domain: demo.example.test
      components: { harbor: { enabled: false }, nexus: { enabled: true } }
    ansible_connection: rehearsal
    ansible_become: true
  children:
    kube_control_plane: { hosts: { node1: { ansible_host: 192.0.2.10 } } }
    gitlab: { hosts: { git1: { ansible_host: 192.0.2.11 } } }
    vault: { hosts: { vault1: { ansible_host: 192.0.2.12 } } }
";

fn run(folder: &Path, args: &[&str]) -> (String, String, i32) {
    desk::apart(desk::command(folder, args).args(["-i", "tenant.yaml"]))
}

/// State and address of each service.
fn told(folder: &Path) -> Vec<(String, String, Value)> {
    let (shown, said, code) = run(folder, &["urls", "--output", "json"]);
    assert_eq!((code, said.as_str()), (0, ""), "{shown}");
    let lines = shown.lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let lines = lines.map(|line| {
        let (name, state) = (word(&line["name"]), word(&line["state"]));
        (name, state, line)
    });
    lines.collect()
}

#[test]
fn what_is_there_has_an_address_and_the_rest_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("tenant.yaml"), INVENTORY).unwrap();
    for (name, state, _) in told(folder) {
        let wanted = if name == "Harbor" || name == "Tekton Dashboard" || name == "SonarQube" {
            "left_out"
        } else {
            "not_yet"
        };
        assert_eq!(state, wanted, "{name} on bare hosts");
    }
    let (_, said, code) = run(folder, &["up"]);
    assert_eq!(code, 0, "{said}");
    let services = told(folder);
    let url = |name: &str| {
        let (_, state, line) = services.iter().find(|(known, ..)| known == name).unwrap();
        assert_eq!(state, "installed", "{name}");
        line["url"].as_str().unwrap().to_owned()
    };
    for (name, wanted) in [
        ("GitLab", "https://192.0.2.11"),
        ("Vault", "https://192.0.2.12:8200"),
        ("Dex", "https://dex.demo.example.test:31443"),
        ("Argo CD", "https://argocd.demo.example.test:31443"),
        ("Nexus", "https://nexus.demo.example.test:31443"),
        ("Nautes API", "https://apiserver.demo.example.test:31443"),
        ("Kubernetes API", "https://192.0.2.10:6443"),
    ] {
        assert_eq!(url(name), wanted, "{name}");
    }
    let (text, said, code) = run(folder, &["urls"]);
    assert_eq!((code, said.as_str()), (0, ""), "{text}");
    assert!(
        text.contains("not installed: `nautes.components.harbor.enabled` is false"),
        "{text}"
    );
    assert!(!text.contains("virtual"), "{text}");
    named_secrets_are_shown_and_nowhere_else(folder, &text);
    let (text, said, code) = run(folder, &["urls", "--fault", "vault1:link-down"]);
    assert_eq!(code, 3, "{text}{said}");
    assert!(said.contains("error[connection/unreachable]"), "{said}");
    let vault = text.lines().find(|line| line.starts_with("Vault "));
    assert!(vault.unwrap().contains("could not be looked at"), "{text}");
}

fn named_secrets_are_shown_and_nowhere_else(folder: &Path, text: &str) {
    let marked = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once("secrets show ")?;
        rest.split('`').next()
    });
    let names: Vec<&str> = marked.collect();
    assert!(
        names.contains(&"vault-init.root_token") && names.len() > 1,
        "{text}"
    );
    // Files of the state directory are files of the simulated machine here.
    let name = "vault-init.root_token";
    let (secret, said, code) = run(folder, &["secrets", "show", name]);
    assert_eq!(code, 0, "{name}: {said}");
    assert!(!secret.trim().is_empty() && !text.contains(secret.trim()));
}

#[test]
fn every_way_in_names_outputs_that_there_are() {
    let files = nautes_install::input::OsFiles;
    let mut loader = Loader::new(&files);
    let mut outputs = BTreeSet::new();
    let mut ways = Vec::new();
    for entry in std::fs::read_dir("playbooks").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "yaml") || path.ends_with("tenant.yaml") {
            continue;
        }
        let component = loader.component(&path).unwrap();
        for name in component.outputs.keys() {
            outputs.insert(format!("{}.{name}", component.name));
        }
        for way in component.access {
            for named in [way.url, way.installed] {
                let whose = named.component.unwrap_or_else(|| component.name.clone());
                ways.push(format!("{whose}.{}", named.output));
            }
        }
    }
    assert!(loader.errors.is_empty(), "{:?}", loader.errors);
    assert!(ways.len() > 20, "{ways:?}");
    for way in ways {
        assert!(outputs.contains(&way), "there is no output {way}");
    }
}
