//! `checksum: sha256:HEX` or `sha256:URL` of a file with digests; or what the address is locked to.

use std::collections::BTreeMap;

use super::here;
use crate::artifact::{Digest, Downloads};
use crate::connection::{Exec, Probe, Reader, Reply};
use crate::modules::files::DIGESTS;
use crate::modules::given::base_name;
use crate::modules::{Failure, Seen};

/// The digest that a download must have.
pub struct Checksum {
    /// `sha256` and the like.
    pub algorithm: &'static str,
    /// Hex, or the address of a file that has it.
    value: String,
    /// The name that the file goes by in that file.
    name: String,
    /// Whether it is the lock that says it.
    locked: bool,
}

/// Prints what is at an address, with what the host has. Its arguments are the address and seconds.
const FETCH: &str = "if command -v curl >/dev/null 2>&1; then exec curl -fsSL --max-time \"$2\" -- \"$1\"; elif command -v wget >/dev/null 2>&1; then exec wget -q -O - -T \"$2\" -- \"$1\"; else exit 127; fi";
/// What it answers where the host has no program to ask with.
const NOTHING_THERE: i32 = 127;

impl Checksum {
    /// Reads the argument; `None` if it is empty.
    pub fn parse(text: &str, url: &str) -> Result<Option<Self>, Failure> {
        if text.is_empty() {
            return Ok(None);
        }
        let bad = || {
            Failure::msg(format!(
                "The checksum parameter has to be in format <algorithm>:<checksum>: `{text}`"
            ))
        };
        let (algorithm, value) = text.split_once(':').ok_or_else(bad)?;
        let algorithm = DIGESTS
            .into_iter()
            .find(|d| *d == algorithm.trim().to_lowercase())
            .ok_or_else(bad)?;
        let value = value.trim().to_owned();
        if !value.contains("://")
            && (value.is_empty() || !value.chars().all(|c| c.is_ascii_hexdigit()))
        {
            return Err(Failure::msg(format!(
                "The checksum format is invalid: `{text}`"
            )));
        }
        let path = url.split(['?', '#']).next().unwrap_or(url);
        Ok(Some(Self {
            algorithm,
            value,
            name: base_name(path).to_owned(),
            locked: false,
        }))
    }

    /// What an address is locked to; `None` for an algorithm that hosts do not compute.
    pub fn locked(digest: &Digest) -> Option<Self> {
        Some(Self {
            algorithm: DIGESTS.into_iter().find(|d| *d == digest.algorithm)?,
            value: digest.hex.clone(),
            name: String::new(),
            locked: true,
        })
    }

    /// Whether the lock says it.
    pub const fn is_locked(&self) -> bool {
        self.locked
    }

    /// Whether the task itself says the digest.
    pub fn is_pinned(&self) -> bool {
        !self.locked && !self.value.contains("://")
    }

    /// Reads the file with digests, on the host or here.
    pub async fn look(
        &self,
        (at, seen): (&Reader<'_>, &mut Seen),
        environment: &BTreeMap<String, String>,
        downloads: &Downloads,
    ) -> Result<(), Failure> {
        let Some(probe) = self.question(environment) else {
            return Ok(());
        };
        if !downloads.sends_always() {
            seen.ask(at, vec![probe.clone()]).await?;
            if seen.executed(&probe)?.code != NOTHING_THERE {
                return Ok(());
            }
        }
        let wanted = here::wanted(&self.value, environment);
        let answer = here::text(downloads, &wanted).await;
        seen.put(probe, Reply::Command(answer));
        Ok(())
    }

    /// The question for the file with digests, if the digest is in one.
    pub fn question(&self, environment: &BTreeMap<String, String>) -> Option<Probe> {
        self.value.contains("://").then(|| {
            let argv = ["/bin/sh", "-c", FETCH, "sh", &self.value, "30"];
            let mut exec = Exec::new(argv);
            exec.env.clone_from(environment);
            Probe::Command(Box::new(exec))
        })
    }

    /// Lower-case hex.
    pub fn digest(
        &self,
        seen: &Seen,
        environment: &BTreeMap<String, String>,
    ) -> Result<String, Failure> {
        let Some(probe) = self.question(environment) else {
            return Ok(self.value.to_lowercase());
        };
        let answer = seen.executed(&probe)?;
        if answer.code != 0 {
            return Err(Failure::msg(format!(
                "could not read the digests at {}: {}",
                self.value,
                String::from_utf8_lossy(&answer.stderr).trim()
            )));
        }
        find(&String::from_utf8_lossy(&answer.stdout), &self.name).ok_or_else(|| {
            Failure::msg(format!(
                "Unable to find a checksum for file '{}' in '{}'",
                self.name, self.value
            ))
        })
    }
}

/// The digest of a file in a text of `HEX  NAME` lines, or the only one there is.
fn find(text: &str, name: &str) -> Option<String> {
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|l| l.split_whitespace().collect::<Vec<_>>())
        .filter(|w| !w.is_empty())
        .collect();
    let hex = |word: &str| word.len() >= 32 && word.chars().all(|c| c.is_ascii_hexdigit());
    if let [only] = &lines[..]
        && let [digest] = only[..]
    {
        return hex(digest).then(|| digest.to_lowercase());
    }
    lines.iter().find_map(|words| {
        let [digest, file, ..] = words[..] else {
            return None;
        };
        let file = base_name(file.trim_start_matches('*'));
        (hex(digest) && file == name).then(|| digest.to_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_found_by_name() {
        let a = "a".repeat(64);
        let b = "B".repeat(64);
        let text = format!("{a}  ./other\n{b} *k3s\n");
        assert_eq!(find(&text, "k3s"), Some(b.to_lowercase()));
        assert_eq!(find(&text, "k4s"), None);
        assert_eq!(find(&format!("{a}\n"), "x"), Some(a));
        assert!(Checksum::parse("sha256:xyz", "http://x/y").is_err());
        assert!(Checksum::parse("crc:00", "http://x/y").is_err());
        assert!(Checksum::parse("", "http://x/y").unwrap().is_none());
    }
}
