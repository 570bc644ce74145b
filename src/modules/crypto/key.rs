//! `community.crypto.openssl_privatekey`: a private key, made with the operating system's random
//! numbers, in PKCS#8, and never shown.

use async_trait::async_trait;
use rcgen::KeyPair;
use rsa::pkcs8::EncodePrivateKey as _;

use crate::connection::{Action, Probe, Reader};
use crate::modules::dates::backup_suffix;
use crate::modules::given::parent;
use crate::modules::mode::{Mode, Target};
use crate::modules::seen::{read, stat, stat_through};
use crate::modules::wanted::Wanted;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Seen, Site, Steps};
use crate::secret::Secret;

/// The module.
pub struct PrivateKey {
    path: String,
    present: bool,
    kind: Kind,
    /// `size` as given: results have it for every type.
    size: u64,
    regenerate: String,
    force: bool,
    backup: Option<String>,
    content: bool,
    wanted: Wanted,
}

/// Kind and size of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RSA with so many bits.
    Rsa(usize),
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// Ed25519.
    Ed25519,
}

impl PrivateKey {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        if given.some("passphrase").is_some() {
            return Err(Failure::msg("`passphrase` is not supported")
                .help("keep the key with mode 0600, or in the sealed store"));
        }
        if matches!(given.text("format"), Some("pkcs1" | "raw")) {
            return Err(Failure::msg("only `format: pkcs8` is supported"));
        }
        let kind = match (given.string("type").as_str(), given.text("curve")) {
            ("RSA", _) => Kind::Rsa(usize::try_from(given.count("size")).unwrap_or(0)),
            ("ECC", Some("secp256r1")) => Kind::P256,
            ("ECC", Some("secp384r1")) => Kind::P384,
            ("Ed25519", _) => Kind::Ed25519,
            ("ECC", curve) => {
                return Err(Failure::msg(format!(
                    "`curve: {}` is not supported",
                    curve.unwrap_or("(none)")
                ))
                .help("use secp256r1 or secp384r1"));
            }
            (kind, _) => {
                return Err(Failure::msg(format!("`type: {kind}` is not supported"))
                    .help("use ECC, RSA or Ed25519"));
            }
        };
        if let Kind::Rsa(size) = kind
            && !(2048..=8192).contains(&size)
        {
            return Err(Failure::msg("`size` must be between 2048 and 8192"));
        }
        let mut wanted = Wanted::new(given)?;
        wanted.mode = wanted.mode.or(Some(Mode::Exact(0o600)));
        Ok(Self {
            path: given.the_path("path")?,
            present: given.text("state") != Some("absent"),
            kind,
            size: given.count("size"),
            regenerate: given.string("regenerate"),
            force: given.flag("force"),
            backup: given
                .flag("backup")
                .then(|| backup_suffix(context.clock.now())),
            content: given.flag("return_content"),
            wanted,
        })
    }

    /// The failure for a folder that is not there.
    fn homeless(&self, seen: &Seen) -> Result<Option<Failure>, Failure> {
        let folder = parent(&self.path);
        Ok((!seen.is_directory(folder)?).then(|| {
            Failure::msg(format!(
                "The directory {folder} does not exist or the file is not a directory"
            ))
        }))
    }

    /// What is to be done, without the key itself.
    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        steps.set("filename", self.path.as_str());
        let (name, curve) = self.kind.words();
        steps.set("type", name);
        steps.set("size", self.size);
        if let Some(curve) = curve {
            steps.set("curve", curve);
        }
        let there = seen.stat(&self.path)?;
        if !self.present {
            if there.is_some() {
                steps.step(
                    Change::new(&self.path, "private key", ""),
                    Action::Remove {
                        path: self.path.clone(),
                    },
                );
            }
            return Ok(steps.or_reason("there is no key"));
        }
        let Some(content) = seen.content(&self.path)? else {
            steps.diff.refused = self.homeless(seen)?;
            steps
                .diff
                .changes
                .push(Change::new(&self.path, "", "a new private key").secret());
            return Ok(steps);
        };
        let found = parse(&String::from_utf8_lossy(content))
            .ok()
            .and_then(|key| Kind::of(&key));
        let right = found == Some(self.kind);
        let anew = match (self.regenerate.as_str(), found) {
            _ if self.force => true,
            ("always", _) => true,
            ("never", _) => false,
            ("fail" | "partial_idempotence", None) => {
                return Err(Failure::msg(format!(
                    "Unable to read the key {}. It is not a key that is understood",
                    self.path
                )));
            }
            ("fail", Some(_)) if !right => {
                return Err(Failure::msg(format!(
                    "Key {} has wrong type and/or size",
                    self.path
                )));
            }
            _ => !right,
        };
        if anew {
            steps
                .diff
                .changes
                .push(Change::new(&self.path, "another key", "a new private key").secret());
        } else if let Some(there) = there {
            self.wanted.settle(&mut steps, &self.path, there);
        }
        Ok(steps.or_reason("the key is there already"))
    }
}

