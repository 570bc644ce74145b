//! The simulated proxy: its rules, and what it asks of its Vault.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::rules::{BROKEN, Rules};
use super::{FOLDER, Memory, Model as _, Proxy, Settings};
use crate::rehearsal::network::{Request, Response};
use crate::rehearsal::web;

const CALLS: &str = "# who\n\np, API, ^git/.*, ^(POST|DELETE)$\r\np,CLUSTER,^auth/.*,^(POST|DELETE)$\np, RUNTIME, ^auth/.*/role/.*, POST\n";
const GRANTS: &str =
    "p, API, git/*, ARGO, allow\np, RUNTIME, git/*, API, deny\np, RUNTIME, git/*, *, allow\n";
const CONFIG: &str = "server:
  http: { addr: '0.0.0.0:8000', cert: { ca_cert: /data/conf/ca/ca.crt, cert_file: /data/conf/ca/server.crt, key_file: /data/conf/ca/server.key } }
  authorization: { resource: { acl: /data/conf/casbin/resource_acl.csv }, permission: { acl: /data/conf/casbin/permission_acl.csv } }
  nautes: { tenant_name: [demo] }
data: { vault: { addr: 'https://127.0.0.1:8200', authPath: vault-proxy, roleID: r, secretID: s } }
";

fn files() -> BTreeMap<String, String> {
    let files = [
        ("config.yaml", CONFIG),
        ("ca/ca.crt", "CA"),
        ("ca/server.crt", "CERTIFICATE"),
        ("ca/server.key", "KEY"),
        ("casbin/resource_acl.csv", CALLS),
        ("casbin/permission_acl.csv", GRANTS),
    ];
    let named = files.map(|(name, text)| (format!("{FOLDER}/{name}"), text.to_owned()));
    BTreeMap::from(named)
}

fn settings(files: &BTreeMap<String, String>) -> Result<Settings, String> {
    Settings::read(&|path| files.get(path).map(|text| text.clone().into_bytes()))
}

#[test]
fn it_does_not_start_without_a_file_or_with_a_list_of_another_width() {
    assert!(settings(&files()).is_ok());
    for gone in files().keys() {
        let mut rest = files();
        rest.remove(gone);
        assert!(settings(&rest).is_err(), "{gone}");
    }
    let broken = [
        ("p, API, ^git/.*", GRANTS),
        (CALLS, "p, API, git/*, ARGO, allow, more"),
        (CALLS, "p, API, git/*, ARGO, perhaps"),
        ("p, API, ^(git, POST", GRANTS),
    ];
    for (calls, grants) in broken {
        assert_eq!(Rules::read(calls, grants).err().as_deref(), Some(BROKEN));
    }
    let mut nobody = files();
    let config = CONFIG.replace("[demo]", "[]");
    nobody.insert(format!("{FOLDER}/config.yaml"), config);
    assert!(settings(&nobody).is_err());
}

#[test]
fn the_first_line_that_fits_counts_and_nothing_is_allowed_without_one() {
    let rules = Rules::read(CALLS, GRANTS).unwrap();
    assert!(rules.lets("API", "git/data/a", "POST"));
    assert!(!rules.lets("API", "cluster/data/a", "POST"));
    assert!(!rules.lets("api", "git/data/a", "POST"));
    assert!(rules.grants("API", "git/data/a", "argo"));
    assert!(!rules.grants("API", "git/data/a", "RUNTIME"));
    assert!(!rules.grants("RUNTIME", "git/data/a", "API"));
    assert!(rules.grants("RUNTIME", "git/data/a", "anybody"));
    assert!(!rules.grants("RUNTIME", "repo/data/a", "anybody"));
}

/// A Vault that knows one sign-in, and who asked it for what.
struct Vault {
    open: bool,
    asked: RefCell<Vec<String>>,
}

