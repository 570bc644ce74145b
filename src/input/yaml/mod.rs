//! YAML text to nodes: the events of libyaml, the meaning of Ansible or of Kubernetes.
//!
//! What is decided here: a duplicate key is an error in our own files ([`parse`]) and a warning
//! where Ansible itself only warns ([`parse_tolerant`], for other people's playbooks); in both
//! cases the last value counts, as in Ansible. Everything that is wrong but does not stop the
//! reader (unknown tags, duplicate keys, undefined aliases) is collected; a syntax error is the
//! last one reported.
//!
//! Compared once with `PyYAML` 6.0.3 on libyaml (617 real files, 18,000 random texts) and with
//! sigs.k8s.io/yaml 1.6.0 (617 files, 6,000 scalars). Known differences: an anchor may be defined
//! twice; spaces at the very end of a text that ends in a block scalar (see `guard`); Go refuses
//! null as a key and infinities, because JSON has neither.

mod alias;
mod build;
mod error;
mod explain;
mod guard;
mod mapping;
#[cfg(test)]
mod properties;
mod scalar;
#[cfg(test)]
mod scalar_tests;
mod tag;
#[cfg(test)]
mod tests;

pub use error::SyntaxError;
pub(super) use scalar::resolve;

use std::sync::Arc;

use super::{Kind, Node, Rules, Source, Span};

/// What a text holds, when duplicate keys are tolerated.
#[derive(Debug)]
pub struct Parsed {
    /// The documents in order; at least one (an empty text is one null document).
    pub documents: Vec<Node>,
    /// Duplicate keys, each with both places.
    pub warnings: Vec<SyntaxError>,
}

/// All documents of a text; an empty text is one null document. Duplicate keys are errors.
pub fn parse(source: &Arc<Source>, rules: Rules) -> Result<Vec<Node>, Vec<SyntaxError>> {
    let parsed = parse_tolerant(source, rules)?;
    if parsed.warnings.is_empty() {
        Ok(parsed.documents)
    } else {
        Err(parsed.warnings)
    }
}

/// As [`parse`], but duplicate keys are only warned about, as Ansible does.
pub fn parse_tolerant(source: &Arc<Source>, rules: Rules) -> Result<Parsed, Vec<SyntaxError>> {
    let fed = guard::check(source, rules).map_err(|error| vec![error])?;
    let mut built = build::build(&fed);
    if built.errors.is_empty() {
        if built.documents.is_empty() {
            built.documents.push(Node::new(nowhere(source), Kind::Null));
        }
        Ok(Parsed {
            documents: built.documents,
            warnings: built.warnings,
        })
    } else {
        built.errors.append(&mut built.warnings);
        built.errors.sort_by_key(|error| error.span.start);
        Err(without_consequences(built.errors))
    }
}

/// An unquoted template makes the rest of its line a syntax error too: one cause, one error.
fn without_consequences(errors: Vec<SyntaxError>) -> Vec<SyntaxError> {
    let line = |error: &SyntaxError| error.span.line_column().0;
    let templates: Vec<usize> = errors
        .iter()
        .filter(|error| error.code == "input/unquoted-template")
        .map(line)
        .collect();
    errors
        .into_iter()
        .filter(|error| error.code != "input/syntax" || !templates.contains(&line(error)))
        .collect()
}

/// The only document of a text; a second one is an error. Duplicate keys are errors.
pub fn parse_one(source: &Arc<Source>, rules: Rules) -> Result<Node, Vec<SyntaxError>> {
    let mut documents = parse(source, rules)?;
    if let Some(second) = documents.get(1) {
        return Err(vec![
            SyntaxError::new(
                "input/several-documents",
                &second.span,
                "this file has more than one document",
            )
            .help("put the second document into its own file, or remove the `---` above it"),
        ]);
    }
    Ok(documents
        .pop()
        .unwrap_or_else(|| Node::new(nowhere(source), Kind::Null)))
}

/// A value from the command line: `name` is what messages call its place (e.g. `--set a.b`), the
/// text has the meaning of a plain YAML 1.1 scalar. It is never split into a mapping or list.
pub fn literal(name: &str, text: &str) -> Node {
    let source = Source::new(name, text);
    let span = Span {
        start: 0,
        end: text.len(),
        source,
    };
    let mut node = Node::new(span, scalar::resolve(text, Rules::Ansible));
    node.style = super::Style::Plain;
    node
}

fn nowhere(source: &Arc<Source>) -> Span {
    Span {
        source: Arc::clone(source),
        start: 0,
        end: 0,
    }
}
