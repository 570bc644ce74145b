//! From the command line to what the engine takes: inventory, components, settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::cli::{Output, RunArgs, SourceArgs};
use super::shared::Console;
use super::{Content, Failed};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest, read_one};
use crate::input::{Files, Node, Rules, Source, Var};
use crate::inventory::settings::{Artifacts, Settings};
use crate::inventory::{self, Inventory, Pattern};
use crate::plan::instances::{self, RuntimeCluster};
use crate::plan::{self, Choice, Plan};
use crate::playbook::{Component, Loader};
use crate::secret::vault::VaultPassword;

/// What was read from the user's files.
pub struct Loaded {
    /// The hosts.
    pub inventory: Arc<Inventory>,
    /// The tenant's name.
    pub tenant: String,
    /// `nautes`, as written.
    pub settings: Option<Arc<Node>>,
    /// Where downloads come from.
    pub artifacts: Artifacts,
    /// Where images come from: `nautes.images`.
    pub images: IndexMap<String, String>,
    /// Clusters beside the tenant's own.
    pub clusters: Vec<RuntimeCluster>,
    /// All components, in the order of `tenant.yaml`, with their instances for runtime clusters.
    pub components: Vec<Arc<Component>>,
    /// The release catalogue, as written.
    pub release: Option<Arc<Node>>,
    /// Hosts that `--limit` leaves.
    pub limit: Option<Vec<String>>,
    /// Passwords of ansible-vault.
    pub vault_passwords: Vec<VaultPassword>,
}

/// Which key of a component a verb runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// `install`.
    Install,
    /// `health`.
    Health,
    /// `remove`, in reverse order.
    Remove,
}

/// Reads the inventory for a job: what is sealed must be opened.
pub fn inventory(
    source: &SourceArgs,
    console: &Console,
) -> Result<(Inventory, Vec<VaultPassword>), Failed> {
    inventory_for(source, console, (None, inventory::Sealed::Refuse))
}

/// Reads the inventory; `playbook` is the folder whose `group_vars/` count too.
pub fn inventory_for(
    source: &SourceArgs,
    console: &Console,
    (playbook, sealed): (Option<PathBuf>, inventory::Sealed),
) -> Result<(Inventory, Vec<VaultPassword>), Failed> {
    let files = Content::new();
    let vault_passwords = super::vault::passwords(source, console, &files)?;
    let options = inventory::Options {
        directory: std::env::current_dir().unwrap_or_default(),
        sources: source.inventory.clone(),
        playbook,
        extra: source.values.extra_vars.clone(),
        set: source.values.set.clone(),
        vault: vault_passwords.clone(),
        sealed,
    };
    let processes = super::world::processes();
    let world = inventory::World {
        files: &files,
        processes: &processes,
        redactor: &console.redactor,
    };
    let inventory = inventory::load(&options, &world)?;
    // In JSON the answer of `inventory list` stands alone on stdout.
    if console.output == Output::Text {
        console.errors(&inventory.warnings);
    }
    Ok((inventory, vault_passwords))
}

/// A secret in a file: its first line.
pub fn secret_file(
    path: &Path,
    console: &Console,
    files: &dyn Files,
) -> Result<crate::secret::Secret<String>, Failed> {
    let bytes = files.read(path).map_err(|error| {
        Diagnostic::error(
            "commands/unreadable",
            format!("cannot read `{}`", path.display()),
        )
        .why(error.to_string())
        .help("name a file that holds the password in its first line")
    })?;
    let text = String::from_utf8_lossy(&bytes);
    let first = text.lines().next().unwrap_or_default().to_owned();
    console.redactor.add(&first);
    Ok(crate::secret::Secret::new(first))
}

