//! The stand-in for a tenant template, which a real run fetches: built from a sheet of facts, since
//! nothing of upstream's text is in this program. It has the files that the index names, with the
//! variables of each, and what Argo CD finds below `tenant/`.

use serde_json::{Value, json};

use crate::input::{Rules, Source, parse_one};
use crate::repo::{Entry, Tree};

/// The facts.
const SHEET: &str = include_str!("tenant-repo-template.yaml");
/// Where the six programs are.
const OVERLAYS: &str = "nautes/base/apps/overlays";

/// The stand-in; the sheet is this program's own, and a test reads it.
pub fn tenant() -> Tree {
    let source = Source::new("tenant-repo-template.yaml", SHEET);
    let sheet = parse_one(&source, Rules::Kubernetes).map_or(Value::Null, |node| node.to_json());
    let mut tree = Tree::default();
    let mut index = String::from("templates:\n");
    for (path, text) in entries(&sheet["rendered"]) {
        index.push_str(&format!("- ./{path}\n"));
        tree.insert(path, Entry::plain(word(text)));
    }
    tree.insert("index.yaml", Entry::plain(index));
    for (path, text) in entries(&sheet["files"]) {
        tree.insert(path, Entry::plain(word(text)));
    }
    for (folder, resources) in entries(&sheet["kustomizations"]) {
        let mut body = json!({ "resources": resources });
        if folder == "nautes/base/apps/base" {
            let patch =
                json!({"path": "manager_auth_proxy_patch.yaml", "target": {"kind": "Deployment"}});
            body["patches"] = json!([patch]);
        }
        kustomization(&mut tree, folder, body);
    }
    definitions(&mut tree, &sheet);
    let mut all = vec!["../crd".to_owned()];
    for program in sheet["programs"].as_array().into_iter().flatten() {
        all.push(format!("../apps/overlays/{}", word(&program["folder"])));
        self::program(&mut tree, program, &sheet);
    }
    kustomization(
        &mut tree,
        "nautes/base/default",
        json!({ "resources": all }),
    );
    tree
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn put(tree: &mut Tree, path: String, body: &Value) {
    let mut text = String::new();
    yaml(body, 0, &mut text);
    tree.insert(path, Entry::plain(text));
}

fn kustomization(tree: &mut Tree, folder: &str, mut body: Value) {
    body["apiVersion"] = "kustomize.config.k8s.io/v1beta1".into();
    body["kind"] = "Kustomization".into();
    put(tree, format!("{folder}/kustomization.yaml"), &body);
}

/// The kinds of Nautes.
fn definitions(tree: &mut Tree, sheet: &Value) {
    let (group, version) = word(&sheet["group"]).split_once('/').unwrap_or_default();
    let mut names = Vec::new();
    for (kind, plural) in entries(&sheet["crds"]) {
        let plural = word(plural);
        let name = format!("bases/{group}_{plural}.yaml");
        let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let body = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {
                "group": group,
                "scope": "Namespaced",
                "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": kind.to_lowercase()},
                "versions": [{"name": version, "served": true, "storage": true, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": open}}],
            },
        });
        put(tree, format!("nautes/base/crd/{name}"), &body);
        names.push(name);
    }
    kustomization(tree, "nautes/base/crd", json!({ "resources": names }));
}

