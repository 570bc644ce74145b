//! Downloads of a rehearsal: stand-ins, so that nothing is fetched.

use std::sync::Arc;

use async_trait::async_trait;

use crate::artifact::{ArtifactError, ArtifactSource, Fetched, Wanted, shown};
use crate::input::{Files, LocalFile, MemoryFiles};
use crate::rehearsal::{Artifact, Artifacts};

/// Every address of a release answers with a stand-in, and its checksum file with that stand-in's
/// digest: a rehearsal downloads nothing.
pub struct AnyRelease;

impl AnyRelease {
    fn stand_in(url: &str) -> Artifact {
        let place = url.rsplit("//").next().unwrap_or(url);
        Artifact::text(&format!("stand-in for {place}\n"))
    }

    fn checksums(url: &str) -> Artifact {
        // Upstream's sum of one file beside it: the digest and nothing else.
        if let Some(file) = url.strip_suffix(".sha256") {
            return Artifact::text(&format!("{}\n", Self::stand_in(file).digests["sha256"]));
        }
        let folder = url.rsplit_once('/').map_or("", |(folder, _)| folder);
        // HashiCorp's names begin with what the list of sums is called.
        let name = url.rsplit('/').next().unwrap_or_default();
        let names: Vec<String> = match name.strip_suffix("_SHA256SUMS") {
            Some(start) => ["amd64", "arm64", "arm"]
                .map(|arch| format!("{start}_linux_{arch}.zip"))
                .to_vec(),
            None => ["k3s", "k3s-arm64", "k3s-armhf"]
                .map(ToOwned::to_owned)
                .to_vec(),
        };
        let lines: Vec<String> = names
            .iter()
            .map(|name| {
                let artifact = Self::stand_in(&format!("{folder}/{name}"));
                format!("{}  {name}\n", artifact.digests["sha256"])
            })
            .collect();
        Artifact::text(&lines.concat())
    }
}

impl Artifacts for AnyRelease {
    fn get(&self, url: &str) -> Option<Artifact> {
        let name = url.rsplit('/').next()?;
        let is_sums = name.to_lowercase().contains("sha256sum") || name.ends_with(".sha256");
        Some(if is_sums {
            Self::checksums(url)
        } else {
            Self::stand_in(url)
        })
    }
}

impl AnyRelease {
    fn bytes(url: &str) -> Result<(Vec<u8>, Artifact), ArtifactError> {
        let artifact = Artifacts::get(&Self, url);
        let artifact = artifact.ok_or_else(|| ArtifactError::Address(shown(url)))?;
        let content = artifact.content(url);
        Ok((content.bytes().to_vec(), artifact))
    }
}

/// What this machine fetches for hosts in a rehearsal: the same stand-ins, kept in memory.
#[async_trait]
impl ArtifactSource for AnyRelease {
    fn is_real(&self, _url: &str) -> bool {
        false
    }

    async fn fetch(&self, wanted: &Wanted) -> Result<Fetched, ArtifactError> {
        let (bytes, artifact) = Self::bytes(&wanted.url)?;
        if let Some(digest) = &wanted.digest {
            let found = artifact.digests.get(&digest.algorithm);
            if found.is_some_and(|found| *found != digest.hex) {
                return Err(ArtifactError::Digest {
                    url: shown(&wanted.url),
                    found: format!("{}:{}", digest.algorithm, found.map_or("", |hex| hex)),
                    expected: digest.to_string(),
                });
            }
        }
        let files = MemoryFiles::default();
        let path = std::path::PathBuf::from("/download");
        let kept = |error: std::io::Error| ArtifactError::Kept {
            path: path.display().to_string(),
            what: error.to_string(),
        };
        files.write(&path, &bytes, 0o600).map_err(kept)?;
        Ok(Fetched {
            file: LocalFile {
                len: bytes.len() as u64,
                path,
                files: Arc::new(files),
            },
            sha256: artifact.digests.get("sha256").cloned().unwrap_or_default(),
        })
    }

    async fn text(&self, wanted: &Wanted) -> Result<String, ArtifactError> {
        let (bytes, _) = Self::bytes(&wanted.url)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
