//! Dex, simulated: what a client asks of an issuer before anybody signs in.

use serde_json::{Value, json};

use super::kubernetes::State;
use super::network::{Request, Response};
use super::web;

/// The issuer that its configuration names.
pub fn issuer(state: &State, namespace: &str) -> Option<String> {
    let map = state.object("/configmaps", namespace, "dex")?;
    let text = map["data"]["config.yaml"].as_str()?;
    let mut lines = text.lines();
    // Nautes writes the keys in words of its own case.
    let line = lines.find(|line| line.to_lowercase().starts_with("issuer:"))?;
    let value = line.split_once(':')?.1.trim();
    Some(value.trim_matches(['"', '\'']).to_owned())
}

/// Answers of a Dex in a namespace.
pub fn answer(state: &State, namespace: &str, request: &Request) -> Response {
    let Some(issuer) = issuer(state, namespace) else {
        return web::nothing(503);
    };
    let below = web::path_of(&issuer).trim_end_matches('/').to_owned();
    let below = if issuer.splitn(4, '/').count() == 4 {
        below
    } else {
        String::new()
    };
    let path = request.url.split('?').next().unwrap_or_default();
    let path = path.strip_prefix(&below).unwrap_or_default();
    match path {
        "/.well-known/openid-configuration" => web::json(200, &discovery(&issuer)),
        "/keys" => web::json(200, &keys(&state.name)),
        "/healthz" => Response {
            status: 200,
            body: b"Health check passed".to_vec(),
            ..Response::default()
        },
        _ => web::nothing(404),
    }
}

fn discovery(issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}/{path}");
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("auth"),
        "token_endpoint": at("token"),
        "jwks_uri": at("keys"),
        "userinfo_endpoint": at("userinfo"),
        "device_authorization_endpoint": at("device/code"),
        "grant_types_supported": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256", "plain"],
        "scopes_supported": ["openid", "email", "groups", "profile", "offline_access"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "email", "email_verified", "locale", "name", "preferred_username", "at_hash"],
    })
}

/// A key in the right form that belongs to nobody: it verifies nothing.
fn keys(of: &str) -> Value {
    let id = super::host::identifier(&[of, "dex"]);
    let modulus: String = (0..10)
        .map(|part| super::host::identifier(&[of, "dex", &part.to_string()]))
        .collect();
    json!({ "keys": [{ "use": "sig", "kty": "RSA", "kid": id, "alg": "RS256", "n": modulus, "e": "AQAB" }] })
}
