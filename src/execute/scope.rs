//! Which variables a template sees, in Ansible's order of precedence.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use indexmap::IndexMap;

use super::component::JobState;
use super::host::{HostState, Hosts, Registered};
use super::own::Own;
use super::world::{Mode, Unseen, View};
use crate::input::{Json, Node, Var, Variables};
use crate::inventory::{Inventory, Vars};
use crate::playbook::{Keywords, Play};

/// Until when facts are unknown, with the host's name behind it: the engine gathers them and tries
/// again.
pub const FACTS_WANTED: &str = "@facts:";

/// What all scopes of a run share.
pub struct Shared {
    /// The hosts.
    pub hosts: Hosts,
    /// Outputs of the components that are done.
    pub outputs: RwLock<IndexMap<String, Var>>,
    /// Values known before anything runs: `nautes`, `addresses`, `release`.
    pub given: Vars,
    /// What the command line says: `ansible_forks`, `ansible_run_tags`, …; nothing is above it.
    pub told: Vars,
    /// Whether hosts are changed.
    pub mode: Mode,
    /// Outputs that cannot be looked up again; `None`: nothing is kept.
    pub kept: Option<Arc<dyn super::world::Keeper>>,
}

/// What the scopes of one play on one batch of hosts share.
pub struct PlayScope {
    /// The run.
    pub shared: Arc<Shared>,
    /// Registered and set variables of the component.
    pub registered: Arc<Registered>,
    /// Variables of `include_vars`.
    pub included: Arc<Registered>,
    /// The component's inputs.
    pub inputs: Option<Arc<Node>>,
    /// What becomes of what cannot be seen.
    pub unseen: Unseen,
    /// How the component sees the inventory and others' outputs.
    pub view: Option<Arc<View>>,
    /// How many of a task's `vars` come from its play.
    pub play_vars: usize,
    /// From `vars_files`: above the play's vars, below those of blocks and tasks.
    pub files: Vars,
    /// The play's name.
    pub name: String,
    /// Hosts that the play's pattern means, those that failed before too.
    pub all: Vec<String>,
    /// Hosts of the play.
    pub hosts: Vec<String>,
    /// Hosts of this batch.
    pub batch: Vec<String>,
    /// Whether facts are gathered when something asks for them.
    pub gather: bool,
    /// The play's folder, `playbook_dir`.
    pub directory: String,
    /// The same as the user wrote it.
    pub written: PathBuf,
    /// Hosts that failed in this play.
    pub fallen: Arc<RwLock<BTreeSet<String>>>,
    /// What its component brought about.
    pub own: Arc<Own>,
}

/// The variables of one task on one host, for one loop item.
#[derive(Clone)]
pub struct Scope {
    /// The play.
    pub play: Arc<PlayScope>,
    /// The host.
    pub host: Arc<HostState>,
    /// `vars` of the task and of everything around it, the outermost first.
    pub task: Arc<Vec<(String, Node)>>,
    /// Variables given to an `include_tasks`.
    pub include: Arc<Vars>,
    /// Loop variables and the task's own result: above all others.
    pub local: Vars,
    /// The folder of the file that the task stands in, as the user wrote it.
    pub folder: PathBuf,
}

impl PlayScope {
    /// What a play says of itself, without hosts.
    pub fn bare(shared: Arc<Shared>, job: &JobState, play: &Play) -> Self {
        Self {
            shared,
            registered: job.registered.clone(),
            included: job.included.clone(),
            inputs: job.inputs.clone(),
            unseen: job.unseen,
            view: job.view.clone(),
            play_vars: play.keywords.vars.len(),
            files: Vars::new(),
            name: String::new(),
            all: Vec::new(),
            hosts: Vec::new(),
            batch: Vec::new(),
            gather: false,
            directory: play.directory.display().to_string(),
            written: play.directory.clone(),
            fallen: Arc::default(),
            own: job.own.clone(),
        }
    }
}

impl PlayScope {
    /// The inventory as the component sees it.
    fn inventory(&self) -> &Inventory {
        match &self.view {
            Some(view) => &view.inventory,
            None => self.shared.hosts.inventory(),
        }
    }
}

