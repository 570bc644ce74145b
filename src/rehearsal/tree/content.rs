//! What a file holds: shared bytes with digests computed once, or a stand-in that has the size and
//! digest of a download nobody fetched.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use ring::digest;
use serde::{Deserialize, Serialize};

/// The size and digests of the real thing that a stand-in stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandIn {
    /// Bytes of the real file.
    pub len: u64,
    /// Lower-case hex by algorithm, as the catalogue names them.
    pub digests: BTreeMap<String, String>,
}

struct Stored {
    bytes: Bytes,
    stand_in: Option<StandIn>,
    sha256: OnceLock<String>,
}

/// A file's content; clones share it.
#[derive(Clone)]
pub struct Content(Arc<Stored>);

impl Content {
    /// These bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self::with(bytes.into(), None)
    }

    /// A text that says what it stands for, with the size and digests of the real thing.
    pub fn standing_in(text: impl Into<Bytes>, stand_in: StandIn) -> Self {
        Self::with(text.into(), Some(stand_in))
    }

    /// Bytes that may stand in for something else.
    pub fn with(bytes: Bytes, stand_in: Option<StandIn>) -> Self {
        Self(Arc::new(Stored {
            bytes,
            stand_in,
            sha256: OnceLock::new(),
        }))
    }

    /// The bytes; for a stand-in, its text.
    pub fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// What it stands in for, if it does.
    pub fn stand_in(&self) -> Option<&StandIn> {
        self.0.stand_in.as_ref()
    }

    /// Bytes it takes on the disk.
    pub fn len(&self) -> u64 {
        self.0
            .stand_in
            .as_ref()
            .map_or(self.0.bytes.len() as u64, |s| s.len)
    }

    /// Lower-case hex of a digest; `None` for an algorithm the model does not compute.
    pub fn digest(&self, algorithm: &str) -> Option<String> {
        if let Some(known) = self
            .0
            .stand_in
            .as_ref()
            .and_then(|s| s.digests.get(algorithm))
        {
            return Some(known.clone());
        }
        match algorithm {
            "sha256" => Some(
                self.0
                    .sha256
                    .get_or_init(|| hex(&digest::SHA256, &self.0.bytes))
                    .clone(),
            ),
            "sha1" => Some(hex(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.0.bytes)),
            "sha384" => Some(hex(&digest::SHA384, &self.0.bytes)),
            "sha512" => Some(hex(&digest::SHA512, &self.0.bytes)),
            "md5" => Some(super::md5::hex(&self.0.bytes)),
            _ => None,
        }
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.bytes == other.0.bytes && self.0.stand_in == other.0.stand_in)
    }
}

impl std::fmt::Debug for Content {
    // Files hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({} bytes)", self.len())
    }
}

/// Lower-case hex of a digest of these bytes.
pub fn hex(algorithm: &'static digest::Algorithm, bytes: &[u8]) -> String {
    hex_of(digest::digest(algorithm, bytes).as_ref())
}

/// Lower-case hex of these bytes.
pub fn hex_of(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_the_well_known_ones() {
        let abc = Content::new("abc");
        assert_eq!(
            abc.digest("md5").unwrap(),
            "900150983cd24fb0d6963f7d28e17f72"
        );
        assert_eq!(
            abc.digest("sha1").unwrap(),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert!(
            abc.digest("sha256")
                .unwrap()
                .starts_with("ba7816bf8f01cfea")
        );
        assert_eq!(abc.digest("crc"), None);
    }

    #[test]
    fn a_stand_in_has_the_real_size_and_digest() {
        let digests = BTreeMap::from([("sha256".to_owned(), "00ff".to_owned())]);
        let content = Content::standing_in(
            "k3s",
            StandIn {
                len: 70_000_000,
                digests,
            },
        );
        assert_eq!(content.len(), 70_000_000);
        assert_eq!(content.digest("sha256").unwrap(), "00ff");
        assert_eq!(content.bytes().as_ref(), b"k3s");
    }
}
