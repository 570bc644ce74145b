//! What `inventory list` and `host` print: what `ansible-inventory` prints.

use std::collections::BTreeSet;

use serde_json::Map;

use super::{Host, Inventory, Vars};
use crate::input::{Json, Kind, Node, Var};
use crate::secret::vault::MARK;

/// Variables the engine makes; they are not the inventory's (ansible-core's
/// `INTERNAL_STATIC_VARS`, those an inventory can have).
const INTERNAL: [&str; 12] = [
    "ansible_facts",
    "ansible_version",
    "ansible_config_file",
    "ansible_playbook_python",
    "inventory_dir",
    "inventory_file",
    "inventory_hostname",
    "inventory_hostname_short",
    "groups",
    "group_names",
    "hostvars",
    "playbook_dir",
];

/// The keys of values that are no plain text, as `ansible-inventory` writes them.
pub(super) const UNSAFE: &str = "__ansible_unsafe";
pub(super) const SEALED: &str = "__ansible_vault";

/// As `ansible-inventory --list`: groups, and every host's merged variables under `_meta`. Values
/// are as written: templates are not rendered, sealed values stay sealed.
pub fn list_json(inventory: &Inventory) -> Json {
    let mut groups = Map::new();
    let mut seen = BTreeSet::new();
    list_group(inventory, "all", &mut seen, &mut groups);
    let mut hostvars = Map::new();
    for host in in_order(inventory) {
        let vars = host_vars(inventory, host);
        if vars.as_object().is_some_and(|vars| !vars.is_empty()) {
            hostvars.insert(host.name.clone(), vars);
        }
    }
    let mut meta = Map::new();
    meta.insert("hostvars".to_owned(), Json::Object(hostvars));
    meta.insert("profile".to_owned(), Json::from("inventory_legacy"));
    groups.insert("_meta".to_owned(), Json::Object(meta));
    let mut whole = Json::Object(groups);
    whole.sort_all_objects();
    whole
}

/// As `ansible-inventory --host`: the merged variables of a host.
pub fn host_json(inventory: &Inventory, host: &Host) -> Json {
    let mut shown = trusted(host_vars(inventory, host));
    shown.sort_all_objects();
    shown
}

/// The same in the order the variables were first set, nested ones as written.
pub(super) fn host_as_written(inventory: &Inventory, host: &Host) -> Json {
    trusted(host_vars(inventory, host))
}

fn host_vars(inventory: &Inventory, host: &Host) -> Json {
    let mut vars: Vars = host.vars.clone();
    vars.extend(inventory.extra.clone());
    vars_json(&vars)
}

pub(super) fn vars_json(vars: &Vars) -> Json {
    vars.iter()
        .filter(|(name, _)| !INTERNAL.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value_json(value)))
        .collect::<Map<_, _>>()
        .into()
}

/// Values that are never templates as the text they are: only the whole list marks them.
pub(super) fn trusted(value: Json) -> Json {
    match value {
        Json::Object(mut map) if map.len() == 1 && map.contains_key(UNSAFE) => {
            map.remove(UNSAFE).unwrap_or_default()
        }
        Json::Object(map) => map
            .into_iter()
            .map(|(name, value)| (name, trusted(value)))
            .collect::<Map<_, _>>()
            .into(),
        Json::Array(items) => items.into_iter().map(trusted).collect(),
        other => other,
    }
}

fn list_group(
    inventory: &Inventory,
    name: &str,
    seen: &mut BTreeSet<String>,
    into: &mut Map<String, Json>,
) {
    let Some(group) = inventory.groups.get(name) else {
        return;
    };
    let mut shown = Map::new();
    if name != "all" && !group.hosts.is_empty() {
        shown.insert("hosts".to_owned(), Json::from(group.hosts.clone()));
    }
    if !group.children.is_empty() {
        shown.insert("children".to_owned(), Json::from(group.children.clone()));
    }
    for child in &group.children {
        if seen.insert(child.clone()) {
            list_group(inventory, child, seen, into);
        }
    }
    if !shown.is_empty() {
        into.insert(name.to_owned(), Json::Object(shown));
    }
}

/// The hosts in the order plays meet them.
fn in_order(inventory: &Inventory) -> Vec<&Host> {
    inventory
        .members("all")
        .into_iter()
        .filter_map(|name| inventory.hosts.get(name))
        .collect()
}

fn value_json(value: &Var) -> Json {
    match value {
        Var::Written(node) => node_json(node),
        Var::Data(data) => data.clone(),
        // An inventory has neither; what exists later is not shown.
        Var::Scope(_) | Var::Unknown(_) => Json::Null,
    }
}

fn node_json(node: &Node) -> Json {
    let only = |key: &str, text: &str| {
        let mut object = Map::new();
        object.insert(key.to_owned(), Json::from(text));
        Json::Object(object)
    };
    match (node.tag.as_deref(), &node.kind) {
        (Some("!vault" | "!vault-encrypted"), Kind::Str(text)) => {
            only(SEALED, &sealed_text(node, text))
        }
        (Some("!unsafe"), Kind::Str(text)) => only(UNSAFE, text),
        (_, Kind::Seq(items)) => items.iter().map(node_json).collect(),
        (_, Kind::Map(entries)) => entries
            .iter()
            .map(|(key, value)| (key.key_text(), node_json(value)))
            .collect::<Map<_, _>>()
            .into(),
        _ => node.to_json(),
    }
}

/// The vault text of a value that may have been opened: what the user's file has.
fn sealed_text(node: &Node, text: &str) -> String {
    if text.trim_start().starts_with(MARK) {
        return text.to_owned();
    }
    let written = &node.span.source.text;
    let written = written.get(node.span.start..node.span.end).unwrap_or("");
    let Some(start) = written.find(MARK) else {
        return "********".to_owned();
    };
    let (indicator, body) = written.split_at(start);
    let lines: Vec<&str> = body
        .lines()
        .map(|line| line.trim().trim_end_matches(['"', '\'']))
        .filter(|line| !line.is_empty())
        .collect();
    let end = if indicator.contains(['|', '>']) && !indicator.contains('-') {
        "\n"
    } else {
        ""
    };
    lines.join("\n") + end
}
