//! `--artifacts DIR`: files by their address from a folder with an `INDEX.yaml`, before the network
//! is asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::{ArtifactError, ArtifactSource, Digest, Fetched, Wanted, shown};
use crate::diagnostic::{Diagnostic, Diagnostics, read_one};
use crate::input::{Files, LocalFile, Node, Rules, decode};

/// What the list of a folder is called.
const INDEX: &str = "INDEX.yaml";

/// A folder of files, and where everything else comes from.
pub struct FolderSource {
    /// Path and sha256 by address without its scheme.
    index: BTreeMap<String, (PathBuf, String)>,
    files: Arc<dyn Files>,
    other: Arc<dyn ArtifactSource>,
}

impl FolderSource {
    /// Reads a folder's index: `files: [{file, url, sha256}, …]`.
    ///
    /// # Errors
    /// There is no index, or an entry of it is wrong, with its place.
    pub fn open(
        folder: &Path,
        files: &Arc<dyn Files>,
        other: Arc<dyn ArtifactSource>,
    ) -> Result<Self, Diagnostics> {
        let path = folder.join(INDEX);
        let bytes = files.read(&path).map_err(|error| {
            vec![
                Diagnostic::error(
                    "artifact/no-index",
                    format!("`{}` cannot be read", path.display()),
                )
                .why(error.to_string())
                .help("a folder of artifacts has an `INDEX.yaml` with `files: [{file: …, url: …, sha256: …}]`"),
            ]
        })?;
        let source = decode(path.display().to_string(), bytes).map_err(|e| vec![e.into()])?;
        let root = read_one(&source, Rules::Ansible)?;
        let mut index = BTreeMap::new();
        let mut errors = Diagnostics::new();
        for node in root.get("files").and_then(Node::as_seq).unwrap_or_default() {
            let text = |name: &str| node.get(name).and_then(Node::as_str);
            match (text("file"), text("url"), text("sha256")) {
                (Some(file), Some(url), Some(sha256)) => {
                    let sha256 = sha256.to_ascii_lowercase();
                    index.insert(plain(url).to_owned(), (folder.join(file), sha256));
                }
                _ => errors.push(
                    Diagnostic::error(
                        "artifact/no-index",
                        "an entry needs `file`, `url` and `sha256`",
                    )
                    .at(&node.span),
                ),
            }
        }
        if errors.is_empty() {
            Ok(Self {
                index,
                files: files.clone(),
                other,
            })
        } else {
            Err(errors)
        }
    }

    /// The entry of an address; a mirror's address ends in upstream's.
    fn entry(&self, url: &str) -> Option<&(PathBuf, String)> {
        let name = plain(url);
        self.index.get(name).or_else(|| {
            let mut cuts = name.match_indices('/').map(|(at, _)| &name[at + 1..]);
            cuts.find_map(|rest| self.index.get(rest))
        })
    }

    /// The entry that has the digest that is wanted, whatever its address.
    fn of_digest(&self, wanted: &Wanted) -> Option<&(PathBuf, String)> {
        let digest = wanted
            .digest
            .as_ref()
            .filter(|digest| digest.algorithm == "sha256")?;
        self.index
            .values()
            .find(|(_, sha256)| *sha256 == digest.hex)
    }

    /// The bytes of an entry, if they are what the list and who asks want them to be.
    fn read(
        &self,
        wanted: &Wanted,
        (path, sha256): &(PathBuf, String),
    ) -> Result<Vec<u8>, ArtifactError> {
        let bytes = self.files.read(path).map_err(|error| ArtifactError::Kept {
            path: path.display().to_string(),
            what: error.to_string(),
        })?;
        let listed = Digest::new("sha256", sha256);
        let asked = wanted.digest.iter().filter(|digest| **digest != listed);
        for expected in std::iter::once(&listed).chain(asked) {
            let Some(mut sum) = super::digest::Sum::new(&expected.algorithm) else {
                continue;
            };
            sum.update(&bytes);
            let found = Digest::new(&expected.algorithm, &sum.finish());
            if found != *expected {
                return Err(ArtifactError::Digest {
                    url: shown(&wanted.url),
                    found: found.to_string(),
                    expected: expected.to_string(),
                });
            }
        }
        Ok(bytes)
    }
}

/// An address without its scheme.
fn plain(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

#[async_trait]
impl ArtifactSource for FolderSource {
    async fn fetch(&self, wanted: &Wanted) -> Result<Fetched, ArtifactError> {
        match self.entry(&wanted.url).or_else(|| self.of_digest(wanted)) {
            Some(entry) => {
                let len = self.read(wanted, entry)?.len() as u64;
                let (path, sha256) = entry.clone();
                let files = self.files.clone();
                Ok(Fetched {
                    file: LocalFile { path, len, files },
                    sha256,
                })
            }
            None => self.other.fetch(wanted).await,
        }
    }

    fn is_real(&self, url: &str) -> bool {
        self.entry(url).is_some() || self.other.is_real(url)
    }

    async fn text(&self, wanted: &Wanted) -> Result<String, ArtifactError> {
        let Some(entry) = self.entry(&wanted.url) else {
            return self.other.text(wanted).await;
        };
        let bytes = self.read(wanted, entry)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::Nowhere;
    use crate::input::MemoryFiles;

    const SUM: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"; // hello

    fn source(sha256: &str) -> FolderSource {
        let index =
            format!("files:\n- {{file: x/f, url: 'https://up.example/f', sha256: {sha256}}}\n");
        let files = MemoryFiles::new([("/a/INDEX.yaml", index.as_str()), ("/a/x/f", "hello")]);
        let files: Arc<dyn Files> = Arc::new(files);
        FolderSource::open(Path::new("/a"), &files, Arc::new(Nowhere))
            .unwrap_or_else(|e| panic!("{e:?}"))
    }

    fn wanted(url: &str) -> Wanted {
        Wanted {
            url: url.to_owned(),
            ..Wanted::default()
        }
    }

    #[tokio::test]
    async fn files_are_found_by_upstreams_address_also_behind_a_mirror() {
        let source = source(SUM);
        for url in ["https://up.example/f", "http://m:80/up.example/f"] {
            assert_eq!(
                source.fetch(&wanted(url)).await.unwrap().sha256,
                SUM,
                "{url}"
            );
        }
        assert!(source.fetch(&wanted("https://up.example/g")).await.is_err());
        assert_eq!(
            source.text(&wanted("https://up.example/f")).await.unwrap(),
            "hello"
        );
    }

    #[tokio::test]
    async fn another_content_than_the_index_says_is_refused() {
        let source = source(&SUM.replace('2', "3"));
        let error = source
            .fetch(&wanted("https://up.example/f"))
            .await
            .unwrap_err();
        assert!(matches!(error, ArtifactError::Digest { .. }), "{error}");
    }
}
