//! Diagnostics as people read them: what, where, why, help.
//!
//! annotate-snippets draws the caret; this file decides what it may draw: only the line that the
//! caret is under, with every known secret masked, and without the empty gutter lines that rustc
//! has and a page of twenty errors cannot afford.

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Snippet};

use super::excerpt::Excerpt;
use super::{Diagnostic, Severity};
use crate::input::Span;
use crate::secret::Redactor;

/// How many diagnostics are shown at once; the rest is counted.
pub const MOST_SHOWN: usize = 20;

/// Whether the reader sees colours. The caller decides (a terminal, `NO_COLOR`, `--color`); no
/// meaning is ever carried by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Text only.
    Plain,
    /// With ANSI escapes.
    Coloured,
}

/// Draws diagnostics for people.
#[derive(Clone)]
pub struct Renderer {
    colour: Colour,
    redactor: Redactor,
}

impl Renderer {
    /// A renderer that masks what this redactor knows.
    pub const fn new(colour: Colour, redactor: Redactor) -> Self {
        Self { colour, redactor }
    }

    /// One diagnostic, several lines, without a line break at the end.
    pub fn one(&self, diagnostic: &Diagnostic) -> String {
        let clean = |text: &str| self.redactor.redact(text);
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut elements: Vec<Element<'_>> = Vec::new();
        if let Some(span) = &diagnostic.place {
            elements.push(self.place(span, AnnotationKind::Primary, None));
        }
        for (span, word) in &diagnostic.related {
            elements.push(self.place(span, AnnotationKind::Context, Some(clean(word))));
        }
        let numbered = elements.iter().any(|e| matches!(e, Element::Cause(_)));
        for why in &diagnostic.why {
            let why = indented(&clean(why));
            elements.push(Level::NOTE.with_name("why").message(why).into());
        }
        if let Some(help) = &diagnostic.help {
            elements.push(Level::HELP.message(clean(help)).into());
        }
        let title = level.primary_title(clean(&diagnostic.what));
        let group = title.id(diagnostic.code).elements(elements);
        let renderer = match self.colour {
            Colour::Plain => annotate_snippets::Renderer::plain(),
            Colour::Coloured => annotate_snippets::Renderer::styled(),
        };
        let text = tight(&renderer.render(&[group]));
        // Without a line number the gutter is narrower; the shape stays.
        if numbered {
            text
        } else {
            text.replace('\n', "\n ")
        }
    }

    /// All of them with a blank line between, and a last line that counts them and says what was
    /// touched (`touched`, e.g. `nothing was touched`; may be empty); ends in a line break. More
    /// than [`MOST_SHOWN`] are cut, warnings first. Nothing gives an empty text.
    pub fn all(&self, diagnostics: &[Diagnostic], touched: &str) -> String {
        if diagnostics.is_empty() {
            return String::new();
        }
        let mut text = String::new();
        let shown = most_important(diagnostics);
        for diagnostic in &shown {
            text.push_str(&self.one(diagnostic));
            text.push_str("\n\n");
        }
        if shown.len() < diagnostics.len() {
            let more = diagnostics.len() - shown.len();
            text.push_str("and ");
            text.push_str(&more.to_string());
            text.push_str(" more\n");
        }
        text.push_str(&count(diagnostics));
        if !touched.is_empty() {
            text.push_str("; ");
            text.push_str(&self.redactor.redact(touched));
        }
        text.push('\n');
        text
    }

    fn place(&self, span: &Span, kind: AnnotationKind, word: Option<String>) -> Element<'static> {
        let name = self.redactor.redact(&span.source.name);
        let (line, column) = span.line_column();
        let excerpt = Excerpt::new(span, &self.redactor);
        if excerpt.line.trim().is_empty() {
            return Origin::path(name).line(line).char_column(column).into();
        }
        Snippet::source(excerpt.line)
            .path(name)
            .line_start(line)
            .annotation(kind.span(excerpt.start..excerpt.end).label(word))
            .into()
    }
}

/// The diagnostics that fit, in their order; errors before warnings where not all fit.
fn most_important(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut all: Vec<&Diagnostic> = diagnostics.iter().collect();
    if all.len() > MOST_SHOWN {
        all.sort_by_key(|d| d.severity == Severity::Warning);
        all.truncate(MOST_SHOWN);
    }
    all
}

fn count(diagnostics: &[Diagnostic]) -> String {
    let number = |severity, one: &str| {
        let count = diagnostics
            .iter()
            .filter(|d| d.severity == severity)
            .count();
        match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {one}s")),
        }
    };
    let counts = [
        number(Severity::Error, "error"),
        number(Severity::Warning, "warning"),
    ];
    counts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// One more space, so that `why:` lines up with `help:`.
fn indented(why: &str) -> String {
    let mut lines = why.lines();
    let mut text = format!(" {}", lines.next().unwrap_or_default());
    for line in lines {
        text.push_str("\n ");
        text.push_str(line);
    }
    text
}

/// Without the gutter lines that hold nothing, and with the arrow over the bars.
fn tight(rendered: &str) -> String {
    let mut lines = Vec::new();
    for line in rendered.lines() {
        let bare = without_escapes(line);
        let bare = bare.trim();
        if bare == "|" {
            continue;
        }
        if bare.starts_with("-->") {
            lines.push(line.replacen("-->", " -->", 1));
        } else if bare.starts_with(":::") {
            lines.push(line.replacen(":::", " :::", 1));
        } else {
            lines.push(line.trim_end().to_owned());
        }
    }
    lines.join("\n")
}

pub(super) fn without_escapes(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut parts = line.split('\u{1b}');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        text.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    text
}
