//! Why the cluster did not do what was asked.

use serde_json::Value;

use super::doctor::Diagnosis;
use super::slug;
use crate::connection::ConnectionError;

/// What an API server says when it refuses (`metav1.Status`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// One word: `Conflict`, `NotFound`, `Invalid`, …
    pub reason: String,
    /// One sentence; never holds the object's content beyond the fields it names.
    pub message: String,
    /// Each cause: its reason, the field it concerns, its message.
    pub causes: Vec<(String, String, String)>,
    /// Seconds to wait before asking again, if the server says so.
    pub retry_after: Option<u64>,
    /// What was asked: `PATCH /api/v1/…`.
    pub asked: String,
}

impl Refusal {
    /// Reads a `Status`; anything else becomes a message of its first line.
    pub fn read(code: u16, body: &[u8], asked: &str) -> Self {
        let status: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let causes = status["details"]["causes"].as_array();
        let causes = causes.into_iter().flatten();
        let plain = String::from_utf8_lossy(body);
        let first = plain.lines().next().unwrap_or_default();
        let message = match text(&status["message"]) {
            empty if empty.is_empty() => first.chars().take(300).collect(),
            message => message,
        };
        Self {
            code,
            reason: text(&status["reason"]),
            message,
            causes: causes
                .map(|c| (text(&c["reason"]), text(&c["field"]), text(&c["message"])))
                .collect(),
            retry_after: status["details"]["retryAfterSeconds"].as_u64(),
            asked: asked.to_owned(),
        }
    }

    /// Whether another manager owns a field that was applied.
    pub fn is_ownership_conflict(&self) -> bool {
        self.code == 409
            && self
                .causes
                .iter()
                .any(|(reason, ..)| reason == "FieldManagerConflict")
    }

    /// The webhook that could not be called, if that is why.
    pub fn webhook(&self) -> Option<&str> {
        let rest = self.message.split("failed calling webhook \"").nth(1)?;
        rest.split('"').next()
    }

    /// Whether the storage behind a changed definition is being set up anew.
    pub fn is_busy(&self) -> bool {
        matches!(self.code, 429 | 503)
            || (self.code == 504 && self.reason == "Timeout")
            || self.message.contains("storage is (re)initializing")
    }
}

/// A failed request to a cluster.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ClusterError {
    /// The kubeconfig cannot be used.
    #[error("{what}")]
    Kubeconfig {
        /// What is wrong with it.
        what: String,
        /// One thing to do.
        help: String,
    },
    /// The API server cannot be reached, or the connection to it broke.
    #[error("{what}")]
    Unreachable {
        /// What failed.
        what: String,
        /// One thing to do.
        help: String,
    },
    /// The host through which the API is reached is the one that failed.
    #[error("{0}")]
    Host(ConnectionError),
    /// The API server refused.
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    /// The server has no such kind.
    #[error("{what}")]
    UnknownKind {
        /// Whether Kubernetes itself took it out.
        removed: Removed,
        /// Which kind, and what took its place.
        what: String,
        /// One thing to do.
        help: String,
    },
    /// A manifest is not one.
    #[error("{what}")]
    Manifest {
        /// What is wrong, with its place.
        what: String,
        /// One thing to do.
        help: String,
    },
    /// Other managers own what was to be set.
    #[error("{what}")]
    Owned {
        /// Object, managers and fields.
        what: String,
        /// One thing to do.
        help: String,
    },
    /// The answer is not what an API server says.
    #[error("{0}")]
    Protocol(String),
    /// A wait ended at its deadline.
    #[error("{what}")]
    Late {
        /// What was waited for, and for how long.
        what: String,
        /// The cause, as far as it can be seen.
        cause: Option<Box<Diagnosis>>,
    },
    /// Objects are stored in a version that the wanted definition does not have: there is no way
    /// back but by migrating them.
    #[error("{what}")]
    OneWay {
        /// Which definition and versions.
        what: String,
        /// One thing to do.
        help: String,
    },
    /// A webhook that made way could not be put back.
    #[error("{what}")]
    Undone {
        /// Which, and why; what failed before that.
        what: String,
        /// One thing to do.
        help: String,
    },
}

/// Why a server does not have a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// Kubernetes took this version of it out.
    ByKubernetes,
    /// Nobody defined it.
    Never,
}

impl ClusterError {
    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether there is no such object.
    pub fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|r| r.code == 404)
    }

    /// The one thing to do, if known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Kubeconfig { help, .. }
            | Self::Unreachable { help, .. }
            | Self::UnknownKind { help, .. }
            | Self::Manifest { help, .. }
            | Self::Owned { help, .. }
            | Self::OneWay { help, .. }
            | Self::Undone { help, .. } => Some(help.clone()),
            Self::Late {
                cause: Some(cause), ..
            } => Some(cause.help.clone()),
            Self::Refused(refusal) => slug::of(refusal).1.map(ToOwned::to_owned),
            Self::Host(_) | Self::Protocol(_) | Self::Late { cause: None, .. } => None,
        }
    }

    /// Its slug; `None` where the host's own says more.
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Kubeconfig { .. } => "cluster/kubeconfig",
            Self::Unreachable { .. } => "cluster/unreachable",
            Self::Host(_) => return None,
            Self::Refused(refusal) => slug::of(refusal).0,
            Self::UnknownKind { removed, .. } => match removed {
                Removed::ByKubernetes => "cluster/removed-api",
                Removed::Never => "cluster/unknown-kind",
            },
            Self::Manifest { .. } => "cluster/manifest",
            Self::Owned { .. } => "cluster/field-conflict",
            Self::Protocol(_) => "cluster/protocol",
            Self::Late { cause, .. } => cause
                .as_ref()
                .map_or("cluster/not-ready", |cause| cause.ailment.code()),
            Self::OneWay { .. } => "cluster/one-way",
            Self::Undone { .. } => "cluster/webhook-missing",
        })
    }
}
