//! The inventory while it is being read: groups and hosts by name, with Ansible's rules for how
//! they come to be and hang together.

use indexmap::{IndexMap, IndexSet};

use super::Vars;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Json, Node, Span, Var};

/// The group everything is in.
pub(super) const ALL: &str = "all";
/// The group of hosts in no other group.
pub(super) const UNGROUPED: &str = "ungrouped";
/// The variable of a group that decides between groups of one depth.
const PRIORITY: &str = "ansible_group_priority";

/// A group so far.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupData {
    pub hosts: IndexSet<String>,
    pub children: IndexSet<String>,
    pub parents: IndexSet<String>,
    pub vars: Vars,
    /// `ansible_group_priority`; 1 unless set.
    pub priority: i64,
}

/// A host so far.
#[derive(Clone, Debug, Default)]
pub(super) struct HostData {
    pub vars: Vars,
    /// The groups that list it.
    pub groups: IndexSet<String>,
}

/// What the sources said so far.
#[derive(Clone, Debug)]
pub(super) struct Builder {
    pub groups: IndexMap<String, GroupData>,
    pub hosts: IndexMap<String, HostData>,
    pub warnings: Diagnostics,
    /// `inventory_file` and `inventory_dir` of hosts first met now.
    pub source: (Option<String>, Option<String>),
}

impl Builder {
    pub fn new() -> Self {
        let mut new = Self {
            groups: IndexMap::new(),
            hosts: IndexMap::new(),
            warnings: Vec::new(),
            source: (None, None),
        };
        for name in [ALL, UNGROUPED] {
            new.groups.insert(name.to_owned(), GroupData::fresh());
        }
        new.link(ALL, UNGROUPED);
        new
    }

    /// Makes sure a group is there. Names that templates cannot use are warned about once.
    pub fn add_group(&mut self, name: &str, place: &Span) -> Result<(), Diagnostic> {
        if name.is_empty() {
            return Err(
                Diagnostic::error("inventory/group-name", "a group without a name").at(place),
            );
        }
        if self.groups.contains_key(name) {
            return Ok(());
        }
        let plain = !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !plain {
            let safe: String = name
                .chars()
                .map(|c| if c.is_alphanumeric() { c } else { '_' })
                .collect();
            self.warnings.push(
                Diagnostic::warning(
                    "inventory/group-name",
                    format!("the group name `{name}` is no variable name"),
                )
                .at(place)
                .why("only letters, digits and `_`, not beginning with a digit, work everywhere")
                .help(format!("call it `{safe}`")),
            );
        }
        self.groups.insert(name.to_owned(), GroupData::fresh());
        Ok(())
    }

    /// Makes sure a host is there and in a group that is there. The port counts only where the
    /// host is met for the first time, as in Ansible.
    pub fn add_host(&mut self, name: &str, group: Option<&str>, port: Option<i64>) {
        if !self.hosts.contains_key(name) {
            let mut vars = Vars::new();
            if let Some(port) = port.filter(|port| *port != 0) {
                vars.insert("ansible_port".to_owned(), Json::from(port).into());
            }
            self.hosts.insert(
                name.to_owned(),
                HostData {
                    vars,
                    groups: IndexSet::new(),
                },
            );
            let (file, directory) = self.source.clone();
            self.set(name, "inventory_file", Json::from(file).into());
            self.set(name, "inventory_dir", Json::from(directory).into());
        }
        if let Some(group) = group {
            self.join(name, group);
        }
    }

    fn join(&mut self, host: &str, group: &str) {
        if let (Some(data), Some(of)) = (self.hosts.get_mut(host), self.groups.get_mut(group)) {
            of.hosts.insert(host.to_owned());
            data.groups.insert(group.to_owned());
        }
    }

    /// Puts a group (else a host of that name) into a group. Loops are errors.
    pub fn add_child(&mut self, group: &str, child: &str, place: &Span) -> Result<(), Diagnostic> {
        if !self.groups.contains_key(child) {
            self.join(child, group);
            return Ok(());
        }
        if group == child || self.ancestors(group).contains(child) {
            return Err(Diagnostic::error(
                "inventory/group-loop",
                format!("group `{child}` cannot be a child of `{group}`"),
            )
            .at(place)
            .why(if group == child {
                "a group cannot be in itself".to_owned()
            } else {
                format!("`{group}` is already in `{child}`")
            })
            .help("take one of the two out of the other's `children`"));
        }
        self.link(group, child);
        Ok(())
    }

