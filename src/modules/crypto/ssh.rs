//! `community.crypto.openssh_keypair`: a key pair in OpenSSH's format.

use async_trait::async_trait;
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::ssh_key::{Algorithm, EcdsaCurve, HashAlg, LineEnding, PrivateKey};

use crate::connection::{Action, Attributes, Probe, Reader};
use crate::modules::given::parent;
use crate::modules::mode::{Mode, Target};
use crate::modules::seen::{read, stat, stat_through};
use crate::modules::wanted::Wanted;
use crate::modules::{Change, Diff, Failure, Given, Module, Outcome, Seen, Site, Steps};

/// The module.
pub struct KeyPair {
    path: String,
    present: bool,
    algorithm: Algorithm,
    /// Bits of an RSA key.
    bits: u32,
    kind: String,
    comment: Option<String>,
    force: bool,
    regenerate: String,
    wanted: Wanted,
}

impl KeyPair {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let kind = given.string("type");
        let size = given.int("size");
        let algorithm = match (kind.as_str(), size) {
            ("ed25519", _) => Algorithm::Ed25519,
            ("ecdsa", None | Some(256)) => Algorithm::Ecdsa {
                curve: EcdsaCurve::NistP256,
            },
            ("ecdsa", Some(384)) => Algorithm::Ecdsa {
                curve: EcdsaCurve::NistP384,
            },
            ("rsa", None | Some(2048..=16384)) => Algorithm::Rsa { hash: None },
            _ => {
                return Err(Failure::msg(format!(
                    "`type: {kind}` with this `size` is not supported"
                ))
                .help("use ed25519, ecdsa with 256 or 384, or rsa with 2048 to 16384"));
            }
        };
        let mut wanted = Wanted::new(given)?;
        wanted.mode = wanted.mode.or(Some(Mode::Exact(0o600)));
        Ok(Self {
            path: given.the_path("path")?,
            present: given.text("state") != Some("absent"),
            algorithm,
            bits: size.and_then(|s| u32::try_from(s).ok()).unwrap_or(4096),
            kind,
            comment: given.text("comment").map(ToOwned::to_owned),
            force: given.flag("force"),
            regenerate: given.string("regenerate"),
            wanted,
        })
    }

    fn public(&self) -> String {
        format!("{}.pub", self.path)
    }

    /// The key that is there, if it is one.
    fn found(&self, seen: &Seen) -> Result<Option<PrivateKey>, Failure> {
        Ok(seen
            .text(&self.path)?
            .and_then(|text| PrivateKey::from_openssh(text).ok()))
    }

    /// Bits of a key of the wanted kind.
    fn size(&self) -> u32 {
        match &self.algorithm {
            Algorithm::Rsa { .. } => self.bits,
            Algorithm::Ecdsa {
                curve: EcdsaCurve::NistP384,
            } => 384,
            _ => 256,
        }
    }

    /// Whether an RSA key has the bits that are asked for.
    fn is_large(&self, key: &PrivateKey) -> bool {
        let rsa = key.key_data().rsa();
        rsa.is_none_or(|pair| pair.key_size() == self.bits)
    }

    /// A new key of the wanted kind.
    fn random(algorithm: Algorithm, bits: u32) -> Result<PrivateKey, russh::keys::ssh_key::Error> {
        if !matches!(algorithm, Algorithm::Rsa { .. }) {
            return PrivateKey::random(&mut rand::rng(), algorithm);
        }
        let bits = usize::try_from(bits).unwrap_or(4096);
        let pair = RsaKeypair::random(&mut rand::rng(), bits)?;
        PrivateKey::new(KeypairData::from(pair), "")
    }

    /// Adds the private key with the wanted comment, should it have another one.
    fn recomment(&self, steps: &mut Steps, key: &PrivateKey) -> Result<(), Failure> {
        let Some(comment) = &self.comment else {
            return Ok(());
        };
        if key.is_encrypted() || key.comment().to_string() == *comment {
            return Ok(());
        }
        let mut key = key.clone();
        key.set_comment(comment.as_str());
        let text = key
            .to_openssh(LineEnding::LF)
            .map_err(|error| Failure::msg(format!("could not write the key: {error}")))?;
        steps.step(
            Change::new(&self.path, "", format!("comment {comment}")),
            self.write_private(text.as_bytes().to_vec()),
        );
        Ok(())
    }

    fn write_private(&self, text: Vec<u8>) -> Action {
        Action::WriteFile {
            path: self.path.clone(),
            content: text.into(),
            attributes: self.wanted.attributes(None, Target::File),
            validate: None,
            backup: None,
        }
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        steps.set("filename", self.path.as_str());
        steps.set("type", self.kind.as_str());
        steps.set("size", self.size());
        let there = seen.stat(&self.path)?;
        if !self.present {
            for path in [self.path.clone(), self.public()] {
                if seen.stat(&path)?.is_some() {
                    steps.step(Change::new(&path, "key", ""), Action::Remove { path });
                }
            }
            return Ok(steps.or_reason("there is no key"));
        }
        steps.set("comment", self.comment.clone().unwrap_or_default());
        let found = self.found(seen)?;
        let right = found
            .as_ref()
            .is_some_and(|key| key.algorithm() == self.algorithm && self.is_large(key));
        let keep = there.is_some()
            && (right || self.regenerate == "never")
            && !self.force
            && self.regenerate != "always";
        if there.is_some() && !keep && self.regenerate == "fail" {
            return Err(Failure::msg(format!(
                "Key {} is of another kind, and `regenerate: fail`",
                self.path
            )));
        }
        let folder = parent(&self.path);
        if !seen.is_directory(folder)? {
            steps.diff.refused = Some(Failure::msg(format!(
                "The directory {folder} does not exist or the file is not a directory"
            )));
        }
        let (Some(there), Some(key), true) = (there, found, keep) else {
            steps
                .diff
                .changes
                .push(Change::new(&self.path, "", "a new key pair").secret());
            return Ok(steps);
        };
        self.wanted.settle(&mut steps, &self.path, there);
        let line = self.public_line(&key)?;
        describe(&mut steps, &line, &key);
        if let Some(comment) = &self.comment {
            steps.set("comment", comment.as_str());
        }
        self.recomment(&mut steps, &key)?;
        let before = seen.text(&self.public())?.unwrap_or_default();
        if before.trim() != line.trim() {
            steps.step(
                Change::new(self.public(), before, &line),
                self.write_public(&line),
            );
        }
        Ok(steps.or_reason("the key pair is there already"))
    }

    fn public_line(&self, key: &PrivateKey) -> Result<String, Failure> {
        let mut public = key.public_key().clone();
        if let Some(comment) = &self.comment {
            public.set_comment(comment.as_str());
        }
        public
            .to_openssh()
            .map_err(|error| Failure::msg(format!("could not write the public key: {error}")))
    }

    fn write_public(&self, line: &str) -> Action {
        Action::WriteFile {
            path: self.public(),
            content: format!("{}\n", line.trim_end()).into_bytes().into(),
            attributes: Attributes {
                mode: Some(0o644),
                owner: self.wanted.owner.clone(),
                group: self.wanted.group.clone(),
            },
            validate: None,
            backup: None,
        }
    }
}

