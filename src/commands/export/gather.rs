//! The files of the layout, each with its content or with the reason why there is none.

use serde_json::json;

use super::{hosts, services};
use crate::commands::kubeconfig::{self, Whose};
use crate::commands::snapshot::Snapshot;
use crate::connection::{Probe, Reply};
use crate::execute::Access;
use crate::input::{Json, Rules, Source, emit, parse_one};

/// The largest file that is read on a host, in bytes.
const LIMIT: u64 = 1 << 20;
/// Why a file that only an installed tenant has is not there.
const NOT_YET: &str = "it is not there yet: `nautes-install up` makes it";

/// A file of the layout.
pub struct Page {
    /// Its path below the folder.
    pub path: String,
    /// What is in it, or why it is left out.
    pub content: Result<Vec<u8>, String>,
    /// Whether it holds a secret.
    pub secret: bool,
}

impl Page {
    /// A file that holds a secret.
    pub fn secret(path: &str, content: Result<Vec<u8>, String>) -> Self {
        Self {
            path: path.to_owned(),
            content,
            secret: true,
        }
    }

    /// A file that everybody may read.
    pub fn open(path: &str, content: Result<Vec<u8>, String>) -> Self {
        Self {
            secret: false,
            ..Self::secret(path, content)
        }
    }
}

/// Every file of the layout.
pub async fn pages(looked: &Snapshot, access: &Access) -> Vec<Page> {
    let mut all = hosts::pages(looked);
    all.extend(pki(looked, access).await);
    all.extend(git(looked, access).await);
    let dex = text(looked, ("secrets", "dex_nautes"));
    all.push(Page::secret("kubernetes/dex_client_secret", dex));
    all.push(Page::secret(
        "kubernetes/vcluster.config",
        cluster(looked, access).await,
    ));
    let admin = text(looked, ("argocd", "admin_password"));
    let admin =
        admin.map_err(|_| "Secret argocd/argocd-initial-admin-secret is not there".to_owned());
    all.push(Page::secret("argocd/admin.password", admin));
    all.extend(vault(looked, access).await);
    all.push(Page::open("service/url.yaml", services::page(looked)));
    let log = "the journal of every run is below the state directory, as JSON lines".to_owned();
    all.push(Page::open("logs/install.log", Err(log)));
    all
}

/// An output as the text of a file.
fn text(looked: &Snapshot, (component, output): (&str, &str)) -> Result<Vec<u8>, String> {
    let found = looked.text(component, output).map(String::into_bytes);
    found.ok_or_else(|| NOT_YET.to_owned())
}

/// A file on a host.
async fn file(access: &Access, (host, path): (&str, &str)) -> Option<Vec<u8>> {
    let reached = if host == "localhost" {
        access.reach(host).await
    } else {
        access.reach_as(host, "root").await
    };
    let reached = reached.ok()?;
    let probe = Probe::Read {
        path: path.to_owned(),
        limit: LIMIT,
    };
    let replies = reached
        .connection
        .probe(&reached.root, &[probe])
        .await
        .ok()?;
    replies.into_iter().find_map(|reply| match reply {
        Reply::Content(content) => content,
        _ => None,
    })
}

/// Keys, requests and certificates; the CA's key has another name there.
async fn pki(looked: &Snapshot, access: &Access) -> Vec<Page> {
    let inventory = &looked.loaded.inventory;
    let mut names: Vec<String> = Vec::new();
    for host in [inventory.members("gitlab"), inventory.members("vault")].concat() {
        if !names.iter().any(|name| name == host) {
            names.push(host.to_owned());
        }
    }
    let fixed = ["API", "CLUSTER", "RUNTIME", "entrypoint"];
    names.extend(fixed.map(ToOwned::to_owned));
    let folder = looked.state().join("pki").display().to_string();
    let mut rows = vec![
        ("ca.key".to_owned(), "pki/ca.pem".to_owned()),
        ("ca.crt".to_owned(), "pki/ca.crt".to_owned()),
    ];
    for name in names {
        for end in ["key", "csr", "crt"] {
            let file = format!("{name}.{end}");
            rows.push((file.clone(), format!("pki/{file}")));
        }
    }
    let mut all = Vec::new();
    for (ours, path) in rows {
        let content = file(access, ("localhost", &format!("{folder}/{ours}"))).await;
        let content = content.ok_or_else(|| NOT_YET.to_owned());
        all.push(if ours.ends_with(".key") {
            Page::secret(&path, content)
        } else {
            Page::open(&path, content)
        });
    }
    all
}

