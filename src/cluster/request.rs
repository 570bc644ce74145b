//! What is sent to an API server: verb, path, query, body.

use bytes::Bytes;
use hyper::Method;
use serde_json::Value;

use super::path::Place;

/// What a request is beside its path.
pub struct Ask {
    /// Verb.
    pub method: Method,
    /// Path with query.
    pub path: String,
    /// Content type of the body; nothing without one.
    pub content: &'static str,
    /// Body.
    pub body: Bytes,
    /// Whether saying it twice is the same as once.
    pub again: bool,
}

impl Ask {
    /// A `GET`.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            content: "",
            body: Bytes::new(),
            again: true,
        }
    }
}

/// How a change is put: the content types of PATCH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patch {
    /// Server-side apply, only where nobody else owns the field.
    Apply,
    /// Server-side apply that takes fields from others.
    Force,
    /// JSON merge patch.
    Merge,
    /// Kubernetes' merge patch that knows the keys of lists; only built-in kinds.
    Strategic,
    /// JSON patch (RFC 6902).
    Json,
}

impl Patch {
    const fn content(self) -> &'static str {
        match self {
            Self::Apply | Self::Force => "application/apply-patch+yaml",
            Self::Merge => "application/merge-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Json => "application/json-patch+json",
        }
    }
}

/// Whether a write is only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// With `dryRun=All`.
    Dry,
    /// For real.
    Real,
}

fn dry(trial: Trial) -> &'static str {
    if trial == Trial::Dry {
        "&dryRun=All"
    } else {
        ""
    }
}

/// A change.
pub fn patching(at: &Place, (patch, trial): (Patch, Trial), body: &Value) -> Ask {
    let force = if patch == Patch::Force {
        "&force=true"
    } else {
        ""
    };
    let (path, manager) = (at.path(), at.manager());
    Ask {
        method: Method::PATCH,
        path: format!("{path}?fieldManager={manager}{force}{}", dry(trial)),
        content: patch.content(),
        body: body.to_string().into(),
        again: patch != Patch::Json,
    }
}

/// A new object.
pub fn creating(at: &Place, trial: Trial, body: &Value) -> Ask {
    whole((Method::POST, at.list_path()), (at, trial), body)
}

/// An object in another's place.
pub fn replacing(at: &Place, trial: Trial, body: &Value) -> Ask {
    whole((Method::PUT, at.path()), (at, trial), body)
}

/// A whole object; not sent twice, since the first may have arrived.
fn whole((method, path): (Method, String), (at, trial): (&Place, Trial), body: &Value) -> Ask {
    let manager = at.manager();
    Ask {
        method,
        path: format!("{path}?fieldManager={manager}{}", dry(trial)),
        content: "application/json",
        body: body.to_string().into(),
        again: false,
    }
}

/// The words of a `Warning` header: `299 - "…"`.
pub fn warning(header: &str) -> Option<String> {
    let start = header.find('"')? + 1;
    let end = header.rfind('"').filter(|end| *end >= start)?;
    Some(
        header[start..end]
            .replace("\\\"", "\"")
            .replace("\\\\", "\\"),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn warnings_lose_their_frame() {
        let read = |text| super::warning(text);
        assert_eq!(read("299 - \"a \\\"b\\\"\"").as_deref(), Some("a \"b\""));
        assert_eq!(read("299 - x"), None);
        assert_eq!(read("\""), None);
    }
}
