//! A component file: one thing that is installed, its whole life.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::access::{self, Access};
use super::ast::{Keywords, Play};
use super::fields::Fields;
use super::load::Loader;
use super::only_with::{self, With};
use super::rotation::{self, Rotation};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::input::{Json, Kind, Node, Span};

/// Every key of a component file; for messages.
const KEYS: &[&str] = &[
    "component",
    "title",
    "cluster",
    "owner",
    "needs",
    "only_with",
    "groups",
    "instances",
    "inputs",
    "before",
    "install",
    "outputs",
    "forget",
    "rotate",
    "access",
    "observe",
    "health",
    "upgrade",
    "backup",
    "restore",
    "remove",
    "rehearsal",
];

/// One component as written.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name: the file's name.
    pub name: String,
    /// Where the file starts.
    pub span: Span,
    /// What it is, in a few words.
    pub title: String,
    /// Where it belongs.
    pub cluster: Where,
    /// `direct` (we apply) or `gitops` (Argo CD applies from the tenant repo).
    pub owner: String,
    /// Components that must be done before, each with its place.
    pub needs: Vec<(String, Span)>,
    /// Values that inputs of other components must have; else this one is left out.
    pub only_with: Vec<With>,
    /// Groups of the inventory that must have a host.
    pub groups: Vec<String>,
    /// Whether it is there once more for every runtime cluster.
    pub per_runtime: bool,
    /// What it is an instance of; `None`: it stands for itself.
    pub instance: Option<Instance>,
    /// Typed settings under `nautes.components.<name>`.
    pub inputs: IndexMap<String, Input>,
    /// Plays that only look, before `up` touches anything: what stands against installing it.
    pub before: Vec<Play>,
    /// What `up` does.
    pub install: Vec<Play>,
    /// What others read as `outputs.<name>.*`.
    pub outputs: IndexMap<String, Output>,
    /// Kept outputs, of whichever component, that the sealed store drops when this one is done.
    pub forget: Vec<(String, String)>,
    /// Which of its secrets can be made anew, and how.
    pub rotate: Vec<Rotation>,
    /// How people get in.
    pub access: Vec<Access>,
    /// Tasks that only look and re-derive the outputs.
    pub observe: Vec<Play>,
    /// Tasks that only look; run after install and by `status`.
    pub health: Vec<Play>,
    /// What `upgrade` does; `install` if empty.
    pub upgrade: Vec<Play>,
    /// What `backup` does.
    pub backup: Vec<Play>,
    /// What `restore` does.
    pub restore: Vec<Play>,
    /// What `destroy` does.
    pub remove: Vec<Play>,
    /// What the simulated estate needs to know.
    pub rehearsal: Option<Node>,
    /// The folder of the file.
    pub directory: PathBuf,
}

/// A component that is there for one runtime cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The component.
    pub of: String,
    /// The cluster: its group.
    pub cluster: String,
}

impl Component {
    /// The component's own name, also of an instance: its file, its chart.
    pub fn base(&self) -> &str {
        self.instance.as_ref().map_or(&self.name, |one| &one.of)
    }
}

/// Where a component belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// On hosts, no cluster.
    None,
    /// In the host cluster.
    Host,
    /// In the tenant cluster.
    Tenant,
    /// One instance per runtime cluster.
    Runtime,
}

/// One typed setting.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its type.
    pub kind: InputType,
    /// Its value if the inventory says nothing; may be a template. `None`: it must be given.
    pub default: Option<Node>,
    /// One sentence for people and the JSON Schema.
    pub help: String,
    /// The allowed values, if limited.
    pub choices: Vec<Json>,
    /// Values of other inputs of the component with which it must be given, and not empty.
    pub required_with: Vec<With>,
    /// Values of other inputs of the component without which it has no meaning.
    pub only_with: Vec<With>,
    /// The form of a text, or of each item of a list: a regular expression.
    pub pattern: Option<String>,
    /// Whether the value must not be seen.
    pub secret: bool,
    /// Where it is declared.
    pub span: Span,
}

/// Types of inputs: JSON Schema's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// A mapping.
    Object,
}

impl InputType {
    const ALL: [(&'static str, Self); 6] = [
        ("string", Self::String),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("boolean", Self::Boolean),
        ("array", Self::Array),
        ("object", Self::Object),
    ];

    /// Its word.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| name)
    }

