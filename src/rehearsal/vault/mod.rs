//! Vault, simulated: its seal, its mounts, policies, roles and secrets, behind its real API.
//!
//! What is known of the real one is pinned by the contract test `vault`, which also runs against a
//! real `OpenBao` in the lab. Whoever has a token of a policy may do what its paths allow.

mod auth;
mod cluster;
mod engines;
mod policy;
mod seal;
mod secrets;
mod state;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use self::cluster::{Raft, Seat};
use self::state::State;
use super::clock::EstateClock;
use super::network::{Request, Response};
use super::serving::{Birth, Born, Reads};
use super::web::{self, Model, Web};

/// Where its configuration is.
const CONFIG: &str = "/etc/vault.d/vault.hcl";
/// Where it says what opens it, if not shares of its key.
const SEAL: &str = "/etc/vault.d/seal.hcl";

/// A simulated Vault; clones are the same one.
struct Vault {
    raft: Arc<Raft>,
    seat: Mutex<Seat>,
    clock: EstateClock,
    data: String,
}

/// A value of the configuration: `name = "value"`.
fn setting(config: &str, name: &str) -> Option<String> {
    let line = config.lines().map(str::trim).find_map(|line| {
        let rest = line.strip_prefix(name)?.trim_start();
        rest.strip_prefix('=').map(str::trim)
    })?;
    Some(line.trim_matches('"').to_owned())
}

fn config(reads: Reads<'_>) -> Option<String> {
    Some(String::from_utf8_lossy(&reads(CONFIG)?).into_owned())
}

/// The port that the configuration names.
pub fn port(reads: Reads<'_>) -> Option<u16> {
    let address = setting(&config(reads)?, "address")?;
    address.rsplit_once(':')?.1.parse().ok()
}

/// A Vault as its host's files say.
///
/// # Errors
/// Why it does not start, as its journal would say.
pub fn born(birth: &Birth, reads: Reads<'_>) -> Result<Born, String> {
    let config = config(reads)
        .ok_or_else(|| format!("error loading configuration from {CONFIG}: no such file"))?;
    let file = |name: &str| {
        let path = setting(&config, name).unwrap_or_default();
        reads(&path).ok_or_else(|| {
            format!("Error initializing listener of type tcp: error loading TLS cert: open {path}: no such file or directory")
        })
    };
    let (certificate, key) = (file("tls_cert_file")?, file("tls_key_file")?);
    let storage = setting(&config, "path").unwrap_or_else(|| "/opt/vault/data".to_owned());
    let data = format!("{storage}/vault.db");
    let saved = if reads(&data).is_some() {
        birth.saved.clone()
    } else {
        Value::Null
    };
    let others = config
        .contains("retry_join")
        .then(|| Raft::among(&birth.shared));
    let raft = others.flatten().unwrap_or_else(|| {
        let mut state = State::load(&saved["state"], &birth.host);
        // The other Vault is not one of the estate: it is taken to answer.
        let sealing = reads(SEAL).unwrap_or_default();
        state.opens_itself = String::from_utf8_lossy(&sealing).contains("seal \"transit\"");
        Raft::new(state)
    });
    let mut seat = match serde_json::from_value(saved["seat"].clone()) {
        Ok(seat) => seat,
        Err(_) => Seat::new(&birth.host),
    };
    seat.address = setting(&config, "api_addr").unwrap_or_default();
    // The others know of it from here on.
    raft.at(&mut seat, |_| ());
    let vault = Vault {
        raft,
        seat: Mutex::new(seat),
        clock: birth.clock.clone(),
        data: data.clone(),
    };
    let web = Web::new(Arc::new(vault), (&certificate, &key), &birth.clock)?;
    Ok(Born {
        service: Arc::new(web),
        files: vec![(data, 0o600, Vec::new())],
    })
}

impl Vault {
    fn at<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        let mut seat = self.seat.lock().unwrap_or_else(PoisonError::into_inner);
        self.raft.at(&mut seat, what)
    }
}

