//! Components that are there once more for every runtime cluster: `hnc@runtime_a`.
//!
//! A group `runtime_NAME` is a cluster of its own. What is there for each (`cluster: runtime`, or
//! `instances: runtime` for what the cluster itself is made of) becomes a component of its own with
//! the cluster in its name, and sees the inventory as if that cluster were the only one. From here on
//! nobody needs to know that it is an instance: data goes into the plan, and never back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Kind, Node};
use crate::inventory::{Group, Inventory};
use crate::playbook::{Component, Instance};

/// What names of groups of runtime clusters start with.
const PREFIX: &str = "runtime_";
/// Groups that say which part of a cluster a host is.
const SERVERS: &str = "kube_control_plane";
const WORKERS: &str = "kube_node";

/// A runtime cluster of the inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeCluster {
    /// Its group: `runtime_a`.
    pub name: String,
    /// Hosts that run its API.
    pub servers: Vec<String>,
    /// The others.
    pub agents: Vec<String>,
}

impl RuntimeCluster {
    /// The name of a component's instance for it.
    pub fn of(&self, component: &str) -> String {
        format!("{component}@{}", self.name)
    }

    /// The inventory as its components see it: the groups of a cluster are this cluster's.
    pub fn view(&self, inventory: &Inventory) -> Inventory {
        let mut view = inventory.clone();
        let all = [self.servers.clone(), self.agents.clone()].concat();
        let groups = [
            (SERVERS, self.servers.clone()),
            (WORKERS, self.agents.clone()),
            ("etcd", self.servers.clone()),
            ("k8s_cluster", all),
        ];
        for (name, hosts) in groups {
            let group = Group {
                name: name.to_owned(),
                hosts,
                priority: 1,
                ..Group::default()
            };
            view.groups.insert(name.to_owned(), group);
        }
        view
    }
}

/// The runtime clusters of an inventory, in its order: groups `runtime_NAME` that lie in no other.
/// Servers are the hosts of its child group that ends with `_control_plane`, else its first host.
pub fn clusters(inventory: &Inventory) -> Vec<RuntimeCluster> {
    let names = inventory
        .groups
        .keys()
        .filter(|name| name.starts_with(PREFIX));
    let names: Vec<&String> = names.collect();
    let inside = |name: &String| {
        let mut others = names.iter().filter(|other| **other != name);
        others.any(|other| below(inventory, other).contains(name.as_str()))
    };
    let own = names.iter().filter(|name| !inside(name));
    own.map(|name| {
        let members = inventory.members(name);
        let children = below(inventory, name);
        let part = children
            .iter()
            .find(|child| child.ends_with("_control_plane"));
        let servers = match part {
            Some(part) => inventory.members(part),
            None => members.first().copied().into_iter().collect(),
        };
        let rest = members.iter().filter(|host| !servers.contains(host));
        RuntimeCluster {
            name: (*name).clone(),
            agents: rest.map(|host| (*host).to_owned()).collect(),
            servers: servers.into_iter().map(ToOwned::to_owned).collect(),
        }
    })
    .collect()
}

/// The groups below a group.
fn below<'a>(inventory: &'a Inventory, name: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = vec![name];
    while let Some(next) = open.pop() {
        let children = inventory.groups.get(next).map(|group| &group.children);
        for child in children.into_iter().flatten() {
            if found.insert(child.as_str()) {
                open.push(child);
            }
        }
    }
    found
}

/// The components with their instances, each behind the one that it is an instance of.
pub fn expanded(components: &[Arc<Component>], clusters: &[RuntimeCluster]) -> Vec<Arc<Component>> {
    let each = |name: &str| components.iter().any(|c| c.name == name && c.per_runtime);
    let mut all = Vec::new();
    for component in components {
        all.push(component.clone());
        let own = clusters.iter().filter(|_| component.per_runtime);
        all.extend(own.map(|cluster| Arc::new(instance(component, (cluster, &each)))));
    }
    all
}