impl Vault {
    fn answer(&self, request: &Request) -> Response {
        let asked = format!("{} {}", request.method, request.url);
        self.asked.borrow_mut().push(asked.clone());
        let signed = request.headers.iter().any(|(_, value)| value == "token");
        match asked.as_str() {
            _ if !self.open => web::json(503, &json!({})),
            "POST /v1/auth/vault-proxy/login" => {
                web::json(200, &json!({ "auth": { "client_token": "token" } }))
            }
            _ if !signed => web::json(403, &json!({})),
            "GET /v1/auth/w1/config" => web::json(200, &json!({})),
            path if path.starts_with("GET ") => web::json(404, &json!({})),
            _ => web::json(200, &json!({ "data": { "version": 1 } })),
        }
    }
}

fn ask(
    proxy: &Proxy,
    vault: &Vault,
    (client, path, body): (Option<&str>, &str, &Value),
) -> (u16, Value) {
    let request = Request {
        method: "POST".to_owned(),
        url: path.to_owned(),
        body: body.to_string().into_bytes(),
        client: client.map(ToOwned::to_owned),
        ..Request::default()
    };
    let answer = proxy.answer_beside(&request, &|port, request| {
        (port == 8200).then(|| vault.answer(request))
    });
    (
        answer.status,
        serde_json::from_slice(&answer.body).unwrap_or_default(),
    )
}

fn proxy() -> Proxy {
    Proxy {
        settings: settings(&files()).unwrap(),
        memory: std::sync::Mutex::new(Memory::default()),
    }
}

#[test]
fn what_only_a_working_proxy_answers() {
    let vault = Vault {
        open: true,
        asked: RefCell::default(),
    };
    let body = json!({ "dest_user": "RUNTIME", "kubernetes": { "namespaces": ["nautes"], "service_accounts": ["a"] } });
    let proxy = proxy();
    let reason = |client, path: &str| {
        let (status, told) = ask(&proxy, &vault, (client, path, &body));
        (
            status,
            told["reason"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let of = |status: u16, reason: &str| (status, reason.to_owned());
    assert_eq!(
        reason(Some("CLUSTER"), "/v1/auth/none/role"),
        of(404, "RESOURCE_NOT_FOUND")
    );
    assert_eq!(reason(Some("CLUSTER"), "/v1/auth/w1/role"), of(200, ""));
    assert_eq!(
        reason(Some("API"), "/v1/auth/w1/role"),
        of(403, "ACTION_NOT_ALLOW")
    );
    assert_eq!(
        reason(Some("RUNTIME"), "/v1/auth/demo/role"),
        of(403, "ACTION_NOT_ALLOW")
    );
    assert_eq!(reason(None, "/v1/auth/none/role"), of(401, "AUTH_FAILED"));
    assert_eq!(
        ask(
            &proxy,
            &vault,
            (Some("CLUSTER"), "/v1/auth/w1/role", &json!({}))
        )
        .0,
        400
    );
    let logins = vault
        .asked
        .borrow()
        .iter()
        .filter(|one| one.ends_with("/login"))
        .count();
    assert_eq!(logins, 1, "it signs in once");
}

#[test]
fn health_tells_nothing_and_a_sealed_vault_is_an_error_of_the_call() {
    let vault = Vault {
        open: false,
        asked: RefCell::default(),
    };
    let proxy = proxy();
    let body = json!({ "dest_user": "RUNTIME", "kubernetes": { "namespaces": ["nautes"], "service_accounts": ["a"] } });
    assert_eq!(ask(&proxy, &vault, (None, "/health", &json!({}))).0, 200);
    assert_eq!(
        ask(
            &proxy,
            &vault,
            (Some("CLUSTER"), "/v1/auth/none/role", &body)
        )
        .0,
        500
    );
    let secret = json!({ "meta": { "provider_type": "gitlab", "id": "repo-1", "username": "default", "permission": "readonly" }, "kvs": { "deploy_key": "K" } });
    assert_eq!(
        ask(&proxy, &vault, (Some("API"), "/v1/git", &secret)).0,
        400
    );
    let open = Vault {
        open: true,
        asked: RefCell::default(),
    };
    assert_eq!(
        ask(&proxy, &open, (Some("API"), "/v1/git", &secret)).1["secret"]["path"],
        json!("gitlab/repo-1/default/readonly")
    );
}
