//! What `inventory graph` prints: what `ansible-inventory --graph` prints.

use super::output::{self, SEALED};
use super::{Inventory, Vars};
use crate::input::Json;

/// How a value reads in the tree (Ansible shows it as Python does).
pub type Shown<'a> = &'a dyn Fn(&Json) -> String;

/// The tree below a group; `None` if there is no such group.
pub fn graph(inventory: &Inventory, group: &str) -> Option<String> {
    inventory.groups.get(group)?;
    let mut tree = Tree {
        inventory,
        shown: None,
        lines: Vec::new(),
    };
    tree.group(group, 0);
    Some(tree.lines.join("\n"))
}

/// The tree with the variables of every group and host, as `--graph --vars`. Sealed values stay
/// sealed: the tree shows that there is one.
pub fn graph_with_vars(inventory: &Inventory, group: &str, shown: Shown<'_>) -> Option<String> {
    inventory.groups.get(group)?;
    let mut tree = Tree {
        inventory,
        shown: Some(shown),
        lines: Vec::new(),
    };
    tree.group(group, 0);
    Some(tree.lines.join("\n"))
}

struct Tree<'a> {
    inventory: &'a Inventory,
    shown: Option<Shown<'a>>,
    lines: Vec<String>,
}

impl Tree<'_> {
    fn line(&mut self, text: &str, depth: usize) {
        let branch = if depth == 0 { "" } else { "--" };
        self.lines
            .push(format!("{}{branch}{text}", "  |".repeat(depth)));
    }

    fn group(&mut self, name: &str, depth: usize) {
        let Some(group) = self.inventory.groups.get(name) else {
            return;
        };
        self.line(&format!("@{name}:"), depth);
        for child in &group.children {
            self.group(child, depth + 1);
        }
        let inventory = self.inventory;
        for host in group.hosts.iter().filter(|_| name != "all") {
            self.line(host, depth + 1);
            if let (Some(host), Some(_)) = (inventory.hosts.get(host), self.shown) {
                self.vars(&output::host_as_written(inventory, host), depth + 2);
            }
        }
        if self.shown.is_some() {
            let mut vars: Vars = group.vars.clone();
            if group.priority != 1 {
                let priority = crate::input::Var::Data(Json::from(group.priority));
                vars.insert("ansible_group_priority".to_owned(), priority);
            }
            self.vars(&output::trusted(output::vars_json(&vars)), depth + 1);
        }
    }

    fn vars(&mut self, vars: &Json, depth: usize) {
        let (Some(vars), Some(shown)) = (vars.as_object(), self.shown) else {
            return;
        };
        let mut lines: Vec<(&String, String)> = vars
            .iter()
            .map(|(name, value)| (name, shown(&hidden(value))))
            .collect();
        lines.sort();
        for (name, value) in lines {
            self.line(&format!("{{{name} = {value}}}"), depth);
        }
    }
}

/// A value without what is sealed in it.
fn hidden(value: &Json) -> Json {
    match value {
        Json::Object(map) if map.contains_key(SEALED) => Json::from("********"),
        Json::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), hidden(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Json::Array(items) => items.iter().map(hidden).collect(),
        other => other.clone(),
    }
}
