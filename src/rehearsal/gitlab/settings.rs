//! The settings of the instance.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::State;
use super::{Asked, error, forbidden, web};
use crate::rehearsal::network::Response;

/// What a fresh GitLab has, of what installers change.
pub fn begun() -> BTreeMap<String, Value> {
    let all = [
        (
            "allow_local_requests_from_web_hooks_and_services",
            json!(false),
        ),
        ("allow_local_requests_from_system_hooks", json!(true)),
        ("default_branch_name", json!("main")),
        ("default_project_visibility", json!("private")),
        ("default_group_visibility", json!("private")),
        ("gravatar_enabled", json!(true)),
        ("outbound_local_requests_whitelist", json!([])),
        ("require_admin_approval_after_user_signup", json!(true)),
        ("restricted_visibility_levels", json!([])),
        ("signup_enabled", json!(true)),
        ("usage_ping_enabled", json!(true)),
        ("user_default_external", json!(false)),
        ("version_check_enabled", json!(true)),
    ];
    all.into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// What is at `application/settings`.
pub fn answer(state: &mut State, asked: &Asked<'_>) -> Option<Response> {
    if asked.path != ["application", "settings"] {
        return None;
    }
    if !asked.who.admin {
        return Some(forbidden());
    }
    match asked.verb {
        "GET" => {}
        "PUT" => {
            let given = asked.body.as_object().cloned().unwrap_or_default();
            let known: Vec<_> = given
                .into_iter()
                .filter(|(key, _)| state.settings.contains_key(key))
                .collect();
            if known.is_empty() {
                return Some(error(
                    400,
                    "no known setting is given, at least one must be provided",
                ));
            }
            // Words that it does not know are passed over, as by the real one.
            state.settings.extend(known);
        }
        _ => return None,
    }
    Some(web::json(200, &json!(state.settings)))
}