/// Reads everything a run needs; all mistakes are reported together.
pub fn load(source: &SourceArgs, console: &Console) -> Result<Loaded, Failed> {
    let (inventory, vault_passwords) = inventory(source, console)?;
    if console.output == Output::Json {
        console.errors(&inventory.warnings);
    }
    let content = Content::root(source.values.content.as_deref());
    let files = Content::new();
    let mut errors: Diagnostics = Vec::new();
    let settings = inventory::settings::find(&inventory).unwrap_or_else(|error| {
        errors.push(error);
        None
    });
    let read = settings.as_deref().map(inventory::settings::read);
    let read = read.unwrap_or_else(|| Ok(Settings::default()));
    let read = read.unwrap_or_else(|found| {
        errors.extend(found);
        Settings::default()
    });
    let components = components(&files, &content, &mut errors);
    let clusters = instances::clusters(&inventory);
    errors.extend(instances::shared_hosts(&inventory, &clusters));
    let components = instances::expanded(&components, &clusters);
    let settings = settings.map(|node| Arc::new(instances::settings(&node, &components)));
    let release = release(&files, &content, (settings.as_deref(), &mut errors));
    let limit = limited(&inventory, source).unwrap_or_else(|error| {
        errors.push(*error);
        None
    });
    hide(&components, settings.as_deref(), console);
    if errors.is_empty() {
        Ok(Loaded {
            inventory: Arc::new(inventory),
            tenant: read.tenant.name,
            settings,
            artifacts: read.artifacts,
            images: read.images,
            clusters,
            components,
            release,
            limit,
            vault_passwords,
        })
    } else {
        Err(errors.into())
    }
}

/// What the inventory gives to inputs that are secrets is one of this run, also where a message
/// shows the line that it stands in.
fn hide(components: &[Arc<Component>], settings: Option<&Node>, console: &Console) {
    for component in components {
        let given = settings.and_then(|node| node.get("components")?.get(&component.name));
        let secret = component.inputs.iter().filter(|(_, input)| input.secret);
        for (name, _) in secret {
            let text = given.and_then(|node| node.get(name)?.as_str());
            if let Some(text) = text.filter(|text| !text.contains("{{")) {
                console.redactor.add(text);
            }
        }
    }
}

/// The hosts that `--limit` leaves.
pub fn limited(
    inventory: &Inventory,
    source: &SourceArgs,
) -> Result<Option<Vec<String>>, Box<Diagnostic>> {
    let Some(text) = &source.limit else {
        return Ok(None);
    };
    let pattern = Pattern::limit(text, &Content::new()).map_err(Box::new)?;
    let names = super::world::names_of(inventory, "all", Some(&pattern)).map_err(Box::new)?;
    if names.is_empty() {
        return Err(Box::new(
            Diagnostic::error(
                "inventory/empty-limit",
                format!("`--limit {text}` leaves no host"),
            )
            .why("nothing was touched")
            .help("`nautes-install inventory graph` shows the hosts"),
        ));
    }
    Ok(Some(names))
}

/// The components that `tenant.yaml` lists, each from its own file.
pub fn components(
    files: &dyn Files,
    content: &Path,
    errors: &mut Diagnostics,
) -> Vec<Arc<Component>> {
    let folder = content.join("playbooks");
    let mut loader = Loader::new(files);
    let mut components = Vec::new();
    if let Some(story) = loader.document(&folder.join("tenant.yaml"), None) {
        let listed = story
            .get("components")
            .and_then(Node::as_seq)
            .unwrap_or_default();
        for name in listed.iter().filter_map(Node::as_str) {
            components.extend(
                loader
                    .component(&folder.join(format!("{name}.yaml")))
                    .map(Arc::new),
            );
        }
    }
    errors.append(&mut loader.errors);
    components
}

/// The catalogue of the chosen release.
fn release(
    files: &dyn Files,
    content: &Path,
    (settings, errors): (Option<&Node>, &mut Diagnostics),
) -> Option<Arc<Node>> {
    let written = settings.and_then(|node| node.get("release"));
    let name = written.and_then(Node::as_str).unwrap_or("current");
    let path = content
        .join("playbooks/releases")
        .join(format!("{name}.yaml"));
    let bytes = files.read(&path).ok()?;
    let source = Source::new(path.display().to_string(), String::from_utf8_lossy(&bytes));
    match read_one(&source, Rules::Ansible) {
        Ok(node) => Some(Arc::new(node)),
        Err(found) => {
            errors.extend(found);
            None
        }
    }
}

