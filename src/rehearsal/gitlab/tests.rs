//! The simulated GitLab by its API.

use serde_json::{Value, json};

use super::state::{State, date, day};
use super::{Asked, answer, pairs, runner};

const SCRIPT: &str = "name = 'first'\nscopes = %w[api sudo]\nuser.personal_access_tokens.active.where(name: name).each(&:revoke!)\nuser.personal_access_tokens.create!(name: name, scopes: scopes, expires_at: 1.day.from_now)\n";

fn fresh(version: &str) -> State {
    let mut state = State::load(&Value::Null, "gitlab-0");
    state.version = version.to_owned();
    state.url = "https://192.0.2.1:31443".to_owned();
    state.now = 20_000 * 86_400;
    state
}

fn first(state: &mut State) -> String {
    let made = runner::answer(state, SCRIPT);
    assert_eq!(made.status, 200);
    String::from_utf8(made.body).unwrap().trim().to_owned()
}

fn ask(state: &mut State, (verb, path): (&str, &str), body: Value, token: &str) -> (u16, Value) {
    let Some(who) = state.who(Some(token)) else {
        return (401, Value::Null);
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let asked = Asked {
        verb,
        path: path.split('/').map(super::decoded).collect(),
        query: pairs(query),
        body,
        who,
    };
    let response = answer(state, &asked);
    let body = serde_json::from_slice(&response.body).unwrap_or_default();
    (response.status, body)
}

#[test]
fn a_first_token_replaces_the_one_before_and_ends_after_a_day() {
    let mut state = fresh("19.2.6");
    let one = first(&mut state);
    let two = first(&mut state);
    assert_eq!(ask(&mut state, ("GET", "user"), Value::Null, &one).0, 401);
    assert_eq!(ask(&mut state, ("GET", "user"), Value::Null, &two).0, 200);
    state.now += 86_400;
    assert_eq!(ask(&mut state, ("GET", "user"), Value::Null, &two).0, 401);
    assert_eq!(runner::answer(&mut state, "puts 1").status, 500);
}

#[test]
fn what_is_there_is_not_made_twice() {
    let mut state = fresh("19.2.6");
    let token = first(&mut state);
    let group = json!({ "name": "nautes", "path": "nautes" });
    let (code, made) = ask(&mut state, ("POST", "groups"), group.clone(), &token);
    assert_eq!(code, 201);
    assert_eq!(ask(&mut state, ("POST", "groups"), group, &token).0, 400);
    let project =
        json!({ "path": "management", "namespace_id": made["id"], "initialize_with_readme": true });
    let (code, made) = ask(&mut state, ("POST", "projects"), project.clone(), &token);
    assert_eq!(
        (code, &made["ssh_url_to_repo"]),
        (201, &json!("git@192.0.2.1:nautes/management.git"))
    );
    assert_eq!(
        ask(&mut state, ("POST", "projects"), project, &token).0,
        400
    );
    let path = "projects/nautes%2Fmanagement/deploy_keys";
    let key = json!({ "title": "t", "key": "ssh-ed25519 AAAA one", "can_push": true });
    assert_eq!(ask(&mut state, ("POST", path), key, &token).0, 201);
    let again = json!({ "title": "u", "key": "ssh-ed25519 AAAA two" });
    assert_eq!(ask(&mut state, ("POST", path), again, &token).0, 400);
    let user =
        json!({ "username": "b", "name": "b", "email": "b@x.y", "force_random_password": true });
    assert_eq!(
        ask(&mut state, ("POST", "users"), user.clone(), &token).0,
        201
    );
    assert_eq!(ask(&mut state, ("POST", "users"), user, &token).0, 409);
}

#[test]
fn a_token_that_reads_does_not_write() {
    let mut state = fresh("16.0.0");
    let token = first(&mut state);
    let user = json!({ "username": "b", "name": "b", "email": "b@x.y", "admin": true, "reset_password": true });
    let (_, user) = ask(&mut state, ("POST", "users"), user, &token);
    let path = format!("users/{}/personal_access_tokens", user["id"]);
    let wanted = json!({ "name": "n", "scopes": ["read_api"], "expires_at": date(20_365) });
    let (code, made) = ask(&mut state, ("POST", &path), wanted, &token);
    assert_eq!((code, &made["expires_at"]), (201, &json!(date(20_365))));
    let reader = made["token"].as_str().unwrap().to_owned();
    assert_eq!(
        ask(&mut state, ("GET", "applications"), Value::Null, &reader).0,
        200
    );
    let (code, said) = ask(
        &mut state,
        ("POST", "groups"),
        json!({ "name": "x", "path": "x" }),
        &reader,
    );
    assert_eq!((code, &said["error"]), (403, &json!("insufficient_scope")));
    let far = json!({ "name": "n", "scopes": ["read_api"], "expires_at": date(20_500) });
    assert_eq!(ask(&mut state, ("POST", &path), far, &token).0, 422);
    let list = format!("personal_access_tokens?user_id={}&state=active", user["id"]);
    let (_, found) = ask(&mut state, ("GET", &list), Value::Null, &reader);
    assert_eq!(found.as_array().unwrap().len(), 1);
    let path = format!("personal_access_tokens/{}", made["id"]);
    assert_eq!(
        ask(&mut state, ("DELETE", &path), Value::Null, &token).0,
        204
    );
    assert_eq!(
        ask(&mut state, ("GET", "user"), Value::Null, &reader).0,
        401
    );
}

#[test]
fn a_secret_is_told_once_and_renewed_from_16_11_on() {
    for (version, code) in [("15.10.8", 404), ("19.2.6", 200)] {
        let mut state = fresh(version);
        let token = first(&mut state);
        let wanted =
            json!({ "name": "dex", "redirect_uri": "https://dex/callback", "scopes": "openid" });
        let (_, made) = ask(&mut state, ("POST", "applications"), wanted, &token);
        assert!(made["secret"].is_string());
        let (_, all) = ask(&mut state, ("GET", "applications"), Value::Null, &token);
        assert!(all[0]["secret"].is_null() && all[0]["digest"].is_null());
        let path = format!("applications/{}/renew-secret", made["id"]);
        let (said, renewed) = ask(&mut state, ("POST", &path), Value::Null, &token);
        assert_eq!(said, code);
        assert_ne!(renewed["secret"], made["secret"]);
    }
}

#[test]
fn lists_come_in_pages() {
    let mut state = fresh("17.0.0");
    let token = first(&mut state);
    for name in ["a", "b", "c"] {
        ask(
            &mut state,
            ("POST", "groups"),
            json!({ "name": name, "path": name }),
            &token,
        );
    }
    let (_, all) = ask(
        &mut state,
        ("GET", "groups?per_page=2&page=2"),
        Value::Null,
        &token,
    );
    assert_eq!(all[0]["path"], "c");
}

#[test]
fn days_are_dates() {
    for (number, text) in [
        (0, "1970-01-01"),
        (20_058, "2024-12-01"),
        (11_016, "2000-02-29"),
    ] {
        assert_eq!(date(number), text);
        assert_eq!(day(text), Some(number));
    }
}
