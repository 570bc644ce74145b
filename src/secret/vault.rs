//! ansible-vault, read and written: format 1.1 and 1.2 (the latter names its vault id), AES256.
//!
//! The format, as ansible-core writes it: a header line `$ANSIBLE_VAULT;1.1;AES256` (1.2 adds
//! `;id`), then hexadecimal in lines of 80. That decodes to three lines, each hexadecimal again:
//! salt, HMAC-SHA256 of the ciphertext, ciphertext. PBKDF2-HMAC-SHA256 with 10 000 rounds makes 80
//! bytes from password and salt: the AES-256 key, the HMAC key, and the first counter block. The
//! plaintext has PKCS#7 padding although CTR needs none.

use std::num::NonZeroU32;

use aes::cipher::{KeyIvInit, StreamCipher};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{hmac, pbkdf2};
use thiserror::Error;

use super::Secret;

/// What every vault text starts with.
pub const MARK: &str = "$ANSIBLE_VAULT";

/// The id a password has when none is named.
pub const DEFAULT_ID: &str = "default";

/// PBKDF2 rounds, fixed by the format.
const ROUNDS: NonZeroU32 = NonZeroU32::new(10_000).unwrap();

/// Bytes of padding granularity: AES's block.
const BLOCK: usize = 16;

/// Characters in a line of the armour.
const LINE: usize = 80;

/// A password and the vault id it is for.
#[derive(Clone)]
pub struct VaultPassword {
    /// `default` unless the user named one (`--vault-id prod@file`).
    pub id: String,
    /// The password, without the line end of its file.
    pub password: Secret<String>,
}

impl VaultPassword {
    /// A password for the default vault id.
    pub fn new(password: impl Into<String>) -> Self {
        Self {
            id: DEFAULT_ID.to_owned(),
            password: Secret::new(password.into()),
        }
    }

    /// The same password under another vault id.
    #[must_use]
    pub fn for_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }
}

impl std::fmt::Debug for VaultPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VaultPassword({})", self.id)
    }
}

/// Why a vault text could not be opened or made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VaultError {
    /// No header.
    #[error("it does not start with `$ANSIBLE_VAULT;`")]
    NotAVault,
    /// A version this program (and ansible-core) does not know.
    #[error("vault format {0} is not 1.1 or 1.2")]
    Version(String),
    /// Only AES256 was ever supported by these versions.
    #[error("the cipher `{0}` is not AES256")]
    Cipher(String),
    /// The text was cut, or edited by hand.
    #[error("the vault text is damaged: {0}")]
    Damaged(&'static str),
    /// Nobody gave a password.
    #[error("no vault password was given")]
    NoPassword,
    /// None of the passwords fits (the HMAC of each differs), or the text was changed.
    #[error("none of the {0} vault passwords given opens it")]
    WrongPassword(usize),
    /// The operating system gave no random bytes for a salt.
    #[error("the operating system gave no random bytes")]
    NoRandom,
}

/// Whether a text is a vault, by its first characters.
pub fn is_vault(text: &[u8]) -> bool {
    text.starts_with(MARK.as_bytes()) && text.get(MARK.len()) == Some(&b';')
}

/// Opens a vault text. The passwords of its own vault id are tried first, then the others, as
/// ansible does unless told to match ids. The HMAC is checked, in constant time, before anything
/// is decrypted.
pub fn decrypt(text: &str, passwords: &[VaultPassword]) -> Result<Secret<Vec<u8>>, VaultError> {
    let envelope = Envelope::parse(text)?;
    if passwords.is_empty() {
        return Err(VaultError::NoPassword);
    }
    let own = passwords.iter().filter(|p| p.id == envelope.id);
    let other = passwords.iter().filter(|p| p.id != envelope.id);
    for password in own.chain(other) {
        if let Some(plain) = envelope.open(password)? {
            return Ok(Secret::new(plain));
        }
    }
    Err(VaultError::WrongPassword(passwords.len()))
}

/// Seals a text with a salt from the operating system. Format 1.2 if the password has a vault id
/// of its own, else 1.1.
pub fn encrypt(plain: &[u8], password: &VaultPassword) -> Result<String, VaultError> {
    let mut salt = [0_u8; 32];
    SystemRandom::new()
        .fill(&mut salt)
        .map_err(|_| VaultError::NoRandom)?;
    Ok(encrypt_with_salt(plain, password, &salt))
}

