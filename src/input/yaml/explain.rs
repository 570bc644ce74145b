//! What libyaml says, in the words of the person who wrote the file.

use std::sync::Arc;

use libyaml_safer::Error;

use super::super::{Rules, Source, Span};
use super::SyntaxError;
use super::guard::Fed;

/// A syntax error from libyaml's words and positions (`at`, and where its context began).
pub(super) fn explain(
    source: &Arc<Source>,
    fed: &Fed,
    error: &Error,
    (at, context): (u64, Option<u64>),
    rules: Rules,
) -> SyntaxError {
    let place = one_character(fed.span(source, at, at));
    let (what, help) = words(&place, error, rules);
    let mut result = SyntaxError::new("input/syntax", &place, what);
    if let (Some(began), Some(word)) = (context, context_word(error)) {
        let began = one_character(fed.span(source, began, began));
        if began.line_column().0 != place.line_column().0 {
            result = result.related(&began, word);
        }
    }
    result.help = help.map(ToOwned::to_owned);
    result
}

/// Widens an empty span to the character at it, so that there is something to underline.
fn one_character(mut span: Span) -> Span {
    let rest = span.source.text.get(span.start..).unwrap_or("");
    if let Some(c) = rest
        .chars()
        .next()
        .filter(|c| !c.is_control() || *c == '\t')
    {
        span.end = span.end.max(span.start + c.len_utf8());
    }
    span
}

fn context_word(error: &Error) -> Option<&'static str> {
    Some(match error.context()? {
        "while scanning a quoted scalar" | "while parsing a quoted scalar" => {
            "the quote was opened here"
        }
        "while parsing a block mapping" => "in the mapping that begins here",
        "while parsing a block collection" => "in the list that begins here",
        "while parsing a flow mapping" => "the `{` was opened here",
        "while parsing a flow sequence" => "the `[` was opened here",
        "while scanning a simple key" => "this key",
        "while scanning a block scalar" => "in the block that begins here",
        _ => return None,
    })
}

type Words = (String, Option<&'static str>);

fn words(place: &Span, error: &Error, rules: Rules) -> Words {
    let source = &place.source.text;
    let rest = source.get(place.start..).unwrap_or("");
    let line_start = source.get(..place.start).map_or(0, |before| {
        before.rfind('\n').map_or(0, |newline| newline + 1)
    });
    let before = source.get(line_start..place.start).unwrap_or("");
    let found = rest.chars().next();
    let template = match rules {
        Rules::Ansible => Some("put the whole value in quotes: \"…{{ name }}…\""),
        Rules::Kubernetes => None,
    };
    match (error.problem(), found) {
        (_, Some('\t')) if before.trim().is_empty() => (
            "a tab is used for indentation".to_owned(),
            Some("indent with spaces"),
        ),
        ("found character that cannot start any token", Some('%')) => (
            "a value cannot begin with `%`".to_owned(),
            template.or(Some("put the value in quotes")),
        ),
        ("found character that cannot start any token", Some(c)) => (
            format!("a value cannot begin with `{}`", c.escape_debug()),
            Some("put the value in quotes"),
        ),
        ("mapping values are not allowed in this context", _) => (
            "a second `: ` in one line".to_owned(),
            Some("put the value in quotes if the colon belongs to it, or begin a new line"),
        ),
        ("could not find expected ':'", _) => (
            "this line is neither a key with `:` nor part of the value above".to_owned(),
            Some("add the missing `:` or indent the line further than its key"),
        ),
        ("found unexpected end of stream", _) => (
            "the file ends inside a quoted value".to_owned(),
            Some("close the quote"),
        ),
        ("found unknown escape character", _) => (
            "unknown escape in a double-quoted value".to_owned(),
            Some("use single quotes, or write the backslash twice"),
        ),
        ("did not find expected key", _) => (
            "expected a key at the indentation of the keys above".to_owned(),
            Some(
                "align the line with its neighbours; quote a value that goes on after its closing quote",
            ),
        ),
        ("did not find expected '-' indicator", _) => (
            "expected `- ` at the indentation of the list above".to_owned(),
            Some("align the line with the other items of the list"),
        ),
        ("did not find expected ',' or ']'", _) => (
            "a list in `[ ]` is not closed".to_owned(),
            Some("add the missing `,` or `]`"),
        ),
        ("did not find expected ',' or '}'", _) => (
            "a mapping in `{ }` is not closed, or a value goes on after `}`".to_owned(),
            Some(
                "add the missing `,` or `}`; a template that is followed by text must be in quotes",
            ),
        ),
        ("found undefined tag handle", _) => (
            "a tag with a prefix that this file does not declare".to_owned(),
            Some("put the value in quotes if the `!` belongs to it"),
        ),
        ("found unexpected document indicator", _) => (
            "the document ends inside a quoted value".to_owned(),
            Some("close the quote"),
        ),
        (
            "found a tab character where an indentation space is expected"
            | "found a tab character that violates indentation",
            _,
        ) => (
            "a tab is used for indentation".to_owned(),
            Some("indent with spaces"),
        ),
        ("block sequence entries are not allowed in this context", _) => (
            "a list item cannot stand here".to_owned(),
            Some("begin the list on the line below its key"),
        ),
        ("did not find expected alphabetic or numeric character", _) => (
            "`&` and `*` begin a YAML anchor or alias, and no name follows".to_owned(),
            Some("put the value in quotes"),
        ),
        ("did not find expected comment or line break", _) => (
            "text after `|` or `>` on the same line".to_owned(),
            Some("begin the text of the block on the next line, indented"),
        ),
        ("did not find expected <document start>", _) => (
            "text after the end of the document".to_owned(),
            Some("align it with the first line, or begin a new document with `---`"),
        ),
        (other, _) => (other.to_owned(), None),
    }
}
