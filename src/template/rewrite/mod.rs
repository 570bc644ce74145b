//! Turns Jinja as Ansible's users write it into what minijinja runs.
//!
//! minijinja looks attributes up strictly, knows no `'%s' % x`, and wants parentheses around a
//! tuple. Jinja as Ansible runs it chains through undefined values (`a.b.c | default(1)`),
//! formats with `%`, and takes `{% for x in 1, 2 %}`. So attribute and method access become calls
//! of internal functions, which this room implements with Python's rules. The text between tags
//! is never touched, and every position in the result leads back to the original.

mod expression;
mod token;
mod uses;

#[cfg(test)]
mod tests;

pub(super) use uses::{Use, What};

/// Internal functions that rewritten text calls; no template can name them by accident.
pub(super) const GET: &str = "__get";
/// Method call: `(value, name, args…)`.
pub(super) const CALL: &str = "__call";
/// `'format' % value`.
pub(super) const FORMAT: &str = "__format";
/// A string constant that is a template itself (`lookup('file', '{{ dir }}/x')`).
pub(super) const EMBED: &str = "__embed";

/// The three pairs of marks of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    pub variable: (String, String),
    pub block: (String, String),
    pub comment: (String, String),
}

impl Default for Marks {
    fn default() -> Self {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        Self {
            variable: pair("{{", "}}"),
            block: pair("{%", "%}"),
            comment: pair("{#", "#}"),
        }
    }
}

/// What backslashes in string constants mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backslashes {
    /// Themselves: YAML has read its escapes already (`'\\1'` in a `{{ }}` of a playbook).
    Plain,
    /// Escapes, as in Jinja: template files, conditions, statements.
    Escapes,
}

/// Where string constants that hold templates are rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Embedding {
    /// Only among the arguments of `lookup`, `query` and `q`.
    Lookups,
    /// Everywhere: conditions, as ansible-core does until 2.23.
    Everywhere,
}

/// Rewritten text and the way back.
#[derive(Debug, Default)]
pub(super) struct Rewritten {
    pub text: String,
    /// (offset in `text`, offset in the original), ascending; verbatim runs start there.
    marks: Vec<(usize, usize)>,
}

impl Rewritten {
    /// Appends original text verbatim.
    fn copy(&mut self, from: usize, text: &str) {
        self.marks.push((self.text.len(), from));
        self.text.push_str(text);
    }

    /// Puts generated text before what was written since `at`.
    fn insert(&mut self, at: usize, text: &str) {
        self.text.insert_str(at, text);
        for mark in self.marks.iter_mut().rev() {
            if mark.0 < at {
                break;
            }
            mark.0 += text.len();
        }
    }

    /// Appends generated text.
    fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The offset in the original that an offset in the result came from.
    pub fn original(&self, offset: usize) -> usize {
        let index = self.marks.partition_point(|(out, _)| *out <= offset);
        match index.checked_sub(1).and_then(|i| self.marks.get(i)) {
            Some((out, from)) => {
                let next = self.marks.get(index).map_or(usize::MAX, |mark| mark.1);
                (from + (offset - out)).min(next.max(*from))
            }
            None => 0,
        }
    }
}

/// What a text is, from its marks alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// No marks: the text itself.
    Plain,
    /// Exactly one `{{ … }}`; the range of the expression inside.
    Single(std::ops::Range<usize>),
    /// Anything else.
    Mixed,
}

/// Looks whether a text is a template, and whether it is one expression only.
pub(super) fn shape(text: &str) -> Shape {
    let has = |mark: &str| text.contains(mark);
    if !has("{{") && !has("{%") && !has("{#") {
        return Shape::Plain;
    }
    // Jinja drops one newline at the end.
    let body = text.strip_suffix('\n').unwrap_or(text);
    if !body.starts_with("{{") || !body.ends_with("}}") || body.len() < 4 {
        return Shape::Mixed;
    }
    match token::end_of_expression(body, 2, "}}") {
        Some(end) if end.after == body.len() => {
            let start = if body[2..].starts_with(['-', '+']) {
                3
            } else {
                2
            };
            if start <= end.content {
                Shape::Single(start..end.content)
            } else {
                Shape::Mixed
            }
        }
        _ => Shape::Mixed,
    }
}

/// A tag with an expression or a statement in it.
struct Tag {
    kind: Kind,
    inner: std::ops::Range<usize>,
    /// Offset after the closing mark.
    after: usize,
}

