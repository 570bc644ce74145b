//! `service/url.yaml`: the addresses by the old installer's names.

use serde_json::{Map, Value};

use crate::commands::snapshot::Snapshot;
use crate::input::emit;

/// Its keys, and where each address comes from; the first that is there counts.
const KEYS: [(&str, &[(&str, &str)]); 6] = [
    ("gitlab_url", &[("gitlab-seed", "url"), ("gitlab", "url")]),
    ("vault_url", &[("vault", "url")]),
    ("oauth_url", &[("dex", "issuer")]),
    (
        "vcluster_api_server_url",
        &[
            ("vcluster", "api"),
            ("k3s", "server"),
            ("kubernetes", "server"),
        ],
    ),
    ("nautes_api_server_url", &[("tenant-repo", "api_url")]),
    ("argocd_url", &[("argocd", "url")]),
];

/// The file; an address that is not known yet has no line.
///
/// # Errors
/// None is known.
pub fn page(looked: &Snapshot) -> Result<Vec<u8>, String> {
    let mut page = Map::new();
    for (key, from) in KEYS {
        let mut found = from.iter();
        let url = found.find_map(|(component, output)| looked.text(component, output));
        if let Some(url) = url {
            page.insert(key.to_owned(), url.into());
        }
    }
    if page.is_empty() {
        return Err("no address is known yet: `nautes-install up` makes them".to_owned());
    }
    Ok(emit(&Value::Object(page)).into_bytes())
}