async fn git(looked: &Snapshot, access: &Access) -> Vec<Page> {
    let taken_back = "it lives for one run, and is taken back at its end".to_owned();
    let host = looked
        .loaded
        .inventory
        .members("gitlab")
        .first()
        .copied()
        .map(ToOwned::to_owned);
    let password = match host {
        Some(host) => file(access, (&host, "/etc/gitlab/initial_root_password"))
            .await
            .ok_or_else(|| "GitLab removes it a day after its first start".to_owned()),
        None => Err("GitLab was there already".to_owned()),
    };
    let seed = |name: &str| looked.text("gitlab-seed", name);
    let infos = || {
        // The old installer's own spelling.
        let infos = json!({
            "client_id": seed("client_id")?,
            "client_sercret": seed("client_secret")?,
            "access_token": seed("operator_token")?,
            "tenant_repo_id": seed("repository_id")?,
            "tenant_repo_ssh_addr": seed("repository_ssh")?,
        });
        Some(emit(&infos).into_bytes())
    };
    vec![
        Page::secret("git/init_token", Err(taken_back)),
        Page::secret("git/initial_root_password", password),
        Page::secret("git/infos.yaml", infos().ok_or_else(|| NOT_YET.to_owned())),
        Page::secret(
            "git/tenant_repo_private.key",
            text(looked, ("gitlab-seed", "deploy_key")),
        ),
    ]
}

/// The tenant cluster's kubeconfig, by an address that is one here.
async fn cluster(looked: &Snapshot, access: &Access) -> Result<Vec<u8>, String> {
    let host = kubeconfig::server(Whose::Tenant, &looked.loaded).map_err(|error| error.what)?;
    for path in kubeconfig::places(Whose::Tenant, &looked.loaded.tenant) {
        let Some(text) = file(access, (&host, &path)).await else {
            continue;
        };
        let address = access.reach(&host).await.map(|reached| reached.address);
        let address = address.unwrap_or_else(|_| host.clone());
        let text = String::from_utf8_lossy(&text).into_owned();
        return Ok(kubeconfig::reached_by(&text, &address).into_bytes());
    }
    Err(NOT_YET.to_owned())
}

async fn vault(looked: &Snapshot, access: &Access) -> Vec<Page> {
    let shares = looked.output("vault-init", "shares");
    let unseal = match shares.filter(Json::is_array) {
        Some(shares) => {
            // Taken back: the tools that read it then have to ask for another one.
            let token = looked.text("vault-init", "root_token").unwrap_or_default();
            let page = json!({ "vault_unseal_keys": shares, "vault_root_token": token });
            Ok(emit(&page).into_bytes())
        }
        None => Err("no shares are kept here: it is not there yet, or others open it".to_owned()),
    };
    let host = looked
        .loaded
        .inventory
        .members("vault")
        .first()
        .copied()
        .map(ToOwned::to_owned);
    let proxy = match host {
        Some(host) => file(access, (&host, "/opt/vault-proxy/configs/config.yaml")).await,
        None => None,
    };
    let proxy = proxy.and_then(|text| infos(&String::from_utf8_lossy(&text)));
    vec![
        Page::secret("vault/unseal.yml", unseal),
        Page::secret(
            "vault/vault-proxy.yml",
            proxy.ok_or_else(|| NOT_YET.to_owned()),
        ),
    ]
}

/// The `AppRole` of the proxy, out of its configuration.
fn infos(config: &str) -> Option<Vec<u8>> {
    let node = parse_one(&Source::new("config.yaml", config), Rules::Kubernetes).ok()?;
    let vault = node.get("data")?.get("vault")?;
    let word = |key: &str| Some(vault.get(key)?.as_str()?.to_owned());
    let page = json!({ "infos": [{
        "name": word("authPath")?, "roleID": word("roleID")?, "secretID": word("secretID")?,
    }] });
    Some(emit(&page).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxys_role_is_found_in_its_configuration() {
        let config = "data:\n  vault:\n    addr: https://127.0.0.1:8200\n    authPath: vault-proxy\n    roleID: r\n    secretID: s\n";
        let page = infos(config).unwrap();
        assert_eq!(
            String::from_utf8(page).unwrap(),
            "infos:\n  - name: vault-proxy\n    roleID: r\n    secretID: s\n"
        );
        assert_eq!(infos("data: {}"), None);
    }
}
