//! `nautes-install.lock`: the digests that were verified when a file was first met.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Digest;
use crate::diagnostic::{Diagnostic, Diagnostics, read_one};
use crate::input::{Kind, Node, Rules, Source};

/// What the file is called.
pub const LOCK_FILE: &str = "nautes-install.lock";

/// The form of the file; another number is a file of another program's version.
const VERSION: &str = "1";

const HEAD: &str = "\
# The digests of what this installation downloads, each verified when it was first met.
# Written by nautes-install; keep it in version control. Remove a line to take another file
# from its address.
";

/// Digests by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockFile(BTreeMap<String, Digest>);

impl LockFile {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Every entry that is not one, with its place.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Diagnostics> {
        let node = read_one(source, Rules::Ansible)?;
        let mut errors = Diagnostics::new();
        let mut lock = Self::default();
        if node.is_null() {
            return Ok(lock);
        }
        let version = node.get("version").map(Node::key_text);
        if version.as_deref() != Some(VERSION) {
            let place = node.get("version").unwrap_or(&node);
            errors.push(bad(place, format!("not a lock file of version {VERSION}")));
        }
        match node.get("artifacts").map(|artifacts| &artifacts.kind) {
            Some(Kind::Map(entries)) => {
                for (url, digest) in entries {
                    match digest.as_str().and_then(Digest::parse) {
                        Some(parsed) => {
                            lock.0.insert(url.key_text(), parsed);
                        }
                        None => errors.push(bad(
                            digest,
                            format!("`{}` has no whole digest like `sha256:HEX`", url.key_text()),
                        )),
                    }
                }
            }
            Some(Kind::Null) | None => {}
            Some(_) => errors.push(bad(
                node.get("artifacts").unwrap_or(&node),
                "`artifacts` must be a mapping of addresses to digests".to_owned(),
            )),
        }
        if errors.is_empty() {
            Ok(lock)
        } else {
            Err(errors)
        }
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}version: {VERSION}\nartifacts:\n");
        for (url, digest) in &self.0 {
            let url = serde_json::Value::from(url.as_str());
            text.push_str(&format!("  {url}: {digest}\n"));
        }
        text
    }

    /// The digest that an address is locked to.
    pub fn get(&self, url: &str) -> Option<&Digest> {
        self.0.get(url)
    }

    /// Locks an address; whether that is new.
    pub fn insert(&mut self, url: String, digest: Digest) -> bool {
        let before = self.0.insert(url, digest.clone());
        before != Some(digest)
    }

    /// Takes over what is not there yet.
    pub fn merge(&mut self, other: &Self) {
        for (url, digest) in &other.0 {
            self.0.entry(url.clone()).or_insert_with(|| digest.clone());
        }
    }

    /// Whether nothing is locked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn bad(at: &Node, why: String) -> Diagnostic {
    Diagnostic::error("artifact/bad-lock", format!("`{LOCK_FILE}` cannot be read"))
        .at(&at.span)
        .why(why)
        .why("nothing was touched")
        .help("take the file from version control, or remove the line: the digest is then locked anew")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<LockFile, Diagnostics> {
        LockFile::parse(&Source::new("t.lock", text))
    }

    #[test]
    fn what_is_written_is_read() {
        let mut lock = LockFile::default();
        let digest = Digest::new("sha256", &"a".repeat(64));
        assert!(lock.insert("https://x/a \"b\": c".to_owned(), digest.clone()));
        assert!(!lock.insert("https://x/a \"b\": c".to_owned(), digest));
        assert_eq!(parse(&lock.text()).unwrap(), lock);
        assert_eq!(
            parse(&LockFile::default().text()).unwrap(),
            LockFile::default()
        );
        assert_eq!(parse("").unwrap(), LockFile::default());
    }

    #[test]
    fn every_mistake_is_told() {
        let errors = parse("version: 2\nartifacts:\n  https://x/a: sha256:ab\n  https://x/b: 1\n");
        assert_eq!(errors.unwrap_err().len(), 3);
        assert_eq!(parse("version: 1\nartifacts: []\n").unwrap_err().len(), 1);
        assert_eq!(parse("- a\n").unwrap_err().len(), 1);
    }
}
