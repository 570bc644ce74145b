//! The values of a template's variables without a host: what component `tenant-repo` says they are,
//! with the inventory's inputs. What only a run can know gets a word in its place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{FromArgs, Which};
use super::scope::Scope;
use crate::chart::Rewrites;
use crate::commands::load::{self, Loaded, images_of};
use crate::commands::shared::Console;
use crate::commands::{Content, Failed};
use crate::diagnostic::Diagnostic;
use crate::input::{
    Files, Json, Kind, Node, Rules, Source, SystemClock, Table, Var, Variables, decode, parse_one,
};
use crate::playbook::{Component, Loader};
use crate::template::{Engine, Unrendered, World};

/// The component that knows what the variables are, and the variable that holds them.
const COMPONENT: &str = "tenant-repo";
const VARIABLES: &str = "tenant_repo_variables";

/// The values.
pub struct Values {
    known: BTreeMap<String, Json>,
    unknown: Vec<(String, String)>,
    inputs: BTreeMap<String, Json>,
    directory: PathBuf,
    rewrites: Vec<(String, String)>,
    release: Option<Arc<Node>>,
}

impl Values {
    /// From the inventory, if there is one, and the files with values.
    ///
    /// # Errors
    /// All mistakes in them.
    pub fn read(from: &FromArgs, console: &Console) -> Result<Self, Failed> {
        let mut found = Self {
            known: BTreeMap::new(),
            unknown: Vec::new(),
            inputs: BTreeMap::new(),
            directory: PathBuf::new(),
            rewrites: Vec::new(),
            release: None,
        };
        if from.inventory.is_empty() {
            let name = from.release.as_deref().unwrap_or("current");
            found.release = Some(Arc::new(release(name, from)?));
        } else {
            let loaded = load::load(&from.source(), console)?;
            found.release = match &from.release {
                Some(name) => Some(Arc::new(release(name, from)?)),
                None => loaded.release.clone(),
            };
            found.take(&loaded, from)?;
        }
        let images = found.release.iter().flat_map(|release| images_of(release));
        let mut rows: Vec<_> = images.collect();
        rows.append(&mut found.rewrites);
        found.rewrites = rows;
        for path in &from.variables {
            for (key, value) in file(path, Rules::Ansible)?.as_map().unwrap_or_default() {
                let name = key.key_text();
                found.unknown.retain(|(known, _)| *known != name);
                found.known.insert(name, value.to_json());
            }
        }
        Ok(found)
    }

    /// The inputs and variables of the component in this inventory.
    fn take(&mut self, loaded: &Loaded, from: &FromArgs) -> Result<(), Failed> {
        let files = Content::new();
        let path = Content::root(from.values.content.as_deref())
            .join(format!("playbooks/{COMPONENT}.yaml"));
        let mut loader = Loader::new(&files);
        let component = loader.component(&path);
        let Some(component) = component.filter(|_| loader.errors.is_empty()) else {
            return Err(loader.errors.into());
        };
        let own = loaded.images.iter();
        self.rewrites = own.map(|(from, to)| (from.clone(), to.clone())).collect();
        self.directory = loaded
            .inventory
            .directory
            .as_deref()
            .map(PathBuf::from)
            .unwrap_or_default();
        let (inputs, missing) = inputs(&component, loaded.component_settings(COMPONENT));
        let missing = missing.into_iter();
        self.unknown
            .extend(missing.map(|name| (format!("input `{name}`"), "gitlab".to_owned())));
        let mut scope = Scope {
            inventory: loaded.inventory.clone(),
            given: loaded.given(Path::new("")),
            vars: component
                .install
                .first()
                .map_or_else(Vec::new, |play| play.keywords.vars.clone()),
            inputs: Arc::new(inputs),
        };
        if let Some(release) = &self.release {
            scope
                .given
                .insert("release".to_owned(), Var::Written(release.clone()));
        }
        self.evaluate(&Arc::new(scope))
    }

    /// The inputs, and the variables as far as they are known.
    fn evaluate(&mut self, scope: &Arc<Scope>) -> Result<(), Failed> {
        let engine = self.engine();
        for (key, node) in scope.inputs.as_map().unwrap_or_default() {
            let variables: Arc<dyn Variables> = scope.clone();
            if let Ok(value) = engine.render(&Arc::new(node.clone()), &variables) {
                self.inputs.insert(key.key_text(), value);
            }
        }
        let listed = scope.vars.iter().find(|(name, _)| name == VARIABLES);
        let listed = listed
            .and_then(|(_, node)| node.as_map())
            .unwrap_or_default()
            .to_vec();
        let mut errors = Vec::new();
        for (key, value) in listed {
            let name = key.key_text();
            let variables: Arc<dyn Variables> = scope.clone();
            match engine.render(&Arc::new(value), &variables) {
                Ok(value) => {
                    self.known.insert(name, value);
                }
                Err(Unrendered::Unknown(until)) => {
                    self.known.insert(name.clone(), word(&until).into());
                    self.unknown.push((name, until.to_string()));
                }
                Err(Unrendered::Wrong(error)) => errors.push(*error),
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors.into())
        }
    }