/// A request, taken apart.
struct Asked<'a> {
    /// `GET`, `LIST`, `POST` (also what was PUT), `PATCH`, `DELETE`.
    verb: &'a str,
    /// The path without `/v1/`.
    path: &'a str,
    /// The body; null without one.
    body: Value,
    token: &'a str,
}

impl Model for Vault {
    fn answer(&self, request: &Request) -> Response {
        let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let Some(path) = path.strip_prefix("/v1/") else {
            return web::nothing(if path == "/" { 307 } else { 404 });
        };
        let token = request
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case("x-vault-token"));
        let body = if request.body.is_empty() {
            Value::Null
        } else {
            match serde_json::from_slice(&request.body) {
                Ok(body) => body,
                Err(error) => return refused(400, &format!("error parsing JSON: {error}")),
            }
        };
        let asked = Asked {
            verb: match request.method.as_str() {
                "GET" if query.split('&').any(|one| one == "list=true") => "LIST",
                "PUT" => "POST",
                other => other,
            },
            path: path.trim_end_matches('/'),
            body,
            token: token.map_or("", |(_, value)| value),
        };
        self.at(|state| {
            state.now = self.clock.since_epoch().as_secs();
            answer(state, &asked)
        })
    }

    fn runs_as(&self, process: u32) {
        self.at(|state| state.runs_as(process));
    }

    fn save(&self) -> Value {
        let seat = self.seat.lock().unwrap_or_else(PoisonError::into_inner);
        json!({ "state": self.raft.save(), "seat": *seat })
    }

    fn fork(&self, clock: &EstateClock) -> Arc<dyn Model> {
        Arc::new(Self {
            raft: self.raft.forked(clock),
            seat: Mutex::new(
                self.seat
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone(),
            ),
            clock: clock.clone(),
            data: self.data.clone(),
        })
    }

    fn shared(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(self.raft.clone())
    }

    fn look(&self, alive: BTreeMap<String, u32>) {
        self.raft.look(alive);
    }

    fn data_file(&self) -> String {
        self.data.clone()
    }
}

/// The answer to a request.
fn answer(state: &mut State, asked: &Asked<'_>) -> Response {
    if let Some(answer) = seal::answer(state, asked) {
        return answer;
    }
    if state.sealed {
        return refused(503, "Vault is sealed");
    }
    if !state.leads && state.leader.is_empty() {
        let why = "local node not active but active cluster node not found";
        return refused(500, why);
    }
    if let Some(answer) = auth::login(state, asked) {
        return answer;
    }
    if !policy::allows(state, asked) {
        return refused(403, "permission denied");
    }
    let handlers = [
        auth::answer,
        engines::answer,
        policy::answer,
        secrets::answer,
    ];
    let found = handlers
        .into_iter()
        .find_map(|handler| handler(state, asked));
    found.unwrap_or_else(|| {
        refused(
            404,
            &format!(
                "no handler for route \"{}\". route entry not found.",
                asked.path
            ),
        )
    })
}

/// A refusal in Vault's form.
fn refused(status: u16, why: &str) -> Response {
    web::json(status, &json!({ "errors": [why] }))
}

/// Nothing is there.
fn absent() -> Response {
    web::json(404, &json!({ "errors": [] }))
}

/// Data in Vault's envelope.
fn data(data: &Value) -> Response {
    web::json(200, &envelope(data))
}

fn envelope(data: &Value) -> Value {
    json!({ "request_id": "rehearsal", "lease_id": "", "renewable": false, "lease_duration": 0,
        "data": data, "wrap_info": null, "warnings": null, "auth": null })
}

/// The names of a list; 404 if there are none, as Vault has it.
fn keys(names: impl IntoIterator<Item = String>) -> Response {
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return absent();
    }
    data(&json!({ "keys": names }))
}

#[cfg(test)]
mod tests;
