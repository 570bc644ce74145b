//! What can be downloaded on the estate: the releases catalogue stands behind this trait.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::tree::{Content, StandIn};

/// Something at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Bytes of the real file.
    pub len: u64,
    /// Lower-case hex by algorithm (`sha256`, …), as the catalogue has them.
    pub digests: BTreeMap<String, String>,
    /// The real content, where the program has it; otherwise a stand-in is made.
    pub content: Option<Bytes>,
}

/// Where downloads come from.
pub trait Artifacts: Send + Sync {
    /// What is at this address, if anything.
    fn get(&self, url: &str) -> Option<Artifact>;
}

/// Nothing can be downloaded.
pub struct NoArtifacts;

impl Artifacts for NoArtifacts {
    fn get(&self, _: &str) -> Option<Artifact> {
        None
    }
}

/// A fixed list, for tests and descriptions.
impl Artifacts for BTreeMap<String, Artifact> {
    fn get(&self, url: &str) -> Option<Artifact> {
        BTreeMap::get(self, url).cloned()
    }
}

impl Artifact {
    /// What lands on the host's disk.
    pub fn content(&self, url: &str) -> Content {
        match &self.content {
            Some(bytes) => Content::new(bytes.clone()),
            None => Content::standing_in(
                format!("stand-in for {url}\n"),
                StandIn {
                    len: self.len,
                    digests: self.digests.clone(),
                },
            ),
        }
    }

    /// A plain text artifact with its own digest.
    pub fn text(text: &str) -> Self {
        let content = Content::new(text.to_owned());
        let digests = ["sha256", "sha512"]
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), content.digest(name)?)))
            .collect();
        Self {
            len: content.len(),
            digests,
            content: Some(content.bytes().clone()),
        }
    }
}
