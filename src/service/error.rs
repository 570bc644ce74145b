//! Why a service did not do what was asked.

use crate::connection::ConnectionError;

/// A request that failed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ServiceError {
    /// No connection, or none that can be trusted.
    #[error("{what}")]
    Unreachable {
        /// What was tried and what came of it.
        what: String,
        /// One thing to do.
        help: String,
    },
    /// The service said no.
    #[error("{asked}: {code} {message}")]
    Refused {
        /// HTTP status.
        code: u16,
        /// The service's own words, one line.
        message: String,
        /// What was asked: `GET https://…`; never with what was sent.
        asked: String,
    },
    /// What came back is not what this service answers.
    #[error("{0}")]
    Protocol(String),
    /// The host is gone.
    #[error(transparent)]
    Host(ConnectionError),
}

impl ServiceError {
    /// The HTTP status, if the service answered.
    pub const fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}
