//! `known_hosts`: the key of a host that others log in to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::connection::{Action, Attributes, Exec, Probe};
use crate::modules::given::join;
use crate::modules::seen::read;
use crate::modules::{Change, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct KnownHosts {
    name: String,
    key: Option<String>,
    present: bool,
    hash: bool,
    path: Option<String>,
}

impl KnownHosts {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let present = given.text("state") != Some("absent");
        let key = given.some("key").map(|k| k.trim_end().to_owned());
        if present && key.is_none() {
            return Err(Failure::msg("No key specified when adding a host"));
        }
        let path = given.string("path");
        Ok(Self {
            name: given.string("name").to_lowercase(),
            key,
            present,
            hash: given.flag("hash_host"),
            path: if path.starts_with('~') || path.is_empty() {
                None
            } else {
                given.path("path")?
            },
        })
    }

    fn file(&self, seen: &Seen) -> Result<String, Failure> {
        if let Some(path) = &self.path {
            return Ok(path.clone());
        }
        let text = String::from_utf8_lossy(&seen.executed(&environment())?.stdout).into_owned();
        let home = text
            .lines()
            .find_map(|l| l.strip_prefix("HOME="))
            .unwrap_or("/root");
        Ok(join(home, ".ssh/known_hosts"))
    }

    /// Whether a line is about the host; then its key type and key.
    fn about<'a>(&self, line: &'a str) -> Option<(&'a str, &'a str)> {
        let mut words = line.split_whitespace();
        let mut names = words.next()?;
        if names.starts_with('@') {
            names = words.next()?;
        }
        let found = names.split(',').any(|name| is_name(name, &self.name));
        found.then(|| Some((words.next()?, words.next()?)))?
    }

    /// The file's text as wanted.
    fn edited(&self, text: &str) -> Result<String, Failure> {
        let Some(key) = self.key.as_deref().filter(|_| self.present) else {
            return Ok(text
                .lines()
                .filter(|l| self.about(l).is_none())
                .map(|l| format!("{l}\n"))
                .collect());
        };
        let mut words: Vec<&str> = key.split_whitespace().collect();
        // The key may be given with or without the name before it.
        if words.len() > 2
            && !words.first().is_some_and(|w| {
                w.starts_with("ssh-") || w.starts_with("ecdsa-") || w.starts_with("sk-")
            })
        {
            let names = words.remove(0);
            if !names.split(',').any(|name| is_name(name, &self.name)) {
                return Err(Failure::msg(
                    "Host parameter does not match hashed host field in supplied key",
                ));
            }
        }
        let [kind, blob, ..] = words[..] else {
            return Err(Failure::msg("key must be `NAME TYPE KEY` or `TYPE KEY`"));
        };
        let mut out = String::new();
        let mut there = false;
        for line in text.lines() {
            match self.about(line) {
                Some((k, b)) if k == kind && b == blob && line.starts_with("|1|") == self.hash => {
                    there = true;
                }
                // Another key of the same type is the host's old one.
                Some((k, _)) if k == kind => continue,
                _ => {}
            }
            out.push_str(line);
            out.push('\n');
        }
        if !there {
            let name = if self.hash {
                hashed(&self.name)?
            } else {
                self.name.clone()
            };
            out.push_str(&format!("{name} {kind} {blob}\n"));
        }
        Ok(out)
    }
}

/// Whether a name of the file, hashed or not, is this name.
fn is_name(written: &str, name: &str) -> bool {
    let Some(rest) = written.strip_prefix("|1|") else {
        return written == name;
    };
    let Some((salt, hash)) = rest.split_once('|') else {
        return false;
    };
    let (Ok(salt), Ok(hash)) = (STANDARD.decode(salt), STANDARD.decode(hash)) else {
        return false;
    };
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    ring::hmac::verify(&key, name.as_bytes(), &hash).is_ok()
}

/// The name as ssh-keygen hashes it.
fn hashed(name: &str) -> Result<String, Failure> {
    let mut salt = [0_u8; 20];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut salt)
        .map_err(|_| Failure::msg("no random numbers"))?;
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    let tag = ring::hmac::sign(&key, name.as_bytes());
    Ok(format!(
        "|1|{}|{}",
        STANDARD.encode(salt),
        STANDARD.encode(tag.as_ref())
    ))
}

fn environment() -> Probe {
    Probe::Command(Box::new(Exec::new(["env"])))
}

impl Recipe for KnownHosts {
    fn questions(&self) -> Vec<Probe> {
        match &self.path {
            Some(path) => vec![read(path)],
            None => vec![environment()],
        }
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        Ok(vec![read(&self.file(seen)?)])
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let file = self.file(seen)?;
        let before = seen.text(&file)?.unwrap_or_default();
        let after = self.edited(&before)?;
        let mut steps = Steps::default();
        if before.trim_end() != after.trim_end() {
            steps.step(
                Change::new(&file, before, &after),
                Action::WriteFile {
                    path: file.clone(),
                    content: after.into_bytes().into(),
                    attributes: Attributes::default(),
                    validate: None,
                    backup: None,
                },
            );
        }
        steps.set("name", self.name.as_str());
        steps.set("path", file);
        steps.set("state", if self.present { "present" } else { "absent" });
        Ok(steps.or_reason("the host's key is as wanted already"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashed_names_are_found_again() {
        let line = hashed("host.example").unwrap();
        assert!(is_name(&line, "host.example"));
        assert!(!is_name(&line, "other.example"));
        let module = KnownHosts {
            name: "h".to_owned(),
            key: Some("h ssh-rsa NEW".to_owned()),
            present: true,
            hash: false,
            path: None,
        };
        let text = "h ssh-rsa OLD\nh ssh-ed25519 KEPT\nother ssh-rsa X\n";
        assert_eq!(
            module.edited(text).unwrap(),
            "h ssh-ed25519 KEPT\nother ssh-rsa X\nh ssh-rsa NEW\n"
        );
    }
}
