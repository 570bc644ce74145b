//! `/openapi`: just enough for `kubectl apply`, which asks it whether the server checks fields by
//! itself. `kubectl explain` wants the whole schema and is refused.

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::serve::plain;
use super::state::State;
use crate::rehearsal::network::Response;

const UNEXPLAINED: &str = "The rehearsal does not simulate `kubectl explain`: it has no descriptions of fields. Ask a real cluster.";

/// Answers `/openapi/…`.
///
/// # Errors
/// 404, 406, 501.
pub fn answer(state: &State, (version, rest): (&str, &[&str])) -> Result<Response, Refusal> {
    match (version, rest) {
        ("v3", []) => {
            let mut paths = Map::new();
            let mut put = |path: String| {
                let url = format!("/openapi/v3/{path}?hash=rehearsal");
                paths.insert(path, json!({"serverRelativeURL": url}));
            };
            put("api/v1".to_owned());
            for (group, versions) in state.kinds.groups() {
                for version in versions {
                    put(format!("apis/{group}/{version}"));
                }
            }
            Ok(plain(200, &json!({"paths": paths}), &[]))
        }
        ("v3", path) => document(state, path),
        _ => Err(Refusal::not_simulated(
            "the whole OpenAPI schema (use `--validate=false`, and no `kubectl explain`)",
        )),
    }
}

fn document(state: &State, path: &[&str]) -> Result<Response, Refusal> {
    let (group, version) = match path {
        ["api", version] => ("", *version),
        ["apis", group, version] => (*group, *version),
        _ => return Err(Refusal::no_resource()),
    };
    let kinds: Vec<_> = state
        .kinds
        .all()
        .filter(|k| k.group == group && k.version == version)
        .collect();
    if kinds.is_empty() {
        return Err(Refusal::no_resource());
    }
    let paths: Vec<(String, Value)> = kinds
        .iter()
        .map(|kind| {
            let path = format!("/{}/{}/{{name}}", path.join("/"), kind.plural);
            (
                path,
                json!({"group": kind.group, "version": kind.version, "kind": kind.kind}),
            )
        })
        .collect();
    let paths: Map<String, Value> = paths
        .into_iter()
        .map(|(path, kind)| {
            let parameters =
                json!([{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}]);
            (
                path,
                json!({"patch": {"x-kubernetes-group-version-kind": kind, "parameters": parameters,
                "responses": {"200": {"description": "OK"}}}}),
            )
        })
        .collect();
    // `kubectl explain` prints a kind's description: here the sentence that it is not to be had.
    let schemas: Map<String, Value> = kinds
        .iter()
        .map(|kind| {
            let gvk = json!([{"group": kind.group, "version": kind.version, "kind": kind.kind}]);
            let schema = json!({"type": "object", "x-kubernetes-group-version-kind": gvk, "description": UNEXPLAINED});
            (format!("rehearsal.{}", kind.kind), schema)
        })
        .collect();
    let info =
        json!({"title": "Kubernetes (rehearsal)", "version": super::discovery::version_of(state)});
    Ok(plain(
        200,
        &json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}),
        &[],
    ))
}
