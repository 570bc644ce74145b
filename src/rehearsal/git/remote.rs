//! What the repositories of the estate hold, and who may read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::repo::{Entry, Tree};

/// Repositories by `HOST/PATH`.
pub type Remotes = BTreeMap<String, Remote>;

/// The first branch of a repository, as it was when it was last asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its commit.
    pub commit: String,
    /// Its text files.
    pub files: Arc<BTreeMap<String, String>>,
}

impl Remote {
    /// A commit with its files.
    pub fn new(commit: &str, tree: &Tree) -> Self {
        let texts = tree
            .iter()
            .filter_map(|(path, entry): (&str, &Entry)| Some((path, entry.text()?)));
        let files = texts.map(|(path, text)| (path.to_owned(), text.to_owned()));
        Self {
            commit: commit.to_owned(),
            files: Arc::new(files.collect()),
        }
    }
}

/// A repository as its server offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Name or address of the server, as in the repository's address.
    pub host: String,
    /// `GROUP/PROJECT.git`.
    pub path: String,
    /// What it holds.
    pub remote: Remote,
    /// Public keys that may read it: `ssh-ed25519 AAAA…`. `None`: nobody knows them.
    pub keys: Option<Vec<String>>,
    /// Public host keys of its server.
    pub host_keys: Vec<String>,
}
