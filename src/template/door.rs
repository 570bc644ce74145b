//! What a template needs from outside, and how rendering can end.

use crate::diagnostic::Diagnostic;
use crate::input::Var;

/// Where a template finds its variables. Looked up one by one and only when used.
pub trait Variables: Send + Sync {
    /// A variable by name; `None` if it is not defined.
    fn get(&self, name: &str) -> Option<Var>;
    /// All names, for `vars`, `varnames` and "did you mean".
    fn names(&self) -> Vec<String>;
}

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
