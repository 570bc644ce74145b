//! Every variable of the old installer, and what becomes of it: one row each.
//!
//! Names from its sample file and defaults, v0.3.8 and the releases before it; `base_opeartor` is its
//! own spelling.

/// What becomes of a variable.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    /// Text that is written into these settings below `nautes`.
    Text(&'static [&'static str]),
    /// A port that is written into these settings.
    Port(&'static [&'static str]),
    /// A version or an image; `latest` is left to the release, which pins it.
    Pinned(&'static str),
    /// Looked at by a function of its own, mostly together with others.
    Own,
    /// Left out, for this reason.
    Dropped(&'static str),
}

use Fate::{Dropped, Own, Pinned, Port, Text};

const CLOUD: &str = "machines are not made here: `-i` takes what `terraform show -json` prints";
const DERIVED: &str = "it follows from the domain and the hosts";
const ROLES: &str = "no Ansible roles are needed";
const ONE_IMAGE: &str =
    "Nautes is one image since v0.4: `nautes.components.tenant-repo.image` names it";
const INTERNAL: &str = "it was the old installer's own affair";
const FOLDERS: &str =
    "files lie below `--state DIR`; `export --reference DIR` writes the old layout";

/// The rows, by name.
pub const TABLE: &[(&str, Fate)] = &[
    // Hosts.
    ("access_key", Dropped(CLOUD)),
    ("secret_key", Dropped(CLOUD)),
    ("alicloud", Dropped(CLOUD)),
    ("alicloud_save_money", Dropped(CLOUD)),
    ("instance_type", Dropped(CLOUD)),
    ("gitlab_instance_type", Dropped(CLOUD)),
    ("kubernetes_instance_type", Dropped(CLOUD)),
    ("vault_instance_type", Dropped(CLOUD)),
    ("region_id", Dropped(CLOUD)),
    ("zone_id", Dropped(CLOUD)),
    ("ansible_inventory_file", Own),
    ("ansible_ssh_keypair", Own),
    (
        "use_chinese_mirror",
        Dropped("name mirrors with `nautes.artifacts.mirror` and `nautes.images`"),
    ),
    // Kubernetes.
    ("kubernetes_type", Own),
    (
        "kubernetes_node_num",
        Dropped("the hosts of `kube_control_plane` and `kube_node` are the nodes"),
    ),
    ("kube_apiserver_kubeconfig", Own),
    ("kube_entrypoint_domain", Text(&["domain"])),
    ("kube_entrypoint_ip", Own),
    ("vcluster_api_port", Port(&["components.vcluster.port"])),
    ("vcluster_api_domain", Dropped(DERIVED)),
    // Names.
    ("tenant_name", Own),
    (
        "tenant_project_name",
        Text(&["components.gitlab-seed.project"]),
    ),
    (
        "oauth_app_name",
        Text(&["components.gitlab-seed.application"]),
    ),
    (
        "base_opeartor_access_token_name",
        Dropped(
            "the token belongs to an account of its own: `nautes.components.gitlab-seed.operator`",
        ),
    ),
    (
        "nautes_namespace",
        Text(&[
            "components.tenant-repo.namespace",
            "components.vault-seed.namespace",
        ]),
    ),
    (
        "nautes_secret_roles",
        Dropped("the controllers know these roles by name"),
    ),
    // GitLab.
    ("git_external_url", Own),
    ("git_ssh_addr", Own),
    ("git_init_token", Own),
    ("git_ca", Own),
    ("git_ssh_fingerprints", Own),
    ("gitlab_port", Port(&["components.gitlab.port"])),
    ("gitlab_ssh_port", Port(&["components.gitlab.ssh_port"])),
    ("gitlab_version", Own),
    ("gitlab_ip", Dropped(DERIVED)),
    ("gitlab_external_url", Own),
    ("gitlab_ssh_addr", Dropped(DERIVED)),
    // Vault.
    (
        "vault_port",
        Port(&["components.vault.port", "components.tenant-repo.vault_port"]),
    ),
    ("vault_version", Pinned("components.vault.version")),
    ("vault_url", Dropped(DERIVED)),
    ("vault_proxy_url", Dropped(DERIVED)),
    ("vault_proxy_image", Pinned("components.vault-proxy.image")),
    // Trust.
    ("nautes_ca_keypair", Own),
    // Services.
    ("oauth_domain", Text(&["components.dex.host"])),
    ("oauth_url", Dropped(DERIVED)),
    ("oauth_source_url", Dropped(DERIVED)),
    ("argocd_dashboard_domain", Text(&["components.argocd.host"])),
    ("argocd_api_url", Dropped(DERIVED)),
    ("nautes_api_server_domain", Dropped(DERIVED)),
    // Images and templates.
    ("docker_repository", Own),
    ("nautes_image_name", Pinned("components.tenant-repo.image")),
    ("image_version", Pinned("components.tenant-repo.version")),
    ("api_server_image", Dropped(ONE_IMAGE)),
    ("argo_operator_image", Dropped(ONE_IMAGE)),
    ("base_operator_image", Dropped(ONE_IMAGE)),
    ("cluster_operator_image", Dropped(ONE_IMAGE)),
    ("runtime_operator_image", Dropped(ONE_IMAGE)),
    ("webhook_image", Dropped(ONE_IMAGE)),
    ("repos_tenant_template_url", Own),
    ("repos_tenant_template_version", Own),
    ("repos_cluster_template_url", Own),
    ("runtime_template_source", Own),
    ("repos_role_vault_url", Dropped(ROLES)),
    ("repos_role_vault_version", Dropped(ROLES)),
    ("repos_role_gitlab_url", Dropped(ROLES)),
    ("repos_role_gitlab_version", Dropped(ROLES)),
    // Its own matters.
    ("repos", Dropped(INTERNAL)),
    ("deploy", Dropped(INTERNAL)),
    (
        "flag",
        Dropped("what is there is looked at on every run: there are no flags"),
    ),
    (
        "nautes",
        Dropped("a name of ours; its older releases kept a namespace and roles there"),
    ),
    ("no_log", Dropped("secrets are never shown")),
    (
        "local_path_provisioner_enabled",
        Dropped("a default storage class comes with either Kubernetes"),
    ),
    ("output_folder", Dropped(FOLDERS)),
    ("output_folder_pki", Dropped(FOLDERS)),
    ("output_folder_gitrepo", Dropped(FOLDERS)),
    ("output_folder_hosts", Dropped(FOLDERS)),
    ("output_folder_k8s", Dropped(FOLDERS)),
    ("output_folder_secrepo", Dropped(FOLDERS)),
    ("output_folder_service", Dropped(FOLDERS)),
];

/// The row of a variable.
pub fn fate(name: &str) -> Option<Fate> {
    let found = TABLE.iter().find(|(known, _)| *known == name);
    found.map(|(_, fate)| *fate)
}
