//! The lines of an INI inventory that say something, with their places.

use std::sync::Arc;

use crate::input::{Source, Span};

/// What the lines below a header are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Hosts,
    Vars,
    Children,
}

impl Section {
    pub fn named(kind: &str) -> Option<Self> {
        match kind {
            "hosts" => Some(Self::Hosts),
            "vars" => Some(Self::Vars),
            "children" => Some(Self::Children),
            _ => None,
        }
    }
}

/// A line without the blanks around it.
pub(super) struct Line<'a> {
    source: &'a Arc<Source>,
    /// Its text, trimmed.
    pub text: &'a str,
    start: usize,
}

/// The lines of a text, comments and empty ones left out.
pub(super) fn split(source: &Arc<Source>) -> impl Iterator<Item = Line<'_>> {
    let text = source.text.as_str();
    // The line ends of Python's `splitlines`.
    let is_end = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut at = 0;
    text.split_inclusive(is_end).filter_map(move |whole| {
        let start = at + (whole.len() - whole.trim_start().len());
        at += whole.len();
        let text = whole.trim();
        let said = !text.is_empty() && !text.starts_with([';', '#']);
        said.then_some(Line {
            source,
            text,
            start,
        })
    })
}

impl<'a> Line<'a> {
    pub fn span(&self) -> Span {
        self.part(0, self.text.len())
    }

    /// The place of some of its bytes.
    pub fn part(&self, start: usize, end: usize) -> Span {
        Span {
            source: Arc::clone(self.source),
            start: self.start + start,
            end: self.start + end.min(self.text.len()),
        }
    }

    /// Group and kind if it is a section's header; an error if it only looks like one.
    pub fn header(&self) -> Option<Result<(&'a str, &'a str), ()>> {
        let inner = self.text.strip_prefix('[')?;
        let header = inner.split_once(']').and_then(|(inside, after)| {
            let (group, kind) = match inside.split_once(':') {
                Some((group, kind)) => (group, kind),
                None => (inside, "hosts"),
            };
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let fine =
                is_name(group) && !kind.is_empty() && kind.chars().all(word) && is_rest(after);
            fine.then_some((group, kind))
        });
        match header {
            Some(header) => Some(Ok(header)),
            None if self.text.ends_with(']') => Some(Err(())),
            None => None,
        }
    }

    /// The line as the name of a group, if it is nothing else.
    pub fn group_name(&self) -> Option<&'a str> {
        let end = self
            .text
            .find(char::is_whitespace)
            .unwrap_or(self.text.len());
        let (name, rest) = self.text.split_at(end);
        (is_name(name) && is_rest(rest)).then_some(name)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == ':' || c == ']' || c.is_whitespace())
}

/// Nothing, or a comment.
fn is_rest(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}