impl Loaded {
    /// Hosts alone, for a plain playbook: no tenant, no components.
    pub fn of_hosts(
        inventory: Inventory,
        limit: Option<Vec<String>>,
        vault_passwords: Vec<VaultPassword>,
    ) -> Self {
        Self {
            inventory: Arc::new(inventory),
            tenant: "play".to_owned(),
            settings: None,
            artifacts: Artifacts::default(),
            images: IndexMap::new(),
            clusters: Vec::new(),
            components: Vec::new(),
            release: None,
            limit,
            vault_passwords,
        }
    }

    /// The plan of what the user chose.
    pub fn plan(&self, args: &RunArgs) -> Result<Plan, Failed> {
        let settings = |name: &str| self.component_settings(name);
        let left_out = plan::left_out(&self.components, &settings, &args.only);
        let choice = Choice {
            only: args.only.clone(),
            skip: args.skip.clone(),
            disabled: left_out.names,
        };
        let mut errors = self.unknown_components();
        errors.extend(left_out.errors);
        match plan::plan(&self.components, &choice) {
            Ok(plan) if errors.is_empty() => Ok(plan),
            Ok(_) => Err(errors.into()),
            Err(found) => {
                errors.extend(found);
                Err(errors.into())
            }
        }
    }

    /// Planned components without the hosts that they are for.
    pub fn without_hosts(&self, plan: &Plan) -> Diagnostics {
        let inventory = &self.inventory;
        if inventory.hosts.is_empty() {
            return vec![
                Diagnostic::error("inventory/no-hosts", "the inventory has no hosts")
                    .why("nothing was touched")
                    .help("name the hosts in it: `nautes-install init` writes one to start from"),
            ];
        }
        let has_host = |group: &str| {
            let mut hosts = inventory.hosts.values();
            hosts.any(|host| host.groups.iter().any(|name| name == group))
        };
        let mut errors = Diagnostics::new();
        for component in plan.steps.iter().map(|step| &step.component) {
            for group in component.groups.iter().filter(|name| !has_host(name)) {
                let what = if inventory.groups.contains_key(group) {
                    "has no host"
                } else {
                    "is not in the inventory"
                };
                let name = &component.name;
                let groups = inventory.groups.keys().map(String::as_str);
                let groups: Vec<&str> = groups
                    .filter(|name| !["all", "ungrouped"].contains(name))
                    .collect();
                let meant = nearest(group, groups.iter().copied())
                    .map_or_else(String::new, |near| {
                        format!(" (is `{near}` meant to be it?)")
                    });
                let there: Vec<String> = groups.iter().map(|name| format!("`{name}`")).collect();
                let file = inventory.file.as_deref().map(Path::new);
                let file = file.and_then(Path::file_name).map_or_else(
                    || "the inventory".to_owned(),
                    |name| format!("`{}`", name.display()),
                );
                errors.push(
                    Diagnostic::error(
                        "plan/no-hosts",
                        format!("group `{group}`, which `{name}` is installed on, {what}"),
                    )
                    .why(format!("{file} has the groups {}", there.join(", ")))
                    .why("nothing was touched")
                    .help(format!(
                        "put the hosts of `{name}` into a group `{group}`{meant}, or leave it out with `nautes.components.{name}.enabled: false`"
                    )),
                );
            }
        }
        errors
    }

    pub(super) fn disabled(&self) -> Vec<String> {
        let settings = |name: &str| self.component_settings(name);
        plan::left_out(&self.components, &settings, &[]).names
    }

    pub(super) fn component_settings(&self, name: &str) -> Option<&Node> {
        self.settings.as_ref()?.get("components")?.get(name)
    }

