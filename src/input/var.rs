//! A variable is either something a person wrote (and may be a template) or data (and never is).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Kind, Node};

/// Plain data: module results, facts, rendered values.
pub type Json = serde_json::Value;

/// A variable's value before anybody asked for it.
#[derive(Clone)]
pub enum Var {
    /// Written in a file or on the command line: strings in it are templates, rendered when read,
    /// and errors in them have a place.
    Written(Arc<Node>),
    /// The result of something that ran. Never rendered again, whatever it contains: a file's
    /// content with `{{` in it stays what it is.
    Data(Json),
    /// A mapping whose entries are looked up one by one (`hostvars`, `outputs`): nothing in it is
    /// rendered before it is used.
    Scope(Arc<dyn Variables>),
    /// Does not exist yet; the text says until when (`k3s`). Whatever needs it is unknown too.
    Unknown(Arc<str>),
}

/// Where a template finds its variables. Looked up one by one and only when used.
pub trait Variables: Send + Sync {
    /// A variable by name; `None` if it is not defined.
    fn get(&self, name: &str) -> Option<Var>;
    /// All names, for `vars`, `varnames`, iteration and "did you mean".
    fn names(&self) -> Vec<String>;
}

/// Values by name.
pub struct Table(pub BTreeMap<String, Json>);

impl Variables for Table {
    fn get(&self, name: &str) -> Option<Var> {
        self.0.get(name).cloned().map(Var::Data)
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

impl std::fmt::Debug for Var {
    // Values may be secret: only the kind is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Written(node) => write!(f, "Written({})", node.span),
            Self::Data(_) => f.write_str("Data"),
            Self::Scope(_) => f.write_str("Scope"),
            Self::Unknown(until) => write!(f, "Unknown({until})"),
        }
    }
}

impl From<Json> for Var {
    fn from(value: Json) -> Self {
        Self::Data(value)
    }
}

impl From<Node> for Var {
    fn from(node: Node) -> Self {
        Self::Written(Arc::new(node))
    }
}

impl Node {
    /// The value as plain data, templates left as the text they are.
    pub fn to_json(&self) -> Json {
        match &self.kind {
            Kind::Null => Json::Null,
            Kind::Bool(value) => Json::Bool(*value),
            Kind::Int(value) => Json::from(*value),
            Kind::Float(value) => Json::from(*value),
            Kind::Str(text) => Json::from(text.as_str()),
            Kind::Seq(items) => items.iter().map(Node::to_json).collect(),
            Kind::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.key_text(), value.to_json()))
                .collect(),
        }
    }

    /// A mapping key as text: `1:` and `"1":` are the same key in JSON.
    pub fn key_text(&self) -> String {
        match &self.kind {
            Kind::Str(text) => text.clone(),
            _ => self.to_json().to_string(),
        }
    }
}
