//! OAuth applications of the instance: made, renewed, taken away; never changed, as in the real one.

use serde_json::{Value, json};

use super::state::{State, sum};
use super::{Asked, error, forbidden, message, web};
use crate::rehearsal::network::Response;

/// What lies below `applications`.
pub fn answer(state: &mut State, asked: &Asked<'_>) -> Option<Response> {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    let ["applications", rest @ ..] = path.as_slice() else {
        return None;
    };
    if !asked.who.admin {
        return Some(forbidden());
    }
    Some(match (asked.verb, rest) {
        // The list has no pages in versions before 17: all of it is one.
        ("GET", []) => {
            let all: Vec<Value> = state.applications.values().map(shown).collect();
            web::json(200, &json!(all))
        }
        ("POST", []) => make(state, asked),
        ("DELETE", [id]) => match state.applications.remove(&id.parse().unwrap_or_default()) {
            Some(_) => web::nothing(204),
            None => message(404, "404 Application Not Found"),
        },
        ("POST", [id, "renew-secret"]) if state.is_at_least(16, 11) => {
            let id = id.parse().unwrap_or_default();
            if state.applications.contains_key(&id) {
                renewed(state, id, 200)
            } else {
                message(404, "404 Application Not Found")
            }
        }
        _ => return None,
    })
}

fn shown(application: &Value) -> Value {
    let mut application = application.clone();
    if let Some(map) = application.as_object_mut() {
        map.remove("digest");
    }
    application
}

fn make(state: &mut State, asked: &Asked<'_>) -> Response {
    for field in ["name", "redirect_uri", "scopes"] {
        if asked.text(field).is_empty() {
            return error(400, &format!("{field} is missing"));
        }
    }
    let id = state.number();
    let uid = state.random();
    let application = json!({ "id": id, "application_id": uid, "application_name": asked.text("name"),
        "callback_url": asked.text("redirect_uri"),
        "confidential": asked.body["confidential"].as_bool().unwrap_or(true),
        "scopes": asked.text("scopes").split(' ').collect::<Vec<_>>() });
    state.applications.insert(id, application);
    renewed(state, id, 201)
}

fn renewed(state: &mut State, id: u64, status: u16) -> Response {
    let secret = format!("gloas-{}", state.random());
    let Some(application) = state.applications.get_mut(&id) else {
        return message(404, "404 Application Not Found");
    };
    application["digest"] = sum(&secret).into();
    let mut told = shown(application);
    told["secret"] = secret.into();
    web::json(status, &told)
}
