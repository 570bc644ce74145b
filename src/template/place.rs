//! Where in the user's file a part of a template stands.

use std::ops::Range;

use crate::input::{Node, Span};

/// The span of `text[range]`, where `text` is the node's string. YAML changes text on the way
/// (indentation, escapes, folding), so the line is looked for in the source; where it cannot be
/// found the whole node is the place.
pub(super) fn of(node: &Node, text: &str, range: Range<usize>) -> Span {
    let whole = || node.span.clone();
    let source = &node.span.source.text;
    // The node is the text: a template file.
    if node.span.end - node.span.start == text.len()
        && source.get(node.span.start..node.span.end) == Some(text)
    {
        return narrow(node, node.span.start + range.start, range.len());
    }
    let Some(written) = source.get(node.span.start..node.span.end.min(source.len())) else {
        return whole();
    };
    let Some(before) = text.get(..range.start) else {
        return whole();
    };
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or("");
    let trimmed = line.trim_start();
    if trimmed.is_empty() {
        return whole();
    }
    let skipped = line.len() - trimmed.len();
    let nth = text[..line_start].match_indices(trimmed).count();
    let found = written
        .match_indices(trimmed)
        .nth(nth)
        .or_else(|| written.match_indices(trimmed).next());
    match found {
        Some((at, _)) => {
            let column = (range.start - line_start).saturating_sub(skipped);
            let length = range.len().min(trimmed.len().saturating_sub(column));
            narrow(node, node.span.start + at + column, length)
        }
        None => whole(),
    }
}

/// The place of a name in a template.
pub(super) fn word(node: &Node, text: &str, name: &str) -> Option<Span> {
    let boundary = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (at, _) = text.match_indices(name).find(|(at, _)| {
        let before = text[..*at].chars().next_back();
        boundary(before)
            && !matches!(before, Some('.' | '\'' | '"'))
            && boundary(text[at + name.len()..].chars().next())
    })?;
    Some(of(node, text, at..at + name.len()))
}

fn narrow(node: &Node, start: usize, length: usize) -> Span {
    let source = &node.span.source;
    let text = &source.text;
    let mut start = start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (start + length.max(1)).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    Span {
        source: std::sync::Arc::clone(source),
        start,
        end,
    }
}
