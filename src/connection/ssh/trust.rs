//! Whether a host's key is believed. Nothing is ever accepted because nothing spoke against it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use russh::keys::PublicKeyOrCertificate;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};

use super::super::ConnectionError;
use super::super::connector::World;
use super::known_hosts::{KnownHosts, Verdict, entry_name, glob};
use super::settings::{Settings, Trust};

/// The judge of one host's key; kept by the session, because keys are checked at each exchange.
pub struct Judge {
    world: World,
    settings: Settings,
    known: KnownHosts,
    /// Why the key was refused, for whoever opens the session.
    refusal: Arc<Mutex<Option<ConnectionError>>>,
}

impl Judge {
    /// Reads the `known_hosts` files.
    pub fn new(world: &World, settings: &Settings) -> Self {
        let mut known = KnownHosts::default();
        let files = settings.known_hosts.iter();
        for file in files.chain(&settings.global_known_hosts) {
            // A file that is not there knows nobody; one that cannot be read neither.
            if let Ok(text) = world.files.read(file) {
                known.read(&file.display().to_string(), &text);
            }
        }
        Self {
            world: world.clone(),
            settings: settings.clone(),
            known,
            refusal: Arc::default(),
        }
    }

    /// Where the reason of a refusal will be.
    pub fn refusal(&self) -> Arc<Mutex<Option<ConnectionError>>> {
        Arc::clone(&self.refusal)
    }

    fn name(&self) -> &str {
        let s = &self.settings;
        s.alias.as_deref().unwrap_or(&s.host)
    }

    /// An alias stands for itself, without a port.
    fn port(&self) -> u16 {
        if self.settings.alias.is_some() {
            22
        } else {
            self.settings.port
        }
    }

    /// The algorithms of the keys that are known, to be asked for first.
    pub fn algorithms(&self) -> Vec<Algorithm> {
        match self.settings.trust {
            Trust::Pinned(_) => Vec::new(),
            _ => self.known.algorithms(self.name(), self.port()),
        }
    }

    /// Whether an authority is known for the host, so that its certificate is worth asking for.
    pub fn has_authority(&self) -> bool {
        let pinned = matches!(self.settings.trust, Trust::Pinned(_));
        !pinned && !self.known.authorities(self.name(), self.port()).is_empty()
    }

    /// Believes the key or remembers why not.
    pub fn believes(&mut self, offered: &PublicKeyOrCertificate) -> bool {
        let outcome = match offered.certificate() {
            Some(certificate) => self.judge_certificate(certificate),
            None => self.judge_key(&offered.public_key()),
        };
        match outcome {
            Ok(()) => true,
            Err((what, help)) => {
                let error = ConnectionError::Untrusted { what, help };
                let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
                *refusal = Some(error);
                false
            }
        }
    }

    fn judge_key(&mut self, key: &PublicKey) -> Result<(), (String, String)> {
        let print = key.fingerprint(HashAlg::Sha256).to_string();
        let algorithm = key.algorithm();
        let name = &self.settings.name;
        if let Trust::Pinned(pins) = &self.settings.trust {
            let known = pins.contains(&print);
            return known.then_some(()).ok_or_else(|| {
                (
                    format!("host key of `{name}` is {algorithm} {print}, which is not the pinned one"),
                    format!("if the host was reinstalled, check the new key on its console (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`) and correct `nautes_host_key` of `{name}`"),
                )
            });
        }
        match self.known.check(self.name(), self.port(), key) {
            Verdict::Known => Ok(()),
            Verdict::Revoked(place) => Err((
                format!("host key of `{name}` ({algorithm} {print}) is revoked at {place}"),
                format!("give `{name}` a new host key; the revoked one may be in other hands"),
            )),
            Verdict::Changed(place) => Err((
                format!(
                    "host key of `{name}` changed: it offers {algorithm} {print}, {place} has another"
                ),
                format!(
                    "if the host was reinstalled, check the new key on its console and remove line {} of {}; otherwise somebody may be listening",
                    place.line, place.file
                ),
            )),
            Verdict::Unknown if self.settings.trust == Trust::AcceptNew => self.remember(key),
            Verdict::Unknown => Err((
                format!("host key of `{name}` is not known: it offers {algorithm} {print}"),
                format!(
                    "compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host's console, then set `nautes_host_key: {print}` for `{name}` in the inventory"
                ),
            )),
        }
    }

    /// `accept-new`: the key is written down before it is believed.
    fn remember(&mut self, key: &PublicKey) -> Result<(), (String, String)> {
        let help = "make it writable, or pin the key with `nautes_host_key`".to_owned();
        let fail = |what: String| (what, help.clone());
        let key = key.to_openssh().map_err(|e| fail(e.to_string()))?;
        let name = entry_name(self.name(), self.port());
        let line = format!("{name} {}\n", key.trim());
        self.known.read("this run", line.as_bytes());
        let Some(file) = self.settings.known_hosts.first() else {
            return Ok(());
        };
        let files = &self.world.files;
        let mut text = match files.read(file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(fail(format!("cannot read {}: {e}", file.display()))),
        };
        if text.last().is_some_and(|b| *b != b'\n') {
            text.push(b'\n');
        }
        text.extend_from_slice(line.as_bytes());
        let parent = file.parent().unwrap_or_else(|| Path::new("/"));
        if files.kind(parent).is_none() {
            let made = files.make_directory(parent);
            made.map_err(|e| fail(format!("cannot make {}: {e}", parent.display())))?;
        }
        let written = files.write(file, &text, 0o600);
        written.map_err(|e| fail(format!("cannot write {}: {e}", file.display())))
    }

    fn judge_certificate(&self, certificate: &Certificate) -> Result<(), (String, String)> {
        let name = &self.settings.name;
        let refuse = |why: &str| {
            (
                format!(
                    "host certificate of `{name}` ({}) {why}",
                    certificate.key_id()
                ),
                format!(
                    "give `{name}` a certificate for its own name by an authority in known_hosts (`@cert-authority`)"
                ),
            )
        };
        let key = PublicKey::from(certificate.public_key().clone());
        let signer = certificate.signature_key();
        let authorities = self.known.authorities(self.name(), self.port());
        if !authorities.iter().any(|a| a.key_data() == signer) {
            return Err(refuse("is not signed by an authority that is known for it"));
        }
        for revoked in [&key, &PublicKey::from(signer.clone())] {
            if let Verdict::Revoked(place) = self.known.check(self.name(), self.port(), revoked) {
                return Err(refuse(&format!("holds a key that is revoked at {place}")));
            }
        }
        if certificate.cert_type() != CertType::Host {
            return Err(refuse("is a user's, not a host's"));
        }
        if !certificate.critical_options().is_empty() {
            return Err(refuse("has critical options that are not known"));
        }
        let host = self.name().to_ascii_lowercase();
        let fits = |p: &String| glob(p.to_ascii_lowercase().as_bytes(), host.as_bytes());
        if !certificate.valid_principals().iter().any(fits) {
            return Err(refuse(&format!("is not for `{host}`")));
        }
        let now = self.world.clock.now().duration_since(UNIX_EPOCH);
        let now = now.map_err(|_| refuse("cannot be checked: the clock is before 1970"))?;
        let authority = signer.fingerprint(HashAlg::Sha256);
        certificate
            .validate_at(now.as_secs(), [&authority])
            .map_err(|_| refuse("is expired, not yet valid, or its signature is wrong"))
    }
}
