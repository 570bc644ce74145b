//! `rotate`: which of a component's secrets can be made anew, and who must run then.

use super::fields::Fields;
use crate::diagnostic::Diagnostics;
use crate::input::{Kind, Node};

/// What there is to say of one secret.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// Its name, as `secrets list` shows it; a `*` at its end stands for any rest.
    pub secret: String,
    /// The components that make it anew and take it to all who use it, in any order.
    pub then: Vec<String>,
    /// Why it cannot be made anew.
    pub refuse: Option<String>,
}

impl Rotation {
    /// Whether it is about the secret of this name.
    pub fn is_of(&self, name: &str) -> bool {
        match self.secret.strip_suffix('*') {
            Some(start) => name.len() > start.len() && name.starts_with(start),
            None => self.secret == name,
        }
    }
}

/// The mapping `rotate` of a component.
pub fn read(fields: &mut Fields, errors: &mut Diagnostics) -> Vec<Rotation> {
    let Some(node) = fields.take("rotate") else {
        return Vec::new();
    };
    let Kind::Map(entries) = &node.kind else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (key, value) in entries {
        let secret = key.key_text();
        let what = format!("`rotate` of `{secret}`");
        let Some(mut fields) = Fields::open(value, &what, errors) else {
            continue;
        };
        let then = fields.take_list("then");
        all.push(Rotation {
            then: then.iter().map(Node::key_text).collect(),
            refuse: fields.take_word("refuse", errors),
            secret,
        });
        fields.finish(&what, &["then", "refuse"], errors);
    }
    all
}
