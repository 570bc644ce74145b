//! `ansible.posix.authorized_key`: keys that may log in to an account.

use crate::connection::{Action, Attributes, Probe};
use crate::modules::given::{join, parent};
use crate::modules::seen::{read, stat};
use crate::modules::{Change, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct AuthorizedKey {
    user: String,
    keys: Vec<Key>,
    present: bool,
    /// Other keys are taken out.
    exclusive: bool,
    /// The folder is ours to make and to keep private.
    folder: bool,
    path: Option<String>,
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    options: String,
    kind: String,
    blob: String,
    comment: String,
}

impl Key {
    /// Reads a line; `None` if it is no key.
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        let words = quoted_words(line);
        let at = words.iter().position(|w| is_kind(w))?;
        Some(Self {
            options: words.get(..at)?.join(" "),
            kind: words.get(at)?.clone(),
            blob: words.get(at + 1)?.clone(),
            comment: words.get(at + 2..).unwrap_or_default().join(" "),
        })
    }

    fn line(&self) -> String {
        let parts = [&self.options, &self.kind, &self.blob, &self.comment];
        parts
            .into_iter()
            .filter(|p| !p.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Words at blanks outside double quotes.
fn quoted_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                words.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Whether a word is the name of a key type.
fn is_kind(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"]
        .iter()
        .any(|p| word.starts_with(p))
}

impl AuthorizedKey {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let text = given.string("key");
        if text.starts_with("http://") || text.starts_with("https://") {
            return Err(Failure::msg("`key` must be keys, not an address")
                .help("fetch them with `uri` and `return_content`, and give the content"));
        }
        let mut keys = Vec::new();
        for line in text
            .lines()
            .filter(|l| !l.trim().is_empty() && !l.starts_with('#'))
        {
            let mut key = Key::parse(line)
                .ok_or_else(|| Failure::msg(format!("invalid key specified: {line}")))?;
            if let Some(options) = given.some("key_options") {
                key.options = options;
            }
            if let Some(comment) = given.some("comment") {
                key.comment = comment;
            }
            keys.push(key);
        }
        Ok(Self {
            user: given.string("user"),
            keys,
            present: given.text("state") != Some("absent"),
            exclusive: given.flag("exclusive"),
            folder: given.flag("manage_dir"),
            path: given.path("path")?,
        })
    }

    fn account(&self) -> Probe {
        Probe::User {
            name: self.user.clone(),
        }
    }

    /// The file, if it is known where.
    fn file(&self, seen: &Seen) -> Result<Option<String>, Failure> {
        if let Some(path) = &self.path {
            return Ok(Some(path.clone()));
        }
        Ok(seen
            .user(&self.user)?
            .map(|a| join(&a.home, ".ssh/authorized_keys")))
    }

    /// The file's text as wanted.
    fn edited(&self, text: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut done = vec![false; self.keys.len()];
        for line in text.lines() {
            let Some(key) = Key::parse(line).filter(|_| !line.trim_start().starts_with('#')) else {
                lines.push(line.to_owned());
                continue;
            };
            match self
                .keys
                .iter()
                .position(|k| k.blob == key.blob && k.kind == key.kind)
            {
                Some(at) if self.present => {
                    if !std::mem::replace(&mut done[at], true) {
                        let wanted = &self.keys[at];
                        lines.push(if *wanted == key {
                            line.to_owned()
                        } else {
                            wanted.line()
                        });
                    }
                }
                Some(_) => {}
                None if self.present && self.exclusive => {}
                None => lines.push(line.to_owned()),
            }
        }
        if self.present {
            let missing = self.keys.iter().zip(done).filter(|(_, done)| !done);
            lines.extend(missing.map(|(key, _)| key.line()));
        }
        lines.into_iter().map(|l| l + "\n").collect()
    }
}

impl Recipe for AuthorizedKey {
    fn questions(&self) -> Vec<Probe> {
        vec![self.account()]
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        Ok(match self.file(seen)? {
            Some(file) => vec![read(&file), stat(parent(&file))],
            None => Vec::new(),
        })
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let account = seen.user(&self.user)?;
        let Some(file) = self.file(seen)? else {
            return Err(Failure::msg(format!(
                "Failed to lookup user {}: no such account",
                self.user
            )));
        };
        let mut steps = Steps::default();
        let before = seen.text(&file)?.unwrap_or_default();
        let after = self.edited(&before);
        let owned = |mode: u32| Attributes {
            mode: Some(mode),
            owner: account.map(|a| a.name.clone()),
            group: account.map(|a| a.group.clone()),
        };
        if before.trim_end() != after.trim_end() {
            if self.folder && seen.stat(parent(&file))?.is_none() {
                steps.actions.push(Action::MakeDirectory {
                    path: parent(&file).to_owned(),
                    attributes: owned(0o700),
                });
            }
            steps.step(
                Change::new(&file, before, &after),
                Action::WriteFile {
                    path: file.clone(),
                    content: after.into_bytes().into(),
                    attributes: owned(0o600),
                    validate: None,
                    backup: None,
                },
            );
        }
        steps.set("user", self.user.as_str());
        steps.set("keyfile", file);
        steps.set("state", if self.present { "present" } else { "absent" });
        steps.set("exclusive", self.exclusive);
        Ok(steps.or_reason("the keys are as wanted already"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_added_changed_and_removed_without_touching_others() {
        let key = |line: &str| Key::parse(line).unwrap();
        let mut module = AuthorizedKey {
            user: "u".to_owned(),
            keys: vec![key("ssh-ed25519 AAAA new")],
            present: true,
            exclusive: false,
            folder: true,
            path: None,
        };
        let text = "# who\nfrom=\"a b\",no-pty ssh-rsa BBBB x y\nssh-ed25519 AAAA old\n";
        assert_eq!(
            module.edited(text),
            "# who\nfrom=\"a b\",no-pty ssh-rsa BBBB x y\nssh-ed25519 AAAA new\n"
        );
        assert_eq!(module.edited(&module.edited("")), "ssh-ed25519 AAAA new\n");
        module.exclusive = true;
        assert_eq!(module.edited(text), "# who\nssh-ed25519 AAAA new\n");
        module.present = false;
        assert_eq!(
            module.edited("ssh-ed25519 AAAA x\nssh-rsa B\n"),
            "ssh-rsa B\n"
        );
    }
}
