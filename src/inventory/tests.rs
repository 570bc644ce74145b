//! Loading as a whole: the shipped inventories, sealed values, `--set`, and what is refused.

use super::settings;
use super::*;
use crate::diagnostic::Diagnostics;
use crate::input::{Files, MemoryFiles, MemoryProcesses, OsFiles, Var};
use crate::secret::Redactor;
use crate::secret::vault::{VaultPassword, encrypt_with_salt};

fn load_with(
    files: &dyn Files,
    options: &Options,
    redactor: &Redactor,
) -> Result<Inventory, Diagnostics> {
    let world = World {
        files,
        processes: &MemoryProcesses::default(),
        redactor,
    };
    load(options, &world)
}

fn options(source: &str) -> Options {
    Options {
        directory: "/i".into(),
        sources: vec![source.to_owned()],
        ..Options::default()
    }
}

fn text(inventory: &Inventory, host: &str, name: &str) -> String {
    match inventory.hosts[host].vars.get(name) {
        Some(Var::Written(node)) => node.to_json().to_string(),
        other => format!("{other:?}"),
    }
}

fn codes(result: Result<Inventory, Diagnostics>) -> Vec<String> {
    let errors = result.err().unwrap_or_default();
    let place = |e: &crate::diagnostic::Diagnostic| {
        e.place
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    errors
        .iter()
        .map(|e| format!("{} {}", place(e), e.code))
        .collect()
}

#[test]
fn shipped_inventories_load_without_a_word() {
    for (name, hosts) in [("single", 1), ("ha", 7), ("rehearsal", 4)] {
        let options = Options {
            directory: concat!(env!("CARGO_MANIFEST_DIR"), "/inventories").into(),
            sources: vec![format!("{name}.yaml")],
            ..Options::default()
        };
        let inventory = load_with(&OsFiles, &options, &Redactor::default()).unwrap();
        assert_eq!(inventory.warnings, [], "{name}");
        assert_eq!(inventory.hosts.len(), hosts, "{name}");
        let node = settings::find(&inventory).unwrap().unwrap();
        assert!(settings::read(&node).unwrap().domain.is_some(), "{name}");
        for group in [
            "kube_control_plane",
            "kube_node",
            "etcd",
            "k8s_cluster",
            "gitlab",
            "vault",
        ] {
            assert!(!inventory.members(group).is_empty(), "{name} {group}");
        }
    }
}

#[test]
fn sealed_values_open_and_are_made_known() {
    let password = VaultPassword::new("p");
    let value = encrypt_with_salt(b"opened-text", &password, &[7; 32]).replace('\n', "\n      ");
    let file = encrypt_with_salt(b"in_file: whole-file\n", &password, &[8; 32]);
    let hosts = format!("all:\n  hosts:\n    h:\n     s: !vault |\n      {value}\n");
    let files = MemoryFiles::new([("/i/h.yml", hosts.as_str()), ("/i/group_vars/all", &file)]);
    let mut options = options("h.yml");
    let redactor = Redactor::default();
    let refused = codes(load_with(&files, &options, &redactor));
    assert_eq!(refused[0].rsplit(' ').next(), Some("inventory/vault"));
    options.vault.push(password);
    let inventory = load_with(&files, &options, &redactor).unwrap();
    assert_eq!(text(&inventory, "h", "s"), "\"opened-text\"");
    assert_eq!(text(&inventory, "h", "in_file"), "\"whole-file\"");
    assert_eq!(
        redactor.redact("opened-text whole-file"),
        "******** ********"
    );
    let shown = list_json(&inventory).to_string();
    assert!(shown.contains("__ansible_vault") && !shown.contains("opened-text"));
}

#[test]
fn set_changes_one_leaf() {
    let hosts = "all: {vars: {nautes: {domain: a.b}, free: {x: {y: 1, z: 2}}}, hosts: {h: }}";
    let files = MemoryFiles::new([("/i/h.yml", hosts)]);
    let redactor = Redactor::default();
    let mut options = options("h.yml");
    options.set = [
        "nautes.components.harbor.storage=40Gi",
        "nautes.tenant=x",
        "free.x.y=[1]",
    ]
    .map(str::to_owned)
    .into();
    let inventory = load_with(&files, &options, &redactor).unwrap();
    assert_eq!(text(&inventory, "h", "free"), r#"{"x":{"y":[1],"z":2}}"#);
    let node = settings::find(&inventory).unwrap().unwrap();
    let settings = settings::read(&node).unwrap();
    assert_eq!(settings.tenant.name, "x");
    assert_eq!(settings.domain.as_deref(), Some("a.b"));
    assert_eq!(
        settings.components["harbor"].to_json().to_string(),
        r#"{"storage":"40Gi"}"#
    );
    for (set, place) in [
        ("fre.x=1", "--set:1:1"),
        ("free.x.w=1", "--set:1:8"),
        ("free.x.y.q=1", "--set:1:10"),
        ("free..x=1", "--set:1:6"),
        ("free", "--set:1:1"),
        ("free.x.y=[", "--set:"),
    ] {
        options.set = vec![set.to_owned()];
        let told = codes(load_with(&files, &options, &redactor));
        assert!(
            told.len() == 1 && told[0].starts_with(place),
            "{set}: {told:?}"
        );
    }
    options.set = vec!["nautes.tenat=x".to_owned()];
    let inventory = load_with(&files, &options, &redactor).unwrap();
    let node = settings::find(&inventory).unwrap().unwrap();
    let error = &settings::read(&node).unwrap_err()[0];
    assert_eq!(error.place.as_ref().unwrap().to_string(), "--set:1:8");
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let refused = |name: &str, text: &str| {
        let files = MemoryFiles::new([(format!("/i/{name}").as_str(), text)]);
        codes(load_with(&files, &options(name), &Redactor::default()))
    };
    assert_eq!(
        refused("h.yml", "plugin: aws_ec2"),
        ["h.yml:1:1 inventory/plugin"]
    );
    assert_eq!(
        refused("h.yml", "- a: 1"),
        ["h.yml:1:1 inventory/not-groups"]
    );
    assert_eq!(
        refused("h.yml", "all: {hosts: [a]}"),
        ["h.yml:1:14 inventory/not-a-mapping"]
    );
    assert_eq!(
        refused("h.yml", "all: {hosts: {1: }}"),
        ["h.yml:1:15 inventory/name-type"]
    );
    assert_eq!(refused("hosts", "all:\n  hosts: [\n").len(), 1);
    assert_eq!(
        refused("hosts", "a[1:9999999]"),
        ["hosts:1:1 inventory/host-name"]
    );
    assert_eq!(
        refused("h.yml", "a: {children: {b: {children: {a: }}}}"),
        ["h.yml:1:16 inventory/group-loop"]
    );
    assert_eq!(
        codes(load_with(
            &MemoryFiles::new([]),
            &options("none"),
            &Redactor::default()
        )),
        [" inventory/no-source"]
    );
}
