//! The other half: hosts, groups and their variables, and the page as a whole.

use serde_json::json;

use super::read;
use super::table::{Fate, fate};
use super::take::{Found, Taking, place};
use super::text::Item;
use crate::diagnostic::Diagnostic;
use crate::input::{Json, Var};

/// Names that every template of ours sees as something else.
const OURS: [&str; 3] = ["mirror", "state_dir", "tenant"];
/// Who signs in, by the names that inventories use.
const USERS: [&str; 2] = ["ansible_user", "ansible_ssh_user"];
/// What every host has without anybody writing it.
const MAGIC: [&str; 2] = ["inventory_dir", "inventory_file"];
/// Groups that every inventory has.
const IMPLIED: [&str; 2] = ["all", "ungrouped"];

impl Taking<'_> {
    /// Hosts and groups.
    pub fn hosts(&mut self) {
        let inventory = self.given.inventory;
        if inventory.hosts.is_empty() {
            self.errors.push(
                Diagnostic::error("inventory/reference-hosts", "there are no hosts")
                    .at_maybe(Some(&self.given.variables.span))
                    .why("nothing was written")
                    .help("give the old installer's hosts with `-i`: /opt/nautes/out/hosts/ansible_hosts"),
            );
            return;
        }
        self.all();
        self.vars("all", &["all", "vars"]);
        for host in inventory.hosts.values() {
            let path = ["all", "hosts", host.name.as_str()];
            self.tree.set(&path, Item::Branch(Vec::new()), "");
            let inherited = |name: &str, value: &Var| {
                let own = host.groups.iter().map(String::as_str).chain(["all"]);
                let mut groups = own.filter_map(|group| inventory.groups.get(group));
                groups.any(|group| group.vars.get(name).is_some_and(|above| same(above, value)))
            };
            for (name, value) in &host.vars {
                if !inherited(name, value) && !MAGIC.contains(&name.as_str()) {
                    self.var(name, value, &path);
                }
            }
        }
        for group in inventory.groups.values() {
            if IMPLIED.contains(&group.name.as_str()) {
                continue;
            }
            let path = ["all", "children", group.name.as_str()];
            self.tree.set(&path, Item::Branch(Vec::new()), "");
            self.vars(&group.name, &[&path[..], &["vars"]].concat());
            for (key, names) in [("hosts", &group.hosts), ("children", &group.children)] {
                for name in names {
                    let path = [&path[..], &[key, name]].concat();
                    self.tree.set(&path, Item::Branch(Vec::new()), "");
                }
            }
        }
        self.nodes();
    }

    /// Who signs in, where nobody says so.
    fn all(&mut self) {
        let hosts = self.given.inventory.hosts.values();
        let mut unsaid =
            hosts.filter(|host| !USERS.iter().any(|name| host.vars.contains_key(*name)));
        if unsaid.next().is_some() {
            let path = ["all", "vars", USERS[0]];
            let why = "the old installer signed in as root";
            self.tree.set(&path, Item::Plain(json!("root")), why);
        }
        let path = ["all", "vars", "ansible_become"];
        if !self.given.inventory.groups["all"]
            .vars
            .contains_key("ansible_become")
        {
            self.tree.set(&path, Item::Plain(json!(true)), "");
        }
    }

    fn vars(&mut self, group: &str, path: &[&str]) {
        let Some(group) = self.given.inventory.groups.get(group) else {
            return;
        };
        for (name, value) in &group.vars {
            self.var(name, value, path);
        }
    }

    /// A variable of hosts. What the old installer's own ones become is found elsewhere.
    fn var(&mut self, name: &str, value: &Var, path: &[&str]) {
        if fate(name).is_some() {
            let dropped = matches!(fate(name), Some(Fate::Dropped(_)));
            let known = self.dropped.iter().any(|one| one.variable == name);
            if path != ["all", "vars"] && (!dropped || !known) {
                self.to_do.push(format!(
                    "`{name}` is said of `{}` alone: say it below `nautes`",
                    path[2]
                ));
            }
            return;
        }
        if OURS.contains(&name) {
            return self.to_do.push(format!(
                "`{name}` of `{}` has a name that means something else here: give it another",
                path.last().unwrap_or(&"")
            ));
        }
        let whole: Vec<&str> = path.iter().copied().chain([name]).collect();
        match value {
            Var::Written(node) if read::is_sealed(node) => {
                let text = node.as_str().unwrap_or_default().to_owned();
                self.tree.set(&whole, Item::Sealed(text), "");
            }
            // It was opened with the password that seals.
            Var::Written(node)
                if read::is_secret(name) || node.tag.as_deref() == Some("!vault") =>
            {
                let found = Found { name, node };
                match self.sealed(found) {
                    Some(text) => self.tree.set(&whole, Item::Sealed(text), ""),
                    None => self.leave(found, &whole[whole.len() - 2..].join(".")),
                }
            }
            Var::Written(node) => self.tree.set(&whole, Item::Plain(node.to_json()), ""),
            Var::Data(_) if read::is_secret(name) => {
                self.to_do.push(format!("seal `{name}`: it was left out"));
            }
            Var::Data(data) => self.tree.set(&whole, Item::Plain(data.clone()), ""),
            _ => {}
        }
    }

    /// What is different about nodes.
    fn nodes(&mut self) {
        let inventory = self.given.inventory;
        let kind = self.find("kubernetes_type");
        let kind = kind.and_then(|found| found.node.as_str());
        let servers = inventory.members("kube_control_plane").len();
        if kind.unwrap_or("k3s") == "k3s" && servers > 1 {
            self.to_do.push(format!(
                "look at `kube_control_plane`: the old installer put k3s on `k8s-0` alone, here all {servers} hosts become servers"
            ));
        }
    }

    /// The page: what was left out and what is to do, then the inventory.
    pub fn whole(&self) -> String {
        let mut out = String::from(
            "# Made by `nautes-install inventory import` from the variables and hosts of the old installer.\n",
        );
        let mut section = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                out.push_str(&format!("#\n# {title}:\n"));
                for line in lines {
                    out.push_str(&format!("#   {line}\n"));
                }
            }
        };
        section("To do before the first run", self.to_do.clone());
        let dropped = self.dropped.iter().map(|one| {
            let at = one.place.as_ref().map(place).unwrap_or_default();
            format!("{} ({at}): {}", one.variable, one.why)
        });
        section("Left out", dropped.collect());
        let unknown = self.unknown();
        let unknown = unknown
            .iter()
            .map(|(name, span)| format!("{name} ({})", place(span)));
        section(
            "Not known as variables of the old installer, and not taken over",
            unknown.collect(),
        );
        out + &self.tree.write()
    }
}

/// Whether two variables have the same value.
fn same(one: &Var, other: &Var) -> bool {
    let value = |var: &Var| -> Option<Json> {
        match var {
            Var::Written(node) => Some(node.to_json()),
            Var::Data(data) => Some(data.clone()),
            _ => None,
        }
    };
    value(one).is_some() && value(one) == value(other)
}
