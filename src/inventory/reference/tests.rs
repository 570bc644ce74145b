//! What is taken over, what is left out, and what nobody may see, on small inventories.

use std::path::Path;

use super::*;
use crate::diagnostic::read_one;
use crate::input::{MemoryFiles, MemoryProcesses, Rules, Source};
use crate::inventory::{Options, World, load, settings};
use crate::secret::Redactor;
use crate::secret::vault::decrypt;

const HOSTS: &str = "[gitlab]
gitlab-0 ansible_host=192.0.2.3

[kube_control_plane]
k8s-0 ansible_host=192.0.2.2 ansible_port=2222

[kube_node]
k8s-0

[etcd]
k8s-0

[k8s_cluster:children]
kube_control_plane
kube_node

[vault]
vault-0 ansible_host=192.0.2.4 ansible_password=CANARY-host

[all:vars]
no_log=true
local_path_provisioner_enabled=true
";

fn inventory(text: &str) -> Inventory {
    let files = MemoryFiles::new([("/w/hosts", text)]);
    let options = Options {
        directory: "/w".into(),
        sources: vec!["hosts".to_owned()],
        ..Options::default()
    };
    let world = World {
        files: &files,
        processes: &MemoryProcesses::default(),
        redactor: &Redactor::default(),
    };
    load(&options, &world)
        .map_err(|e| format!("{e:?}"))
        .unwrap()
}

fn imported(variables: &str, seal: Option<&VaultPassword>) -> Result<Imported, Diagnostics> {
    let variables = read_one(&Source::new("vars.yaml", variables), Rules::Ansible)?;
    let inventory = inventory(HOSTS);
    let directory = Path::new("/w");
    import(&Given {
        variables: &variables,
        inventory: &inventory,
        directory,
        seal,
    })
}

fn settings_of(text: &str) -> String {
    let inventory = inventory(text);
    let node = settings::find(&inventory).unwrap().unwrap();
    settings::read(&node).map_err(|e| format!("{e:?}")).unwrap();
    node.to_json().to_string()
}

#[test]
fn every_variable_goes_somewhere_and_the_page_is_an_inventory() {
    let text = "access_key: CANARY-access
region_id: cn-hongkong
tenant_name: acme
oauth_app_name: people
kubernetes_type: k8s
image_version: latest
nautes_namespace: apps
vault_port: 8201
kube_entrypoint_domain: acme.example
docker_repository: registry.example/nautes/
repos_tenant_template_version: main
gitlab_version: 15.10.8-ce.0
teh_tenant: CANARY-unknown
";
    let done = imported(text, None).map_err(|e| format!("{e:?}")).unwrap();
    assert!(!done.text.contains("CANARY"), "{}", done.text);
    let settings = settings_of(&done.text);
    for part in [
        r#""tenant":"acme""#,
        r#""release":"reference""#,
        r#""domain":"acme.example""#,
        r#""flavour":"kubernetes""#,
        r#""vault_port":8201"#,
        r#""application":"people""#,
        r#""images":{"ghcr.io/nautes-labs":"registry.example/nautes"}"#,
        r#""gitlab":{"port":31443,"version":"15.10.8"}"#,
    ] {
        assert!(settings.contains(part), "{part} in {settings}");
    }
    assert!(
        done.text.contains("  # tenant_name, vars.yaml:3\n"),
        "{}",
        done.text
    );
    let dropped: Vec<&str> = done
        .dropped
        .iter()
        .map(|one| one.variable.as_str())
        .collect();
    for name in [
        "access_key",
        "region_id",
        "image_version",
        "repos_tenant_template_version",
        "no_log",
    ] {
        assert!(dropped.contains(&name), "{name} in {dropped:?}");
    }
    let unknown: Vec<String> = done
        .unknown
        .iter()
        .map(|(name, span)| format!("{name} {span}"))
        .collect();
    assert_eq!(unknown, ["teh_tenant vars.yaml:13:1"]);
    assert!(
        done.text.contains("#   teh_tenant (vars.yaml:13)\n"),
        "{}",
        done.text
    );
}

