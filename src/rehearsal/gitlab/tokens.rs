//! Personal access tokens: told of, made by administrators for others, rotated, revoked.

use serde_json::{Value, json};

use super::state::{DAY, State, Token, date, day};
use super::{Asked, error, forbidden, message, page, taken, web};
use crate::rehearsal::network::Response;

/// The longest life of a token, in days, from GitLab 16 on.
const LONGEST: u64 = 400;

/// What lies below `personal_access_tokens`, and a user's.
pub fn answer(state: &mut State, asked: &Asked<'_>) -> Option<Response> {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    Some(match (asked.verb, path.as_slice()) {
        ("GET", ["personal_access_tokens"]) => list(state, asked),
        ("GET", ["personal_access_tokens", "self"]) => {
            web::json(200, &told(state, asked.who.token))
        }
        ("DELETE", ["personal_access_tokens", "self"]) => revoke(state, asked.who.token),
        ("GET", ["personal_access_tokens", id]) => match known(state, asked, id) {
            Ok(id) => web::json(200, &told(state, id)),
            Err(refusal) => refusal,
        },
        ("DELETE", ["personal_access_tokens", id]) => match known(state, asked, id) {
            Ok(id) => revoke(state, id),
            Err(refusal) => refusal,
        },
        ("POST", ["personal_access_tokens", id, "rotate"]) if state.major() >= 16 => {
            match known(state, asked, id) {
                Ok(id) => rotate(state, (id, &asked.body)),
                Err(refusal) => refusal,
            }
        }
        ("POST", ["users", user, "personal_access_tokens"]) => {
            let user = user.parse().unwrap_or_default();
            if !asked.who.admin {
                forbidden()
            } else if state.users.contains_key(&user) {
                make(state, user, &asked.body)
            } else {
                message(404, "404 User Not Found")
            }
        }
        _ => return None,
    })
}

fn known(state: &State, asked: &Asked<'_>, id: &str) -> Result<u64, Response> {
    let id = id.parse().unwrap_or_default();
    match state.tokens.get(&id) {
        Some(token) if asked.who.admin || token.user == asked.who.user => Ok(id),
        _ => Err(message(404, "404 Not Found")),
    }
}

fn told(state: &State, id: u64) -> Value {
    let Some(token) = state.tokens.get(&id) else {
        return Value::Null;
    };
    json!({ "id": id, "name": token.name, "revoked": token.revoked, "user_id": token.user,
        "created_at": date(token.created / DAY), "scopes": token.scopes, "last_used_at": null,
        "active": state.works(token), "expires_at": token.until.map(date) })
}

fn list(state: &State, asked: &Asked<'_>) -> Response {
    let user = asked.word("user_id").and_then(|id| id.parse::<u64>().ok());
    let user = if asked.who.admin {
        user
    } else {
        Some(asked.who.user)
    };
    let found = state.tokens.iter().filter(|(_, token)| {
        user.is_none_or(|user| token.user == user)
            && match asked.word("state") {
                Some("active") => state.works(token),
                Some("inactive") => !state.works(token),
                _ => true,
            }
    });
    let found: Vec<Value> = found.map(|(id, _)| told(state, *id)).collect();
    page(&found, asked)
}

fn revoke(state: &mut State, id: u64) -> Response {
    let works = state
        .tokens
        .get(&id)
        .is_some_and(|token| state.works(token));
    if !works {
        return message(400, "400 Bad request - Token already revoked");
    }
    if let Some(token) = state.tokens.get_mut(&id) {
        token.revoked = true;
    }
    web::nothing(204)
}

fn rotate(state: &mut State, (id, body): (u64, &Value)) -> Response {
    let Some(token) = state.tokens.get(&id).cloned() else {
        return message(404, "404 Not Found");
    };
    if !state.works(&token) {
        return message(400, "400 Bad request - Token already revoked");
    }
    let until = body["expires_at"].as_str().and_then(day);
    revoke(state, id);
    let until = until.unwrap_or(state.now / DAY + 7);
    let (id, value) = state.token(Token {
        until: Some(until),
        ..token
    });
    let mut told = told(state, id);
    told["token"] = value.into();
    web::json(200, &told)
}

fn make(state: &mut State, user: u64, body: &Value) -> Response {
    let scopes = body["scopes"].as_array().into_iter().flatten();
    let scopes: Vec<String> = scopes
        .filter_map(|scope| scope.as_str().map(ToOwned::to_owned))
        .collect();
    if body["name"].as_str().is_none_or(str::is_empty) {
        return error(400, "name is missing");
    }
    if scopes.is_empty() {
        return error(400, "scopes is missing");
    }
    let wrong = scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str()));
    if wrong {
        return error(400, "scopes does not have a valid value");
    }
    let today = state.now / DAY;
    let asked = body["expires_at"].as_str().map(day);
    let until = match asked {
        Some(None) => return error(400, "expires_at is invalid"),
        Some(until) => until,
        None if state.major() >= 16 => Some(today + 365),
        None => None,
    };
    if until.is_some_and(|until| until <= today) {
        return taken(422, "expires_at", "can't be in the past");
    }
    if state.major() >= 16 && until.is_some_and(|until| until > today + LONGEST) {
        return taken(422, "expires_at", "must be before the longest lifetime");
    }
    let token = Token {
        name: body["name"].as_str().unwrap_or_default().to_owned(),
        user,
        scopes,
        until,
        ..Token::default()
    };
    let (id, value) = state.token(token);
    let mut told = told(state, id);
    told["token"] = value.into();
    web::json(201, &told)
}

/// What tokens may be for.
pub const SCOPES: &[&str] = &[
    "admin_mode",
    "api",
    "create_runner",
    "read_api",
    "read_registry",
    "read_repository",
    "read_user",
    "sudo",
    "write_registry",
    "write_repository",
];
