//! YAML as `PyYAML`'s dumper writes it (libyaml's emitter): `to_yaml` and `to_nice_yaml`, byte for
//! byte, because files written by Ansible must not change when we write them.

mod emitter;
mod scalar;

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::convert;

/// How collections are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// `[a, b]` where all that is inside is plain.
    Leaves,
    /// Never but for what is empty.
    Block,
    /// Always.
    #[expect(clippy::enum_variant_names, reason = "YAML's own word for the style")]
    Flow,
}

/// The dumper's options.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub flow: Flow,
    /// Spaces a level; what libyaml does not take (below 2, above 9) becomes 2.
    pub indent: usize,
    pub width: usize,
    pub sort_keys: bool,
    pub explicit_start: bool,
}

/// What is written.
#[derive(Debug)]
enum Tree {
    /// Text; whether it must not be plain because it would mean something else.
    Scalar {
        text: String,
        quoted: bool,
    },
    Seq {
        items: Vec<Tree>,
        flow: bool,
    },
    Map {
        entries: Vec<(Tree, Tree)>,
        flow: bool,
    },
}

/// Dumps a value.
pub(super) fn dump(value: &Value, options: &Options) -> Result<String, Error> {
    let tree = tree(value, options)?;
    Ok(emitter::write(&tree, options))
}

fn tree(value: &Value, options: &Options) -> Result<Tree, Error> {
    let plain = |text: String| Tree::Scalar {
        text,
        quoted: false,
    };
    Ok(match value.kind() {
        ValueKind::None => plain("null".to_owned()),
        ValueKind::Bool => plain(if value.is_true() { "true" } else { "false" }.to_owned()),
        ValueKind::Number if !value.is_integer() => plain(scalar::float(value)),
        ValueKind::Number => plain(value.to_string()),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = convert::items(value)?
                .iter()
                .filter(|item| !convert::is_omit(item))
                .map(|item| tree(item, options))
                .collect::<Result<Vec<_>, _>>()?;
            let flow = flows(items.iter(), options.flow);
            Tree::Seq { items, flow }
        }
        ValueKind::Map => {
            let mut entries = convert::entries(value)?;
            entries.retain(|(_, entry)| !convert::is_omit(entry));
            if options.sort_keys {
                sort(&mut entries);
            }
            let entries = entries
                .iter()
                .map(|(key, entry)| Ok((tree(key, options)?, tree(entry, options)?)))
                .collect::<Result<Vec<_>, Error>>()?;
            let flow = flows(entries.iter().flat_map(|(k, v)| [k, v]), options.flow);
            Tree::Map { entries, flow }
        }
        _ => {
            let text = convert::text(value)?;
            let quoted = scalar::means_something(&text);
            Tree::Scalar { text, quoted }
        }
    })
}

fn flows<'a>(mut children: impl Iterator<Item = &'a Tree>, flow: Flow) -> bool {
    match flow {
        Flow::Block => false,
        Flow::Flow => true,
        Flow::Leaves => children.all(|child| matches!(child, Tree::Scalar { .. })),
    }
}

/// Python's order of keys; keys of different types stay as they are.
fn sort(entries: &mut [(Value, Value)]) {
    let all = |kind: ValueKind| entries.iter().all(|(key, _)| key.kind() == kind);
    if all(ValueKind::String) || all(ValueKind::Number) {
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
}