#[test]
fn hosts_keep_their_variables_and_groups() {
    let done = imported("", None).map_err(|e| format!("{e:?}")).unwrap();
    let made = inventory(&done.text);
    assert_eq!(made.members("k8s_cluster"), ["k8s-0"]);
    assert_eq!(made.members("gitlab"), ["gitlab-0"]);
    let host = &made.hosts["k8s-0"];
    let value = |name: &str| crate::inventory::host_json(&made, host)[name].clone();
    assert_eq!(value("ansible_host"), "192.0.2.2");
    assert_eq!(value("ansible_port"), 2222);
    assert_eq!(value("ansible_user"), "root");
    assert!(
        !done.text.contains("local_path_provisioner_enabled: "),
        "{}",
        done.text
    );
    // In clear it is not written; who seals it is told.
    assert!(!done.text.contains("CANARY"), "{}", done.text);
    assert!(
        done.to_do
            .iter()
            .any(|line| line.contains("`ansible_password`")),
        "{:?}",
        done.to_do
    );
}

#[test]
fn a_gitlab_that_is_there_keeps_its_token_sealed() {
    let text = "git_external_url: https://git.example
git_ssh_addr: ssh://git@git.example:2222
git_init_token: CANARY-token
git_ca: ca/git.crt
";
    let password = VaultPassword::new("open");
    let done = imported(text, Some(&password))
        .map_err(|e| format!("{e:?}"))
        .unwrap();
    assert!(!done.text.contains("CANARY"), "{}", done.text);
    let settings = settings_of(&done.text.replace("!vault |", "|"));
    for part in [
        r#""gitlab":{"enabled":false}"#,
        r#""flavour":"existing""#,
        r#""ssh_port":2222"#,
        r#""ca":"/w/ca/git.crt""#,
    ] {
        assert!(settings.contains(part), "{part} in {settings}");
    }
    let at = done.text.find("$ANSIBLE_VAULT").unwrap();
    let lines = done.text[at..].lines().map(str::trim);
    let lines: Vec<&str> = lines.take_while(|line| !line.contains(':')).collect();
    let sealed = lines.join("\n");
    let opened = decrypt(&sealed, &[password]).unwrap();
    assert_eq!(opened.expose(), b"CANARY-token");

    let left = imported(text, None).map_err(|e| format!("{e:?}")).unwrap();
    assert!(
        !left.text.contains("CANARY") && !left.text.contains("token:"),
        "{}",
        left.text
    );
    assert!(
        left.to_do
            .iter()
            .any(|line| line.contains("seal `git_init_token`")),
        "{:?}",
        left.to_do
    );
}

#[test]
fn what_is_a_files_content_becomes_a_file_that_somebody_makes() {
    let text = "nautes_ca_keypair:
  cert: /pki/ca.crt
  key: |
    -----BEGIN PRIVATE KEY-----
    CANARY
    -----END PRIVATE KEY-----
ansible_ssh_keypair: {private: keys/id, public: keys/id.pub}
kube_apiserver_kubeconfig: admin.conf
";
    let done = imported(text, None).map_err(|e| format!("{e:?}")).unwrap();
    assert!(!done.text.contains("CANARY"), "{}", done.text);
    for part in [
        "ca_cert: /pki/ca.crt",
        "ca_key: /w/secrets/ca.key",
        "kubeconfig: /w/admin.conf",
        "flavour: existing",
        "ansible_ssh_private_key_file: /w/keys/id",
    ] {
        assert!(done.text.contains(part), "{part} in {}", done.text);
    }
    assert!(
        done.to_do
            .iter()
            .any(|line| line.contains("/w/secrets/ca.key")),
        "{:?}",
        done.to_do
    );
}

#[test]
fn what_cannot_be_taken_over_has_a_place() {
    for (text, what) in [
        ("tenant_name: Acme\n", "tenant's name"),
        ("kubernetes_type: k9s\n", "`k9s`"),
        ("vault_port: many\n", "no port"),
        ("oauth_app_name: [a]\n", "a list"),
        (
            "kube_entrypoint_domain: \"{{ ip }}.nip.io\"\n",
            "a template",
        ),
        ("nautes_ca_keypair: x\n", "not a mapping"),
    ] {
        let errors = imported(text, None).err().unwrap_or_default();
        assert_eq!(errors.len(), 1, "{text}: {errors:?}");
        assert!(errors[0].what.contains(what), "{errors:?}");
        assert!(
            errors[0].place.is_some() && errors[0].help.is_some(),
            "{errors:?}"
        );
    }
}

#[test]
fn every_row_of_the_table_says_something_once() {
    let mut names: Vec<&str> = table::TABLE.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
