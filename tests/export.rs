//! `export --reference` on the simulated estate: the old installer's layout with its names and forms,
//! for its owner alone, never over somebody else's files nor into a git work tree.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod desk;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

const INVENTORY: &str = "all:
  vars:
    nautes: { tenant: demo, domain: demo.example.test, components: { harbor: { enabled: false } } }
    ansible_connection: rehearsal
    ansible_become: true
  children:
    kube_control_plane: { hosts: { k8s-0: { ansible_host: 192.0.2.10, ansible_port: 2222 } } }
    gitlab: { hosts: { gitlab-0: { ansible_host: 192.0.2.11 } } }
    vault: { hosts: { vault-0: { ansible_host: 192.0.2.12 } } }
";

/// What the layout has of a tenant that is installed; `init_token` and the log are never kept.
const FILES: [&str; 13] = [
    "git/infos.yaml",
    "git/initial_root_password",
    "git/tenant_repo_private.key",
    "hosts/ansible_hosts",
    "kubernetes/dex_client_secret",
    "kubernetes/vcluster.config",
    "pki/ca.crt",
    "pki/ca.pem",
    "pki/CLUSTER.key",
    "pki/gitlab-0.crt",
    "service/url.yaml",
    "vault/unseal.yml",
    "vault/vault-proxy.yml",
];

fn run(folder: &Path, args: &[&str]) -> (String, String, i32) {
    desk::apart(&mut desk::command(folder, args))
}

const EXPORT: [&str; 5] = ["export", "-i", "tenant.yaml", "--reference", "out"];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_layout_is_written_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("tenant.yaml"), INVENTORY).unwrap();
    let (_, said, code) = run(folder, &["up", "-i", "tenant.yaml"]);
    assert_eq!(code, 0, "{said}");
    let (shown, said, code) = run(folder, &EXPORT);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("secrets in clear"), "{said}");
    assert!(said.contains("left out: git/init_token"), "{said}");
    let out = folder.join("out");
    assert_eq!(mode(&out), 0o700);
    for name in FILES {
        assert!(shown.contains(name), "{name}: {shown}{said}");
        let text = fs::read_to_string(out.join(name)).unwrap();
        assert!(!text.trim().is_empty(), "{name}");
        if shown.contains(&format!("{name}  secret")) {
            assert_eq!(mode(&out.join(name)), 0o600, "{name}");
            assert!(
                !shown.contains(text.trim()) && !said.contains(text.trim()),
                "{name}"
            );
        }
    }
    forms(&out);
    let (hosts, said, code) = run(&out, &["inventory", "list", "-i", "hosts/ansible_hosts"]);
    assert_eq!(code, 0, "{said}");
    let hosts: Value = serde_json::from_str(&hosts).unwrap();
    assert_eq!(hosts["_meta"]["hostvars"]["k8s-0"]["ansible_port"], 2222);
    // Ours by then: once more is fine, also when something is gone since.
    fs::write(out.join("git/old"), "x").unwrap();
    let mark = out.join(".nautes-install-export");
    fs::write(
        &mark,
        fs::read_to_string(&mark).unwrap() + "git/old\n../tenant.yaml\n",
    )
    .unwrap();
    let (_, said, code) = run(folder, &EXPORT);
    assert_eq!(code, 0, "{said}");
    assert!(!out.join("git/old").exists() && folder.join("tenant.yaml").exists());
}

fn forms(out: &Path) {
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    let keys = |name: &str| -> Vec<String> {
        let text = read(name);
        let lines = text.lines().filter(|line| !line.starts_with([' ', '-']));
        let keys = lines.filter_map(|line| line.split_once(':'));
        keys.map(|(key, _)| key.to_owned()).collect()
    };
    assert_eq!(
        keys("git/infos.yaml"),
        [
            "client_id",
            "client_sercret",
            "access_token",
            "tenant_repo_id",
            "tenant_repo_ssh_addr"
        ]
    );
    assert!(
        read("git/infos.yaml").contains("tenant_repo_id: '"),
        "a number as text"
    );
    assert_eq!(
        keys("vault/unseal.yml"),
        ["vault_unseal_keys", "vault_root_token"]
    );
    assert!(
        read("vault/vault-proxy.yml").starts_with("infos:\n  - name: vault-proxy\n    roleID: ")
    );
    assert_eq!(
        keys("service/url.yaml"),
        [
            "gitlab_url",
            "vault_url",
            "oauth_url",
            "vcluster_api_server_url",
            "nautes_api_server_url",
            "argocd_url"
        ]
    );
    assert!(read("pki/ca.pem").contains("PRIVATE KEY"));
    assert!(read("kubernetes/vcluster.config").contains("server: https://192.0.2.10:6443"));
}

#[test]
fn folders_of_others_and_git_are_refused_before_a_host_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("tenant.yaml"), INVENTORY).unwrap();
    let refused = |slug: &str| {
        let (_, said, code) = run(folder, &EXPORT);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(&format!("error[{slug}]")), "{said}");
    };
    fs::create_dir(folder.join(".git")).unwrap();
    refused("commands/in-git");
    fs::remove_dir(folder.join(".git")).unwrap();
    let out = folder.join("out");
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o755)).unwrap();
    refused("commands/not-ours");
    fs::set_permissions(&out, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(out.join(".nautes-install-export"), "another\n").unwrap();
    refused("commands/not-ours");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}
