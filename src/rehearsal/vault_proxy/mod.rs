//! The proxy before Vault, simulated: who may call it, by client certificates and its two lists of
//! rules, and what it then does at the Vault of its host.
//!
//! Formats, refusals and weak points are those of the real program, which was run over a real
//! `OpenBao`: it signs in once per start and never renews, and `/health` tells nothing.

mod calls;
mod rules;

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use self::rules::Rules;
use super::clock::EstateClock;
use super::network::{Neighbours, Request, Response};
use super::serving::{Birth, Born, Reads};
use super::web::{self, Model, Web};
use crate::input::{Rules as Dialect, Source, parse_one};

/// Where its configuration is on the host, and what the container calls that folder.
const FOLDER: &str = "/opt/vault-proxy/configs";
const INSIDE: &str = "/data/conf";

/// A simulated proxy.
struct Proxy {
    settings: Settings,
    memory: Mutex<Memory>,
}

/// What only its process knows.
#[derive(Clone, Default)]
struct Memory {
    process: u32,
    /// The token that it got when it signed in.
    token: Option<String>,
}

/// What its files say.
#[derive(Clone)]
struct Settings {
    vault: u16,
    sign_in: String,
    ids: Value,
    protected: Vec<String>,
    rules: Rules,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

fn config(reads: Reads<'_>) -> Option<Value> {
    let path = format!("{FOLDER}/config.yaml");
    let text = String::from_utf8_lossy(&reads(&path)?).into_owned();
    let node = parse_one(&Source::new(path.as_str(), text.as_str()), Dialect::Ansible).ok()?;
    Some(node.to_json())
}

fn port_of(address: &Value) -> Option<u16> {
    let text = address.as_str()?.trim_end_matches('/');
    text.rsplit_once(':')?.1.parse().ok()
}

/// The port that the configuration names.
pub fn port(reads: Reads<'_>) -> Option<u16> {
    port_of(&config(reads)?["server"]["http"]["addr"])
}

impl Settings {
    /// As the files of the host say.
    fn read(reads: Reads<'_>) -> Result<Self, String> {
        let config = config(reads).ok_or("panic: load config: no config.yaml")?;
        let (http, vault) = (&config["server"]["http"], &config["data"]["vault"]);
        let file = |path: &Value| {
            let path = path.as_str().unwrap_or_default();
            let there = path
                .strip_prefix(INSIDE)
                .map(|rest| format!("{FOLDER}{rest}"));
            there
                .and_then(|path| reads(&path))
                .ok_or_else(|| format!("panic: open {path}: no such file or directory"))
        };
        let protected = config["server"]["nautes"]["tenant_name"].as_array();
        let protected: Vec<String> = protected
            .into_iter()
            .flatten()
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect();
        if protected.is_empty() {
            return Err("panic: runtime error: index out of range".to_owned());
        }
        let ids = json!({ "role_id": vault["roleID"], "secret_id": vault["secretID"] });
        file(&http["cert"]["ca_cert"])?;
        port_of(&http["addr"]).ok_or("panic: server.http.addr")?;
        let list = |name: &str| -> Result<String, String> {
            let path = &config["server"]["authorization"][name]["acl"];
            let text = file(path).map_err(|_| rules::BROKEN.to_owned())?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        };
        Ok(Self {
            vault: port_of(&vault["addr"]).ok_or("panic: data.vault.addr")?,
            sign_in: vault["authPath"].as_str().unwrap_or_default().to_owned(),
            ids,
            protected,
            rules: Rules::read(&list("resource")?, &list("permission")?)?,
            certificate: file(&http["cert"]["cert_file"])?,
            key: file(&http["cert"]["key_file"])?,
        })
    }
}

/// A proxy as its host's files say.
///
/// # Errors
/// Why it does not start, as its journal would say.
pub fn born(birth: &Birth, reads: Reads<'_>) -> Result<Born, String> {
    let settings = Settings::read(reads)?;
    let pair = (settings.certificate.clone(), settings.key.clone());
    let proxy = Proxy {
        settings,
        memory: Mutex::new(Memory::default()),
    };
    let web = Web::new(Arc::new(proxy), (&pair.0, &pair.1), &birth.clock)?;
    Ok(Born {
        service: Arc::new(web),
        files: Vec::new(),
    })
}

/// A refusal in its form.
fn refused(status: u16, reason: &str, message: &str) -> Response {
    web::json(
        status,
        &json!({ "code": status, "reason": reason, "message": message, "metadata": {} }),
    )
}

impl Proxy {
    /// The token of its one sign-in since it started.
    fn token(&self, neighbours: Neighbours<'_>) -> Option<String> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.token.is_none() {
            let login = Request {
                method: "POST".to_owned(),
                url: format!("/v1/auth/{}/login", self.settings.sign_in),
                body: self.settings.ids.to_string().into_bytes(),
                ..Request::default()
            };
            let answer = neighbours(self.settings.vault, &login)?;
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            memory.token = body["auth"]["client_token"].as_str().map(ToOwned::to_owned);
        }
        memory.token.clone()
    }
}

impl Model for Proxy {
    fn answer(&self, request: &Request) -> Response {
        self.answer_beside(request, &|_, _| None)
    }

    fn answer_beside(&self, request: &Request, neighbours: Neighbours<'_>) -> Response {
        let path = request.url.split('?').next().unwrap_or_default();
        if path == "/health" {
            return web::json(200, &json!({ "standBy": true, "vault": true }));
        }
        let token = self.token(neighbours);
        let vault = |method: &str, path: &str, body: &Value| {
            let header = ("x-vault-token".to_owned(), token.clone()?);
            let asked = Request {
                method: method.to_owned(),
                url: format!("/v1/{path}"),
                headers: vec![header],
                body: if body.is_null() {
                    Vec::new()
                } else {
                    body.to_string().into_bytes()
                },
                client: None,
            };
            let answer = neighbours(self.settings.vault, &asked)?;
            let body = serde_json::from_slice(&answer.body).unwrap_or_default();
            Some((answer.status, body))
        };
        let client = request.client.as_deref();
        let at = calls::Desk {
            rules: &self.settings.rules,
            protected: &self.settings.protected,
            vault: &vault,
        };
        calls::answer(&at, request, client)
    }

    fn runs_as(&self, process: u32) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.process != process {
            *memory = Memory {
                process,
                token: None,
            };
        }
    }

    fn save(&self) -> Value {
        Value::Null
    }

    fn fork(&self, _: &EstateClock) -> Arc<dyn Model> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::new(Self {
            settings: self.settings.clone(),
            memory: Mutex::new(memory.clone()),
        })
    }

    fn data_file(&self) -> String {
        format!("{FOLDER}/config.yaml")
    }
}

#[cfg(test)]
mod tests;
