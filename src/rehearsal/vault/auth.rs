//! Auth methods: their configurations and roles, `AppRole`'s ids, tokens.

use serde_json::{Map, Value, json};

use super::state::{State, Token};
use super::{Asked, absent, data, envelope, keys, refused, web};
use crate::rehearsal::network::Response;

/// A month, in seconds: how long a token lives that nobody gives another time.
const LEASE: u64 = 768 * 3600;

/// Signing in by `AppRole`: who has both ids gets a token.
pub fn login(state: &mut State, asked: &Asked<'_>) -> Option<Response> {
    let mount = asked.path.strip_prefix("auth/")?.strip_suffix("/login")?;
    if asked.verb != "POST" || state.methods.get(mount).is_none_or(|m| m.kind != "approle") {
        return None;
    }
    let below = format!("auth/{mount}/role/");
    let (role, secret) = (&asked.body["role_id"], &asked.body["secret_id"]);
    let found = state.settings.iter().find(|(path, body)| {
        path.starts_with(&below) && body["role_id"] == *role && !role.is_null()
    });
    let Some((path, body)) = found else {
        return Some(refused(400, "invalid role or secret ID"));
    };
    let known = state.secret_ids.get(path);
    if known.is_none_or(|ids| !ids.iter().any(|id| id["secret_id"] == *secret)) {
        return Some(refused(400, "invalid role or secret ID"));
    }
    let policies = strings(&body["token_policies"]);
    let token = Token {
        policies,
        until: Some(
            state.now
                + body["token_ttl"]
                    .as_u64()
                    .filter(|ttl| *ttl > 0)
                    .unwrap_or(LEASE),
        ),
        name: "approle".to_owned(),
    };
    Some(given(state, token))
}

fn given(state: &mut State, token: Token) -> Response {
    let lease = token
        .until
        .map_or(0, |until| until.saturating_sub(state.now));
    let policies = token.policies.clone();
    let name = state.token(token);
    let mut body = envelope(&Value::Null);
    body["auth"] = json!({ "client_token": name, "policies": policies, "token_policies": policies,
        "lease_duration": lease, "renewable": true });
    web::json(200, &body)
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text
            .split(',')
            .map(|one| one.trim().to_owned())
            .filter(|one| !one.is_empty())
            .collect(),
        Value::Array(all) => all
            .iter()
            .filter_map(|one| Some(one.as_str()?.to_owned()))
            .collect(),
        _ => Vec::new(),
    }
}

/// What lies below `auth/`.
pub fn answer(state: &mut State, asked: &Asked<'_>) -> Option<Response> {
    let rest = asked.path.strip_prefix("auth/")?;
    if let Some(rest) = rest.strip_prefix("token/") {
        return Some(tokens(state, asked, rest));
    }
    let mount = state
        .methods
        .keys()
        .filter(|name| rest.starts_with(&format!("{name}/")));
    let Some(mount) = mount.max_by_key(|name| name.len()).cloned() else {
        return Some(refused(
            404,
            &format!(
                "no handler for route \"{}\". route entry not found.",
                asked.path
            ),
        ));
    };
    let kind = state.methods[&mount].kind.clone();
    let inside = rest[mount.len() + 1..].to_owned();
    let parts: Vec<&str> = inside.split('/').collect();
    Some(match (asked.verb, parts.as_slice()) {
        ("LIST", ["role"]) => {
            let below = format!("auth/{mount}/role/");
            keys(
                state
                    .settings
                    .keys()
                    .filter_map(|path| Some(path.strip_prefix(&below)?.to_owned())),
            )
        }
        (_, ["role", name, ids @ ..]) if kind == "approle" && !ids.is_empty() => {
            approle(state, asked, (&role_path(&mount, name), ids))
        }
        ("GET", ["role", _] | ["config"]) => match state.settings.get(&named(asked.path)) {
            Some(body) => data(&shown(body)),
            None => absent(),
        },
        ("POST", ["role", _] | ["config"]) => written(state, asked, &kind),
        ("DELETE", ["role", _]) => {
            state.settings.remove(&named(asked.path));
            web::nothing(204)
        }
        _ => refused(404, &format!("unsupported path {}", asked.path)),
    })
}

