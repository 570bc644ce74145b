//! What may be asked of the proxy: secrets written, roles made, secrets opened to roles.

use serde_json::{Value, json};

use super::rules::Rules;
use super::{refused, web};
use crate::rehearsal::network::{Request, Response};

/// Asks the Vault: method, path below `/v1/`, body. Nothing if it cannot be asked at all.
type Vault<'a> = &'a dyn Fn(&str, &str, &Value) -> Option<(u16, Value)>;

/// What a call is answered from.
pub struct Desk<'a> {
    /// Who may do what.
    pub rules: &'a Rules,
    /// Sign-ins that a runtime operator may not change.
    pub protected: &'a [String],
    /// The Vault of its host.
    pub vault: Vault<'a>,
}

/// A secret: its engine, its path in it, what is stored.
struct Secret {
    engine: &'static str,
    path: String,
    stored: Value,
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// The secret that a body describes; nothing where a field is missing.
fn secret(kind: &str, meta: &Value, body: &Value) -> Option<Secret> {
    let named = |fields: [&str; 4]| -> Option<String> {
        let parts: Option<Vec<String>> = fields.iter().map(|name| text(&meta[*name])).collect();
        Some(parts?.join("/"))
    };
    Some(match kind {
        "git" => Secret {
            engine: "git",
            path: named(["provider_type", "id", "username", "permission"])?,
            stored: json!({ "deploykey": body["kvs"]["deploy_key"], "accesstoken": body["kvs"]["access_token"] }),
        },
        "cluster" => Secret {
            engine: "cluster",
            path: named(["type", "id", "username", "permission"])?,
            stored: json!({ "kubeconfig": body["account"]["kubeconfig"].as_str().unwrap_or_default() }),
        },
        "repo" => {
            let (provider, product) = (text(&meta["provider_id"])?, text(&meta["product"])?);
            let project = text(&meta["project"]).map(|name| format!("/{name}"));
            Secret {
                engine: "repo",
                path: format!("{provider}/{product}{}", project.unwrap_or_default()),
                stored: body["account"].clone(),
            }
        }
        _ => return None,
    })
}

fn missing() -> Response {
    refused(400, "VALIDATOR", "invalid request: a value is missing")
}

/// The answer to a call.
pub fn answer(desk: &Desk<'_>, request: &Request, client: Option<&str>) -> Response {
    let path = request.url.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return refused(400, "CODEC", "body unmarshal");
    };
    let method = request.method.as_str();
    match (method, parts.as_slice()) {
        ("POST", ["v1", kind @ ("git" | "cluster" | "repo")]) => {
            match secret(kind, &body["meta"], &body) {
                Some(secret) => write(desk, client, &secret),
                None => missing(),
            }
        }
        ("POST", ["v1", "auth", mount, "role"]) => role(desk, client, (mount, &body)),
        ("POST", ["v1", "auth", mount, "role", role, "policies", kind]) => {
            match secret(kind, &body["secret"], &Value::Null) {
                Some(secret) => grant(desk, client, (mount, role), &secret),
                None => missing(),
            }
        }
        _ => web::nothing(404),
    }
}

/// Who calls, if that is allowed.
fn who<'a>(desk: &Desk<'_>, client: Option<&'a str>, path: &str) -> Result<&'a str, Response> {
    let who = client.ok_or_else(|| refused(401, "AUTH_FAILED", "no client certificate"))?;
    if desk.rules.lets(who, path, "POST") {
        Ok(who)
    } else {
        Err(refused(403, "ACTION_NOT_ALLOW", "no rule allows it"))
    }
}

fn write(desk: &Desk<'_>, client: Option<&str>, secret: &Secret) -> Response {
    let at = format!("{}/data/{}", secret.engine, secret.path);
    if let Err(refusal) = who(desk, client, &at) {
        return refusal;
    }
    let written = (desk.vault)("POST", &at, &json!({ "data": secret.stored }));
    let Some((200, told)) = written else {
        return refused(400, "INPUT_ARG_ERROR", "Vault refused the secret");
    };
    let rules = format!("path \"{at}\" {{ capabilities = [\"read\"] }}\n");
    let policy = format!("sys/policies/acl/{}", secret.path.replace('/', "-"));
    (desk.vault)("POST", &policy, &json!({ "policy": rules }));
    web::json(
        200,
        &json!({ "secret": { "name": secret.engine, "path": secret.path, "version": told["data"]["version"] } }),
    )
}

fn role(desk: &Desk<'_>, client: Option<&str>, (mount, body): (&str, &Value)) -> Response {
    let Some(name) = text(&body["dest_user"]) else {
        return missing();
    };
    let who = match who(desk, client, &format!("auth/{mount}/role/{name}")) {
        Ok(who) => who,
        Err(refusal) => return refusal,
    };
    if who == "RUNTIME" && desk.protected.iter().any(|one| one == mount) {
        return refused(403, "ACTION_NOT_ALLOW", "this sign-in is protected");
    }
    match (desk.vault)("GET", &format!("auth/{mount}/config"), &Value::Null) {
        Some((200, _)) => {}
        Some((404, _)) => return refused(404, "RESOURCE_NOT_FOUND", "no such auth"),
        _ => return refused(500, "INTERNAL_SERVICE_ERROR", "Vault cannot be asked"),
    }
    let bound = &body["kubernetes"];
    let wanted = json!({ "bound_service_account_names": bound["service_accounts"],
        "bound_service_account_namespaces": bound["namespaces"] });
    match (desk.vault)("POST", &format!("auth/{mount}/role/{name}"), &wanted) {
        Some((200..=204, _)) => web::json(200, &json!({ "msg": "" })),
        _ => refused(500, "INTERNAL_SERVICE_ERROR", "Vault refused the role"),
    }
}

fn grant(
    desk: &Desk<'_>,
    client: Option<&str>,
    (mount, role): (&str, &str),
    secret: &Secret,
) -> Response {
    let path = format!("auth/{mount}/role/{role}");
    let who = match who(desk, client, &path) {
        Ok(who) => who,
        Err(refusal) => return refusal,
    };
    let stored = format!("{}/data/{}", secret.engine, secret.path);
    if !desk.rules.grants(who, &stored, role) {
        return refused(403, "ACTION_NOT_ALLOW", "no rule allows this grant");
    }
    let policy = secret.path.replace('/', "-");
    let there = (desk.vault)("GET", &format!("sys/policies/acl/{policy}"), &Value::Null);
    let found = (desk.vault)("GET", &path, &Value::Null);
    let (Some((200, _)), Some((200, found))) = (there, found) else {
        return refused(404, "RESOURCE_NOT_FOUND", "policy or role is not there");
    };
    let mut policies: Vec<Value> = found["data"]["token_policies"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if !policies.contains(&json!(policy)) {
        policies.push(json!(policy));
    }
    match (desk.vault)("POST", &path, &json!({ "token_policies": policies })) {
        Some((200..=204, _)) => web::json(200, &json!({ "msg": "" })),
        _ => refused(500, "INTERNAL_SERVICE_ERROR", "Vault refused the grant"),
    }
}
