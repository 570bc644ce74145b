//! Which hosts a group has, in the order plays meet them.

use indexmap::IndexSet;

use super::{Host, Inventory};

/// Names of this machine; each means the implicit host if no source names one.
pub(super) const LOCALHOST: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

impl Inventory {
    /// The hosts of a group and the groups below it: its own first, then level by level.
    pub fn members(&self, group: &str) -> Vec<&str> {
        let mut groups: IndexSet<&str> = IndexSet::new();
        groups.extend(
            self.groups
                .get_key_value(group)
                .map(|(name, _)| name.as_str()),
        );
        let mut next = 0;
        while let Some(name) = groups.get_index(next).copied() {
            if let Some(group) = self.groups.get(name) {
                groups.extend(group.children.iter().map(String::as_str));
            }
            next += 1;
        }
        let hosts: IndexSet<&str> = groups
            .iter()
            .filter_map(|name| self.groups.get(*name))
            .flat_map(|group| group.hosts.iter().map(String::as_str))
            .collect();
        hosts.into_iter().collect()
    }

    /// The same inventory with these hosts only; groups stay (`ansible-inventory --limit`).
    #[must_use]
    pub fn limited_to(&self, names: &[String]) -> Self {
        let mut limited = self.clone();
        limited.hosts.retain(|name, _| names.contains(name));
        for group in limited.groups.values_mut() {
            group.hosts.retain(|name| names.contains(name));
        }
        limited
    }

    /// A host by name. A name of this machine gives the entry that stands for it, or the host
    /// Ansible makes up.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.get(name).or_else(|| {
            let local = |name: &str| LOCALHOST.contains(&name);
            let known = || self.hosts.values().find(|host| local(&host.name));
            local(name).then(|| known().unwrap_or(&self.localhost))
        })
    }
}