    fn link(&mut self, group: &str, child: &str) {
        if let Some(parent) = self.groups.get_mut(group) {
            parent.children.insert(child.to_owned());
        }
        if let Some(data) = self.groups.get_mut(child) {
            data.parents.insert(group.to_owned());
        }
    }

    /// Sets a variable of a group, else of a host: where both have the name, the group gets it.
    pub fn set(&mut self, entity: &str, name: &str, value: Var) {
        if let Some(group) = self.groups.get_mut(entity) {
            group.vars.insert(name.to_owned(), value);
        } else if let Some(host) = self.hosts.get_mut(entity) {
            host.vars.insert(name.to_owned(), value);
        }
    }

    /// Sets a variable that somebody wrote; `ansible_group_priority` of a group is no variable.
    pub fn set_written(&mut self, entity: &str, name: &str, value: Node) -> Result<(), Diagnostic> {
        if name != PRIORITY || !self.groups.contains_key(entity) {
            self.set(entity, name, value.into());
            return Ok(());
        }
        let priority = match &value.to_json() {
            Json::Number(number) => number.as_f64().and_then(whole),
            Json::Bool(on) => Some(i64::from(*on)),
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(priority) = priority else {
            return Err(Diagnostic::error(
                "inventory/group-priority",
                format!(
                    "`{PRIORITY}` of `{entity}` is {}, not a whole number",
                    value.type_name()
                ),
            )
            .at(&value.span)
            .help(
                "write a number; groups of one depth are merged from the lowest to the highest",
            ));
        };
        if let Some(group) = self.groups.get_mut(entity) {
            group.priority = priority;
        }
        Ok(())
    }

    /// Every group above a group.
    pub fn ancestors(&self, group: &str) -> IndexSet<String> {
        let mut found = IndexSet::new();
        let mut next = vec![group];
        while let Some(name) = next.pop() {
            for parent in self.groups.get(name).iter().flat_map(|data| &data.parents) {
                if found.insert(parent.clone()) {
                    next.push(parent);
                }
            }
        }
        found
    }

    /// The groups a host is in, those above included.
    pub fn groups_of(&self, host: &str) -> IndexSet<String> {
        let direct = self.hosts.get(host).map(|data| data.groups.clone());
        let mut found = direct.unwrap_or_default();
        for group in found.clone() {
            found.extend(self.ancestors(&group));
        }
        found
    }

    /// Hangs loose groups below `all` and keeps `ungrouped` for hosts in no other group.
    pub fn reconcile(&mut self) -> Result<(), Diagnostic> {
        let loose: Vec<String> = self
            .groups
            .iter()
            .filter(|(name, data)| *name != ALL && data.parents.is_empty())
            .map(|(name, _)| name.clone())
            .collect();
        for name in loose {
            if self.ancestors(ALL).contains(&name) {
                return Err(Diagnostic::error(
                    "inventory/group-loop",
                    format!("group `{name}` has `all` among its children"),
                )
                .why("every group is in `all`, so this one would be in itself")
                .help(format!(
                    "give `{name}` the groups it needs instead of `all`"
                )));
            }
            self.link(ALL, &name);
        }
        let hosts: Vec<String> = self.hosts.keys().cloned().collect();
        for host in hosts {
            let mine = self.groups_of(&host);
            let others = mine.iter().any(|g| g != ALL && g != UNGROUPED);
            if mine.contains(UNGROUPED) && others {
                if let Some(group) = self.groups.get_mut(UNGROUPED) {
                    group.hosts.shift_remove(&host);
                }
                if let Some(data) = self.hosts.get_mut(&host) {
                    data.groups.shift_remove(UNGROUPED);
                }
            } else if !others && !mine.contains(UNGROUPED) {
                self.join(&host, UNGROUPED);
            }
        }
        self.warn_of_shared_names();
        Ok(())
    }

    fn warn_of_shared_names(&mut self) {
        for name in self.hosts.keys().filter(|h| self.groups.contains_key(*h)) {
            self.warnings.push(
                Diagnostic::warning(
                    "inventory/shared-name",
                    format!("`{name}` is the name of a host and of a group"),
                )
                .why("variables written for the one land on the other")
                .help("rename the group or the host"),
            );
        }
    }
}

impl GroupData {
    fn fresh() -> Self {
        Self {
            priority: 1,
            ..Self::default()
        }
    }
}

/// A number as a whole one: Python's `int()` cuts the rest off.
fn whole(number: f64) -> Option<i64> {
    format!("{:.0}", number.trunc()).parse().ok()
}