/// Names of roles are kept in small letters.
fn named(path: &str) -> String {
    match path.split_once("/role/") {
        Some((mount, name)) => format!("{mount}/role/{}", name.to_lowercase()),
        None => path.to_owned(),
    }
}

fn role_path(mount: &str, name: &str) -> String {
    format!("auth/{mount}/role/{}", name.to_lowercase())
}

/// Without what is never read back.
fn shown(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(map) = body.as_object_mut() {
        map.remove("role_id");
        if map.remove("token_reviewer_jwt").is_some() {
            map.insert("token_reviewer_jwt_set".to_owned(), true.into());
        }
        map.remove("oidc_client_secret");
    }
    body
}

/// Writes a role or a configuration; fields that are not given keep what they were.
fn written(state: &mut State, asked: &Asked<'_>, kind: &str) -> Response {
    let path = named(asked.path);
    let role = path.contains("/role/");
    let mut body = state
        .settings
        .get(&path)
        .cloned()
        .unwrap_or_else(|| begun(kind, role));
    let Some(given) = asked.body.as_object() else {
        return refused(400, "the body is not a mapping");
    };
    if kind == "kubernetes" && !role && given.get("kubernetes_host").is_none() {
        return refused(400, "no host provided");
    }
    if kind == "kubernetes" && role {
        for (key, what) in [
            ("bound_service_account_names", "names"),
            ("bound_service_account_namespaces", "namespaces"),
        ] {
            let all = strings(given.get(key).unwrap_or(&body[key]));
            if all.is_empty() {
                return refused(
                    400,
                    &format!("\"bound_service_account_{what}\" can not be empty"),
                );
            }
        }
    }
    for (key, value) in given {
        let value = if LISTS.contains(&key.as_str()) {
            json!(strings(value))
        } else if TIMES.contains(&key.as_str()) {
            json!(seconds(value))
        } else {
            value.clone()
        };
        body[key] = value;
    }
    if role {
        // The older name of the same field.
        let policies = if given.contains_key("policies") && !given.contains_key("token_policies") {
            body["policies"].clone()
        } else {
            body["token_policies"].clone()
        };
        let policies = json!(strings(&policies));
        body["policies"] = policies.clone();
        body["token_policies"] = policies;
    }
    if kind == "approle" && body["role_id"].is_null() {
        body["role_id"] = state.identifier().into();
    }
    state.settings.insert(path, body);
    web::nothing(204)
}

const LISTS: &[&str] = &[
    "allowed_redirect_uris",
    "bound_audiences",
    "bound_service_account_names",
    "bound_service_account_namespaces",
    "policies",
    "secret_id_bound_cidrs",
    "token_bound_cidrs",
    "token_policies",
];
const TIMES: &[&str] = &[
    "secret_id_ttl",
    "token_max_ttl",
    "token_period",
    "token_ttl",
];

/// Seconds of `768h`, `30m`, `15s` or a number.
fn seconds(value: &Value) -> u64 {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (number, unit) = text.split_at(text.trim_end_matches(char::is_alphabetic).len());
    let number: u64 = number.parse().unwrap_or_default();
    number
        * match unit {
            "h" => 3600,
            "m" => 60,
            "d" => 86400,
            _ => 1,
        }
}

