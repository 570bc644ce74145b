//! Why a host did not do what was asked.

use std::time::Duration;

/// A failed request to a host.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConnectionError {
    /// The host cannot be reached, or went away in the middle: nothing is known about the rest.
    #[error("{what}")]
    Unreachable {
        /// What failed, in one line.
        what: String,
        /// One thing to do, if known.
        help: Option<String>,
        /// Whether a request was under way whose effect is therefore unknown.
        in_doubt: bool,
    },
    /// The login or the host key was refused.
    #[error("{what}")]
    Untrusted {
        /// What was refused, in one line.
        what: String,
        /// One thing to do.
        help: String,
    },
    /// Becoming another user failed: wrong password, not allowed, no sudo.
    #[error("{what}")]
    Become {
        /// What sudo said.
        what: String,
        /// One thing to do.
        help: String,
    },
    /// The host tried and could not: no space, read-only file system, permission denied.
    #[error("{what}")]
    Refused {
        /// The host's own words, redacted by the caller before they are shown.
        what: String,
    },
    /// The deadline passed; the process group was killed.
    #[error("did not finish within {} s", .after.as_secs())]
    TimedOut {
        /// The deadline.
        after: Duration,
        /// What was printed until then, its last lines.
        tail: String,
    },
    /// The host answered something that is not the protocol: forged frames, endless output.
    #[error("{what}")]
    Protocol {
        /// What was wrong with the answer.
        what: String,
    },
    /// The rehearsal has no description of this command or service.
    #[error("{what}")]
    Undescribed {
        /// Which command, and how to describe it.
        what: String,
    },
}
