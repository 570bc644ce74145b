//! Shares of a Vault's key: as they are, or each sealed with age to the operator who holds it.

use age::secrecy::ExposeSecret as _;
use age::x25519::{Identity, Recipient};
use serde_json::{Value, json};

use crate::modules::{Failure, Given};
use crate::secret::Secret;

/// A share that only its operator can open.
struct Sealed {
    recipient: String,
    text: String,
}

/// The shares that a task was given.
pub struct Shares {
    plain: Vec<Secret<String>>,
    sealed: Vec<Sealed>,
    identities: Vec<Identity>,
}

impl Shares {
    /// Reads `keys`, `sealed_keys` and the texts of identity files in `identities`.
    pub fn new(given: &Given) -> Self {
        let sealed = given.get("sealed_keys").and_then(Value::as_array);
        let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        let sealed = sealed.into_iter().flatten().map(|one| Sealed {
            recipient: text(one, "recipient"),
            text: text(one, "share"),
        });
        let files = given.list("identities");
        let lines = files.iter().flat_map(|file| file.lines());
        Self {
            plain: given.list("keys").into_iter().map(Secret::new).collect(),
            sealed: sealed.collect(),
            identities: lines.filter_map(|line| line.trim().parse().ok()).collect(),
        }
    }

    /// Whether there is none at all.
    pub const fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.sealed.is_empty()
    }

    /// Whether operators hold them.
    pub const fn are_sealed(&self) -> bool {
        self.plain.is_empty() && !self.sealed.is_empty()
    }

    /// Those that can be used: all, or what the identities open.
    pub fn open(&self) -> Vec<Secret<String>> {
        let opened = self.sealed.iter().filter_map(|one| {
            let identities = self.identities.iter();
            let mut plain = identities.filter_map(|id| age::decrypt(id, one.text.as_bytes()).ok());
            Some(Secret::new(String::from_utf8(plain.next()?).ok()?))
        });
        let mut all = self.plain.clone();
        all.extend(opened);
        all
    }

    /// Who holds the others, for messages: `age1… (2 shares), age1… (1 share)`.
    pub fn holders(&self) -> String {
        let mine: Vec<String> = self
            .identities
            .iter()
            .map(|one| one.to_public().to_string())
            .collect();
        let mut others: Vec<(&str, usize)> = Vec::new();
        for one in self
            .sealed
            .iter()
            .filter(|one| !mine.contains(&one.recipient))
        {
            match others.iter_mut().find(|(name, _)| *name == one.recipient) {
                Some((_, count)) => *count += 1,
                None => others.push((&one.recipient, 1)),
            }
        }
        let words = others.into_iter().map(|(name, count)| {
            format!(
                "{name} ({count} share{})",
                if count == 1 { "" } else { "s" }
            )
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// What to do where those that can be used are too few.
    pub fn help(&self) -> String {
        if self.are_sealed() {
            format!(
                "give the age identity of a holder with `--identity FILE` (repeatable): {}",
                self.holders()
            )
        } else {
            "bring back the state directory with the sealed store that keeps them".to_owned()
        }
    }
}

/// The recipients that the arguments name.
///
/// # Errors
/// One is no age recipient, or there are more than shares.
pub fn recipients(given: &Given, shares: u64) -> Result<Vec<Recipient>, Failure> {
    let words = given.list("recipients");
    if words.len() as u64 > shares {
        return Err(Failure::msg(format!(
            "{} recipients are to hold {shares} shares: some would hold none",
            words.len()
        ))
        .help("make at least as many `shares` as there are `recipients`"));
    }
    let read = words.iter().map(|word| {
        word.parse().map_err(|why: &str| {
            Failure::msg(format!("`{word}` is not an age recipient: {why}"))
                .help("write the public key that `age-keygen` prints, `age1…`")
        })
    });
    read.collect()
}

/// Deals the shares out, to one recipient after the other, each sealed to its holder alone.
///
/// # Errors
/// One cannot be sealed.
pub fn dealt(shares: &[Secret<String>], to: &[Recipient]) -> Result<Vec<Value>, Failure> {
    let pairs = shares.iter().zip(to.iter().cycle());
    let sealed = pairs.map(|(share, recipient)| {
        let text = age::encrypt_and_armor(recipient, share.expose().as_bytes())
            .map_err(|why| Failure::msg(format!("cannot seal a share to {recipient}: {why}")))?;
        Ok(json!({ "recipient": recipient.to_string(), "share": text }))
    });
    sealed.collect()
}

/// The identities of an identity file, as lines; none if it has none that can be used.
pub fn identities(text: &str) -> Vec<String> {
    let found = text.lines().filter_map(|line| {
        let identity: Identity = line.trim().parse().ok()?;
        Some(identity.to_string().expose_secret().to_owned())
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::modules::registry;

    fn given(args: &Value) -> Given {
        let signature = registry::signature("vault_unseal").unwrap();
        Given::new(signature, args.as_object().unwrap()).unwrap()
    }

    #[test]
    fn shares_are_dealt_in_turn_and_only_their_holders_open_them() {
        let holders: Vec<Identity> = (0..2).map(|_| Identity::generate()).collect();
        let to: Vec<Recipient> = holders.iter().map(Identity::to_public).collect();
        let plain = ["one", "two", "three"].map(|s| Secret::new(s.to_owned()));
        let sealed = dealt(&plain, &to).unwrap();
        assert!(!json!(sealed).to_string().contains("two"));
        let file = |nth: usize| {
            let text = holders[nth].to_string();
            format!("# created: today\n{}\n", text.expose_secret())
        };
        let with = |files: &[String]| {
            let args = json!({ "url": "https://v:8200", "keys": [], "sealed_keys": sealed, "identities": files });
            Shares::new(&given(&args))
        };
        let texts = |shares: &Shares| -> Vec<String> {
            shares.open().iter().map(|s| s.expose().clone()).collect()
        };
        let first = with(&[file(0)]);
        assert_eq!(texts(&first), ["one", "three"]);
        assert_eq!(first.holders(), format!("{} (1 share)", to[1]));
        assert_eq!(texts(&with(&[file(1), file(0)])), ["one", "two", "three"]);
        let nobody = with(&[]);
        assert!(nobody.are_sealed() && texts(&nobody).is_empty());
        assert!(nobody.help().contains(&format!("{} (2 shares)", to[0])));
    }

    #[test]
    fn an_identity_file_is_read_line_by_line() {
        let identity = Identity::generate().to_string();
        let text = format!("# public key: age1x\n\n{}\n", identity.expose_secret());
        assert_eq!(identities(&text), [identity.expose_secret()]);
        assert!(identities("-----BEGIN AGE ENCRYPTED FILE-----\n").is_empty());
    }
}
