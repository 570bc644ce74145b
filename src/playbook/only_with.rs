//! What a component or an input is only there with: a value of another input.

use super::fields::Fields;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Json, Kind, Node, Span};

/// A value that an input must have.
#[derive(Clone, Debug)]
pub struct With {
    /// The component of the input; `None`: the one that says it.
    pub component: Option<String>,
    /// The input.
    pub input: String,
    /// Its value.
    pub value: Json,
    /// Where it is said.
    pub span: Span,
}

/// The mapping at a key: `component.input: value`, or `input: value` of the same component.
pub fn read(fields: &mut Fields, key: &str, errors: &mut Diagnostics) -> Vec<With> {
    let Some(node) = fields.take(key) else {
        return Vec::new();
    };
    let Kind::Map(entries) = &node.kind else {
        errors.push(wrong(key, &node));
        return Vec::new();
    };
    let one = |(name, value): &(Node, Node)| {
        let text = name.key_text();
        let (component, input) = match text.split_once('.') {
            Some((component, input)) => (Some(component.to_owned()), input.to_owned()),
            None => (None, text.clone()),
        };
        With {
            component,
            input,
            value: value.to_json(),
            span: name.span.clone(),
        }
    };
    entries.iter().map(one).collect()
}

fn wrong(key: &str, node: &Node) -> Diagnostic {
    Diagnostic::error(
        "playbook/wrong-type",
        format!("`{key}` must be a mapping, this is {}", node.type_name()),
    )
    .at(&node.span)
    .why("it says which value an input must have; nothing was touched")
    .help(format!("write `{key}: {{ cluster.flavour: k3s }}`"))
}
