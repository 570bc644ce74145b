//! Which secrets a run made: from where each is kept, so that one that nobody thought of is looked for
//! as well.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::artefacts::Artefact;
use super::needles::SHORTEST;

/// Secrets by name.
pub type Secrets = BTreeMap<String, String>;

/// Fields that are told beside secrets and are none.
const OPEN: &[&str] = &[
    "ca.crt",
    "tls.crt",
    "cacert",
    "ca",
    "cert",
    "crt",
    "issuer",
    "url",
    "server",
    "name",
    "namespace",
    "username",
    "project",
    "type",
    "id",
    "client_id",
    "clientid",
    "created",
    "known_hosts",
    "sshknownhosts",
    "role_id",
    "endpoint",
    "secret_id_accessor",
    // A digest of what a service was told.
    "harbor-oidc-told",
];

/// What the artefacts themselves keep as secrets.
pub fn kept(artefacts: &[Artefact]) -> Secrets {
    let mut all = Secrets::new();
    for artefact in artefacts {
        let text = String::from_utf8_lossy(&artefact.bytes);
        let place = artefact.place.as_str();
        if let Some(name) = place.strip_prefix("state/secrets/") {
            // The whole folder: what a component keeps there, it keeps as a secret.
            if !name.ends_with(".pub") {
                collect(&mut all, &format!("secrets/{name}"), &parsed(&text));
            }
        } else if place.starts_with("state/pki/") {
            if place.ends_with(".key") {
                collect(&mut all, &place["state/".len()..], &Value::from(&*text));
            }
        } else if place.starts_with("host/") && place.contains("/rancher/k3s/server/") {
            if place.ends_with("token") {
                collect(&mut all, "k3s/token", &Value::from(&*text));
            }
        } else if place.starts_with("vault/") {
            collect(&mut all, place, &parsed(&text));
        } else if place.starts_with("kubernetes/") && place.contains("/secrets/") {
            for (field, value) in parsed(&text)["data"].as_object().into_iter().flatten() {
                let bytes = STANDARD.decode(value.as_str().unwrap_or_default());
                let text = String::from_utf8(bytes.unwrap_or_default());
                let what = format!("{place}/{field}");
                collect(&mut all, &what, &Value::from(text.unwrap_or_default()));
            }
        } else if place.starts_with("service/") {
            let (_, field) = place.rsplit_once('/').unwrap();
            if ["tokens", "shares", "secret_ids"].contains(&field) && place.contains(":8200/") {
                vault(&mut all, place, &parsed(&text));
            }
        }
    }
    all
}

/// Vault keeps tokens as the names of fields, the rest as values.
fn vault(all: &mut Secrets, place: &str, value: &Value) {
    for (number, key) in value
        .as_object()
        .into_iter()
        .flat_map(|map| map.keys())
        .enumerate()
    {
        if place.ends_with("tokens") {
            collect(
                all,
                &format!("{place}/{number}"),
                &Value::from(key.as_str()),
            );
        }
    }
    if !place.ends_with("tokens") {
        collect(all, place, value);
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// The secrets of a value: its texts, but for what is told openly.
pub fn collect(all: &mut Secrets, name: &str, value: &Value) {
    match value {
        Value::Object(map) => {
            for (field, value) in map {
                collect(all, &format!("{name}/{field}"), value);
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                collect(all, &format!("{name}/{number}"), item);
            }
        }
        Value::String(text) => text_of(all, name, text.trim()),
        _ => {}
    }
}

fn text_of(all: &mut Secrets, name: &str, text: &str) {
    let field = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    if text.contains("PRIVATE KEY-----") {
        if let Some(line) = line_of_key(text) {
            all.insert(name.to_owned(), line);
        }
        return;
    }
    // Of a kubeconfig, what opens the door.
    for line in text
        .lines()
        .filter(|line| line.contains(':') && text.contains('\n'))
    {
        let (key, value) = line
            .trim()
            .trim_start_matches("- ")
            .split_once(':')
            .unwrap();
        let value = value.trim().trim_matches('"');
        if key == "client-key-data" {
            let pem = STANDARD.decode(value).unwrap_or_default();
            text_of(
                all,
                &format!("{name}/{key}"),
                &String::from_utf8_lossy(&pem),
            );
        } else if ["token", "password", "clientSecret"].contains(&key) && value.len() >= SHORTEST {
            all.insert(format!("{name}/{key}"), value.to_owned());
        }
    }
    let is_open = OPEN.contains(&field.as_str())
        || text.contains('\n')
        || text.contains("://")
        || text.contains("-----BEGIN CERTIFICATE")
        || text.len() < SHORTEST
        || text.contains(' ');
    if !is_open {
        all.insert(name.to_owned(), text.to_owned());
    }
}

/// A line of a private key that its public half does not have: of SSH's form the first one says only
/// what it is.
pub fn line_of_key(text: &str) -> Option<String> {
    let mut lines = text
        .lines()
        .skip_while(|line| !line.contains("PRIVATE KEY-----"));
    let skipped = if lines.next()?.contains("OPENSSH") {
        2
    } else {
        0
    };
    let line = lines.nth(skipped)?.trim();
    (line.len() > 20).then(|| line.to_owned())
}
