//! What people wrote, as values: rendered where and when it is used, once.

use std::sync::{Arc, OnceLock};

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};

use super::convert;
use super::evaluate;
use super::fault::Fault;
use super::rewrite::{Shape, shape};
use super::run::{Cached, Run};
use crate::input::{Kind, Node};

/// A node inside a tree that is shared.
#[derive(Clone, Debug)]
pub(super) struct Place {
    root: Arc<Node>,
    /// Which child at each level; a mapping's values count.
    path: Vec<usize>,
}

impl Place {
    pub fn root(root: Arc<Node>) -> Self {
        Self {
            root,
            path: Vec::new(),
        }
    }

    pub fn node(&self) -> &Node {
        let mut node: &Node = &self.root;
        for index in &self.path {
            let child = match &node.kind {
                Kind::Seq(items) => items.get(*index),
                Kind::Map(entries) => entries.get(*index).map(|(_, value)| value),
                _ => None,
            };
            match child {
                Some(child) => node = child,
                None => break,
            }
        }
        node
    }

    fn child(&self, index: usize) -> Self {
        let mut path = self.path.clone();
        path.push(index);
        Self {
            root: Arc::clone(&self.root),
            path,
        }
    }
}

/// Whether a string in it may be a template.
pub(super) fn is_template(node: &Node) -> bool {
    match &node.kind {
        Kind::Str(text) => !is_unsafe(node) && shape(text) != Shape::Plain,
        Kind::Seq(items) => items.iter().any(is_template),
        Kind::Map(entries) => entries
            .iter()
            .any(|(key, value)| is_template(key) || is_template(value)),
        _ => false,
    }
}

/// `!unsafe`: text that is never a template.
fn is_unsafe(node: &Node) -> bool {
    node.tag.as_deref() == Some("!unsafe")
}

/// The value at a place: text is rendered now, what is in collections when it is used.
pub(super) fn value(run: &Arc<Run>, place: &Place, label: &str) -> Result<Value, Fault> {
    let node = place.node();
    if !is_template(node) {
        return Ok(convert::from_node(node));
    }
    match &node.kind {
        Kind::Str(text) => evaluate::text(run, text, node),
        Kind::Seq(items) => Ok(Value::from_object(Lazy {
            keys: Vec::new(),
            slots: items.iter().map(|_| OnceLock::new()).collect(),
            run: Arc::clone(run),
            place: place.clone(),
            label: label.to_owned(),
            repr: ObjectRepr::Seq,
        })),
        Kind::Map(entries) => {
            let mut keys = Vec::with_capacity(entries.len());
            for (key, _) in entries {
                keys.push(key_value(run, key)?);
            }
            Ok(Value::from_object(Lazy {
                keys,
                slots: entries.iter().map(|_| OnceLock::new()).collect(),
                run: Arc::clone(run),
                place: place.clone(),
                label: label.to_owned(),
                repr: ObjectRepr::Map,
            }))
        }
        _ => Ok(convert::from_node(node)),
    }
}

/// A mapping's key; keys are rendered with their mapping.
fn key_value(run: &Arc<Run>, key: &Node) -> Result<Value, Fault> {
    match &key.kind {
        Kind::Str(text) if is_template(key) => evaluate::text(run, text, key),
        _ => Ok(convert::from_node(key)),
    }
}

/// A written list or mapping.
pub(super) struct Lazy {
    run: Arc<Run>,
    place: Place,
    label: String,
    keys: Vec<Value>,
    slots: Vec<OnceLock<Cached>>,
    repr: ObjectRepr,
}

impl std::fmt::Debug for Lazy {
    // What is in it may be a secret, and printing would render it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lazy({})", self.label)
    }
}

impl Lazy {
    fn slot(&self, index: usize) -> Option<Value> {
        let slot = self.slots.get(index)?;
        let label = self.child_label(index);
        if let Some(cached) = slot.get() {
            return Some(self.run.recall(&label, cached.clone()));
        }
        let trail = match self.label.as_str() {
            // What has no name itself (a task's arguments) must not look like the variable that is
            // called as its key: `name: "{{ name }}"`.
            "" => format!(".{label}"),
            _ => label.clone(),
        };
        let cached = self.run.written(&self.place.child(index), &trail);
        let cached = slot.get_or_init(|| cached).clone();
        Some(self.run.recall(&label, cached))
    }

    fn child_label(&self, index: usize) -> String {
        match self.keys.get(index) {
            Some(key) if self.label.is_empty() => key.to_string(),
            Some(key) => format!("{}.{key}", self.label),
            None => format!("{}[{index}]", self.label),
        }
    }
}

impl Object for Lazy {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        self.repr
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if self.repr == ObjectRepr::Seq {
            return self.slot(key.as_usize()?);
        }
        // The last of two equal keys wins, as in YAML.
        let index = self.keys.iter().rposition(|k| k == key)?;
        self.slot(index)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        if self.repr == ObjectRepr::Seq {
            Enumerator::Seq(self.slots.len())
        } else {
            Enumerator::Values(self.keys.clone())
        }
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match convert::repr(&Value::from_dyn_object(Arc::clone(self))) {
            Ok(text) => f.write_str(&text),
            Err(error) => {
                // The caller cannot see an error here; the verdict decides.
                let fault = super::fault::Fault::of(&self.run, error, None);
                let _ = self.run.error(fault);
                Ok(())
            }
        }
    }
}
