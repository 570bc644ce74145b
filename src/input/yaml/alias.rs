//! Anchors and aliases: copies with a limit, and no circles.

use libyaml_safer::Mark;

use super::super::{Kind, Node, nearest};
use super::SyntaxError;
use super::build::{Builder, Read, Stop};

/// Nodes that aliases may add to a file: ten levels of ten aliases ("billion laughs") stop here.
pub(super) const MOST_COPIES: usize = 200_000;

/// A finished anchor.
pub(super) struct Anchor {
    node: Node,
    /// Nodes in it, itself included.
    size: usize,
}

impl Builder<'_> {
    /// Keeps a node under its anchor; `before` is how many nodes there were before it.
    pub(super) fn remember(&mut self, anchor: Option<String>, before: usize, node: &Node) {
        if let Some(name) = anchor {
            let size = self.made - before;
            let node = node.clone();
            self.anchors.insert(name, Anchor { node, size });
        }
    }

    /// A copy of what the anchor names.
    pub(super) fn alias(&mut self, name: &str, (start, end): (Mark, Mark)) -> Result<Read, Stop> {
        let span = self.span(start, end.index);
        let problem = if self.open.iter().any(|open| open == name) {
            SyntaxError::new(
                "input/alias",
                &span,
                format!("`*{name}` stands inside the value it names"),
            )
            .help("write the value out; a value cannot contain itself")
        } else if let Some(anchor) = self.anchors.get(name) {
            self.made += anchor.size;
            self.copies += anchor.size;
            if self.copies > MOST_COPIES {
                self.built.errors.push(
                    SyntaxError::new(
                        "input/too-large",
                        &span,
                        format!("aliases make this file larger than {MOST_COPIES} values"),
                    )
                    .related(&anchor.node.span, "the anchor")
                    .help("write the values out instead of nesting aliases in aliases"),
                );
                return Err(Stop);
            }
            return Ok(Read {
                node: anchor.node.clone(),
                end: end.index,
            });
        } else {
            let known = self.anchors.keys().map(String::as_str);
            let near = nearest(name, known).map(|near| format!("write `*{near}`"));
            SyntaxError::new(
                "input/alias",
                &span,
                format!("`*{name}` names an anchor that this document does not have"),
            )
            .why("a plain `*` at the start of a value is a YAML alias")
            .help(near.unwrap_or_else(|| format!("quote the value: '*{name}'")))
        };
        self.built.errors.push(problem);
        Ok(Read {
            node: Node::new(span, Kind::Null),
            end: end.index,
        })
    }
}