/// One of the six programs.
fn program(tree: &mut Tree, program: &Value, sheet: &Value) {
    let folder = format!("{OVERLAYS}/{}", word(&program["folder"]));
    let secrets = program["secrets"].as_array().into_iter().flatten();
    let volumes: Vec<Value> = secrets
        .map(|name| json!({"name": name, "secret": {"secretName": name}}))
        .collect();
    let command = format!("bin/{}", word(&program["command"]));
    let patch = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "server"},
        "spec": {"template": {"spec": {"containers": [{"name": "manager", "command": [command]}], "volumes": volumes}}},
    });
    put(tree, format!("{folder}/manager_patch.yaml"), &patch);
    let mut resources = vec!["../../base"];
    let service = word(&program["service"]);
    if !service.is_empty() {
        let port = &program["ports"][0];
        let mut ports = json!({"port": port, "protocol": "TCP", "targetPort": if *port == 443 { 9443 } else { 8000 }});
        if *port == 8000 {
            ports["name"] = "http".into();
        }
        let body = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": service, "namespace": "system"},
            "spec": {"ports": [ports], "selector": {"control-plane": "controller-manager"}},
        });
        put(tree, format!("{folder}/service.yaml"), &body);
        resources.push("service.yaml");
    }
    if service == "webhook-service" {
        for kind in ["mutating", "validating"] {
            put(tree, format!("{folder}/{kind}.yaml"), &hooks(kind, sheet));
        }
        resources.extend(["mutating.yaml", "validating.yaml"]);
    }
    let body = json!({
        "namePrefix": program["prefix"],
        "commonLabels": {"control-plane": program["label"]},
        "resources": resources,
        "patches": [{"path": "manager_patch.yaml", "target": {"kind": "Deployment"}}],
    });
    kustomization(tree, &folder, body);
}

/// A configuration of admission webhooks. Its CA would be cert-manager's, whose work is not
/// simulated: that of the stand-in is there from the start.
fn hooks(kind: &str, sheet: &Value) -> Value {
    let (group, version) = word(&sheet["group"]).split_once('/').unwrap_or_default();
    let guarded = sheet["webhooks"][kind].as_array().into_iter().flatten();
    let hooks: Vec<Value> = guarded
        .map(|plural| {
            json!({
                "name": format!("{}{}.kb.io", &kind[..1], word(plural)),
                "admissionReviewVersions": ["v1"],
                "clientConfig": {
                    "service": {"name": "webhook-service", "namespace": "system", "path": format!("/{kind}-{}", word(plural))},
                    "caBundle": "UkVIRUFSU0VE",
                },
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "rules": [{"apiGroups": [group], "apiVersions": [version], "operations": ["CREATE", "UPDATE"], "resources": [plural]}],
            })
        })
        .collect();
    let name = format!("{}{}", kind[..1].to_uppercase(), &kind[1..]);
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": format!("{name}WebhookConfiguration"),
        "metadata": {"name": format!("{kind}-webhook-configuration")},
        "webhooks": hooks,
    })
}

/// Block style, so that changes find their lines.
fn yaml(value: &Value, depth: usize, text: &mut String) {
    let indent = " ".repeat(depth);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                text.push_str(&format!("{indent}{key}:"));
                below(value, depth + 2, text);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for item in list {
                let mut inner = String::new();
                yaml(item, depth + 2, &mut inner);
                text.push_str(&format!("{indent}- {}", inner.trim_start()));
            }
        }
        plain => text.push_str(&format!("{indent}{plain}\n")),
    }
}

fn below(value: &Value, depth: usize, text: &mut String) {
    let nested = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    };
    if nested {
        text.push('\n');
        yaml(value, depth, text);
    } else {
        text.push_str(&format!(" {value}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_gives_the_twelve_files_and_what_argo_cd_reads() {
        let tree = tenant();
        let index = tree.get("index.yaml").and_then(Entry::text).unwrap();
        assert_eq!(index.lines().count(), 13);
        for path in [
            "tenant/runtime/kustomization.yaml",
            "nautes/base/crd/bases/nautes.resource.nautes.io_coderepoes.yaml",
            "nautes/base/apps/overlays/webhook/validating.yaml",
        ] {
            let text = tree.get(path).and_then(Entry::text).unwrap();
            let source = Source::new(path, text);
            let read = parse_one(&source, Rules::Kubernetes).unwrap().to_json();
            assert!(read["kind"].is_string(), "{path}: {text}");
        }
        assert_eq!(
            tree.paths().filter(|path| path.contains("/bases/")).count(),
            13
        );
    }

    #[test]
    fn upstreams_own_traps_are_in_it() {
        let tree = tenant();
        let text = |path: &str| tree.get(path).and_then(Entry::text).unwrap().to_owned();
        assert!(text("nautes/base/manager/manager.yaml").contains("nautes-app: true"));
        assert_eq!(
            text("nautes/overlays/production/clusters/kustomization.yaml"),
            ""
        );
    }
}
