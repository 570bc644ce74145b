//! Initialising, unsealing, and a new root token from the shares.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::{Value, json};

use super::state::{State, Token};
use super::{Asked, refused, web};
use crate::rehearsal::network::Response;

/// The version that it says it is.
const VERSION: &str = "2.4.0";

/// What is answered without a token.
pub fn answer(state: &mut State, asked: &Asked<'_>) -> Option<Response> {
    Some(match (asked.verb, asked.path) {
        ("GET", "sys/seal-status") => status(state),
        ("GET", "sys/leader") if !state.sealed => leader(state),
        ("GET", "sys/init") => web::json(200, &json!({ "initialized": state.initialized })),
        ("GET" | "HEAD", "sys/health") => health(state),
        ("POST", "sys/init") => init(state, &asked.body),
        ("POST", "sys/unseal") => unseal(state, &asked.body),
        (_, "sys/generate-root/attempt") if !state.sealed => attempt(state, asked.verb),
        ("POST", "sys/generate-root/update") if !state.sealed => update(state, &asked.body),
        _ => return None,
    })
}

fn status(state: &State) -> Response {
    let (t, n) = if state.initialized {
        (state.threshold, state.shares.len())
    } else {
        (0, 0)
    };
    web::json(
        200,
        &json!({ "type": if state.opens_itself { "transit" } else { "shamir" }, "initialized": state.initialized, "sealed": state.sealed,
            "t": t, "n": n, "progress": state.given.len(), "nonce": "", "version": VERSION,
            "migration": false, "recovery_seal": state.opens_itself, "storage_type": "raft" }),
    )
}

fn leader(state: &State) -> Response {
    web::json(
        200,
        &json!({ "ha_enabled": true, "is_self": state.leads, "leader_address": state.leader,
            "leader_cluster_address": state.leader }),
    )
}

fn health(state: &State) -> Response {
    let code = match (state.initialized, state.sealed) {
        (false, _) => 501,
        (true, true) => 503,
        (true, false) if !state.leads => 429,
        (true, false) => 200,
    };
    web::json(
        code,
        &json!({ "initialized": state.initialized, "sealed": state.sealed, "standby": state.sealed || !state.leads,
            "server_time_utc": state.now, "version": VERSION }),
    )
}

fn init(state: &mut State, body: &Value) -> Response {
    if state.initialized {
        return refused(400, "Vault is already initialized");
    }
    let (kind, other, seal) = if state.opens_itself {
        ("recovery", "secret", "transit")
    } else {
        ("secret", "recovery", "shamir")
    };
    let foreign = format!("{other}_shares");
    if !body[&foreign].is_null() {
        return refused(
            400,
            &format!("parameters {foreign},{other}_threshold not applicable to seal type {seal}"),
        );
    }
    let number = |key: &str| body[format!("{kind}_{key}")].as_u64().unwrap_or_default();
    let (shares, threshold) = (number("shares"), number("threshold"));
    if shares == 0 || threshold == 0 || threshold > shares || (shares > 1 && threshold == 1) {
        return refused(
            400,
            "invalid seal configuration: threshold cannot be larger than shares",
        );
    }
    let made: Vec<Vec<u8>> = (0..shares).map(|_| state.random(32)).collect();
    state.shares = made.iter().map(|share| STANDARD.encode(share)).collect();
    state.threshold = threshold;
    state.initialized = true;
    state.sealed = !state.opens_itself;
    state.begin();
    let root = state.token(Token {
        policies: vec!["root".to_owned()],
        until: None,
        name: "root".to_owned(),
    });
    let hex = made
        .iter()
        .map(|share| share.iter().map(|b| format!("{b:02x}")).collect::<String>());
    let hex: Vec<String> = hex.collect();
    let body = if state.opens_itself {
        json!({ "keys": [], "keys_base64": [], "recovery_keys": hex,
            "recovery_keys_base64": state.shares, "root_token": root })
    } else {
        json!({ "keys": hex, "keys_base64": state.shares, "root_token": root })
    };
    web::json(200, &body)
}

fn unseal(state: &mut State, body: &Value) -> Response {
    if body["reset"] == true {
        state.given.clear();
        return status(state);
    }
    if !state.initialized {
        return refused(400, "Vault is not initialized");
    }
    if !state.sealed {
        return status(state);
    }
    let share = body["key"].as_str().unwrap_or_default().to_owned();
    if share.is_empty() {
        return refused(
            400,
            "'key' must be specified in request body as JSON, or 'reset' set to true",
        );
    }
    if !state.given.contains(&share) {
        state.given.push(share);
    }
    if (state.given.len() as u64) < state.threshold {
        return status(state);
    }
    let known = state.given.iter().all(|share| state.shares.contains(share));
    state.given.clear();
    if !known {
        return refused(
            400,
            "failed to decrypt keys from storage: cipher: message authentication failed",
        );
    }
    state.sealed = false;
    status(state)
}

fn attempt(state: &mut State, verb: &str) -> Response {
    match verb {
        "POST" if state.making_root.is_none() => {
            let pad: String = state
                .random(13)
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            state.making_root = Some((pad, Vec::new()));
        }
        "POST" => return refused(400, "root generation already in progress"),
        "DELETE" => state.making_root = None,
        _ => {}
    }
    let pad = state.making_root.as_ref().map(|(pad, _)| pad.clone());
    web::json(
        200,
        &json!({ "started": pad.is_some(), "nonce": "rehearsal", "progress": 0,
            "required": state.threshold, "complete": false, "otp": pad.clone().unwrap_or_default(),
            "otp_length": pad.map_or(0, |pad| pad.len()) }),
    )
}

fn update(state: &mut State, body: &Value) -> Response {
    let Some((pad, mut given)) = state.making_root.take() else {
        return refused(400, "no root generation in progress");
    };
    let share = body["key"].as_str().unwrap_or_default().to_owned();
    if !given.contains(&share) {
        given.push(share);
    }
    if (given.len() as u64) < state.threshold {
        let progress = given.len();
        state.making_root = Some((pad, given));
        return web::json(
            200,
            &json!({ "started": true, "complete": false, "progress": progress }),
        );
    }
    if !given.iter().all(|share| state.shares.contains(share)) {
        return refused(
            400,
            "unable to authenticate: cipher: message authentication failed",
        );
    }
    let root = state.token(Token {
        policies: vec!["root".to_owned()],
        until: None,
        name: "root".to_owned(),
    });
    let mixed: Vec<u8> = root.bytes().zip(pad.bytes()).map(|(a, b)| a ^ b).collect();
    web::json(
        200,
        &json!({ "started": true, "complete": true, "encoded_token": STANDARD_NO_PAD.encode(mixed) }),
    )
}
