//! What went wrong, as values: collected, rendered in one place, never a string on the way.
//!
//! The shape is fixed: *what* in one line, *where* in the user's own file, *why* with the evidence,
//! *help* with one thing to do.

mod excerpt;
mod json;
mod line;
mod render;
#[cfg(test)]
mod tests;

pub use crate::input::nearest;
pub use render::{Colour, MOST_SHOWN, Renderer};

use std::sync::Arc;

use crate::input::{self, Node, Rules, Source, Span, SyntaxError};

/// The one document of a text.
///
/// # Errors
/// What the text is instead, each with its place.
pub fn read_one(source: &Arc<Source>, rules: Rules) -> Result<Node, Diagnostics> {
    input::parse_one(source, rules)
        .map_err(|found| found.into_iter().map(Diagnostic::from).collect())
}

/// Help for a name that there is not: the nearest of the known ones, else `otherwise`.
pub fn meant<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: impl Into<String>,
) -> String {
    nearest(written, known).map_or_else(
        || otherwise.into(),
        |near| format!("did you mean `{near}`?"),
    )
}

/// How a verb ends; the number is the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Everything was done.
    Done = 0,
    /// A task failed or a host was lost after something changed.
    Failed = 1,
    /// The input is wrong; nothing was touched.
    BadInput = 2,
    /// A host is unreachable or preflight failed; nothing was changed.
    Unreachable = 3,
    /// `plan --exit-code` found changes.
    Changes = 4,
    /// A defect of this program.
    Bug = 70,
    /// Interrupted by the user.
    Interrupted = 130,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Stops the job.
    Error,
    /// Does not.
    Warning,
}

/// One thing to tell the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The slug, `room/what`, e.g. `playbook/unknown-field`. Stable: people search for it.
    pub code: &'static str,
    /// What happened: one line, lower case, the user's names in backticks.
    pub what: String,
    /// Where, in the user's file.
    pub place: Option<Span>,
    /// Other places with a word on each (`first defined here`).
    pub related: Vec<(Span, String)>,
    /// The evidence: each line is one `why`.
    pub why: Vec<String>,
    /// One thing to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error with a slug and its one line.
    pub fn error(code: &'static str, what: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            what: what.into(),
            place: None,
            related: Vec::new(),
            why: Vec::new(),
            help: None,
        }
    }

    /// A warning with a slug and its one line.
    pub fn warning(code: &'static str, what: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, what)
        }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, span: &Span) -> Self {
        self.place = Some(span.clone());
        self
    }

    /// Says where, if known.
    #[must_use]
    pub fn at_maybe(mut self, span: Option<&Span>) -> Self {
        self.place = span.cloned().or(self.place);
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, span: &Span, word: impl Into<String>) -> Self {
        self.related.push((span.clone(), word.into()));
        self
    }

    /// Adds a piece of evidence.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// Says the one thing to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Several things to tell the user, in the order found.
pub type Diagnostics = Vec<Diagnostic>;

impl From<SyntaxError> for Diagnostic {
    fn from(error: SyntaxError) -> Self {
        Self {
            place: Some(error.span),
            related: error.related,
            why: error.why.into_iter().map(String::from).collect(),
            help: error.help.map(String::from),
            ..Self::error(error.code, error.what)
        }
    }
}