impl Kind {
    /// Ansible's words: type, curve.
    fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Rsa(_) => ("RSA", None),
            Self::P256 => ("ECC", Some("secp256r1")),
            Self::P384 => ("ECC", Some("secp384r1")),
            Self::Ed25519 => ("Ed25519", None),
        }
    }

    /// The kind of a key that was read.
    fn of(key: &KeyPair) -> Option<Self> {
        let algorithm = key.algorithm();
        if *algorithm == rcgen::PKCS_ECDSA_P256_SHA256 {
            Some(Self::P256)
        } else if *algorithm == rcgen::PKCS_ECDSA_P384_SHA384 {
            Some(Self::P384)
        } else if *algorithm == rcgen::PKCS_ED25519 {
            Some(Self::Ed25519)
        } else if *algorithm == rcgen::PKCS_RSA_SHA256 {
            // The public key is the modulus with 14 bytes of DER around it, from 1024 bits on.
            Some(Self::Rsa(key.public_key_raw().len().saturating_sub(14) * 8))
        } else {
            None
        }
    }

    /// A new key as PEM.
    pub fn generate(self) -> Result<Secret<String>, Failure> {
        let failed =
            |error: &dyn std::fmt::Display| Failure::msg(format!("could not make a key: {error}"));
        let algorithm = match self {
            Self::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Self::Ed25519 => &rcgen::PKCS_ED25519,
            Self::Rsa(size) => {
                let key =
                    rsa::RsaPrivateKey::new(&mut rand::rng(), size).map_err(|e| failed(&e))?;
                let pem = key
                    .to_pkcs8_pem(rsa::pkcs8::LineEnding::LF)
                    .map_err(|e| failed(&e))?;
                return Ok(Secret::new(pem.to_string()));
            }
        };
        let key = KeyPair::generate_for(algorithm).map_err(|e| failed(&e))?;
        Ok(Secret::new(key.serialize_pem()))
    }
}

/// Reads a key; the error never has a part of it.
pub fn parse(pem: &str) -> Result<KeyPair, Failure> {
    KeyPair::from_pem(pem).map_err(|_| Failure::msg("the private key is not one that is understood (PKCS#8; ECDSA, RSA or Ed25519, without passphrase)"))
}

#[async_trait]
impl Module for PrivateKey {
    type Seen = Seen;

    fn foresee(&self) -> Vec<Probe> {
        vec![
            stat(&self.path),
            read(&self.path),
            stat_through(parent(&self.path)),
        ]
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        seen.ask(at, self.foresee()).await?;
        Ok(seen)
    }

    fn diff(&self, seen: &Seen) -> Result<Diff, Failure> {
        let mut diff = self.plan(seen)?.diff;
        if self.content
            && self.present
            && let Some(text) = seen.text(&self.path)?
        {
            diff.result.insert("privatekey".to_owned(), text.into());
        }
        Ok(diff)
    }

    async fn apply(&self, at: &Site<'_>, seen: Seen, _: &Diff) -> Result<Outcome, Failure> {
        let steps = self.plan(&seen)?;
        let mut outcome = Outcome::default();
        if steps.diff.changes.iter().any(|change| change.secret) {
            let kind = self.kind;
            let key = tokio::task::spawn_blocking(move || kind.generate())
                .await
                .map_err(|_| Failure::msg("making the key was interrupted"))??;
            let backup = seen
                .stat(&self.path)?
                .and(self.backup.as_ref())
                .map(|s| format!("{}{s}", self.path));
            if let Some(backup) = &backup {
                outcome
                    .result
                    .insert("backup_file".to_owned(), backup.as_str().into());
            }
            at.act(Action::WriteFile {
                path: self.path.clone(),
                content: key.expose().clone().into_bytes().into(),
                attributes: self.wanted.attributes(None, Target::File),
                validate: None,
                backup,
            })
            .await?;
            if self.content {
                outcome
                    .result
                    .insert("privatekey".to_owned(), key.expose().as_str().into());
            }
        }
        for action in steps.actions {
            at.act(action).await?;
        }
        Ok(outcome)
    }
}
