//! What the Nautes API answers to whoever asks whether it is there: the list of clusters.

use serde_json::{Value, json};

use crate::rehearsal::kubernetes::State;
use crate::rehearsal::network::{Request, Response};
use crate::rehearsal::web;

/// The answer of the api-server v0.4.2: nearly every refusal is a 500.
pub fn answer(state: &State, request: &Request) -> Response {
    let refused = |status: u16, message: &str| {
        web::json(
            status,
            &json!({"code": status, "reason": "", "message": message, "metadata": {}}),
        )
    };
    let path = request.url.split('?').next().unwrap_or_default();
    if (request.method.as_str(), path) != ("GET", "/api/v1/clusters") {
        return refused(
            501,
            "the rehearsal's Nautes API lists clusters and nothing else",
        );
    }
    let token = request.headers.iter().any(|(name, value)| {
        name == "authorization" && value.strip_prefix("Bearer ").is_some_and(|t| !t.is_empty())
    });
    if !token {
        return refused(500, "token is not found");
    }
    let clusters = state.store.list("nautes.resource.nautes.io/clusters", "");
    let items: Vec<Value> = clusters
        .map(|(key, cluster)| {
            json!({"name": key.name, "api_server": cluster["spec"]["apiServer"],
                "cluster_type": cluster["spec"]["clusterType"], "usage": cluster["spec"]["usage"]})
        })
        .collect();
    web::json(200, &json!({ "items": items }))
}
