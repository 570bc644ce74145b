//! Downloads that are made on this machine because the host cannot make them: fetched, verified,
//! sent over the connection.

use std::collections::BTreeMap;
use std::time::Duration;

use super::checksum::Checksum;
use crate::artifact::{ArtifactError, Digest, Downloads, Wanted};
use crate::connection::{Action, Attributes, Executed, NO_DOWNLOADER};
use crate::modules::{Failure, Site};

/// How long a file of checksums may take.
const TEXT: Duration = Duration::from_mins(2);

/// What is asked of this machine for a task: the proxy is the one of its `environment`.
pub fn wanted(url: &str, environment: &BTreeMap<String, String>) -> Wanted {
    let names: &[&str] = if url.starts_with("https:") {
        &["https_proxy", "HTTPS_PROXY", "all_proxy"]
    } else {
        &["http_proxy", "all_proxy"]
    };
    Wanted {
        url: url.to_owned(),
        proxy: names
            .iter()
            .find_map(|name| environment.get(*name).cloned()),
        ..Wanted::default()
    }
}

/// A small text, as if the host had printed it.
pub async fn text(downloads: &Downloads, wanted: &Wanted) -> Executed {
    match downloads.text(wanted, TEXT).await {
        Ok(text) => Executed {
            stdout: text.into_bytes(),
            ..Executed::default()
        },
        Err(error) => Executed {
            code: 1,
            stderr: error.to_string().into_bytes(),
            ..Executed::default()
        },
    }
}

/// A file that goes to a host.
pub struct Delivery<'a> {
    /// What, with its digest.
    pub wanted: Wanted,
    /// Absolute path on the host.
    pub path: &'a str,
    /// Owner, group, mode.
    pub attributes: Attributes,
}

/// Fetches a file here and sends it.
pub async fn deliver(
    downloads: &Downloads,
    at: &Site<'_>,
    delivery: Delivery<'_>,
) -> Result<(), Failure> {
    let fetched = downloads.fetch(&delivery.wanted, at.deadline.0).await;
    let fetched = fetched.map_err(explained)?;
    let digest = delivery.wanted.digest;
    let digest = digest.unwrap_or_else(|| Digest::new("sha256", &fetched.sha256));
    at.act(Action::Upload {
        file: fetched.file,
        path: delivery.path.to_owned(),
        digest: (digest.algorithm, digest.hex),
        attributes: delivery.attributes,
    })
    .await
    .map(|_| ())
}

fn explained(error: ArtifactError) -> Failure {
    let help = match &error {
        ArtifactError::Network { .. } | ArtifactError::Late { .. } => Some(
            "this machine downloads it for the host: name a proxy (`nautes.artifacts.proxy`) or a mirror that it reaches",
        ),
        ArtifactError::Kept { .. } => {
            Some("make room, or put the cache elsewhere with XDG_CACHE_HOME")
        }
        _ => None,
    };
    let failure = Failure::msg(error.to_string());
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// Whether the host could not download because it has no program for it.
pub fn has_no_downloader(failure: &Failure) -> bool {
    matches!(failure, Failure::Task { msg, .. } if msg.contains(NO_DOWNLOADER))
}

/// Adds what to do to a download that failed; `locked` if its digest is the lock's.
pub fn advised(failure: Failure, downloads: &Downloads, locked: Option<&Checksum>) -> Failure {
    let Failure::Task {
        msg, help: None, ..
    } = &failure
    else {
        return failure;
    };
    let other_bytes = msg.contains("digest mismatch");
    match locked {
        Some(_) if other_bytes => failure.help(
            "nautes-install.lock has the digest of the file that was verified before: find out why the address has another one now; to take it, remove its line from the lock",
        ),
        _ if other_bytes || !downloads.locks() => failure,
        _ => failure.help(
            "if the host cannot reach the address, say `nautes.artifacts.push: true` (this machine downloads and sends it), or name a mirror or a proxy there",
        ),
    }
}
