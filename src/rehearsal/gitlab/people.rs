//! Users, and what GitLab says of itself.

use serde_json::{Value, json};

use super::state::State;
use super::{Asked, error, forbidden, message, page, taken, web};
use crate::rehearsal::network::Response;

/// What lies below `user`, `users` and `version`.
pub fn answer(state: &mut State, asked: &Asked<'_>) -> Option<Response> {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    Some(match (asked.verb, path.as_slice()) {
        ("GET", ["version"]) => {
            let version = state.version.clone();
            web::json(200, &json!({ "version": version, "revision": "rehearsal" }))
        }
        ("GET", ["user"]) => web::json(
            200,
            state.users.get(&asked.who.user).unwrap_or(&Value::Null),
        ),
        ("GET", ["users"]) => {
            let wanted = asked.word("username").map(str::to_lowercase);
            let found = state.users.values().filter(|user| {
                let name = user["username"].as_str().unwrap_or_default().to_lowercase();
                wanted.as_ref().is_none_or(|wanted| *wanted == name)
            });
            let found: Vec<Value> = found.map(|user| shown(user, asked)).collect();
            page(&found, asked)
        }
        (_, ["users"]) | ("PUT" | "DELETE", ["users", _]) if !asked.who.admin => forbidden(),
        ("POST", ["users"]) => make(state, asked),
        ("GET", ["users", id]) => match state.users.get(&id.parse().unwrap_or_default()) {
            Some(user) => web::json(200, &shown(user, asked)),
            None => message(404, "404 User Not Found"),
        },
        ("PUT", ["users", id]) => change(state, asked, id.parse().unwrap_or_default()),
        ("DELETE", ["users", id]) => match state.users.remove(&id.parse().unwrap_or_default()) {
            Some(_) => web::nothing(204),
            None => message(404, "404 User Not Found"),
        },
        _ => return None,
    })
}

/// What others see of a user.
fn shown(user: &Value, asked: &Asked<'_>) -> Value {
    let mut user = user.clone();
    if let Some(map) = user.as_object_mut().filter(|_| !asked.who.admin) {
        map.remove("email");
        map.remove("is_admin");
    }
    user
}

fn make(state: &mut State, asked: &Asked<'_>) -> Response {
    for field in ["email", "name", "username"] {
        if asked.text(field).is_empty() {
            return error(400, &format!("{field} is missing"));
        }
    }
    let password = ["password", "reset_password", "force_random_password"];
    if password.iter().all(|field| asked.body[*field].is_null()) {
        return error(
            400,
            "password, reset_password, force_random_password are missing, at least one parameter must be provided",
        );
    }
    let has = |field: &str| {
        let wanted = asked.text(field).to_lowercase();
        let mut all = state.users.values();
        all.any(|user| user[field].as_str().unwrap_or_default().to_lowercase() == wanted)
    };
    if has("email") {
        return message(409, "Email has already been taken");
    }
    if has("username") {
        return message(409, "Username has already been taken");
    }
    if !asked.text("email").contains('@') {
        return taken(400, "email", "is invalid");
    }
    let id = state.number();
    let user = json!({ "id": id, "username": asked.text("username"), "name": asked.text("name"),
        "email": asked.text("email"), "state": "active", "bot": false,
        "is_admin": asked.body["admin"] == true, "external": asked.body["external"] == true,
        "can_create_group": asked.body["can_create_group"].as_bool().unwrap_or(true) });
    state.users.insert(id, user.clone());
    web::json(201, &user)
}

fn change(state: &mut State, asked: &Asked<'_>, id: u64) -> Response {
    let Some(user) = state.users.get_mut(&id) else {
        return message(404, "404 User Not Found");
    };
    for (field, theirs) in [
        ("name", "name"),
        ("email", "email"),
        ("admin", "is_admin"),
        ("external", "external"),
        ("can_create_group", "can_create_group"),
    ] {
        if !asked.body[field].is_null() {
            user[theirs] = asked.body[field].clone();
        }
    }
    let user = user.clone();
    web::json(200, &user)
}
