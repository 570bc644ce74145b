//! Settings: those that a version has, with their defaults; passwords are taken and never told.

use serde_json::{Map, Value, json};

use super::state::{Data, digested};
use super::{Asked, refused};
use crate::rehearsal::network::Response;
use crate::rehearsal::web;

/// Passwords.
const HIDDEN: [&str; 3] = [
    "oidc_client_secret",
    "ldap_search_password",
    "uaa_client_secret",
];

/// The defaults of a version.
fn defaults(version: (u32, u32)) -> Map<String, Value> {
    let all = json!({
        "auth_mode": "db_auth", "self_registration": false, "project_creation_restriction": "everyone",
        "read_only": false, "token_expiration": 30, "robot_token_duration": 30, "robot_name_prefix": "robot$",
        "notification_enable": true, "quota_per_project_enable": true, "storage_per_project": -1,
        "oidc_name": "", "oidc_endpoint": "", "oidc_client_id": "", "oidc_groups_claim": "", "oidc_admin_group": "",
        "oidc_scope": "", "oidc_user_claim": "", "oidc_verify_cert": true, "oidc_auto_onboard": false,
        "oidc_extra_redirect_parms": "{}", "ldap_url": "", "ldap_verify_cert": true, "uaa_endpoint": "",
    });
    let since = |minor: u32, more: Value| {
        if version >= (2, minor) {
            more
        } else {
            json!({})
        }
    };
    let newer = [
        since(
            6,
            json!({ "session_timeout": 60, "audit_log_forward_endpoint": "" }),
        ),
        since(8, json!({ "oidc_group_filter": "", "banner_message": "" })),
        since(9, json!({ "primary_auth_mode": false })),
        since(14, json!({ "oidc_logout": false })),
    ];
    let mut found = Map::new();
    for part in std::iter::once(all).chain(newer) {
        found.extend(part.as_object().cloned().unwrap_or_default());
    }
    found
}

impl Data {
    /// Every setting with its value.
    pub fn settings(&self, asked: &Asked<'_>) -> Value {
        let all = defaults(asked.version).into_iter().map(|(name, value)| {
            let value = self.written.get(&name).cloned().unwrap_or(value);
            (name, json!({ "value": value, "editable": true }))
        });
        Value::Object(all.collect())
    }
}

/// What is asked of settings; `None` if it is not about them.
pub fn answer(data: &mut Data, asked: &Asked<'_>) -> Option<Response> {
    match (asked.verb, asked.path.as_slice()) {
        ("GET", ["configurations"]) => Some(web::json(200, &data.settings(asked))),
        ("PUT", ["configurations"]) => Some(write(data, asked)),
        _ => None,
    }
}

fn write(data: &mut Data, asked: &Asked<'_>) -> Response {
    let known = defaults(asked.version);
    let wanted = asked.body.as_object().cloned().unwrap_or_default();
    let kind = |value: &Value| (value.is_string(), value.is_boolean(), value.is_number());
    let wrong = wanted.iter().find(|(name, value)| {
        known
            .get(*name)
            .is_some_and(|default| kind(default) != kind(value))
    });
    if let Some((name, _)) = wrong {
        return refused(422, &format!("{name} in body must be of another type"));
    }
    let modes = ["db_auth", "ldap_auth", "uaa_auth", "http_auth", "oidc_auth"];
    if let Some(mode) = wanted.get("auth_mode").and_then(Value::as_str)
        && !modes.contains(&mode)
    {
        return refused(400, &format!("invalid auth mode: {mode}"));
    }
    for (name, value) in wanted {
        if HIDDEN.contains(&name.as_str()) {
            let digest = digested(value.as_str().unwrap_or_default());
            data.hidden.insert(name, digest);
        } else if known.contains_key(&name) {
            // Others are dropped without a word.
            data.written.insert(name, value);
        }
    }
    web::nothing(200)
}
