//! Secrets engines and auth methods: mounted, tuned, taken away.

use serde_json::{Map, Value, json};

use super::state::{Mount, State};
use super::{Asked, absent, data, envelope, refused, web};
use crate::rehearsal::network::Response;

/// What lies below `sys/mounts` and `sys/auth`.
pub fn answer(state: &mut State, asked: &Asked<'_>) -> Option<Response> {
    let (secrets, rest) = match asked.path.strip_prefix("sys/mounts") {
        Some(rest) => (true, rest),
        None => (false, asked.path.strip_prefix("sys/auth")?),
    };
    let (path, tune) = match rest.trim_start_matches('/') {
        "" => return (asked.verb == "GET").then(|| all(state, secrets)),
        path => match path.strip_suffix("/tune") {
            Some(path) => (path, true),
            None => (path, false),
        },
    };
    Some(match (asked.verb, tune) {
        ("GET", _) => match mounts(state, secrets).get(path) {
            Some(mount) => data(&told(mount)),
            None => refused(400, "No secret engine mount at {path}/"),
        },
        ("POST", true) => match mounts(state, secrets).get_mut(path) {
            Some(mount) => tuned(mount, &asked.body),
            None => refused(400, "no mount at that path"),
        },
        ("POST", false) => mounted(state, asked, (secrets, path)),
        ("DELETE", false) => removed(state, (secrets, path)),
        _ => refused(405, "unsupported operation"),
    })
}

fn mounts(state: &mut State, secrets: bool) -> &mut std::collections::BTreeMap<String, Mount> {
    if secrets {
        &mut state.engines
    } else {
        &mut state.methods
    }
}

fn told(mount: &Mount) -> Value {
    let lease = |key: &str| mount.config[key].as_u64().unwrap_or_default();
    json!({ "type": mount.kind, "description": mount.description, "options": mount.options,
        "accessor": mount.accessor, "local": false, "seal_wrap": false,
        "config": { "default_lease_ttl": lease("default_lease_ttl"), "max_lease_ttl": lease("max_lease_ttl"),
            "force_no_cache": false } })
}

/// All of them, both in the envelope and beside it.
fn all(state: &mut State, secrets: bool) -> Response {
    let rows = mounts(state, secrets).iter();
    let rows: Map<String, Value> = rows
        .map(|(path, m)| (format!("{path}/"), told(m)))
        .collect();
    let mut body = envelope(&Value::Object(rows.clone()));
    if let Some(map) = body.as_object_mut() {
        map.extend(rows);
    }
    web::json(200, &body)
}

fn mounted(state: &mut State, asked: &Asked<'_>, (secrets, path): (bool, &str)) -> Response {
    if mounts(state, secrets).contains_key(path) {
        return refused(400, &format!("path is already in use at {path}/"));
    }
    let kind = asked.body["type"].as_str().unwrap_or_default();
    let known: &[&str] = if secrets {
        &["kv", "kv-v2", "pki", "transit", "ssh", "database"]
    } else {
        &[
            "approle",
            "kubernetes",
            "jwt",
            "oidc",
            "userpass",
            "cert",
            "ldap",
        ]
    };
    if !known.contains(&kind) {
        let what = if secrets {
            "plugin not found in the catalog"
        } else {
            "unknown auth method"
        };
        return refused(400, &format!("{what}: {kind}"));
    }
    let mount = state.mount(&asked.body);
    mounts(state, secrets).insert(path.to_owned(), mount);
    web::nothing(204)
}

fn tuned(mount: &mut Mount, body: &Value) -> Response {
    if let Some(text) = body["description"].as_str() {
        text.clone_into(&mut mount.description);
    }
    for key in ["default_lease_ttl", "max_lease_ttl"] {
        if !body[key].is_null() {
            mount.config[key] = body[key].clone();
        }
    }
    web::nothing(204)
}

fn removed(state: &mut State, (secrets, path): (bool, &str)) -> Response {
    if mounts(state, secrets).remove(path).is_none() && !secrets {
        return absent();
    }
    if secrets {
        state.secrets.remove(path);
    } else {
        let below = format!("auth/{path}/");
        state.settings.retain(|key, _| !key.starts_with(&below));
        state.secret_ids.retain(|key, _| !key.starts_with(&below));
    }
    web::nothing(204)
}
