//! Git in a rehearsal: the real program, with repositories below the estate's directory in place of
//! remote ones, and small stand-ins for the templates that a real run fetches.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::repo::{Call, Entry, GitTransport, Place, Ran, Tree, Workspace};

/// Git whose remotes are folders.
pub struct RehearsedGit {
    git: Arc<dyn GitTransport>,
    folder: PathBuf,
}

/// The files that a tenant template's index names, each with its variables (facts of
/// nautes-labs/tenant-repo-template v0.3.8 and v0.4.2).
const RENDERED: [(&str, &[&str]); 12] = [
    (
        "argocd/overlays/production/ssh_know_host.yaml",
        &["git_ssh_knowhosts"],
    ),
    (
        "dex/overlays/production/ingress-dex.yaml",
        &["oauth_domain"],
    ),
    ("dex/overlays/production/issuer-ca.yaml", &["git_ca"]),
    (
        "external-secrets/overlays/production/secret-ca.yaml",
        &["sec_ca"],
    ),
    (
        "nautes/overlays/production/code-repo-providers/provider.yaml",
        &["git_external_url", "git_ssh_addr"],
    ),
    (
        "nautes/overlays/production/code-repos/tenant-repo.yaml",
        &["tenant_name", "tenant_repo_id", "tenant_repo_ssh_addr"],
    ),
    (
        "nautes/overlays/production/configmaps/global-cm.yaml",
        &[
            "repos_cluster_template_url",
            "oauth_url",
            "dex_client_secret",
            "nautes_secret_roles.api",
            "vault_url",
            "vault_proxy_url",
        ],
    ),
    (
        "nautes/overlays/runtime/kustomization.yaml",
        &["nautes_namespace", "nautes_image_name", "image_version"],
    ),
    (
        "nautes/overlays/tenant/api_server_ingress.yaml",
        &["nautes_api_server_domain"],
    ),
    (
        "nautes/overlays/tenant/certs.yaml",
        &[
            "git_http_domain",
            "vault_domain",
            "vault_port",
            "vault_proxy_port",
        ],
    ),
    (
        "nautes/overlays/tenant/kustomization.yaml",
        &["nautes_namespace", "nautes_image_name", "image_version"],
    ),
    (
        "tenant/production/nautes-app.yaml",
        &["tenant_name", "nautes_namespace"],
    ),
];

impl RehearsedGit {
    /// Repositories below this folder, which are made when they are asked for.
    pub fn new(git: Arc<dyn GitTransport>, folder: PathBuf) -> Self {
        Self { git, folder }
    }

    /// Makes the repository that a call is about, as GitLab has made the project.
    async fn made(&self, call: &Call<'_>) -> io::Result<()> {
        let own = call.args.iter().map(PathBuf::from);
        let mut own = own.filter(|path| path.starts_with(&self.folder));
        let Some(path) = own.next().filter(|path| !path.exists()) else {
            return Ok(());
        };
        let args = ["init", "--quiet", "--bare", "--"].map(ToOwned::to_owned);
        let call = Call {
            args: args
                .into_iter()
                .chain([path.display().to_string()])
                .collect(),
            input: Vec::new(),
            environment: &[],
            ..call.clone()
        };
        self.git.run(&call).await.map(drop)
    }
}

#[async_trait]
impl GitTransport for RehearsedGit {
    async fn run(&self, call: &Call<'_>) -> io::Result<Ran> {
        self.made(call).await?;
        self.git.run(call).await
    }

    fn stand_in(&self, address: &str) -> Option<PathBuf> {
        let place = Place::parse(address)?;
        let path = place.path.trim_start_matches('/');
        let plain = path.split('/').all(|part| !part.is_empty() && part != "..");
        plain.then(|| self.folder.join(&place.host).join(path))
    }

    fn template(&self, address: &str) -> Option<Tree> {
        if !address.contains("://") || address.starts_with("file://") {
            return None;
        }
        let mut tree = Tree::default();
        let mut index = String::from("templates:\n");
        for (path, variables) in RENDERED {
            index.push_str(&format!("- ./{path}\n"));
            let lines = variables
                .iter()
                .map(|name| format!("{name}: \"{{{{ {name} }}}}\"\n"));
            tree.insert(path, Entry::plain(lines.collect::<String>()));
        }
        tree.insert("index.yaml", Entry::plain(index));
        Some(tree)
    }

    fn workspace(&self) -> io::Result<Workspace> {
        self.git.workspace()
    }
}
