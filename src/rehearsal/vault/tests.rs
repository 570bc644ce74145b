//! The simulated Vault by its API.

use base64::Engine as _;
use serde_json::{Value, json};

use super::state::State;
use super::{Asked, answer};

fn ask(state: &mut State, (verb, path): (&str, &str), body: &Value, token: &str) -> (u16, Value) {
    let asked = Asked {
        verb,
        path,
        body: body.clone(),
        token,
    };
    let response = answer(state, &asked);
    let body = serde_json::from_slice(&response.body).unwrap_or_default();
    (response.status, body)
}

fn open() -> (State, String, Vec<String>) {
    let mut state = State::load(&Value::Null, "vault-0");
    state.runs_as(7);
    let body = json!({ "secret_shares": 3, "secret_threshold": 2 });
    let (code, keys) = ask(&mut state, ("POST", "sys/init"), &body, "");
    assert_eq!(code, 200);
    let shares: Vec<String> = serde_json::from_value(keys["keys_base64"].clone()).unwrap();
    for share in &shares[..2] {
        ask(
            &mut state,
            ("POST", "sys/unseal"),
            &json!({ "key": share }),
            "",
        );
    }
    assert!(!state.sealed);
    (
        state,
        keys["root_token"].as_str().unwrap().to_owned(),
        shares,
    )
}

#[test]
fn a_vault_that_starts_again_is_sealed_and_keeps_what_it_has() {
    let (mut state, root, shares) = open();
    let kv = json!({ "type": "kv", "options": { "version": "2" } });
    assert_eq!(
        ask(&mut state, ("POST", "sys/mounts/git"), &kv, &root).0,
        204
    );
    assert_eq!(
        ask(&mut state, ("POST", "sys/mounts/git"), &kv, &root).0,
        400
    );
    let secret = json!({ "data": { "deploykey": "K" } });
    assert_eq!(
        ask(&mut state, ("POST", "git/data/a/b"), &secret, &root).0,
        200
    );
    let mut state = State::load(&state.save(), "vault-0");
    assert_eq!(
        ask(&mut state, ("GET", "git/data/a/b"), &Value::Null, &root).0,
        200,
        "the same process"
    );
    state.runs_as(8);
    assert_eq!(
        ask(&mut state, ("GET", "git/data/a/b"), &Value::Null, &root).0,
        503
    );
    assert_eq!(
        ask(&mut state, ("GET", "sys/health"), &Value::Null, "").0,
        503
    );
    ask(
        &mut state,
        ("POST", "sys/unseal"),
        &json!({ "key": shares[2] }),
        "",
    );
    ask(
        &mut state,
        ("POST", "sys/unseal"),
        &json!({ "key": shares[0] }),
        "",
    );
    let (code, found) = ask(&mut state, ("GET", "git/data/a/b"), &Value::Null, &root);
    assert_eq!(
        (code, &found["data"]["data"]["deploykey"]),
        (200, &json!("K"))
    );
}

#[test]
fn a_wrong_share_does_not_open_it() {
    let (mut state, _, shares) = open();
    state.runs_as(9);
    ask(
        &mut state,
        ("POST", "sys/unseal"),
        &json!({ "key": shares[0] }),
        "",
    );
    let (code, said) = ask(
        &mut state,
        ("POST", "sys/unseal"),
        &json!({ "key": "bm8=" }),
        "",
    );
    assert_eq!(code, 400, "{said}");
    assert!(state.sealed);
}

#[test]
fn a_token_may_do_what_its_policies_say_and_no_more() {
    let (mut state, root, _) = open();
    let kv = json!({ "type": "kv", "options": { "version": "2" } });
    ask(&mut state, ("POST", "sys/mounts/git"), &kv, &root);
    ask(
        &mut state,
        ("POST", "sys/auth/vault-proxy"),
        &json!({ "type": "approle" }),
        &root,
    );
    let policy = json!({ "policy": "path \"git/data/*\" {\n  capabilities = [\"create\", \"update\", \"read\"]\n}\n" });
    assert_eq!(
        ask(
            &mut state,
            ("POST", "sys/policies/acl/proxy"),
            &policy,
            &root
        )
        .0,
        204
    );
    let role = json!({ "token_policies": "proxy", "secret_id_bound_cidrs": "127.0.0.1/32" });
    assert_eq!(
        ask(
            &mut state,
            ("POST", "auth/vault-proxy/role/vault-proxy"),
            &role,
            &root
        )
        .0,
        204
    );
    let (_, found) = ask(
        &mut state,
        ("GET", "auth/vault-proxy/role/vault-proxy"),
        &Value::Null,
        &root,
    );
    assert_eq!(found["data"]["token_policies"], json!(["proxy"]));
    let (_, id) = ask(
        &mut state,
        ("GET", "auth/vault-proxy/role/vault-proxy/role-id"),
        &Value::Null,
        &root,
    );
    let (_, secret) = ask(
        &mut state,
        ("POST", "auth/vault-proxy/role/vault-proxy/secret-id"),
        &Value::Null,
        &root,
    );
    let ids = json!({ "role_id": id["data"]["role_id"], "secret_id": secret["data"]["secret_id"] });
    let (code, token) = ask(&mut state, ("POST", "auth/vault-proxy/login"), &ids, "");
    assert_eq!(code, 200);
    let token = token["auth"]["client_token"].as_str().unwrap().to_owned();
    let secret = json!({ "data": { "k": "v" } });
    assert_eq!(
        ask(&mut state, ("POST", "git/data/x"), &secret, &token).0,
        200
    );
    assert_eq!(
        ask(&mut state, ("DELETE", "git/data/x"), &Value::Null, &token).0,
        403
    );
    assert_eq!(
        ask(&mut state, ("GET", "sys/mounts"), &Value::Null, &token).0,
        403
    );
    assert_eq!(
        ask(&mut state, ("GET", "sys/mounts"), &Value::Null, "").0,
        403
    );
    state.now += 768 * 3600;
    assert_eq!(
        ask(&mut state, ("POST", "git/data/x"), &secret, &token).0,
        403,
        "its lease is over"
    );
}

#[test]
fn a_root_token_is_made_anew_from_the_shares() {
    let (mut state, root, shares) = open();
    ask(
        &mut state,
        ("POST", "auth/token/revoke-self"),
        &Value::Null,
        &root,
    );
    assert_eq!(
        ask(&mut state, ("GET", "sys/mounts"), &Value::Null, &root).0,
        403
    );
    let (_, attempt) = ask(
        &mut state,
        ("POST", "sys/generate-root/attempt"),
        &Value::Null,
        "",
    );
    let pad = attempt["otp"].as_str().unwrap().to_owned();
    let key = |share: &str| json!({ "key": share, "nonce": "rehearsal" });
    ask(
        &mut state,
        ("POST", "sys/generate-root/update"),
        &key(&shares[0]),
        "",
    );
    let (_, done) = ask(
        &mut state,
        ("POST", "sys/generate-root/update"),
        &key(&shares[1]),
        "",
    );
    let mixed = base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(done["encoded_token"].as_str().unwrap())
        .unwrap();
    let token: Vec<u8> = mixed.iter().zip(pad.bytes()).map(|(a, b)| a ^ b).collect();
    let token = String::from_utf8(token).unwrap();
    assert_eq!(
        ask(&mut state, ("GET", "sys/mounts"), &Value::Null, &token).0,
        200
    );
}