    /// The values, for templates.
    pub fn variables(&self) -> Arc<dyn Variables> {
        Arc::new(Table(self.known.clone()))
    }

    /// Values that only a run can know, each with the component that makes it.
    pub fn unknown(&self) -> &[(String, String)] {
        &self.unknown
    }

    /// An engine for templates that look at nothing but their variables.
    pub fn engine(&self) -> Engine {
        Engine::new(World {
            files: Arc::new(Content::new()),
            processes: Arc::new(crate::commands::world::processes()),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(|buffer| buffer.fill(0)),
            hosts: Arc::new(|_| Vec::new()),
            search: Vec::new(),
        })
    }

    /// Where images come from.
    pub fn rewrites(&self) -> Rewrites {
        Rewrites::new(self.rewrites.iter().cloned())
    }

    /// Where relative paths of the inventory start.
    pub fn directory(&self) -> PathBuf {
        self.directory.clone()
    }

    /// The template that the inventory or the release names.
    pub fn template(&self, of: Which) -> Result<String, Failed> {
        let (input, field) = match of {
            Which::TenantRepo => ("template", "tenant_template"),
            Which::ClusterTemplates => ("cluster_templates", "cluster_templates"),
        };
        let given = self
            .inputs
            .get(input)
            .and_then(Json::as_str)
            .map(ToOwned::to_owned);
        let nautes = self
            .release
            .as_ref()
            .and_then(|release| release.get("nautes"));
        let pinned = || {
            nautes
                .and_then(|nautes| nautes.get(field))
                .map(Node::key_text)
        };
        given.or_else(pinned).ok_or_else(|| {
            Diagnostic::error("settings/unknown-release", "the release names no template")
                .help("name one with `--template`")
                .into()
        })
    }

    /// The repository's address.
    pub fn address(&self, of: Which) -> Result<String, Failed> {
        self.text(
            match of {
                Which::TenantRepo => "address",
                Which::ClusterTemplates => "cluster_templates_address",
            },
            "--remote",
        )
    }

    /// The private key that may push.
    pub fn deploy_key(&self) -> Result<String, Failed> {
        self.text("deploy_key", "--key")
    }

    /// The server's host keys.
    pub fn host_keys(&self) -> Vec<String> {
        let keys = self.inputs.get("host_keys").and_then(Json::as_array);
        let keys = keys.into_iter().flatten().filter_map(Json::as_str);
        keys.map(ToOwned::to_owned).collect()
    }

    fn text(&self, input: &str, option: &str) -> Result<String, Failed> {
        let value = self.inputs.get(input).and_then(Json::as_str);
        let value = value.filter(|text| !text.is_empty() && *text != word("gitlab"));
        value.map(ToOwned::to_owned).ok_or_else(|| {
            let what = format!("nothing says the repository's `{input}`");
            Diagnostic::error("repo/no-remote", what)
                .why("no repository was asked")
                .help(format!(
                    "give `{option}`, or `nautes.components.{COMPONENT}.{input}` in the inventory"
                ))
                .into()
        })
    }
}

/// The inputs of the component: what is given, else defaults; and the names of those that only come
/// with a run, which are words.
fn inputs(component: &Component, given: Option<&Node>) -> (Node, Vec<String>) {
    let mut entries = Vec::new();
    let mut missing = Vec::new();
    for (name, input) in &component.inputs {
        let text = |text: String| Node::new(input.span.clone(), Kind::Str(text));
        let written = given.and_then(|settings| settings.get(name));
        let value = written.or(input.default.as_ref()).cloned();
        let value = value.unwrap_or_else(|| {
            missing.push(name.clone());
            text(word("gitlab"))
        });
        entries.push((text(name.clone()), value));
    }
    let span = component.span.clone();
    (Node::new(span, Kind::Map(entries)), missing)
}

/// What stands in the place of a value that is not known.
fn word(until: &str) -> String {
    format!("NOT-KNOWN-BEFORE-{until}")
}

fn release(name: &str, from: &FromArgs) -> Result<Node, Failed> {
    let path = Content::root(from.values.content.as_deref())
        .join(format!("playbooks/releases/{name}.yaml"));
    file(&path, Rules::Ansible).map_err(|_| {
        Diagnostic::error(
            "settings/unknown-release",
            format!("there is no release `{name}`"),
        )
        .help("releases are `current` and `reference`, or those of `--content`")
        .into()
    })
}

fn file(path: &Path, rules: Rules) -> Result<Node, Failed> {
    let bytes = Content::new().read(path).map_err(|error| {
        Diagnostic::error(
            "commands/unreadable",
            format!("cannot read `{}`", path.display()),
        )
        .why(error.to_string())
        .help("name a YAML file")
    })?;
    let source: Arc<Source> =
        decode(path.display().to_string(), bytes).map_err(Diagnostic::from)?;
    let node = parse_one(&source, rules);
    Ok(node.map_err(|found| found.into_iter().map(Diagnostic::from).collect::<Vec<_>>())?)
}
