//! Values that must not be seen: a wrapper without `Debug`, the redactor, and ansible-vault.
//!
//! Pure: no files, no clock. Whoever meets a secret (the vault reader, the sudo password prompt,
//! a `no_log` result, a generated key) adds it to the run's [`Redactor`]; everything that is
//! printed, logged or written to the journal passes through it.

mod redact;
pub mod vault;

pub use redact::{MASK, Redactor};

/// A value that cannot be printed, compared in logs or serialized by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself: the caller answers for where it goes.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}
