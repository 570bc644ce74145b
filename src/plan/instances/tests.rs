//! Runtime clusters become components, with their own view of the inventory.

use super::*;
use crate::diagnostic::read_one;
use crate::input::{MemoryFiles, Rules, Source};
use crate::inventory::Host;
use crate::playbook::Loader;

/// An inventory of groups, each with its hosts and children.
fn inventory(groups: &[(&str, &[&str], &[&str])]) -> Inventory {
    let mut inventory = Inventory::default();
    for (name, hosts, children) in groups {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        for host in *hosts {
            inventory.hosts.insert((*host).to_owned(), Host::default());
        }
        let group = Group {
            name: (*name).to_owned(),
            hosts: words(hosts),
            children: words(children),
            ..Group::default()
        };
        inventory.groups.insert((*name).to_owned(), group);
    }
    inventory
}

fn component(text: &str) -> Arc<Component> {
    let files = MemoryFiles::new([("/playbooks/x.yaml", text)]);
    let mut loader = Loader::new(&files);
    let read = loader.component(std::path::Path::new("/playbooks/x.yaml"));
    assert!(loader.errors.is_empty(), "{:?}", loader.errors);
    Arc::new(read.unwrap())
}

fn story() -> Vec<Arc<Component>> {
    [
        "component: pki\n",
        "component: k3s\ninstances: runtime\nneeds: [pki]\ngroups: [kube_control_plane]\nonly_with: { cluster.flavour: k3s }\n",
        "component: cluster\ninstances: runtime\nneeds: [k3s]\ninputs: { flavour: { type: string, default: k3s, help: x } }\n",
        "component: traefik\ncluster: host\nneeds: [cluster]\n",
        "component: hnc\ntitle: HNC\ncluster: runtime\nneeds: [cluster, pki]\n",
    ]
    .into_iter()
    .map(component)
    .collect()
}

#[test]
fn each_runtime_group_is_a_cluster_and_its_children_are_its_parts() {
    let inventory = inventory(&[
        ("kube_control_plane", &["s1"], &[]),
        ("runtime_a", &["a1", "a2", "a3"], &[]),
        (
            "runtime_b",
            &[],
            &["runtime_b_control_plane", "runtime_b_node"],
        ),
        ("runtime_b_control_plane", &["b2", "b3"], &[]),
        ("runtime_b_node", &["b1"], &[]),
    ]);
    let found = clusters(&inventory);
    let told: Vec<_> = found
        .iter()
        .map(|c| (c.name.as_str(), c.servers.join(","), c.agents.join(",")))
        .collect();
    assert_eq!(
        told,
        [
            ("runtime_a", "a1".to_owned(), "a2,a3".to_owned()),
            ("runtime_b", "b2,b3".to_owned(), "b1".to_owned())
        ]
    );
    let view = found[1].view(&inventory);
    assert_eq!(view.members("kube_control_plane"), ["b2", "b3"]);
    assert_eq!(view.members("kube_node"), ["b1"]);
    assert_eq!(view.members("k8s_cluster"), ["b2", "b3", "b1"]);
    assert_eq!(
        inventory.members("kube_control_plane"),
        ["s1"],
        "the inventory stays"
    );
}

#[test]
fn instances_need_the_instances_of_their_own_cluster() {
    let inventory = inventory(&[("runtime_a", &["a1"], &[]), ("runtime_b", &["b1"], &[])]);
    let all = expanded(&story(), &clusters(&inventory));
    let names: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "pki",
            "k3s",
            "k3s@runtime_a",
            "k3s@runtime_b",
            "cluster",
            "cluster@runtime_a",
            "cluster@runtime_b",
            "traefik",
            "hnc",
            "hnc@runtime_a",
            "hnc@runtime_b"
        ]
    );
    let find = |name: &str| all.iter().find(|c| c.name == name).unwrap();
    let needs = |name: &str| {
        find(name)
            .needs
            .iter()
            .map(|(need, _)| need.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(needs("hnc"), ["cluster", "pki"]);
    assert_eq!(needs("hnc@runtime_b"), ["cluster@runtime_b", "pki"]);
    assert_eq!(find("hnc@runtime_b").title, "HNC on runtime_b");
    assert_eq!(find("hnc@runtime_b").base(), "hnc");
    let k3s = find("k3s@runtime_a");
    assert_eq!(k3s.groups, ["runtime_a"]);
    assert_eq!(
        k3s.only_with[0].component.as_deref(),
        Some("cluster@runtime_a")
    );
    let aliases = aliases(&all, "runtime_a");
    let aliases: Vec<(&str, &str)> = aliases
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(
        aliases,
        [
            ("cluster", "cluster@runtime_a"),
            ("hnc", "hnc@runtime_a"),
            ("k3s", "k3s@runtime_a")
        ]
    );
    let plan = super::super::plan(&all, &super::super::Choice::default()).unwrap();
    let order: Vec<&str> = plan
        .steps
        .iter()
        .map(|step| step.component.name.as_str())
        .collect();
    let at = |name: &str| order.iter().position(|one| *one == name).unwrap();
    assert!(at("k3s@runtime_a") < at("cluster@runtime_a"));
    assert!(at("cluster@runtime_a") < at("hnc@runtime_a"));
}

#[test]
fn without_runtime_groups_nothing_is_added() {
    let story = story();
    let inventory = inventory(&[("kube_control_plane", &["s1"], &[])]);
    assert_eq!(expanded(&story, &clusters(&inventory)).len(), story.len());
}

#[test]
fn an_instance_has_its_components_settings_and_its_own_over_them() {
    let text =
        "components:\n  hnc: { enabled: false, version: v1 }\n  hnc@runtime_a: { enabled: true }\n";
    let node = read_one(&Source::new("i", text), Rules::Ansible).unwrap();
    let inventory = inventory(&[("runtime_a", &["a1"], &[]), ("runtime_b", &["b1"], &[])]);
    let all = expanded(&story(), &clusters(&inventory));
    let settings = settings(&node, &all).to_json();
    let of = |name: &str| settings["components"][name].clone();
    assert_eq!(
        of("hnc"),
        serde_json::json!({ "enabled": false, "version": "v1" })
    );
    assert_eq!(
        of("hnc@runtime_a"),
        serde_json::json!({ "enabled": true, "version": "v1" })
    );
    assert_eq!(of("hnc@runtime_b"), of("hnc"));
    assert!(of("cluster@runtime_a").is_null(), "nothing is said of it");
}

#[test]
fn a_host_is_in_one_cluster() {
    let inventory = inventory(&[
        ("kube_node", &["n1"], &[]),
        ("runtime_a", &["n1", "a1"], &[]),
        ("runtime_b", &["a1"], &[]),
    ]);
    let errors = shared_hosts(&inventory, &clusters(&inventory));
    let told: Vec<&str> = errors.iter().map(|error| error.what.as_str()).collect();
    assert_eq!(
        told,
        [
            "host `n1` is in `runtime_a` and in the tenant's own cluster",
            "host `a1` is in `runtime_b` and in `runtime_a`"
        ]
    );
}