/// What a role or a configuration has that nobody gave it.
fn begun(kind: &str, role: bool) -> Value {
    let token = [
        ("token_ttl", json!(0)),
        ("token_max_ttl", json!(0)),
        ("token_policies", json!([])),
        ("token_period", json!(0)),
        ("token_bound_cidrs", json!([])),
        ("token_type", json!("default")),
    ];
    let own: &[(&str, Value)] = match (kind, role) {
        ("approle", true) => &[
            ("bind_secret_id", json!(true)),
            ("secret_id_bound_cidrs", Value::Null),
            ("secret_id_num_uses", json!(0)),
            ("secret_id_ttl", json!(0)),
        ],
        ("kubernetes", true) => &[
            ("alias_name_source", json!("serviceaccount_uid")),
            ("audience", json!("")),
        ],
        ("kubernetes", false) => &[
            ("disable_iss_validation", json!(true)),
            ("disable_local_ca_jwt", json!(false)),
            ("issuer", json!("")),
            ("pem_keys", json!([])),
        ],
        _ => &[],
    };
    let own = own.iter().cloned();
    let fields = token.into_iter().filter(|_| role).chain(own);
    let fields: Map<String, Value> = fields.map(|(key, value)| (key.to_owned(), value)).collect();
    Value::Object(fields)
}

fn approle(state: &mut State, asked: &Asked<'_>, (role, ids): (&str, &[&str])) -> Response {
    let Some(body) = state.settings.get(role).cloned() else {
        return absent();
    };
    match (asked.verb, ids) {
        ("GET", ["role-id"]) => data(&json!({ "role_id": body["role_id"] })),
        ("POST", ["role-id"]) => {
            if let Some(body) = state.settings.get_mut(role) {
                body["role_id"] = asked.body["role_id"].clone();
            }
            web::nothing(204)
        }
        ("POST", ["secret-id"]) => {
            let (id, accessor) = (state.by_chance(), state.identifier());
            let made = json!({ "secret_id": id, "secret_id_accessor": accessor,
                "secret_id_ttl": 0, "secret_id_num_uses": 0 });
            state
                .secret_ids
                .entry(role.to_owned())
                .or_default()
                .push(made.clone());
            data(&made)
        }
        ("LIST", ["secret-id"]) => {
            let all = state.secret_ids.get(role).into_iter().flatten();
            keys(all.filter_map(|id| Some(id["secret_id_accessor"].as_str()?.to_owned())))
        }
        ("POST", ["secret-id", "lookup"]) => {
            let all = state.secret_ids.get(role).into_iter().flatten();
            let mut mine = all.filter(|id| id["secret_id"] == asked.body["secret_id"]);
            match mine.next() {
                Some(id) => data(
                    &json!({ "secret_id_accessor": id["secret_id_accessor"], "secret_id_ttl": 0 }),
                ),
                None => web::nothing(204),
            }
        }
        ("POST", ["secret-id", "destroy"]) => {
            let ids = state.secret_ids.entry(role.to_owned()).or_default();
            ids.retain(|id| id["secret_id"] != asked.body["secret_id"]);
            web::nothing(204)
        }
        _ => refused(404, "unsupported path"),
    }
}

fn tokens(state: &mut State, asked: &Asked<'_>, rest: &str) -> Response {
    let told = |state: &State, name: &str| match state.tokens.get(name) {
        Some(token) => data(&json!({ "id": name, "policies": token.policies,
            "display_name": token.name, "ttl": token.until.map_or(0, |u| u.saturating_sub(state.now)) })),
        None => refused(403, "bad token"),
    };
    match (asked.verb, rest) {
        ("GET", "lookup-self") => told(state, asked.token),
        ("POST", "lookup") => told(state, asked.body["token"].as_str().unwrap_or_default()),
        ("POST", "revoke-self") => {
            state.tokens.remove(asked.token);
            web::nothing(204)
        }
        ("POST", "revoke") => {
            state
                .tokens
                .remove(asked.body["token"].as_str().unwrap_or_default());
            web::nothing(204)
        }
        ("POST", "create" | "create-orphan") => {
            let ttl = seconds(&asked.body["ttl"]).max(seconds(&asked.body["period"]));
            let token = Token {
                policies: strings(&asked.body["policies"]),
                until: Some(state.now + if ttl > 0 { ttl } else { LEASE }),
                name: asked.body["display_name"]
                    .as_str()
                    .unwrap_or("token")
                    .to_owned(),
            };
            given(state, token)
        }
        _ => refused(404, "unsupported path"),
    }
}
