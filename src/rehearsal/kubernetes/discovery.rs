//! What the server is and which kinds it has: `/version`, `/api`, `/apis`, health, `OpenAPI`.

use serde_json::{Value, json};

use super::asked::Asked;
use super::kinds::{Kind, Scope};
use super::refusal::Refusal;
use super::serve::plain;
use super::state::State;
use crate::rehearsal::network::Response;

/// Answers paths that are no resources; `None` for those that are.
pub fn answer(state: &State, asked: &Asked<'_>) -> Option<Result<Response, Refusal>> {
    let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let json = |value: Value| Some(Ok(plain(200, &value, &[])));
    match parts.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => Some(Ok(text("ok"))),
        ["version"] => json(version(state)),
        [""] => json(
            json!({"paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]}),
        ),
        ["api"] => json(json!({"kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"}]})),
        ["apis"] => json(json!({"kind": "APIGroupList", "apiVersion": "v1",
            "groups": state.kinds.groups().iter().map(group).collect::<Vec<_>>()})),
        ["apis", name] => {
            let groups = state.kinds.groups();
            match groups.iter().find(|(group, _)| group == name) {
                Some(found) => {
                    let mut body = group(found);
                    body["kind"] = "APIGroup".into();
                    body["apiVersion"] = "v1".into();
                    json(body)
                }
                None => Some(Err(Refusal::no_resource())),
            }
        }
        ["api", version] => Some(resources(state, ("", version))),
        ["apis", group, version] => Some(resources(state, (group, version))),
        ["openapi", version, rest @ ..] => Some(super::openapi::answer(state, (version, rest))),
        ["api", ..] => None,
        ["apis", group, version, ..] if is_served(state, (group, version)) => None,
        _ => Some(Ok(Response {
            status: 404,
            ..text("404 page not found\n")
        })),
    }
}

fn is_served(state: &State, (group, version): (&str, &str)) -> bool {
    state
        .kinds
        .all()
        .any(|kind| kind.group == group && kind.version == version)
}

fn text(body: &str) -> Response {
    Response {
        status: 200,
        headers: vec![(
            "content-type".to_owned(),
            "text/plain; charset=utf-8".to_owned(),
        )],
        body: body.as_bytes().to_vec(),
    }
}

/// The newest version of a node says which Kubernetes this is.
pub fn version_of(state: &State) -> String {
    let nodes = state.nodes.iter().filter(|node| node.server);
    nodes
        .map(|node| node.version.clone())
        .max()
        .unwrap_or_else(|| "v1.34.4".to_owned())
}

fn version(state: &State) -> Value {
    let version = version_of(state);
    let mut numbers = version.trim_start_matches('v').split('.');
    json!({"major": numbers.next().unwrap_or("1"), "minor": numbers.next().unwrap_or("34"),
        "gitVersion": version, "gitCommit": "rehearsal", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.26", "compiler": "gc", "platform": "linux/amd64"})
}

fn group((name, versions): &(String, Vec<String>)) -> Value {
    let all: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "versions": all, "preferredVersion": all.first()})
}

fn resources(state: &State, (group, version): (&str, &str)) -> Result<Response, Refusal> {
    let found: Vec<&Kind> = state
        .kinds
        .all()
        .filter(|kind| kind.group == group && kind.version == version)
        .map(AsRef::as_ref)
        .collect();
    let first = found.first().ok_or_else(Refusal::no_resource)?;
    let mut list = Vec::new();
    for kind in &found {
        list.push(resource(kind));
        for sub in &kind.subresources {
            list.push(subresource(kind, sub));
        }
    }
    let body = json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": first.api_version(), "resources": list});
    Ok(plain(200, &body, &[]))
}

fn resource(kind: &Kind) -> Value {
    let mut json = json!({"name": kind.plural, "singularName": kind.singular,
        "namespaced": kind.scope == Scope::Namespaced, "kind": kind.kind, "verbs": kind.verbs});
    if !kind.short.is_empty() {
        json["shortNames"] = json!(kind.short);
    }
    if !kind.categories.is_empty() {
        json["categories"] = json!(kind.categories);
    }
    json
}

fn subresource(kind: &Kind, sub: &str) -> Value {
    let (group, version, name) = match sub {
        "scale" => ("autoscaling", "v1", "Scale"),
        "eviction" => ("policy", "v1", "Eviction"),
        "token" => ("authentication.k8s.io", "v1", "TokenRequest"),
        _ => ("", "", kind.kind.as_str()),
    };
    let verbs: &[&str] = match sub {
        "status" | "scale" => &["get", "patch", "update"],
        "log" => &["get"],
        "eviction" | "token" | "binding" => &["create"],
        "exec" | "attach" | "portforward" | "proxy" => &["create", "get"],
        _ => &["update"],
    };
    let mut json = json!({"name": format!("{}/{sub}", kind.plural), "singularName": "",
        "namespaced": kind.scope == Scope::Namespaced, "kind": name, "verbs": verbs});
    if !group.is_empty() {
        json["group"] = group.into();
        json["version"] = version.into();
    }
    json
}
