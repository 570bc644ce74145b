//! Takes a mapping apart key by key, so that every key is either used or reported.

use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::input::{Kind, Node, Span};

/// The entries of one mapping that nobody has taken yet.
pub struct Fields {
    /// Where the mapping starts.
    pub span: Span,
    rest: Vec<(String, Node, Node)>,
}

impl Fields {
    /// Opens a mapping; anything else is reported as `code` with what was expected.
    pub fn open(node: &Node, what: &str, errors: &mut Diagnostics) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            errors.push(
                Diagnostic::error(
                    "playbook/wrong-type",
                    format!("{what} must be a mapping, this is {}", node.type_name()),
                )
                .at(&node.span)
                .why("nothing was touched")
                .help(format!("write {what} as `key: value` lines")),
            );
            return None;
        };
        let rest = entries
            .iter()
            .map(|(k, v)| (k.key_text(), k.clone(), v.clone()))
            .collect();
        Some(Self {
            span: node.span.clone(),
            rest,
        })
    }

    /// Takes a value out.
    pub fn take(&mut self, key: &str) -> Option<Node> {
        self.take_entry(key).map(|(_, value)| value)
    }

    /// Takes key and value out.
    pub fn take_entry(&mut self, key: &str) -> Option<(Node, Node)> {
        let at = self.rest.iter().position(|(name, _, _)| name == key)?;
        let (_, key, value) = self.rest.remove(at);
        Some((key, value))
    }

    /// Puts an entry back, or another in its place.
    pub fn put(&mut self, (key, value): (Node, Node)) {
        self.rest.push((key.key_text(), key, value));
    }

    /// Takes a value out as a list: one value is a list of one, null is none.
    pub fn take_list(&mut self, key: &str) -> Vec<Node> {
        match self.take(key) {
            None => Vec::new(),
            Some(node) => match node.kind {
                Kind::Null => Vec::new(),
                Kind::Seq(items) => items,
                _ => vec![node],
            },
        }
    }

    /// Takes a literal string out; a template or another type is reported.
    pub fn take_word(&mut self, key: &str, errors: &mut Diagnostics) -> Option<String> {
        let node = self.take(key)?;
        if let Some(text) = node.as_str() {
            Some(text.to_owned())
        } else {
            errors.push(
                Diagnostic::error(
                    "playbook/wrong-type",
                    format!("`{key}` must be a string, this is {}", node.type_name()),
                )
                .at(&node.span)
                .why("nothing was touched")
                .help(format!(
                    "write `{key}: …` with text, in quotes if it looks like a number"
                )),
            );
            None
        }
    }

    /// The names that are left.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rest.iter().map(|(name, _, _)| name.as_str())
    }

    /// Reports everything left as unknown, with the nearest of the names that would be known.
    pub fn finish(self, what: &str, known: &[&str], errors: &mut Diagnostics) {
        for (name, key, _) in self.rest {
            let mut diagnostic = Diagnostic::error(
                "playbook/unknown-field",
                format!("unknown field `{name}` in {what}"),
            )
            .at(&key.span)
            .why(format!(
                "{what} takes {}; nothing was touched",
                sample(known)
            ));
            if let Some(near) = nearest(&name, known.iter().copied()) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            } else {
                diagnostic = diagnostic.help("remove it, or write one of the known fields");
            }
            errors.push(diagnostic);
        }
    }
}

/// The first few names for a message.
fn sample(known: &[&str]) -> String {
    let shown: Vec<String> = known
        .iter()
        .take(6)
        .map(|name| format!("`{name}`"))
        .collect();
    if known.len() > shown.len() {
        format!("{}, …", shown.join(", "))
    } else {
        shown.join(", ")
    }
}
