//! What an inventory is once it is read.

use indexmap::IndexMap;

use crate::diagnostic::Diagnostics;
use crate::input::Var;

/// Variables in the order they were first set.
pub type Vars = IndexMap<String, Var>;

/// A host with everything Ansible would give it before a play starts.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Inventory name.
    pub name: String,
    /// Every group it is in, parents included, without `all`; sorted by name as `group_names` is.
    pub groups: Vec<String>,
    /// Merged by Ansible's precedence (group vars by depth and priority, host vars), without
    /// extra variables.
    pub vars: Vars,
}

/// A group as written.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Direct hosts, in order.
    pub hosts: Vec<String>,
    /// Direct children, in order.
    pub children: Vec<String>,
    /// Its own variables, `group_vars/` included.
    pub vars: Vars,
    /// `ansible_group_priority`: 1 unless set.
    pub priority: i64,
}

/// All sources together.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// By name, in the order first seen.
    pub hosts: IndexMap<String, Host>,
    /// By name, `all` and `ungrouped` included.
    pub groups: IndexMap<String, Group>,
    /// From `-e`: they win over everything.
    pub extra: Vars,
    /// Where the first source lies: `inventory_dir`.
    pub directory: Option<String>,
    /// The first source: `inventory_file`.
    pub file: Option<String>,
    /// `localhost` with the variables Ansible gives it when no source names it; not in `hosts`.
    pub localhost: Host,
    /// What is odd but does not stop the job.
    pub warnings: Diagnostics,
}
