//! What an explicit tag does to a node.
//!
//! The tags of YAML 1.1 are applied here and leave no trace; Ansible's own (`!vault`,
//! `!vault-encrypted`, `!unsafe`) stay on the node for whoever decrypts or renders.

use super::super::{Kind, Node, Rules, Style, nearest};
use super::{SyntaxError, scalar};
use base64::Engine as _;

const YAML: &str = "tag:yaml.org,2002:";
const KNOWN: [&str; 15] = [
    "!vault",
    "!unsafe",
    "!vault-encrypted",
    "!!str",
    "!!int",
    "!!float",
    "!!bool",
    "!!null",
    "!!binary",
    "!!timestamp",
    "!!seq",
    "!!map",
    "!!set",
    "!!omap",
    "!!pairs",
];

/// The node with its tag applied.
pub(super) fn apply(node: Node, tag: Option<String>, rules: Rules) -> Result<Node, SyntaxError> {
    let Some(tag) = tag else { return Ok(node) };
    if let Some(name) = tag.strip_prefix(YAML) {
        return standard(node, name, rules);
    }
    match tag.as_str() {
        // "Not what it looks like": a scalar is then a string, a collection what it is.
        "!" => Ok(node),
        "!vault" | "!vault-encrypted" => vault(node, tag),
        "!unsafe" => Ok(mark_unsafe(node)),
        _ => Err(unknown(&node, &tag)),
    }
}

fn vault(mut node: Node, tag: String) -> Result<Node, SyntaxError> {
    let armoured = node
        .as_str()
        .is_some_and(|text| text.trim_start().starts_with("$ANSIBLE_VAULT;"));
    if armoured {
        node.tag = Some(tag);
        return Ok(node);
    }
    Err(SyntaxError::new(
        "input/vault",
        &node.span,
        format!("`{tag}` is not followed by an encrypted value"),
    )
    .why("an encrypted value is a block that begins with `$ANSIBLE_VAULT;`")
    .help("make one with `ansible-vault encrypt_string`, and keep its indentation"))
}

/// Ansible marks every string below an `!unsafe` collection.
fn mark_unsafe(mut node: Node) -> Node {
    match node.kind {
        Kind::Seq(items) => node.kind = Kind::Seq(items.into_iter().map(mark_unsafe).collect()),
        Kind::Map(entries) => {
            node.kind = Kind::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, mark_unsafe(value)))
                    .collect(),
            );
        }
        _ => {}
    }
    node.tag = Some("!unsafe".to_owned());
    node
}

fn standard(mut node: Node, name: &str, rules: Rules) -> Result<Node, SyntaxError> {
    let fits = match (name, &node.kind) {
        ("str" | "timestamp", Kind::Str(_))
        | ("seq" | "omap" | "pairs", Kind::Seq(_))
        | ("map", Kind::Map(_)) => true,
        ("merge", Kind::Str(_)) => {
            node.style = Style::Plain;
            true
        }
        ("set", Kind::Map(_)) => {
            if let Kind::Map(entries) = node.kind {
                node.kind = Kind::Seq(entries.into_iter().map(|(key, _)| key).collect());
            }
            true
        }
        ("int" | "float" | "bool" | "null", Kind::Str(text)) => {
            let kind = number(name, scalar::resolve(text, rules));
            kind.is_some_and(|kind| {
                node.kind = kind;
                true
            })
        }
        ("binary", Kind::Str(text)) => {
            let text = binary(text);
            text.is_some_and(|text| {
                node.kind = Kind::Str(text);
                true
            })
        }
        (known, _) if KNOWN.contains(&format!("!!{known}").as_str()) => false,
        _ => return Err(unknown(&node, &format!("!!{name}"))),
    };
    if fits {
        return Ok(node);
    }
    let error = SyntaxError::new(
        "input/tag-value",
        &node.span,
        format!("the value does not fit its tag `!!{name}`"),
    );
    Err(if name == "binary" {
        error.help("give it base64 of UTF-8 text; other bytes cannot be a value here")
    } else {
        error.help("correct the value or remove the tag")
    })
}

/// The resolved scalar, if it is of the kind that the tag asks for.
fn number(name: &str, kind: Kind) -> Option<Kind> {
    Some(match (name, kind) {
        ("int", Kind::Int(value)) => Kind::Int(value),
        ("float", Kind::Float(value)) => Kind::Float(value),
        // Exact for what people write; Python does the same.
        ("float", Kind::Int(value)) => Kind::Float(value.to_string().parse().ok()?),
        ("bool", Kind::Bool(value)) => Kind::Bool(value),
        ("null", Kind::Null) => Kind::Null,
        _ => return None,
    })
}

fn binary(text: &str) -> Option<String> {
    let compact: String = text.split_ascii_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(compact)
        .ok()?;
    String::from_utf8(bytes).ok()
}

fn unknown(node: &Node, tag: &str) -> SyntaxError {
    let error = SyntaxError::new(
        "input/unknown-tag",
        &node.span,
        format!("unknown tag `{tag}`"),
    )
    .why(format!(
        "known are {}",
        KNOWN.map(|t| format!("`{t}`")).join(", ")
    ));
    let near = nearest(tag, KNOWN);
    error.help(near.map_or_else(
        || "put the value in quotes if the `!` belongs to it".to_owned(),
        |near| format!("write `{near}`"),
    ))
}
