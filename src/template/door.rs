//! How rendering can end.

use crate::diagnostic::Diagnostic;

/// Why there is no value.
#[derive(Clone, Debug)]
pub enum Unrendered {
    /// It needs something that does not exist yet; the text says until when. Not an error.
    Unknown(Reason),
    /// The template is wrong, or a variable is not defined.
    Wrong(Box<Diagnostic>),
}

/// Until when something is unknown: the component's or task's name.
pub type Reason = std::sync::Arc<str>;

impl From<Diagnostic> for Unrendered {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Wrong(Box::new(diagnostic))
    }
}