    /// Settings of components that there are not.
    fn unknown_components(&self) -> Diagnostics {
        let names: Vec<&str> = self.components.iter().map(|c| c.name.as_str()).collect();
        let given = self
            .settings
            .as_ref()
            .and_then(|node| node.get("components"))
            .and_then(Node::as_map);
        given
            .into_iter()
            .flatten()
            .map(|(key, _)| (key.key_text(), key))
            .filter(|(name, _)| !names.contains(&name.as_str()))
            .map(|(name, key)| {
                let help = crate::diagnostic::nearest(&name, names.iter().copied()).map_or_else(
                    || "remove it".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                Diagnostic::error(
                    "settings/unknown-component",
                    format!("there is no component `{name}`"),
                )
                .at(&key.span)
                .why(format!(
                    "components are {}; nothing was touched",
                    names.join(", ")
                ))
                .help(help)
            })
            .collect()
    }

    /// Values that every template sees.
    pub fn given(&self, state: &Path) -> crate::inventory::Vars {
        let mut given = crate::inventory::Vars::new();
        // A plain playbook has no names but its own.
        if self.components.is_empty() {
            return given;
        }
        if let Some(settings) = &self.settings {
            given.insert("nautes".to_owned(), Var::Written(settings.clone()));
        }
        if let Some(release) = &self.release {
            given.insert("release".to_owned(), Var::Written(release.clone()));
        }
        let mirror = match &self.artifacts.mirror {
            Some(url) => format!("{}/", url.trim_end_matches('/')),
            None => "https://".to_owned(),
        };
        let none = Var::Data(serde_json::json!([]));
        for name in [super::identity::NAME, super::rotate::NAME] {
            given.insert(name.to_owned(), none.clone());
        }
        given.insert(
            "image_rewrites".to_owned(),
            Var::Data(self.image_rewrites()),
        );
        given.insert(
            "proxy_environment".to_owned(),
            Var::Data(self.proxy_environment()),
        );
        for (name, value) in [
            ("mirror", mirror),
            ("tenant", self.tenant.clone()),
            ("state_dir", state.display().to_string()),
        ] {
            given.insert(name.to_owned(), Var::Data(value.into()));
        }
        given
    }

    /// Starts of images' names and what stands there instead: the release's, then the user's.
    fn image_rewrites(&self) -> crate::input::Json {
        let rows = self.release.iter().flat_map(|release| images_of(release));
        let own = self
            .images
            .iter()
            .map(|(from, to)| (from.clone(), to.clone()));
        let all: serde_json::Map<_, _> = rows
            .chain(own)
            .map(|(from, to)| (from, to.into()))
            .collect();
        all.into()
    }

    /// What `environment:` gives a task that downloads: empty without `nautes.artifacts.proxy`.
    fn proxy_environment(&self) -> crate::input::Json {
        self.artifacts.proxy.as_ref().map_or_else(
            || serde_json::json!({}),
            |proxy| serde_json::json!({ "http_proxy": proxy, "https_proxy": proxy }),
        )
    }
}

/// A release's table of images: starts of names and what stands there instead.
pub fn images_of(release: &Node) -> Vec<(String, String)> {
    let table = release.get("images").and_then(Node::as_map);
    let rows = table.unwrap_or_default().iter();
    rows.map(|(from, to)| (from.key_text(), to.key_text()))
        .collect()
}

/// Where a tenant's state is kept.
pub fn state_directory(args: &RunArgs, tenant: &str) -> PathBuf {
    let default = || PathBuf::from(".nautes-install").join(tenant);
    if args.rehearse {
        estate_directory(args, tenant).join("state")
    } else {
        args.state.clone().unwrap_or_else(default)
    }
}

/// Where a tenant's simulated estate is kept.
pub fn estate_directory(args: &RunArgs, tenant: &str) -> PathBuf {
    args.estate
        .clone()
        .unwrap_or_else(|| PathBuf::from(".nautes-install/rehearsal").join(tenant))
}
