//! Runs one text: as a native value where it is one expression, else as text.

use std::ops::Range;
use std::sync::Arc;

use minijinja::Value;

use super::convert;
use super::fault::{Context, Fault};
use super::rewrite::{self, Backslashes, Embedding, Marks, Rewritten, Shape};
use super::run::Run;
use super::scope::Scope;
use crate::input::Node;

/// The name of the template in the engine's own messages.
pub(super) const NAME: &str = "<template>";

/// Renders a string of a node.
pub(super) fn text(run: &Arc<Run>, text: &str, node: &Node) -> Result<Value, Fault> {
    match rewrite::shape(text) {
        Shape::Plain => Ok(Value::from(text)),
        Shape::Single(range) => {
            let value = expression(run, text, range, node)?;
            // Ansible gives a string the newlines back that Jinja took from the template.
            match value.as_str() {
                Some(result) if text.ends_with('\n') => {
                    Ok(Value::from(with_newlines(result, text)))
                }
                _ => Ok(value),
            }
        }
        Shape::Mixed => mixed(run, text, node),
    }
}

/// Renders one expression to its native value.
pub(super) fn expression(
    run: &Arc<Run>,
    text: &str,
    range: Range<usize>,
    node: &Node,
) -> Result<Value, Fault> {
    let rewritten = rewrite::expression(text, range, Embedding::Lookups);
    evaluate(run, text, node, &rewritten)
}

/// Renders a condition's expression.
pub(super) fn condition(run: &Arc<Run>, text: &str, node: &Node) -> Result<Value, Fault> {
    let rewritten = rewrite::expression(text, 0..text.len(), Embedding::Everywhere);
    evaluate(run, text, node, &rewritten)
}

fn evaluate(
    run: &Arc<Run>,
    text: &str,
    node: &Node,
    rewritten: &Rewritten,
) -> Result<Value, Fault> {
    let context = Context {
        node,
        text,
        rewritten,
    };
    let environment = &run.inner.environment;
    let value = environment
        .compile_expression(&rewritten.text)
        .and_then(|expression| expression.eval(Scope::context(Arc::clone(run))))
        .map_err(|error| Fault::of(run, error, Some(&context)))?;
    if value.is_undefined() {
        return Err(Fault::undefined(run, Some(&context)));
    }
    convert::valid(value).map_err(|error| Fault::of(run, error, Some(&context)))
}

/// Renders a template with text around expressions. As in Ansible, if all that was written is one
/// value (`{% if x %}{{ list }}{% endif %}`) that value is the result; nothing written is null.
fn mixed(run: &Arc<Run>, text: &str, node: &Node) -> Result<Value, Fault> {
    let rewritten = rewrite::template(text, &Marks::default(), Backslashes::Plain);
    let context = Context {
        node,
        text,
        rewritten: &rewritten,
    };
    run.trail().emitted.push(Vec::new());
    let result = run
        .inner
        .environment
        .template_from_named_str(NAME, &rewritten.text)
        .and_then(|template| template.render(Scope::context(Arc::clone(run))));
    let emitted = run.trail().emitted.pop().unwrap_or_default();
    let output = result.map_err(|error| Fault::of(run, error, Some(&context)))?;
    match emitted.as_slice() {
        [] if output.is_empty() => Ok(Value::from(())),
        [only] if convert::text(only).is_ok_and(|text| text == output) => match only.as_str() {
            Some(_) => Ok(Value::from(with_newlines(&output, text))),
            None => Ok(only.clone()),
        },
        _ => Ok(Value::from(with_newlines(&output, text))),
    }
}

/// The result with at least as many newlines at its end as the template has.
fn with_newlines(result: &str, template: &str) -> String {
    let count = |text: &str| text.len() - text.trim_end_matches('\n').len();
    let missing = count(template).saturating_sub(count(result));
    format!("{result}{}", "\n".repeat(missing))
}
