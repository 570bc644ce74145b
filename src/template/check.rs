//! What can be said about templates before anything runs: their syntax, and whether the filters,
//! tests and lookups they name exist.

use std::sync::Arc;

use super::engine::{Engine, Inner, delimited, whole_text};
use super::fault::{Context, Fault};
use super::lookups;
use super::place;
use super::rewrite::{self, Backslashes, Embedding, Marks, Shape, Use, What};
use super::run::Run;
use super::source::Layered;
use super::text_options::TextOptions;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Kind, Node, Source, Span};

impl Engine {
    /// Everything that is wrong with the templates in a node, without variables.
    pub fn check(&self, node: &Node) -> Diagnostics {
        let mut found = Vec::new();
        self.check_node(node, &mut found);
        found
    }

    fn check_node(&self, node: &Node, found: &mut Diagnostics) {
        match &node.kind {
            Kind::Str(text) if node.tag.as_deref() != Some("!unsafe") => {
                if rewrite::shape(text) != Shape::Plain {
                    let marks = Marks::default();
                    let rewritten = rewrite::template(text, &marks, Backslashes::Plain);
                    let parsed = self.inner().environment.template_from_str(&rewritten.text);
                    let context = Context {
                        node,
                        text,
                        rewritten: &rewritten,
                    };
                    found.extend(
                        parsed
                            .err()
                            .map(|error| syntax(self.inner(), error, &context)),
                    );
                    found.extend(judge(self.inner(), rewrite::uses(text, &marks), node));
                }
            }
            Kind::Seq(items) => items.iter().for_each(|item| self.check_node(item, found)),
            Kind::Map(entries) => {
                for (key, value) in entries {
                    self.check_node(key, found);
                    self.check_node(value, found);
                }
            }
            _ => {}
        }
    }

    /// The components whose outputs a node's templates read, each with its place. A condition is
    /// an expression as a whole.
    pub fn outputs(&self, node: &Node, reading: Reading) -> Vec<(String, Span)> {
        let mut found = Vec::new();
        collect_outputs(node, reading, &mut found);
        found
    }

    /// What is wrong with the name of a lookup that is written at a place: `with_<name>`.
    pub fn check_lookup(&self, name: &str, place: &Span) -> Option<Diagnostic> {
        lookups::judge(name).map(|diagnostic| diagnostic.at(place))
    }

    /// Everything that is wrong with a condition, without variables.
    pub fn check_condition(&self, node: &Node) -> Diagnostics {
        match &node.kind {
            Kind::Str(text) => {
                if let Some(diagnostic) = delimited(text, node) {
                    return vec![diagnostic];
                }
                let rewritten = rewrite::expression(text, 0..text.len(), Embedding::Everywhere);
                let parsed = self.inner().environment.compile_expression(&rewritten.text);
                let context = Context {
                    node,
                    text,
                    rewritten: &rewritten,
                };
                let mut found: Diagnostics = parsed
                    .err()
                    .map(|error| syntax(self.inner(), error, &context))
                    .into_iter()
                    .collect();
                found.extend(judge(self.inner(), rewrite::expression_uses(text), node));
                found
            }
            Kind::Seq(items) => items
                .iter()
                .flat_map(|item| self.check_condition(item))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Everything that is wrong with a whole text, without variables. What it includes is not
    /// looked at.
    pub fn check_source(&self, source: &Arc<Source>, mut options: TextOptions) -> Diagnostics {
        let start = match options.take_header(&source.text) {
            Ok(start) => start,
            Err(diagnostic) => return vec![diagnostic],
        };
        let node = whole_text(source, start);
        let text = node.as_str().unwrap_or_default();
        let rewritten = rewrite::template(text, &options.marks(), Backslashes::Escapes);
        let context = Context {
            node: &node,
            text,
            rewritten: &rewritten,
        };
        let mut environment = self.inner().environment.clone();
        let mut found = Vec::new();
        match options.syntax() {
            Ok(syntax) => environment.set_syntax(syntax),
            Err(error) => found.push(syntax(self.inner(), error, &context)),
        }
        let parsed = environment.template_from_str(&rewritten.text);
        found.extend(
            parsed
                .err()
                .map(|error| syntax(self.inner(), error, &context)),
        );
        found.extend(judge(
            self.inner(),
            rewrite::uses(text, &options.marks()),
            &node,
        ));
        found
    }
}

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As text with templates in it.
    Text,
    /// As one expression: a condition.
    Expression,
}

fn collect_outputs(node: &Node, reading: Reading, found: &mut Vec<(String, Span)>) {
    match &node.kind {
        Kind::Str(text) if node.tag.as_deref() != Some("!unsafe") => {
            let uses = match reading {
                Reading::Text => rewrite::uses(text, &Marks::default()),
                Reading::Expression => rewrite::expression_uses(text),
            };
            found.extend(
                uses.into_iter()
                    .filter(|one| one.what == What::Output)
                    .map(|one| (one.name, place::of(node, text, one.range))),
            );
        }
        Kind::Seq(items) => items
            .iter()
            .for_each(|item| collect_outputs(item, reading, found)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                collect_outputs(key, reading, found);
                collect_outputs(value, reading, found);
            }
        }
        _ => {}
    }
}

/// An error of the parser, at its place.
fn syntax(inner: &Arc<Inner>, error: minijinja::Error, context: &Context<'_>) -> Diagnostic {
    let run = Run::new(Arc::clone(inner), Arc::new(Layered::nothing()));
    match Fault::of(&run, error, Some(context)) {
        Fault::Undefined(diagnostic) | Fault::Wrong(diagnostic) => *diagnostic,
        Fault::Unknown(_) => Diagnostic::error("template/syntax", "the template is not valid"),
    }
}

/// What is wrong with the names.
fn judge(inner: &Inner, uses: Vec<Use>, node: &Node) -> Vec<Diagnostic> {
    let text = node.as_str().unwrap_or_default();
    let mut found = Vec::new();
    for one in uses {
        let diagnostic = match one.what {
            What::Filter if !inner.has_filter(&one.name) => Some(inner.unknown_filter(&one.name)),
            What::Test if !inner.has_test(&one.name) => Some(inner.unknown_test(&one.name)),
            What::Lookup => lookups::judge(&one.name),
            _ => None,
        };
        found.extend(diagnostic.map(|d| d.at(&place::of(node, text, one.range.clone()))));
    }
    found
}