fn instance(
    component: &Component,
    (cluster, each): (&RuntimeCluster, &dyn Fn(&str) -> bool),
) -> Component {
    let named = |name: &str| {
        if each(name) {
            cluster.of(name)
        } else {
            name.to_owned()
        }
    };
    let needs = component.needs.iter();
    let mut only_with = component.only_with.clone();
    for with in &mut only_with {
        with.component = with.component.as_deref().map(named);
    }
    let groups = component.groups.iter();
    Component {
        name: cluster.of(&component.name),
        title: format!("{} on {}", component.title, cluster.name),
        needs: needs
            .map(|(need, span)| (named(need), span.clone()))
            .collect(),
        only_with,
        groups: groups
            .map(|group| match group.as_str() {
                SERVERS | WORKERS => cluster.name.clone(),
                other => other.to_owned(),
            })
            .collect(),
        // What the estate is told is told once.
        rehearsal: None,
        instance: Some(Instance {
            of: component.name.clone(),
            cluster: cluster.name.clone(),
        }),
        ..component.clone()
    }
}

/// Which instance's outputs a component of a cluster reads under a name.
pub fn aliases(components: &[Arc<Component>], cluster: &str) -> BTreeMap<String, String> {
    let own = components.iter().filter_map(|component| {
        let instance = component.instance.as_ref()?;
        (instance.cluster == cluster).then(|| (instance.of.clone(), component.name.clone()))
    });
    own.collect()
}

/// The settings with those of each instance: what is said of the component, and over it what is said
/// of the instance by its own name (`hnc@runtime_a: {…}`).
pub fn settings(settings: &Node, components: &[Arc<Component>]) -> Node {
    let mut settings = settings.clone();
    let Kind::Map(top) = &mut settings.kind else {
        return settings;
    };
    let node = top
        .iter_mut()
        .find(|(key, _)| key.key_text() == "components");
    let Some((_, node)) = node else {
        return settings;
    };
    let Kind::Map(given) = &mut node.kind else {
        return settings;
    };
    for component in components {
        let Some(instance) = &component.instance else {
            continue;
        };
        let find = |name: &str| given.iter().position(|(key, _)| key.key_text() == name);
        let (base, own) = (find(&instance.of), find(&component.name));
        let entry = match (base, own) {
            (Some(base), Some(own)) => {
                let merged = over(&given[base].1, &given[own].1);
                given[own].1 = merged;
                continue;
            }
            (Some(base), None) => &given[base],
            (None, _) => continue,
        };
        let key = Node::new(entry.0.span.clone(), Kind::Str(component.name.clone()));
        let value = entry.1.clone();
        given.push((key, value));
    }
    settings
}

/// One mapping over another; what is no mapping stands as it is, to be told of.
fn over(base: &Node, own: &Node) -> Node {
    let (Kind::Map(base), Kind::Map(entries)) = (&base.kind, &own.kind) else {
        return own.clone();
    };
    let said = |key: &Node| {
        entries
            .iter()
            .any(|(name, _)| name.key_text() == key.key_text())
    };
    let rest = base.iter().filter(|(key, _)| !said(key));
    let all = rest.chain(entries).cloned().collect();
    Node::new(own.span.clone(), Kind::Map(all))
}

/// Hosts that are in more than one cluster.
pub fn shared_hosts(inventory: &Inventory, clusters: &[RuntimeCluster]) -> Diagnostics {
    let tenant = [SERVERS, WORKERS]
        .map(|group| inventory.members(group))
        .concat();
    let mut seen: BTreeMap<&str, &str> = tenant.into_iter().map(|host| (host, SERVERS)).collect();
    let mut errors = Diagnostics::new();
    for cluster in clusters {
        for host in cluster.servers.iter().chain(&cluster.agents) {
            if let Some(other) = seen.insert(host, &cluster.name) {
                let other = if other == SERVERS {
                    "the tenant's own cluster".to_owned()
                } else {
                    format!("`{other}`")
                };
                errors.push(
                    Diagnostic::error(
                        "plan/shared-host",
                        format!("host `{host}` is in `{}` and in {other}", cluster.name),
                    )
                    .why("a host is a node of one cluster; nothing was touched")
                    .help(format!(
                        "take `{host}` out of one of them; what runs in the tenant's own cluster needs no group `{}`",
                        cluster.name
                    )),
                );
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests;