/// All tags that are not comments and not inside raw blocks, as far as they close.
fn tags(text: &str, marks: &Marks) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((start, kind)) = next_mark(text, at, marks) {
        let (open, close) = match kind {
            Kind::Variable => &marks.variable,
            Kind::Block => &marks.block,
            Kind::Comment => &marks.comment,
        };
        let inner = start + open.len();
        if kind == Kind::Comment {
            at = text[inner..]
                .find(close.as_str())
                .map_or(text.len(), |i| inner + i + close.len());
            continue;
        }
        if kind == Kind::Block
            && let Some(end) = end_of_raw(text, inner, marks)
        {
            at = end;
            continue;
        }
        let Some(end) = token::end_of_expression(text, inner, close) else {
            break;
        };
        found.push(Tag {
            kind,
            inner: inner..end.content,
            after: end.after,
        });
        at = end.after;
    }
    found
}

/// Rewrites a whole template.
pub(super) fn template(text: &str, marks: &Marks, backslashes: Backslashes) -> Rewritten {
    let mut out = Rewritten::default();
    let mut at = 0;
    for tag in tags(text, marks) {
        out.copy(at, &text[at..tag.inner.start]);
        expression::rewrite(
            &mut out,
            text,
            tag.inner.clone(),
            &expression::Setting {
                embedding: Embedding::Lookups,
                backslashes: if tag.kind == Kind::Block {
                    Backslashes::Escapes
                } else {
                    backslashes
                },
                statement: tag.kind == Kind::Block,
            },
        );
        out.copy(tag.inner.end, &text[tag.inner.end..tag.after]);
        at = tag.after;
    }
    out.copy(at, &text[at..]);
    out
}

/// The filters, tests and lookups that a whole template names.
pub(super) fn uses(text: &str, marks: &Marks) -> Vec<Use> {
    tags(text, marks)
        .into_iter()
        .flat_map(|tag| uses::of(text, tag.inner))
        .collect()
}

/// The filters, tests and lookups that one expression names.
pub(super) fn expression_uses(text: &str) -> Vec<Use> {
    uses::of(text, 0..text.len())
}

/// Rewrites a part of a text that is one expression: of a YAML string (`Lookups`), or a condition.
pub(super) fn expression(
    text: &str,
    range: std::ops::Range<usize>,
    embedding: Embedding,
) -> Rewritten {
    let mut out = Rewritten::default();
    let backslashes = match embedding {
        Embedding::Lookups => Backslashes::Plain,
        Embedding::Everywhere => Backslashes::Escapes,
    };
    expression::rewrite(
        &mut out,
        text,
        range,
        &expression::Setting {
            embedding,
            backslashes,
            statement: false,
        },
    );
    out
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Variable,
    Block,
    Comment,
}

/// The next opening mark; where two fit, the longer one wins, as in Jinja's lexer.
fn next_mark(text: &str, from: usize, marks: &Marks) -> Option<(usize, Kind)> {
    let rest = &text[from..];
    [
        (Kind::Variable, &marks.variable.0),
        (Kind::Block, &marks.block.0),
        (Kind::Comment, &marks.comment.0),
    ]
    .into_iter()
    .filter_map(|(kind, open)| {
        rest.find(open.as_str())
            .map(|i| (i, usize::MAX - open.len(), kind))
    })
    .min_by_key(|(at, shortness, _)| (*at, *shortness))
    .map(|(at, _, kind)| (from + at, kind))
}

/// Where a raw block that starts here ends (after its `endraw` tag).
fn end_of_raw(text: &str, inner: usize, marks: &Marks) -> Option<usize> {
    let mut at = tag(text, inner, "raw", &marks.block.1)?;
    loop {
        let open = at + text[at..].find(marks.block.0.as_str())? + marks.block.0.len();
        if let Some(end) = tag(text, open, "endraw", &marks.block.1) {
            return Some(end);
        }
        at = open;
    }
}

/// The end of a tag that is nothing but `name`, if it is one.
fn tag(text: &str, inner: usize, name: &str, close: &str) -> Option<usize> {
    let rest = text.get(inner..)?;
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest).trim_start();
    let rest = rest.strip_prefix(name)?.trim_start();
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let rest = rest.strip_prefix(close)?;
    Some(text.len() - rest.len())
}

/// Whether an expression holds `{{` or `{%` outside of its strings.
pub(super) fn has_delimiter(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut quote = None;
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (None, byte @ (b'\'' | b'"')) => quote = Some(byte),
            (None, b'{') if matches!(bytes.get(at + 1), Some(b'{' | b'%')) => return true,
            _ => {}
        }
        at += 1;
    }
    false
}
