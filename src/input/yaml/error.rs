//! What is wrong in a text, with its place.

use super::super::Span;

/// One mistake in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The stable slug, `input/…`.
    pub code: &'static str,
    /// Where.
    pub span: Span,
    /// What, in one line.
    pub what: String,
    /// Other places with a word on each.
    pub related: Vec<(Span, String)>,
    /// Why it is wrong, if `what` does not say it all.
    pub why: Option<Box<str>>,
    /// One thing to do.
    pub help: Option<Box<str>>,
}

impl SyntaxError {
    /// A mistake at a place.
    pub fn new(code: &'static str, span: &Span, what: impl Into<String>) -> Self {
        Self {
            code,
            span: span.clone(),
            what: what.into(),
            related: Vec::new(),
            why: None,
            help: None,
        }
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, span: &Span, word: impl Into<String>) -> Self {
        self.related.push((span.clone(), word.into()));
        self
    }

    /// Says why.
    #[must_use]
    pub fn why(mut self, why: impl Into<Box<str>>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Says the one thing to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<Box<str>>) -> Self {
        self.help = Some(help.into());
        self
    }
}
