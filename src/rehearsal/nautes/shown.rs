//! The fields of each kind as the API shows them, and the values that it refuses: v0.4.2.

use serde_json::{Map, Value, json};

use super::refusal;
use super::state::{Key, Object};
use crate::rehearsal::network::Response;

/// The name of a kind.
pub fn name(kind: &str) -> &'static str {
    match kind {
        "clusters" => "Cluster",
        "products" => "Product",
        "environments" => "Environment",
        "projects" => "Project",
        "coderepos" => "CodeRepo",
        "coderepobindings" => "CodeRepoBinding",
        "projectpipelineruntimes" => "ProjectPipelineRuntime",
        _ => "DeploymentRuntime",
    }
}

/// The fields that are kept of a kind in a product, with what an empty one shows.
pub fn fields(kind: &str) -> Option<Vec<(&'static str, Value)>> {
    let text = || json!("");
    Some(match kind {
        "environments" => vec![("cluster", text()), ("env_type", text())],
        "projects" => vec![("language", text())],
        "coderepos" => vec![
            ("project", text()),
            ("webhook", json!({ "events": [] })),
            ("deployment_runtime", json!(false)),
            ("pipeline_runtime", json!(false)),
            ("git", json!({ "gitlab": null, "github": null })),
        ],
        "coderepobindings" => vec![
            ("projects", json!([])),
            ("permissions", text()),
            ("coderepo", text()),
            ("product", text()),
        ],
        "projectpipelineruntimes" => vec![
            ("project", text()),
            ("pipeline_source", text()),
            ("event_sources", json!([])),
            ("pipelines", json!([])),
            ("pipeline_triggers", json!([])),
            ("destination", Value::Null),
            ("isolation", text()),
            ("additional_resources", Value::Null),
            ("account", text()),
            ("hooks", Value::Null),
        ],
        "deploymentruntimes" => vec![
            ("projects_ref", json!([])),
            ("manifest_source", Value::Null),
            ("destination", Value::Null),
            ("account", text()),
        ],
        _ => return None,
    })
}

/// An object as the API shows it: every field, empty or not; nothing else.
pub fn shown(key: &Key, object: &Object) -> Value {
    let body = &object.body;
    if key.kind == "products" {
        let gitlab = &body["git"]["gitlab"];
        let group = json!({ "path": gitlab["path"], "visibility": gitlab["visibility"],
            "description": gitlab["description"].as_str().unwrap_or_default() });
        return json!({ "name": key.name, "git": { "gitlab": group, "github": null } });
    }
    let mut map = Map::new();
    map.insert("name".to_owned(), key.name.clone().into());
    if key.kind == "clusters" {
        for field in [
            "cluster_kind",
            "cluster_type",
            "usage",
            "host_cluster",
            "primary_domain",
            "worker_type",
            "api_server",
        ] {
            map.insert(
                field.to_owned(),
                body[field].as_str().unwrap_or_default().into(),
            );
        }
        for field in [
            "components_list",
            "reserved_namespaces_allowed_products",
            "product_allowed_cluster_resources",
        ] {
            let value = if body[field].is_null() {
                json!({})
            } else {
                body[field].clone()
            };
            map.insert(field.to_owned(), value);
        }
        return map.into();
    }
    // A binding's own product is in its path; its field is the one that may use the repository.
    let own = !matches!(
        key.kind.as_str(),
        "coderepobindings" | "projectpipelineruntimes"
    );
    if own {
        map.insert("product".to_owned(), key.product.clone().into());
    }
    for (field, empty) in fields(&key.kind).into_iter().flatten() {
        let value = &body[field];
        let value = if value.is_null() {
            empty
        } else {
            value.clone()
        };
        map.insert(field.to_owned(), value);
    }
    map.into()
}

/// The fields that must have one of these words.
const CHOICES: [(&str, &str, &[&str]); 7] = [
    ("clusters", "/cluster_type", &["physical", "virtual"]),
    ("clusters", "/usage", &["host", "worker"]),
    ("products", "/git/gitlab/visibility", &["public", "private"]),
    (
        "coderepos",
        "/git/gitlab/visibility",
        &["public", "private"],
    ),
    (
        "coderepobindings",
        "/permissions",
        &["readonly", "readwrite"],
    ),
    (
        "projectpipelineruntimes",
        "/isolation",
        &["shared", "exclusive"],
    ),
    ("clusters", "/cluster_kind", &["kubernetes"]),
];

/// Why a body is refused before anything else, if it is.
pub fn wrong(kind: &str, body: &Value) -> Option<Response> {
    // A text where v0.4 has a message cannot be read at all.
    if body["destination"].is_string() {
        let said = "body unmarshal proto: syntax error: unexpected token in field destination";
        return Some(refusal(400, "CODEC", said));
    }
    for (of, at, words) in CHOICES.iter().filter(|(of, ..)| *of == kind) {
        let value = body.pointer(at).and_then(Value::as_str).unwrap_or_default();
        if !words.contains(&value) {
            let field = at.rsplit('/').next().unwrap_or_default();
            let said = format!(
                "invalid {}: {field}: value must be in list [{}]",
                name(of),
                words.join(" ")
            );
            return Some(refusal(500, "", &said));
        }
    }
    None
}
