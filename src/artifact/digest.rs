//! A digest with its algorithm, and the sum of a stream.

use md5::Digest as _;

/// `sha256:HEX`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    /// `sha256` and the like.
    pub algorithm: String,
    /// Lower-case hex.
    pub hex: String,
}

/// Algorithms with the length of their hex.
const ALGORITHMS: [(&str, usize); 6] = [
    ("sha256", 64),
    ("sha512", 128),
    ("sha384", 96),
    ("sha224", 56),
    ("sha1", 40),
    ("md5", 32),
];

impl Digest {
    /// A digest; upper-case hex is made lower-case.
    pub fn new(algorithm: &str, hex: &str) -> Self {
        Self {
            algorithm: algorithm.to_owned(),
            hex: hex.to_ascii_lowercase(),
        }
    }

    /// Reads `sha256:HEX`; `None` if it is not one that is known, whole.
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        let (_, len) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm)?;
        (hex.len() == *len && hex.chars().all(|c| c.is_ascii_hexdigit()))
            .then(|| Self::new(algorithm, hex))
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hex)
    }
}

/// Sums bytes as they pass.
pub enum Sum {
    /// One of ring's.
    Ring(ring::digest::Context),
    /// Old, and still in use for checksum files.
    Md5(md5::Md5),
}

impl Sum {
    /// The sum of an algorithm; `None` for one that only a host can check (`sha224`).
    pub fn new(algorithm: &str) -> Option<Self> {
        use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY as SHA1, SHA256, SHA384, SHA512};
        let ring = match algorithm {
            "sha256" => &SHA256,
            "sha384" => &SHA384,
            "sha512" => &SHA512,
            "sha1" => &SHA1,
            "md5" => return Some(Self::Md5(md5::Md5::new())),
            _ => return None,
        };
        Some(Self::Ring(Context::new(ring)))
    }

    /// More bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Ring(context) => context.update(bytes),
            Self::Md5(sum) => sum.update(bytes),
        }
    }

    /// Lower-case hex of all of them.
    pub fn finish(self) -> String {
        fn hex(bytes: &[u8]) -> String {
            bytes.iter().fold(String::new(), |mut text, byte| {
                use std::fmt::Write;
                // Writing to a string cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
        }
        match self {
            Self::Ring(context) => hex(context.finish().as_ref()),
            Self::Md5(sum) => hex(&sum.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_digests_are_digests() {
        let sha = "A".repeat(64);
        assert_eq!(
            Digest::parse(&format!("sha256:{sha}")).unwrap().to_string(),
            format!("sha256:{}", "a".repeat(64))
        );
        for bad in ["", "sha256:", "sha256:abc", "crc:00", &sha] {
            assert_eq!(Digest::parse(bad), None, "{bad}");
        }
        assert_eq!(Digest::parse(&format!("sha256:{}", "g".repeat(64))), None);
    }

    #[test]
    fn sums_are_those_of_the_standards() {
        let of = |algorithm: &str| {
            let mut sum = Sum::new(algorithm)?;
            sum.update(b"a");
            sum.update(b"bc");
            Some(sum.finish())
        };
        // FIPS 180-4 and RFC 1321 give the sums of "abc".
        assert!(of("sha256").unwrap().starts_with("ba7816bf8f01cfea"));
        assert_eq!(
            of("sha1").unwrap(),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert_eq!(of("md5").unwrap(), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(of("sha224"), None);
    }
}
