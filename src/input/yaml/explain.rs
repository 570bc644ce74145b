//! What libyaml says, in the words of the person who wrote the file.

use std::sync::Arc;

use libyaml_safer::Error;

use super::super::{Rules, Source, Span};
use super::SyntaxError;
use super::guard::Fed;

/// What is wrong, and one thing to do.
type Words = (&'static str, &'static str);

const TAB: Words = ("a tab is used for indentation", "indent with spaces");

/// libyaml's words (as in its `scanner.c` and `parser.c`) and ours.
const WORDS: [(&str, Words); 15] = [
    (
        "mapping values are not allowed in this context",
        (
            "a second `: ` in one line",
            "put the value in quotes if the colon belongs to it, or begin a new line",
        ),
    ),
    (
        "could not find expected ':'",
        (
            "this line is neither a key with `:` nor part of the value above",
            "add the missing `:` or indent the line further than its key",
        ),
    ),
    (
        "found unexpected end of stream",
        ("this quote is never closed", "close the quote"),
    ),
    (
        "found unexpected document indicator",
        ("the document ends inside a quoted value", "close the quote"),
    ),
    (
        "found unknown escape character",
        (
            "unknown escape in a double-quoted value",
            "use single quotes, or write the backslash twice",
        ),
    ),
    (
        "did not find expected key",
        (
            "expected a key at the indentation of the keys above",
            "align the line with its neighbours",
        ),
    ),
    (
        "did not find expected '-' indicator",
        (
            "expected `- ` at the indentation of the list above",
            "align the line with the other items of the list",
        ),
    ),
    (
        "did not find expected ',' or ']'",
        (
            "a list in `[ ]` is not closed",
            "add the missing `,` or `]`",
        ),
    ),
    (
        "did not find expected ',' or '}'",
        (
            "a mapping in `{ }` is not closed, or a value goes on after `}`",
            "add the missing `,` or `}`; a template that is followed by text must be in quotes",
        ),
    ),
    (
        "found undefined tag handle",
        (
            "a tag with a prefix that this file does not declare",
            "put the value in quotes if the `!` belongs to it",
        ),
    ),
    (
        "found a tab character where an indentation space is expected",
        TAB,
    ),
    ("found a tab character that violates indentation", TAB),
    (
        "block sequence entries are not allowed in this context",
        (
            "a list item cannot stand here",
            "begin the list on the line below its key",
        ),
    ),
    (
        "did not find expected alphabetic or numeric character",
        (
            "`&` and `*` begin a YAML anchor or alias, and no name follows",
            "put the value in quotes",
        ),
    ),
    (
        "did not find expected comment or line break",
        (
            "text after `|` or `>` on the same line",
            "begin the text of the block on the next line, indented",
        ),
    ),
];

/// A syntax error from libyaml's words and positions (`at`, and where its context began).
pub(super) fn explain(fed: &Fed, error: &Error, (at, context): (u64, Option<u64>)) -> SyntaxError {
    if let Some(conflict) = merge_conflict(&fed.source) {
        return conflict;
    }
    let began = context.map(|began| one_character(fed.span(began, began)));
    let place = one_character(fed.span(at, at));
    let (what, help) = words(&place, error, fed.rules);
    let unclosed = error.problem() == "found unexpected end of stream";
    if let Some(began) = began.as_ref().filter(|_| unclosed) {
        // The end of the file shows nothing: the quote that was opened does.
        return SyntaxError::new("input/syntax", began, what).help(help);
    }
    let mut result = SyntaxError::new("input/syntax", &place, what).help(help);
    if let (Some(began), Some(word)) = (began, context_word(error))
        && began.line_column().0 != place.line_column().0
    {
        result = result.related(&began, word);
    }
    result
}

/// Widens an empty span to the character at it, so that there is something to underline.
fn one_character(mut span: Span) -> Span {
    let rest = span.source.text.get(span.start..).unwrap_or("");
    let first = rest.chars().next();
    if let Some(c) = first.filter(|c| !c.is_control() || *c == '\t') {
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
        "while scanning a simple key" => "this line",
        "while scanning a block scalar" => "in the block that begins here",
        _ => return None,
    })
}

/// The first conflict marker of git, if there is one: what libyaml says about it helps nobody.
fn merge_conflict(source: &Arc<Source>) -> Option<SyntaxError> {
    const MARKER: &str = "<<<<<<< ";
    let text = &source.text;
    let start = if text.starts_with(MARKER) {
        0
    } else {
        text.find(&format!("\n{MARKER}"))? + 1
    };
    let end = start + text.get(start..)?.lines().next()?.trim_end().len();
    let source = Arc::clone(source);
    let error = SyntaxError::new(
        "input/syntax",
        &Span { source, start, end },
        "an unresolved merge conflict",
    );
    Some(error.help("choose one side and remove the lines with `<<<<<<<`, `=======`, `>>>>>>>`"))
}

fn words(place: &Span, error: &Error, rules: Rules) -> (String, String) {
    let before = before_on_line(place);
    let rest = place.source.text.get(place.start..).unwrap_or("");
    let found = rest.chars().next();
    let template = before.contains("{{") || before.contains("{%") || before.ends_with('{');
    let (what, help) = match (error.problem(), found) {
        (_, Some('\t')) if before.trim().is_empty() => TAB,
        (
            "did not find expected node content" | "found character that cannot start any token",
            _,
        ) if template => template_words(rules),
        ("found character that cannot start any token", Some(c)) => {
            let what = format!("a value cannot begin with {}", name_of(c));
            return (what, "put the value in quotes".to_owned());
        }
        ("mapping values are not allowed in this context", _) if !before.contains(": ") => (
            "this key stands inside the value that the lines above begin",
            "add the missing `:` to the line above, or correct the indentation",
        ),
        ("did not find expected key", Some('-')) => (
            "a list item where a key is expected",
            "align the `-` with the other items of its list",
        ),
        ("did not find expected key", _) if !before.trim().is_empty() => (
            "text after the end of the value",
            "put the whole value into one pair of quotes",
        ),
        (problem, _) => plain_words(problem),
    };
    (what.to_owned(), help.to_owned())
}

fn plain_words(problem: &'static str) -> Words {
    let ours = WORDS.iter().find(|(theirs, _)| *theirs == problem);
    ours.map_or(
        (
            problem,
            "look at this line and the one above it: this is where reading stopped",
        ),
        |(_, words)| *words,
    )
}

const fn template_words(rules: Rules) -> Words {
    match rules {
        Rules::Ansible => (
            "a template must be in quotes",
            "put the whole value in quotes: \"…{{ name }}…\"",
        ),
        Rules::Kubernetes => (
            "template text outside quotes in a manifest",
            "a manifest is read as it is: render the template first, or quote the value",
        ),
    }
}

fn name_of(c: char) -> String {
    if c == '`' {
        "a backtick".to_owned()
    } else {
        format!("`{}`", c.escape_debug())
    }
}

/// What stands before the place on its line.
fn before_on_line(place: &Span) -> &str {
    let before = place.source.text.get(..place.start).unwrap_or("");
    before.rsplit('\n').next().unwrap_or("")
}