    /// Whether a value is of this type.
    pub fn accepts(self, value: &Json) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

/// One value for other components.
#[derive(Clone, Debug)]
pub struct Output {
    /// The expression, evaluated after install or observe.
    pub value: Node,
    /// Whether the value must not be seen.
    pub secret: bool,
    /// Whether it cannot be observed again and lives in the sealed store. What is null was not seen
    /// this time: what was kept stands.
    pub keep: bool,
    /// The output, of another component, that it is kept as: a newer value of the same secret.
    pub kept_as: Option<(String, String)>,
}

impl Loader<'_> {
    /// Reads a component file.
    pub fn component(&mut self, path: &Path) -> Option<Component> {
        let node = self.read(path, None)?;
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut fields = Fields::open(&node, "a component", &mut self.errors)?;
        let Some(name) = fields.take_word("component", &mut self.errors) else {
            self.errors.push(nameless(&node));
            return None;
        };
        let plays = |loader: &mut Self, fields: &mut Fields, key: &str| {
            fields
                .take(key)
                .map(|node| loader.plays_or_tasks(&node, &directory))
                .unwrap_or_default()
        };
        let cluster = cluster(&mut fields, &mut self.errors);
        let instances = instances(&mut fields, &mut self.errors);
        let component = Component {
            per_runtime: instances || cluster == Where::Runtime,
            instance: None,
            title: fields
                .take_word("title", &mut self.errors)
                .unwrap_or_default(),
            cluster,
            owner: fields
                .take_word("owner", &mut self.errors)
                .unwrap_or_else(|| "direct".to_owned()),
            needs: words(
                &mut fields,
                ("needs", "component names", "[hosts, pki]"),
                &mut self.errors,
            ),
            only_with: only_with::read(&mut fields, "only_with", &mut self.errors),
            groups: groups(&mut fields, &mut self.errors),
            inputs: inputs(&mut fields, &mut self.errors),
            before: plays(self, &mut fields, "before"),
            install: plays(self, &mut fields, "install"),
            outputs: outputs(&mut fields, &mut self.errors),
            forget: forget(&mut fields, &mut self.errors),
            rotate: rotation::read(&mut fields, &mut self.errors),
            access: access::read(&mut fields, &mut self.errors),
            observe: plays(self, &mut fields, "observe"),
            health: plays(self, &mut fields, "health"),
            upgrade: plays(self, &mut fields, "upgrade"),
            backup: plays(self, &mut fields, "backup"),
            restore: plays(self, &mut fields, "restore"),
            remove: plays(self, &mut fields, "remove"),
            rehearsal: fields.take("rehearsal"),
            span: node.span.clone(),
            name: name.clone(),
            directory: directory.clone(),
        };
        fields.finish(&format!("component `{name}`"), KEYS, &mut self.errors);
        Some(component)
    }

    /// A list of plays. (`observe` and `health` are plays too: they say on which hosts they look.)
    fn plays_or_tasks(&mut self, node: &Node, directory: &Path) -> Vec<Play> {
        self.plays(node, &Keywords::default(), directory)
    }
}

/// Groups of the inventory that must have a host.
fn groups(fields: &mut Fields, errors: &mut Diagnostics) -> Vec<String> {
    let key = ("groups", "groups of the inventory", "[vault]");
    let all = words(fields, key, errors).into_iter();
    all.map(|(name, _)| name).collect()
}

/// Kept outputs that the store drops.
fn forget(fields: &mut Fields, errors: &mut Diagnostics) -> Vec<(String, String)> {
    let key = ("forget", "kept outputs", "[vault-init.root_token]");
    let all = words(fields, key, errors);
    all.iter().filter_map(|(word, _)| dotted(word)).collect()
}

/// `component.output`.
fn dotted(word: &str) -> Option<(String, String)> {
    let (component, output) = word.split_once('.')?;
    Some((component.to_owned(), output.to_owned()))
}

fn nameless(node: &Node) -> Diagnostic {
    Diagnostic::error(
        "playbook/no-component",
        "this file does not name its component",
    )
    .at(&node.span)
    .why("nothing was touched")
    .help("add `component: NAME` as its first line")
}

/// `instances: runtime`: one for every runtime cluster beside the tenant's.
fn instances(fields: &mut Fields, errors: &mut Diagnostics) -> bool {
    let Some(node) = fields.take("instances") else {
        return false;
    };
    if node.as_str() != Some("runtime") {
        errors.push(
            Diagnostic::error("playbook/bad-argument", "`instances` is not `runtime`")
                .at(&node.span)
                .why("nothing was touched")
                .help("write `instances: runtime`, or leave the line out"),
        );
    }
    true
}

