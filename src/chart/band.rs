//! Which versions of something work: `>=1.19, <1.26`.

use semver::{Version, VersionReq};

/// A band of versions, as cargo writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// As written.
    pub text: String,
    wanted: VersionReq,
}

impl Band {
    /// Reads a band.
    ///
    /// # Errors
    /// It is none, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        VersionReq::parse(text)
            .map(|wanted| Self {
                text: text.to_owned(),
                wanted,
            })
            .map_err(|error| error.to_string())
    }

    /// Whether a version is in it; its build (`+k3s1`) and `v` do not count. `None`: not a version.
    pub fn has(&self, version: &str) -> Option<bool> {
        Some(self.wanted.matches(&parsed(version)?))
    }
}

/// A version of which only the numbers count: `v1.34.4+k3s1`, `1.34`.
pub fn parsed(version: &str) -> Option<Version> {
    let plain = version.trim().trim_start_matches('v');
    let plain = plain.split(['+', '-']).next().unwrap_or_default();
    let mut numbers = plain.split('.').map(|number| number.parse().ok());
    let major: u64 = numbers.next()??;
    let minor: u64 = numbers.next().unwrap_or(Some(0))?;
    let patch: u64 = numbers.next().unwrap_or(Some(0))?;
    numbers
        .next()
        .is_none()
        .then(|| Version::new(major, minor, patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_and_the_letter_do_not_count() {
        let band = Band::parse(">=1.19, <1.26").unwrap();
        assert_eq!(band.has("v1.25.9+k3s1"), Some(true));
        assert_eq!(band.has("1.26"), Some(false));
        assert_eq!(band.has("1.19.0-rc1"), Some(true));
        assert_eq!(band.has("latest"), None);
        assert!(Band::parse("about 1.2").is_err());
    }
}
