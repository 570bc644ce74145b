//! What the inventory says of a runtime cluster, as Nautes' manifests: the group's variable
//! `nautes_cluster` has the fields of a Cluster, and `nautes_virtual_clusters` those of clusters that
//! run in it. What they leave out follows from the group.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Kind, Node, Span, Var};
use crate::inventory::Inventory;
use crate::plan::instances::RuntimeCluster;

/// The variable of a group with what Nautes is told of its cluster.
const OWN: &str = "nautes_cluster";
/// The variable with the virtual clusters in it.
const VIRTUAL: &str = "nautes_virtual_clusters";
/// What names of groups of runtime clusters start with.
const PREFIX: &str = "runtime_";

/// What is said of a cluster.
pub struct Wanted {
    name: String,
    own: Node,
    inside: Vec<Node>,
}

/// A cluster that was reached.
pub struct Reached {
    /// The administrator's kubeconfig, by the address of its first server. A secret.
    pub kubeconfig: String,
    /// That address.
    pub address: String,
}

/// What the inventory says of a cluster.
///
/// # Errors
/// Every mistake in it that can be seen before the cluster is reached.
pub fn wanted(cluster: &RuntimeCluster, inventory: &Inventory) -> Result<Wanted, Diagnostics> {
    let group = inventory.groups.get(&cluster.name);
    let said = |name: &str| match group?.vars.get(name)? {
        Var::Written(node) => Some(node.as_ref().clone()),
        _ => None,
    };
    let own = said(OWN)
        .ok_or_else(|| vec![unsaid(cluster).at_maybe(place(cluster, inventory).as_ref())])?;
    let mut errors = Diagnostics::new();
    let mut checked = |node: &Node, name: &str| {
        if node.as_map().is_none() {
            errors.push(wrong(name, ("a mapping", node), &cluster.name));
        }
        if let Some(template) = template(node) {
            errors.push(
                Diagnostic::error(
                    "inventory/cluster",
                    format!("`{name}` has a template in it"),
                )
                .at(&template.span)
                .why("it is read before anything is rendered; no call was made")
                .help("write the value itself"),
            );
        }
    };
    checked(&own, OWN);
    let mut inside = Vec::new();
    if let Some(node) = said(VIRTUAL) {
        if let Some(items) = node.as_seq() {
            for item in items {
                checked(item, VIRTUAL);
            }
            inside.extend_from_slice(items);
        } else {
            errors.push(wrong(VIRTUAL, ("a list", &node), &cluster.name));
        }
    }
    let usage = own.get("usage").and_then(Node::as_str);
    let is_worker = usage.unwrap_or(if inside.is_empty() { "worker" } else { "host" }) == "worker";
    if is_worker && own.get("workerType").is_none() && own.as_map().is_some() {
        errors.push(unsaid(cluster).at(&own.span));
    }
    if errors.is_empty() {
        let name = own
            .get("name")
            .and_then(Node::as_str)
            .map(ToOwned::to_owned);
        let name = name.unwrap_or_else(|| name_of(&cluster.name));
        Ok(Wanted { name, own, inside })
    } else {
        Err(errors)
    }
}

/// Where a cluster is in the inventory, as far as anybody remembers: a variable of its first server.
fn place(cluster: &RuntimeCluster, inventory: &Inventory) -> Option<Span> {
    let host = inventory.hosts.get(cluster.servers.first()?)?;
    let address = host.vars.get("ansible_host");
    let mut vars = address.into_iter().chain(host.vars.values());
    vars.find_map(|value| match value {
        Var::Written(node) => Some(node.span.clone()),
        _ => None,
    })
}

/// The name that a group gives its cluster: Nautes takes letters, digits and dashes.
fn name_of(group: &str) -> String {
    let name = group.strip_prefix(PREFIX).unwrap_or(group);
    name.replace('_', "-")
}

