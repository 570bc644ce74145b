//! Takes every known secret out of a text before a person, a file or a pipe sees it.

use std::sync::{Arc, RwLock};

/// What stands in a secret's place.
pub const MASK: &str = "********";

/// Secrets shorter than this many characters are not masked: replacing every `a` would hide the
/// message and tell the secret.
const SHORTEST: usize = 4;

/// The secrets of a run; clones share one list.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Vec<String>>>);

impl Redactor {
    /// Adds a secret, and each of its lines (a key printed line by line is still the key) but the
    /// bare names of a file of settings: `clusters:` of a kubeconfig is a word of every message
    /// about clusters.
    pub fn add(&self, secret: &str) {
        let Ok(mut known) = self.0.write() else {
            return;
        };
        let lines = secret.lines().filter(|line| !is_bare_name(line));
        for part in std::iter::once(secret).chain(lines) {
            let part = part.trim();
            if part.chars().count() >= SHORTEST && !known.iter().any(|k| k == part) {
                known.push(part.to_owned());
            }
        }
        // Longest first, so that a secret inside another one does not leave the rest behind.
        known.sort_by_key(|k| std::cmp::Reverse(k.len()));
    }

    /// Adds every text in a value that is a secret as a whole.
    pub fn add_all(&self, value: &serde_json::Value) {
        match value {
            serde_json::Value::String(text) => self.add(text),
            serde_json::Value::Array(items) => items.iter().for_each(|item| self.add_all(item)),
            serde_json::Value::Object(map) => map.values().for_each(|value| self.add_all(value)),
            _ => {}
        }
    }

    /// Adds what stands in every PEM private key of the text (RFC 7468): nobody has to say that such a
    /// thing is secret.
    pub fn add_private_keys(&self, text: &str) {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once("-----BEGIN ") {
            rest = after;
            let Some((label, body)) = after.split_once("-----") else {
                return;
            };
            if label.contains('\n') || !label.ends_with("PRIVATE KEY") {
                continue;
            }
            // One that was cut off is secret as far as it goes.
            self.add(body.split("-----END ").next().unwrap_or(body));
        }
    }

    /// The text with every known secret masked.
    pub fn redact(&self, text: &str) -> String {
        let Ok(known) = self.0.read() else {
            return MASK.to_owned();
        };
        known.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) {
                text.replace(secret.as_str(), MASK)
            } else {
                text
            }
        })
    }
}

/// `name:`, with a dash or without: what stands above settings and is none.
fn is_bare_name(line: &str) -> bool {
    let name = line.trim().trim_start_matches("- ").strip_suffix(':');
    name.is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_whole_secrets_and_their_lines() {
        let redactor = Redactor::default();
        redactor.add("first-line\nsecond-line");
        assert_eq!(redactor.redact("got second-line here"), "got ******** here");
        assert_eq!(redactor.redact("first-line\nsecond-line"), MASK);
        redactor.add("abc");
        assert_eq!(redactor.redact("abc"), "abc");
        redactor.add("clusters:\n- cluster:\n    token: t0p-secret\nhunter2:");
        assert_eq!(
            redactor.redact("it lists clusters: 3"),
            "it lists clusters: 3"
        );
        assert_eq!(redactor.redact("token: t0p-secret"), MASK);
        assert_eq!(redactor.redact("hunter2:"), MASK);
        redactor.add("hunter:");
        assert_eq!(redactor.redact("a hunter:"), format!("a {MASK}"));
    }

    #[test]
    fn a_private_key_is_known_by_its_looks() {
        let redactor = Redactor::default();
        redactor.add_private_keys(
            "x\n-----BEGIN CERTIFICATE-----\npublic\n-----END CERTIFICATE-----\n\
             -----BEGIN EC PRIVATE KEY-----\nline-one\nline-two\n-----END EC PRIVATE KEY-----\nafter\n\
             -----BEGIN PRIVATE KEY-----\ncut-off",
        );
        assert_eq!(
            redactor.redact("public line-two line-one after cut-off"),
            format!("public {MASK} {MASK} after {MASK}")
        );
    }
}