/// Seals a text with this salt: the same arguments give the same bytes as ansible-vault.
pub fn encrypt_with_salt(plain: &[u8], password: &VaultPassword, salt: &[u8]) -> String {
    let keys = Keys::derive(password.password.expose(), salt);
    let padding = BLOCK - plain.len() % BLOCK;
    let mut body = plain.to_vec();
    body.resize(plain.len() + padding, u8::try_from(padding).unwrap_or(0));
    keys.apply(&mut body);
    let tag = hmac::sign(&keys.hmac, &body);
    let inner = format!("{}\n{}\n{}", hex(salt), hex(tag.as_ref()), hex(&body));
    let mut text = if password.id == DEFAULT_ID {
        format!("{MARK};1.1;AES256\n")
    } else {
        format!("{MARK};1.2;AES256;{}\n", password.id)
    };
    let armour = hex(inner.as_bytes());
    for line in armour.as_bytes().chunks(LINE) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text
}

/// A vault text taken apart.
struct Envelope {
    id: String,
    salt: Vec<u8>,
    tag: Vec<u8>,
    body: Vec<u8>,
}

impl Envelope {
    fn parse(text: &str) -> Result<Self, VaultError> {
        if !is_vault(text.as_bytes()) {
            return Err(VaultError::NotAVault);
        }
        let mut lines = text.lines();
        let mut header = lines.next().unwrap_or("").split(';').map(str::trim);
        let (_, version, cipher, id) = (header.next(), header.next(), header.next(), header.next());
        match version {
            Some("1.1" | "1.2") => {}
            other => return Err(VaultError::Version(other.unwrap_or("?").to_owned())),
        }
        match cipher {
            Some("AES256") => {}
            other => return Err(VaultError::Cipher(other.unwrap_or("?").to_owned())),
        }
        let armour: String = lines.map(str::trim).collect();
        let inner = unhex(armour.as_bytes()).ok_or(VaultError::Damaged("it is not hexadecimal"))?;
        let mut parts = inner.split(|byte| *byte == b'\n');
        let mut part = |what| {
            parts
                .next()
                .and_then(unhex)
                .filter(|bytes| !bytes.is_empty())
                .ok_or(VaultError::Damaged(what))
        };
        Ok(Self {
            id: id.unwrap_or(DEFAULT_ID).to_owned(),
            salt: part("the salt is missing")?,
            tag: part("the checksum is missing")?,
            body: part("the content is missing")?,
        })
    }

    /// The plaintext; `None` if this password is not the one.
    fn open(&self, password: &VaultPassword) -> Result<Option<Vec<u8>>, VaultError> {
        let keys = Keys::derive(password.password.expose(), &self.salt);
        if hmac::verify(&keys.hmac, &self.body, &self.tag).is_err() {
            return Ok(None);
        }
        let mut plain = self.body.clone();
        keys.apply(&mut plain);
        let padding = plain.last().map_or(0, |byte| usize::from(*byte));
        let kept = plain.len().checked_sub(padding);
        match kept {
            Some(kept) if (1..=BLOCK).contains(&padding) => {
                plain.truncate(kept);
                Ok(Some(plain))
            }
            _ => Err(VaultError::Damaged("its padding is wrong")),
        }
    }
}

/// What password and salt become.
struct Keys {
    cipher: [u8; 32],
    hmac: hmac::Key,
    counter: [u8; BLOCK],
}

impl Keys {
    fn derive(password: &str, salt: &[u8]) -> Self {
        let mut all = [0_u8; 80];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            ROUNDS,
            salt,
            password.as_bytes(),
            &mut all,
        );
        let (mut cipher, mut counter) = ([0; 32], [0; BLOCK]);
        cipher.copy_from_slice(&all[..32]);
        counter.copy_from_slice(&all[64..]);
        Self {
            cipher,
            hmac: hmac::Key::new(hmac::HMAC_SHA256, &all[32..64]),
            counter,
        }
    }

    /// En- or decrypts: with CTR that is the same thing.
    fn apply(&self, bytes: &mut [u8]) {
        ctr::Ctr128BE::<aes::Aes256>::new(&self.cipher.into(), &self.counter.into())
            .apply_keystream(bytes);
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks(2)
        .map(|pair| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok())
        .collect()
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