fn unsaid(cluster: &RuntimeCluster) -> Diagnostic {
    let group = &cluster.name;
    let what = format!("nobody says what cluster `{group}` is for");
    Diagnostic::error("inventory/cluster", what)
        .why("a worker runs either pipelines or deployments; no call was made")
        .help(format!(
            "write `nautes_cluster: {{workerType: deployment}}` (or `pipeline`, or `usage: host`) below `vars:` of group `{group}`"
        ))
}

fn wrong(name: &str, (wanted, node): (&str, &Node), group: &str) -> Diagnostic {
    let what = format!(
        "`{name}` of `{group}` is {}, not {wanted}",
        node.type_name()
    );
    Diagnostic::error("inventory/cluster", what)
        .at(&node.span)
        .why("no call was made")
        .help("it has the fields of a manifest's `spec`: docs/nautes.md")
}

/// A text in it that Ansible would render.
fn template(node: &Node) -> Option<&Node> {
    match &node.kind {
        Kind::Str(text) => (text.contains("{{") || text.contains("{%")).then_some(node),
        Kind::Seq(items) => items.iter().find_map(template),
        Kind::Map(entries) => entries.iter().find_map(|(_, value)| template(value)),
        _ => None,
    }
}

/// The manifests: the cluster itself, then those in it.
pub fn documents(wanted: &Wanted, reached: &Reached) -> Vec<Node> {
    let place = &wanted.own.span;
    let inside = !wanted.inside.is_empty();
    let own = [
        ("name", wanted.name.clone()),
        ("apiServer", server(&reached.kubeconfig, &reached.address)),
        ("clusterKind", "kubernetes".to_owned()),
        ("clusterType", "physical".to_owned()),
        ("usage", if inside { "host" } else { "worker" }.to_owned()),
        ("kubeconfig", reached.kubeconfig.clone()),
    ];
    let mut all = vec![document(&wanted.own, (place, &own))];
    for node in &wanted.inside {
        let port = node
            .get("vcluster")
            .and_then(|vcluster| vcluster.get("httpsNodePort"));
        let api =
            port.map(|port| format!("https://{}:{}", host(&reached.address), port.key_text()));
        let mut own = vec![
            ("clusterKind", "kubernetes".to_owned()),
            ("clusterType", "virtual".to_owned()),
            ("usage", "worker".to_owned()),
            ("hostCluster", wanted.name.clone()),
        ];
        own.extend(api.map(|api| ("apiServer", api)));
        all.push(document(node, (&node.span, &own)));
    }
    all
}

/// A manifest with what somebody wrote, and these fields where nobody wrote them.
fn document(written: &Node, (place, filled): (&Span, &[(&str, String)])) -> Node {
    let text = |text: &str| Node::new(place.clone(), Kind::Str(text.to_owned()));
    let said = written.as_map().unwrap_or_default();
    let missing = filled.iter().filter(|(key, _)| written.get(key).is_none());
    let missing = missing.map(|(key, value)| (text(key), text(value)));
    let spec: Vec<_> = said.iter().cloned().chain(missing).collect();
    let spec = Node::new(place.clone(), Kind::Map(spec));
    let entries = vec![
        (
            text("apiVersion"),
            text("nautes.resource.nautes.io/v1alpha1"),
        ),
        (text("kind"), text("Cluster")),
        (text("spec"), spec),
    ];
    Node::new(place.clone(), Kind::Map(entries))
}

/// The address of the API in a kubeconfig.
fn server(kubeconfig: &str, address: &str) -> String {
    let mut lines = kubeconfig.lines().map(str::trim);
    let found = lines.find_map(|line| line.strip_prefix("server: "));
    let found = found.map(|url| url.trim_matches(['"', '\'']).to_owned());
    found.unwrap_or_else(|| format!("https://{}:6443", host(address)))
}

/// An address as it stands in one of the web.
fn host(address: &str) -> String {
    if address.contains(':') && !address.starts_with('[') {
        format!("[{address}]")
    } else {
        address.to_owned()
    }
}
