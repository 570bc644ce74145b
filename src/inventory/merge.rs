//! Who wins: the variables of a host from all its groups and files, by Ansible's precedence.
//!
//! From weakest to strongest: variables in the inventory of `all`, then of the other groups by
//! depth, priority and name; `group_vars/all` beside the inventories, then beside the playbook;
//! the other groups' files likewise; the host's own variables in the inventory; its files beside
//! the inventories, then beside the playbook. A later mapping replaces an earlier one whole.

use std::path::PathBuf;

use indexmap::IndexMap;

use super::build::{ALL, Builder};
use super::vars_files::{Of, VarsFiles};
use super::{Group, Host, Vars};
use crate::input::Json;

/// Where files of variables are looked for.
pub(super) struct Places {
    /// The directories of the sources, in order.
    pub inventory: Vec<PathBuf>,
    /// The playbook's.
    pub playbook: Option<PathBuf>,
}

/// Everything that decides a host's variables.
pub(super) struct Merge<'a, 'b> {
    pub built: &'a Builder,
    pub files: &'a mut VarsFiles<'b>,
    pub places: &'a Places,
    depths: IndexMap<String, usize>,
}

impl<'a, 'b> Merge<'a, 'b> {
    pub fn new(built: &'a Builder, files: &'a mut VarsFiles<'b>, places: &'a Places) -> Self {
        let depths = built.depths();
        Self {
            built,
            files,
            places,
            depths,
        }
    }

    /// A host of the inventory.
    pub fn host(&mut self, name: &str) -> Host {
        let mut groups: Vec<String> = self.built.groups_of(name).into_iter().collect();
        groups.retain(|group| group != ALL);
        let own = self.built.hosts.get(name).map(|data| data.vars.clone());
        let vars = self.vars(name, &groups, own.unwrap_or_default());
        groups.sort();
        Host {
            name: name.to_owned(),
            groups,
            vars,
        }
    }

    /// The host that is there although no source names it.
    pub fn localhost(&mut self) -> Host {
        let mut own = Vars::new();
        own.insert("ansible_connection".to_owned(), Json::from("local").into());
        Host {
            name: "localhost".to_owned(),
            groups: Vec::new(),
            vars: self.vars("localhost", &[], own),
        }
    }

    fn vars(&mut self, host: &str, groups: &[String], own: Vars) -> Vars {
        let mut groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        groups.sort_by_key(|name| {
            let priority = self.built.groups.get(*name).map_or(1, |data| data.priority);
            (
                self.depths.get(*name).copied().unwrap_or(0),
                priority,
                *name,
            )
        });
        let mut vars = Vars::new();
        for group in std::iter::once(ALL).chain(groups.iter().copied()) {
            if let Some(data) = self.built.groups.get(group) {
                vars.extend(data.vars.clone());
            }
        }
        self.files(&mut vars, Of::Group, &[ALL]);
        self.files(&mut vars, Of::Group, &groups);
        vars.extend(own);
        self.files(&mut vars, Of::Host, &[host]);
        vars
    }

    /// By place first, then by name: the last inventory's file of a shallow group beats the first
    /// one's of a deep group, as in Ansible.
    fn files(&mut self, vars: &mut Vars, of: Of, names: &[&str]) {
        for place in self.places.inventory.iter().chain(&self.places.playbook) {
            for name in names {
                vars.extend(self.files.load(place, of, name));
            }
        }
    }

    /// A group as it is shown, its files' variables included.
    pub fn group(&mut self, name: &str) -> Group {
        let data = self.built.groups.get(name).cloned().unwrap_or_default();
        let mut vars = data.vars;
        self.files(&mut vars, Of::Group, &[name]);
        Group {
            name: name.to_owned(),
            hosts: data.hosts.into_iter().collect(),
            children: data.children.into_iter().collect(),
            vars,
            priority: data.priority,
        }
    }
}
