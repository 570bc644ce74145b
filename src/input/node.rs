//! The tree that every file becomes.

use super::Span;

/// How a scalar was written; it decides what a template may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Unquoted: resolved to null, bool, number or string.
    Plain,
    /// Quoted or block (`'…'`, `"…"`, `|`, `>`): always a string.
    Quoted,
    /// Not a scalar.
    Collection,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it was written. For a merged key: where the anchor stood.
    pub span: Span,
    /// An explicit tag such as `!vault` or `!unsafe`, without interpretation.
    pub tag: Option<String>,
    /// How it was written.
    pub style: Style,
    /// What it is.
    pub kind: Kind,
}

/// The value itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean by the rule set in force.
    Bool(bool),
    /// An integer by the rule set in force; the text is in the span's source.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A string. May be a template, unless the node's tag says `!unsafe`.
    Str(String),
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping, in the order written, merge keys already expanded.
    Map(Vec<(Node, Node)>),
}

impl PartialEq for Node {
    // Two nodes are equal when they mean the same, wherever they stood.
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.tag == other.tag
    }
}

impl Node {
    /// A node that was not written by anybody, placed at `span`.
    pub fn new(span: Span, kind: Kind) -> Self {
        let style = match kind {
            Kind::Seq(_) | Kind::Map(_) => Style::Collection,
            Kind::Str(_) => Style::Quoted,
            _ => Style::Plain,
        };
        Self {
            span,
            tag: None,
            style,
            kind,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Kind::Str(text) = &self.kind {
            Some(text)
        } else {
            None
        }
    }

    /// The items, if it is a sequence.
    pub fn as_seq(&self) -> Option<&[Node]> {
        if let Kind::Seq(items) = &self.kind {
            Some(items)
        } else {
            None
        }
    }

    /// The entries, if it is a mapping.
    pub fn as_map(&self) -> Option<&[(Node, Node)]> {
        if let Kind::Map(entries) = &self.kind {
            Some(entries)
        } else {
            None
        }
    }

    /// The value under a string key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Key and value under a string key of a mapping; the key has the place of the key.
    pub fn entry(&self, key: &str) -> Option<&(Node, Node)> {
        self.as_map()?.iter().find(|(k, _)| k.as_str() == Some(key))
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        self.kind == Kind::Null
    }

    /// What to call its type in a message: `a mapping`, `a string`, …
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Int(_) => "an integer",
            Kind::Float(_) => "a number",
            Kind::Str(_) => "a string",
            Kind::Seq(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}
