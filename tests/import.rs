//! `inventory import` in the whole program: the old installer's files become an inventory that
//! `validate` and `plan` accept and `up` brings a simulated tenant up from.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod desk;

use std::path::Path;

const VARIABLES: &str = "# The access secret of cloud service provider.
access_key: CANARY-access
secret_key: CANARY-secret
region_id: cn-hongkong
alicloud_save_money: true
tenant_name: \"acme\"
tenant_project_name: management
image_version: latest
kubernetes_type: k3s
kubernetes_node_num: 1
kube_entrypoint_domain: acme.example.test
my_own: CANARY-own
";

const HOSTS: &str = "[gitlab]
gitlab-0 ansible_host=192.0.2.3

[kube_control_plane]
k8s-0 ansible_host=192.0.2.2

[kube_node]
k8s-0

[etcd]
k8s-0

[k8s_cluster:children]
kube_control_plane
kube_node

[vault]
vault-0 ansible_host=192.0.2.4

[all:vars]
no_log=true
local_path_provisioner_enabled=true
ansible_become_password=CANARY-sudo
";

fn run(folder: &Path, args: &[&str]) -> (String, String, i32) {
    desk::apart(&mut desk::command(folder, args))
}

fn desk() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("vars.yaml", VARIABLES),
        ("ansible_hosts", HOSTS),
        ("password", "open\n"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const IMPORT: [&str; 8] = [
    "inventory",
    "import",
    "--reference",
    "vars.yaml",
    "-i",
    "ansible_hosts",
    "--to",
    "new.yaml",
];

#[test]
fn the_result_is_accepted_and_brings_a_tenant_up() {
    let folder = desk();
    let folder = folder.path();
    let (_, said, code) = run(
        folder,
        &[&IMPORT[..], &["--vault-password-file", "password"]].concat(),
    );
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("not known and not taken over: my_own (vars.yaml:12:1)"),
        "{said}"
    );
    let text = std::fs::read_to_string(folder.join("new.yaml")).unwrap();
    assert!(
        !text.contains("CANARY") && !said.contains("CANARY"),
        "{text}{said}"
    );
    assert!(text.contains("ansible_become_password: !vault |"), "{text}");
    let opened = ["-i", "new.yaml", "--vault-password-file", "password"];
    for verb in [
        &["validate"][..],
        &["plan", "--rehearse"],
        &["up", "--rehearse"],
    ] {
        let (shown, said, code) = run(folder, &[verb, &opened].concat());
        assert_eq!(code, 0, "{verb:?}: {shown}{said}");
    }
    let (shown, said, code) = run(folder, &[&["up", "--rehearse"][..], &opened].concat());
    assert_eq!(code, 0, "{said}");
    let recap = shown.lines().filter(|line| line.contains("changed="));
    let recap: Vec<&str> = recap.collect();
    assert!(
        !recap.is_empty() && recap.iter().all(|line| line.contains("changed=0 ")),
        "{shown}"
    );
}

#[test]
fn nothing_is_written_over_and_json_tells_all() {
    let folder = desk();
    let folder = folder.path();
    std::fs::write(folder.join("new.yaml"), "mine\n").unwrap();
    let (_, said, code) = run(folder, &IMPORT);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("error[commands/exists]"), "{said}");
    assert_eq!(
        std::fs::read_to_string(folder.join("new.yaml")).unwrap(),
        "mine\n"
    );
    let (shown, said, code) = run(folder, &[&IMPORT[..6], &["--output", "json"]].concat());
    assert_eq!((code, said.as_str()), (0, ""));
    let told: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(told["unknown"][0]["variable"], "my_own");
    assert!(
        told["dropped"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["variable"] == "access_key")
    );
    // Without a password nothing is sealed, and what would have to be is left out and named.
    assert!(
        told["to_do"]
            .to_string()
            .contains("ansible_become_password"),
        "{shown}"
    );
    assert!(!shown.contains("CANARY"), "{shown}");
}