/// The result's fields for a key.
fn describe(steps: &mut Steps, line: &str, key: &PrivateKey) {
    steps.set("public_key", line.trim_end());
    steps.set("comment", key.comment().to_string());
    steps.set("fingerprint", key.fingerprint(HashAlg::Sha256).to_string());
}

#[async_trait]
impl Module for KeyPair {
    type Seen = Seen;

    fn foresee(&self) -> Vec<Probe> {
        let public = self.public();
        vec![
            stat(&self.path),
            stat_through(parent(&self.path)),
            read(&self.path),
            stat(&public),
            read(&public),
        ]
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        seen.ask(at, self.foresee()).await?;
        Ok(seen)
    }

    fn diff(&self, seen: &Seen) -> Result<Diff, Failure> {
        self.plan(seen).map(|steps| steps.diff)
    }

    async fn apply(&self, at: &Site<'_>, seen: Seen, _: &Diff) -> Result<Outcome, Failure> {
        let steps = self.plan(&seen)?;
        let mut outcome = Outcome::default();
        if steps.diff.changes.iter().any(|change| change.secret) {
            let failed = |error: &dyn std::fmt::Display| {
                Failure::msg(format!("could not make a key: {error}"))
            };
            let algorithm = self.algorithm.clone();
            let bits = self.bits;
            let mut key = tokio::task::spawn_blocking(move || Self::random(algorithm, bits))
                .await
                .map_err(|e| failed(&e))?
                .map_err(|e| failed(&e))?;
            key.set_comment(self.comment.as_deref().unwrap_or_default());
            let text = key.to_openssh(LineEnding::LF).map_err(|e| failed(&e))?;
            at.act(self.write_private(text.as_bytes().to_vec())).await?;
            let line = self.public_line(&key)?;
            at.act(self.write_public(&line)).await?;
            let mut said = Steps::default();
            describe(&mut said, &line, &key);
            outcome.result = said.diff.result;
        }
        for action in steps.actions {
            at.act(action).await?;
        }
        Ok(outcome)
    }
}