fn cluster(fields: &mut Fields, errors: &mut Diagnostics) -> Where {
    let Some(node) = fields.take("cluster") else {
        return Where::None;
    };
    match node.as_str() {
        Some("none") => Where::None,
        Some("host") => Where::Host,
        Some("tenant") => Where::Tenant,
        Some("runtime") => Where::Runtime,
        _ => {
            errors.push(
                Diagnostic::error(
                    "playbook/bad-choice",
                    "`cluster` is none of `none`, `host`, `tenant`, `runtime`",
                )
                .at(&node.span)
                .why("nothing was touched")
                .help("write `cluster: none` for a component that lives on hosts"),
            );
            Where::None
        }
    }
}

/// A list of words: the key, what they are, and an example.
fn words(
    fields: &mut Fields,
    (key, what, example): (&str, &str, &str),
    errors: &mut Diagnostics,
) -> Vec<(String, Span)> {
    let mut words = Vec::new();
    for node in fields.take_list(key) {
        match node.as_str() {
            Some(name) => words.push((name.to_owned(), node.span.clone())),
            None => errors.push(
                Diagnostic::error(
                    "playbook/wrong-type",
                    format!("`{key}` lists {what}, this is {}", node.type_name()),
                )
                .at(&node.span)
                .why("nothing was touched")
                .help(format!("write `{key}: {example}`")),
            ),
        }
    }
    words
}

fn inputs(fields: &mut Fields, errors: &mut Diagnostics) -> IndexMap<String, Input> {
    let mut inputs = IndexMap::new();
    let Some(node) = fields.take("inputs") else {
        return inputs;
    };
    let Some(entries) = node.as_map() else {
        return inputs;
    };
    for (key, value) in entries {
        let name = key.key_text();
        let Some(mut fields) = Fields::open(value, &format!("input `{name}`"), errors) else {
            continue;
        };
        let input = Input {
            kind: input_type(&mut fields, &key.span, errors),
            default: fields.take("default"),
            help: fields.take_word("help", errors).unwrap_or_default(),
            choices: fields
                .take_list("choices")
                .iter()
                .map(Node::to_json)
                .collect(),
            required_with: only_with::read(&mut fields, "required_with", errors),
            only_with: only_with::read(&mut fields, "only_with", errors),
            pattern: fields.take_word("pattern", errors),
            secret: fields
                .take("secret")
                .is_some_and(|node| node.kind == Kind::Bool(true)),
            span: key.span.clone(),
        };
        fields.finish(
            &format!("input `{name}`"),
            &[
                "type",
                "default",
                "help",
                "choices",
                "required_with",
                "only_with",
                "pattern",
                "secret",
            ],
            errors,
        );
        inputs.insert(name, input);
    }
    inputs
}

fn input_type(fields: &mut Fields, span: &Span, errors: &mut Diagnostics) -> InputType {
    let written = fields.take("type");
    let word = written.as_ref().and_then(Node::as_str).unwrap_or_default();
    if let Some((_, kind)) = InputType::ALL.iter().find(|(name, _)| *name == word) {
        return *kind;
    }
    let names = InputType::ALL.map(|(name, _)| name);
    let near = nearest(word, names).unwrap_or("string");
    errors.push(
        Diagnostic::error(
            "playbook/bad-choice",
            format!("`{word}` is not a type of an input"),
        )
        .at(written.as_ref().map_or(span, |node| &node.span))
        .why(format!(
            "types are {}; nothing was touched",
            names.join(", ")
        ))
        .help(format!("write `type: {near}`")),
    );
    InputType::String
}

fn outputs(fields: &mut Fields, errors: &mut Diagnostics) -> IndexMap<String, Output> {
    let mut outputs = IndexMap::new();
    let Some(node) = fields.take("outputs") else {
        return outputs;
    };
    let Some(entries) = node.as_map() else {
        return outputs;
    };
    for (key, value) in entries {
        let name = key.key_text();
        let is_long = value.get("value").is_some();
        let output = if is_long {
            let Some(mut fields) = Fields::open(value, &format!("output `{name}`"), errors) else {
                continue;
            };
            let flag = |node: Option<Node>| node.is_some_and(|node| node.kind == Kind::Bool(true));
            let Some(node) = fields.take("value") else {
                continue;
            };
            let keep = fields.take("keep");
            let kept_as = keep.as_ref().and_then(Node::as_str).and_then(dotted);
            let output = Output {
                value: node,
                secret: flag(fields.take("secret")),
                keep: kept_as.is_some() || flag(keep),
                kept_as,
            };
            fields.finish(
                &format!("output `{name}`"),
                &["value", "secret", "keep"],
                errors,
            );
            output
        } else {
            Output {
                value: value.clone(),
                secret: false,
                keep: false,
                kept_as: None,
            }
        };
        outputs.insert(name, output);
    }
    outputs
}