impl Scope {
    /// The scope of something that is no task, with the variables of these keywords.
    pub fn bare(play: Arc<PlayScope>, host: Arc<HostState>, keywords: &Keywords) -> Self {
        let task = Arc::new(keywords.vars.clone());
        Self {
            folder: play.written.clone(),
            play,
            host,
            task,
            include: Arc::default(),
            local: Vars::new(),
        }
    }

    /// The same scope with a variable above all others.
    #[must_use]
    pub fn with(&self, name: &str, value: Var) -> Self {
        let mut scope = self.clone();
        scope.local.insert(name.to_owned(), value);
        scope
    }

    /// The same task seen from another host (`hostvars`, `delegate_to`).
    pub fn on(&self, host: Arc<HostState>) -> Self {
        Self {
            host,
            task: Arc::new(Vec::new()),
            local: Vars::new(),
            ..self.clone()
        }
    }

    /// Where relative paths of this task start: its own folder, then the play's, in full.
    fn search_path(&self) -> Json {
        let play = Path::new(&self.play.directory);
        let own = match self.folder.strip_prefix(&self.play.written) {
            Ok(below) if self.folder.is_relative() => play.join(below),
            _ => self.folder.clone(),
        };
        let mut folders = vec![own, play.to_owned()];
        folders.dedup_by(|one, other| one.components().eq(other.components()));
        folders
            .iter()
            .map(|folder| {
                Json::from(
                    folder
                        .components()
                        .collect::<PathBuf>()
                        .display()
                        .to_string(),
                )
            })
            .collect()
    }

    fn facts(&self) -> Option<Arc<serde_json::Map<String, Json>>> {
        self.host.facts.read().ok()?.clone()
    }

    fn facts_wanted(&self) -> Var {
        Var::Unknown(format!("{FACTS_WANTED}{}", self.host.name).into())
    }

    /// A fact that was gathered: it stands above what the inventory says.
    fn known_fact(&self, name: &str) -> Option<Var> {
        let bare = name.strip_prefix("ansible_")?;
        self.facts()?.get(bare).cloned().map(Var::Data)
    }

    fn fact(&self, name: &str) -> Option<Var> {
        let bare = name.strip_prefix("ansible_")?;
        match self.facts() {
            Some(facts) => facts.get(bare).cloned().map(Var::Data),
            None if self.play.gather && super::result::is_fact(bare) => Some(self.facts_wanted()),
            None => None,
        }
    }

    fn magic(&self, name: &str) -> Option<Var> {
        let inventory = self.play.shared.hosts.inventory();
        let list = |names: &[String]| Var::Data(names.iter().cloned().collect());
        let standing = |names: &[String]| {
            let fallen = self.play.fallen.read();
            let up = |name: &&String| fallen.as_ref().is_ok_and(|f| !f.contains(*name));
            Var::Data(names.iter().filter(up).cloned().collect())
        };
        Some(match name {
            "inventory_hostname" => Var::Data(self.host.name.as_str().into()),
            "inventory_hostname_short" => {
                Var::Data(self.host.name.split('.').next().unwrap_or_default().into())
            }
            "group_names" => list(&self.host.groups),
            "groups" => Var::Data(groups(self.play.inventory())),
            "hostvars" => Var::Scope(Arc::new(HostVars(self.clone()))),
            "ansible_play_hosts" => standing(&self.play.hosts),
            "ansible_play_hosts_all" => list(&self.play.all),
            "play_hosts" | "ansible_play_batch" => standing(&self.play.batch),
            "ansible_play_name" => Var::Data(self.play.name.as_str().into()),
            // Roles are not read.
            "role_names"
            | "ansible_role_names"
            | "ansible_play_role_names"
            | "ansible_dependent_role_names" => list(&[]),
            "ansible_search_path" => Var::Data(self.search_path()),
            "vars" => Var::Scope(Arc::new(self.clone())),
            "ansible_check_mode" => Var::Data((self.play.shared.mode == Mode::Check).into()),
            "playbook_dir" => Var::Data(self.play.directory.as_str().into()),
            "inventory_dir" => Var::Data(inventory.directory.clone()?.into()),
            "inventory_file" => Var::Data(inventory.file.clone()?.into()),
            "ansible_version" => Var::Data(super::result::ansible_version()),
            "ansible_facts" => match self.facts() {
                Some(facts) => Var::Data(Json::Object((*facts).clone())),
                None if self.play.gather => self.facts_wanted(),
                None => Var::Data(Json::Object(serde_json::Map::new())),
            },
            "inputs" => Var::Written(self.play.inputs.clone()?),
            "outputs" => Var::Scope(Arc::new(Outputs(self.play.clone()))),
            // Of components alone: in a plain playbook the name is free.
            "runtime_cluster" if self.play.inputs.is_some() => {
                let view = self.play.view.as_ref();
                Var::Data(view.map_or("", |view| &view.cluster).into())
            }
            _ => return self.play.shared.told.get(name).cloned(),
        })
    }

