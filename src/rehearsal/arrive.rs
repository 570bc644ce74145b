//! Files that come to a host from outside: downloaded by it, or sent to it.

use std::time::Duration;

use super::act::Failed;
use super::process::Process;
use super::tree::Content;
use crate::input::LocalFile;

/// 20 MB a second.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub fn seconds(bytes: u64) -> f64 {
    0.3 + bytes as f64 / 20e6
}

/// What the host downloads.
pub fn download(
    process: &mut Process<'_>,
    url: &str,
    digest: Option<&(String, String)>,
) -> Result<Content, Failed> {
    let content = super::programs::fetch(process, url, digest).map_err(Failed::Refused)?;
    process.spend(Duration::from_secs_f64(seconds(content.len())))?;
    Ok(content)
}

/// What is sent to the host.
pub fn upload(
    process: &mut Process<'_>,
    file: &LocalFile,
    (algorithm, hex): (&str, &str),
) -> Result<Content, Failed> {
    let content = whole(file)?;
    let found = content.digest(algorithm).unwrap_or_default();
    if found != hex {
        return Err(Failed::Refused(format!(
            "digest mismatch: the download has {algorithm}:{found}, expected {hex}"
        )));
    }
    process.spend(Duration::from_secs_f64(seconds(content.len())))?;
    Ok(content)
}

fn whole(file: &LocalFile) -> Result<Content, Failed> {
    let mut bytes = Vec::new();
    loop {
        match file.piece(bytes.len() as u64) {
            Ok(piece) if piece.is_empty() => return Ok(Content::new(bytes)),
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(error) => return Err(Failed::Refused(format!("this machine: {error}"))),
        }
    }
}
