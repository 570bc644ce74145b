//! `action:` and `local_action:`, the two older ways to name a module.

use super::fields::Fields;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Kind, Node, Span};

/// The module and its arguments as if they were written `module: arguments`.
pub(super) fn take(fields: &mut Fields, errors: &mut Diagnostics) -> Option<(Node, Node)> {
    let (key, call) = ["action", "local_action"]
        .into_iter()
        .find_map(|name| fields.take_entry(name))?;
    let called = match &call.kind {
        Kind::Str(text) => from_text(&call, text),
        Kind::Map(entries) => from_mapping(&call, entries),
        _ => None,
    };
    if called.is_none() {
        let name = key.key_text();
        errors.push(
            Diagnostic::error("playbook/no-module", format!("`{name}` names no module"))
                .at(&call.span)
                .why("nothing was touched")
                .help(format!(
                    "write `{name}: MODULE argument=value`, or `module: MODULE` below it"
                )),
        );
    }
    called
}

/// `action: MODULE argument=value`.
fn from_text(call: &Node, text: &str) -> Option<(Node, Node)> {
    let module = text.split_whitespace().next()?;
    let from = text.find(module)?;
    let rest = text.get(from + module.len()..)?;
    let args = rest.trim_start();
    let key = Node::new(
        within(call, text, from, module),
        Kind::Str(module.to_owned()),
    );
    let kind = if args.is_empty() {
        Kind::Null
    } else {
        Kind::Str(args.to_owned())
    };
    let at = text.len() - args.len();
    Some((key, Node::new(within(call, text, at, args), kind)))
}

/// `action: {module: MODULE, argument: value}`.
fn from_mapping(call: &Node, entries: &[(Node, Node)]) -> Option<(Node, Node)> {
    let named = |(key, _): &&(Node, Node)| key.as_str() == Some("module");
    let module = entries.iter().find(named)?.1.clone();
    module.as_str()?;
    let rest = entries.iter().filter(|entry| !named(entry)).cloned();
    let args = Node::new(call.span.clone(), Kind::Map(rest.collect()));
    Some((module, args))
}

/// Where a part of a text stands, if the text stands in the file as it is.
fn within(call: &Node, text: &str, at: usize, part: &str) -> Span {
    let span = &call.span;
    let written = span.source.text.get(span.start..span.end).unwrap_or("");
    match written.find(text) {
        Some(shift) => Span {
            source: span.source.clone(),
            start: span.start + shift + at,
            end: span.start + shift + at + part.len(),
        },
        None => span.clone(),
    }
}