    fn written(&self, name: &str) -> Option<Var> {
        let own = self.task.get(self.play.play_vars.min(self.task.len())..)?;
        let around = self.task.get(..self.play.play_vars.min(self.task.len()))?;
        let last = |vars: &[(String, Node)]| {
            vars.iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, node)| Var::from(node.clone()))
        };
        last(own)
            .or_else(|| self.play.files.get(name).cloned())
            .or_else(|| last(around))
    }
}

impl Variables for Scope {
    fn get(&self, name: &str) -> Option<Var> {
        let host = self.host.name.as_str();
        let extra = &self.play.shared.hosts.inventory().extra;
        self.local
            .get(name)
            .cloned()
            .or_else(|| self.magic(name))
            .or_else(|| extra.get(name).cloned())
            .or_else(|| self.include.get(name).cloned())
            .or_else(|| self.play.registered.get(host, name))
            .or_else(|| self.play.included.get(host, name))
            .or_else(|| self.written(name))
            .or_else(|| self.known_fact(name))
            .or_else(|| self.host.vars.get(name).cloned())
            .or_else(|| self.play.shared.given.get(name).cloned())
            .or_else(|| self.fact(name))
    }

    fn names(&self) -> Vec<String> {
        let host = self.host.name.as_str();
        let mut names: Vec<String> = [
            "inventory_hostname",
            "group_names",
            "groups",
            "hostvars",
            "inputs",
            "outputs",
        ]
        .map(str::to_owned)
        .to_vec();
        names.extend(self.local.keys().cloned());
        names.extend(self.play.shared.hosts.inventory().extra.keys().cloned());
        names.extend(self.play.registered.names(host));
        names.extend(self.play.included.names(host));
        names.extend(self.task.iter().map(|(name, _)| name.clone()));
        names.extend(self.play.files.keys().cloned());
        names.extend(self.host.vars.keys().cloned());
        names.extend(self.play.shared.given.keys().cloned());
        names.extend(
            self.facts()
                .into_iter()
                .flat_map(|f| f.keys().map(|k| format!("ansible_{k}")).collect::<Vec<_>>()),
        );
        names.sort();
        names.dedup();
        names
    }
}

/// `hostvars`: every host's variables, looked up when used.
struct HostVars(Scope);

impl Variables for HostVars {
    fn get(&self, name: &str) -> Option<Var> {
        let host = self.0.play.shared.hosts.get(name)?;
        Some(Var::Scope(Arc::new(self.0.on(host))))
    }

    fn names(&self) -> Vec<String> {
        self.0.play.shared.hosts.names()
    }
}

/// `outputs`: what the components gave.
struct Outputs(Arc<PlayScope>);

impl Variables for Outputs {
    fn get(&self, name: &str) -> Option<Var> {
        let alias = self.0.view.as_ref().and_then(|view| view.outputs.get(name));
        let name = alias.map_or(name, String::as_str);
        self.0.shared.outputs.read().ok()?.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0
            .shared
            .outputs
            .read()
            .map(|outputs| outputs.keys().cloned().collect())
            .unwrap_or_default()
    }
}

/// The outputs of one component.
pub struct OutputValues(pub Vars);

impl Variables for OutputValues {
    fn get(&self, name: &str) -> Option<Var> {
        self.0.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// `groups`: names of the hosts of every group, children included.
fn groups(inventory: &crate::inventory::Inventory) -> Json {
    let mut groups = serde_json::Map::new();
    for name in inventory.groups.keys() {
        groups.insert(name.clone(), inventory.members(name).into_iter().collect());
    }
    Json::Object(groups)
}
