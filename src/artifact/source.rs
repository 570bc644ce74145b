//! Where files come from when this machine fetches them: HTTP, or the rehearsal's stand-ins.

use async_trait::async_trait;

use super::Digest;
use crate::input::LocalFile;

/// What is to be fetched.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// http or https address.
    pub url: String,
    /// What its bytes must have.
    pub digest: Option<Digest>,
    /// Names and values of request headers; may hold secrets.
    pub headers: Vec<(String, String)>,
    /// The proxy that the task names; otherwise this machine's own settings count.
    pub proxy: Option<String>,
}

impl std::fmt::Debug for Wanted {
    // Headers, and what stands before the `@` of an address, may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wanted({})", shown(&self.url))
    }
}

/// A file that was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Its bytes, on this machine.
    pub file: LocalFile,
    /// The sha256 of them, in lower-case hex.
    pub sha256: String,
}

/// Why a file could not be fetched.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The address is none.
    #[error("`{0}` is not an address that can be downloaded")]
    Address(String),
    /// The server answered with an error.
    #[error("{url}: the server answered {status}")]
    Status {
        /// The address.
        url: String,
        /// The status with its words.
        status: String,
    },
    /// There was no answer, or it broke off.
    #[error("{url}: {what}")]
    Network {
        /// The address.
        url: String,
        /// The causes, outermost first.
        what: String,
    },
    /// Other bytes than those that were wanted.
    #[error("digest mismatch: {url} has {found}, expected {expected}")]
    Digest {
        /// The address.
        url: String,
        /// What came.
        found: String,
        /// What was wanted.
        expected: String,
    },
    /// The download could not be kept.
    #[error("cannot keep the download in `{path}`: {what}")]
    Kept {
        /// Where.
        path: String,
        /// Why.
        what: String,
    },
    /// It took longer than the task may.
    #[error("{url}: not there after {seconds} s")]
    Late {
        /// The address.
        url: String,
        /// The task's deadline.
        seconds: u64,
    },
}

/// Fetches files for hosts that cannot.
#[async_trait]
pub trait ArtifactSource: Send + Sync {
    /// Fetches a file and verifies it; one that is there with this digest is not fetched again.
    async fn fetch(&self, wanted: &Wanted) -> Result<Fetched, ArtifactError>;

    /// Whether what it gives for an address is the real file; a rehearsal has stand-ins.
    fn is_real(&self, _url: &str) -> bool {
        true
    }

    /// A small text (a file of checksums), at most [`MOST_TEXT`] bytes.
    async fn text(&self, wanted: &Wanted) -> Result<String, ArtifactError>;
}

/// Nothing can be downloaded here.
pub struct Nowhere;

#[async_trait]
impl ArtifactSource for Nowhere {
    async fn fetch(&self, wanted: &Wanted) -> Result<Fetched, ArtifactError> {
        Err(ArtifactError::Address(shown(&wanted.url)))
    }

    async fn text(&self, wanted: &Wanted) -> Result<String, ArtifactError> {
        Err(ArtifactError::Address(shown(&wanted.url)))
    }
}

/// The most bytes of a text: the largest checksum files of the releases have some 100 KiB.
pub const MOST_TEXT: usize = 4 << 20;

/// An address without what may be a secret: user and password.
pub fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn credentials_in_an_address_are_not_shown() {
        assert_eq!(shown("https://me:pw@host/a@b"), "https://host/a@b");
        assert_eq!(shown("https://host/a@b?c"), "https://host/a@b?c");
        assert_eq!(shown("host"), "host");
    }
}
