//! Logging in: key files that need no question, the agent, key files with a passphrase, the
//! password. Each is tried once; the server allows few tries (`MaxAuthTries` is 6 by default).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::client::{Handle, Handler, KeyboardInteractiveAuthResponse};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{
    Certificate, Error as KeyError, HashAlg, PrivateKey, PrivateKeyWithHashAlg, decode_secret_key,
};

use super::super::ConnectionError;
use super::super::connector::World;
use super::settings::Settings;

/// Keys that `ssh` tries when none is named.
const DEFAULT_KEYS: &[&str] = &[".ssh/id_ed25519", ".ssh/id_ecdsa", ".ssh/id_rsa"];
/// How many keys of an agent are offered: the server counts each as a failed try.
const AGENT_KEYS: usize = 4;
/// How many rounds of questions a keyboard-interactive login may have.
const ROUNDS: usize = 4;

/// A login under way.
pub struct Login<'a, H: Handler> {
    /// The session.
    pub handle: &'a mut Handle<H>,
    /// The world.
    pub world: &'a World,
    /// Who and with what.
    pub settings: &'a Settings,
    /// What was tried, for the message.
    pub tried: Vec<String>,
}

/// A key file that was read.
enum KeyFile {
    Open(Arc<PrivateKey>),
    /// It needs a passphrase; this is its text.
    Locked(String),
}

type Outcome = Result<bool, russh::Error>;

impl<H: Handler> Login<'_, H> {
    /// Tries everything there is; `Ok` is logged in.
    pub async fn run(&mut self) -> Result<(), ConnectionError> {
        let done = self.attempt().await.map_err(|e| lost(self.settings, &e))?;
        if done {
            return Ok(());
        }
        let s = self.settings;
        let tried = if self.tried.is_empty() {
            "there was no key and no password to try".to_owned()
        } else {
            format!("tried {}", self.tried.join(", "))
        };
        Err(ConnectionError::Untrusted {
            what: format!("`{}` refused the login as `{}`: {tried}", s.name, s.user),
            help: format!(
                "set `ansible_user` and `ansible_ssh_private_key_file` of `{}`, or add the public key to ~{}/.ssh/authorized_keys there",
                s.name, s.user
            ),
        })
    }

    async fn attempt(&mut self) -> Outcome {
        let mut locked = Vec::new();
        for path in self.files() {
            #[expect(
                clippy::collapsible_match,
                reason = "a guard cannot move the key out, and asks nobody"
            )]
            match self.read(&path) {
                Some(KeyFile::Open(key)) => {
                    if self.file_key(&path, key).await? {
                        return Ok(true);
                    }
                }
                Some(KeyFile::Locked(text)) => locked.push((path, text)),
                None => {}
            }
        }
        if self.agent().await? {
            return Ok(true);
        }
        for (path, text) in locked {
            let question = format!("passphrase of {}", path.display());
            let Some(phrase) = self.world.ask.secret(&question) else {
                self.tried.push(format!("{} (locked)", path.display()));
                continue;
            };
            match decode_secret_key(&text, Some(phrase.expose())) {
                Ok(key) => {
                    if self.file_key(&path, Arc::new(key)).await? {
                        return Ok(true);
                    }
                }
                Err(_) => self
                    .tried
                    .push(format!("{} (wrong passphrase)", path.display())),
            }
        }
        self.password().await
    }

    /// Key files: those named, else the defaults.
    fn files(&self) -> Vec<PathBuf> {
        if !self.settings.identities.is_empty() {
            return self.settings.identities.clone();
        }
        let home = self.world.home.clone();
        home.map_or_else(Vec::new, |home| {
            DEFAULT_KEYS.iter().map(|key| home.join(key)).collect()
        })
    }

    fn read(&mut self, path: &Path) -> Option<KeyFile> {
        let bytes = match self.world.files.read(path) {
            Ok(bytes) => bytes,
            Err(e) => {
                if !self.settings.identities.is_empty() {
                    self.tried.push(format!("{} ({e})", path.display()));
                }
                return None;
            }
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match decode_secret_key(&text, None) {
            Ok(key) if !key.is_encrypted() => Some(KeyFile::Open(Arc::new(key))),
            Ok(_) | Err(KeyError::KeyIsEncrypted) => Some(KeyFile::Locked(text)),
            Err(e) => {
                self.tried
                    .push(format!("{} (unreadable: {e})", path.display()));
                None
            }
        }
    }

    /// The strongest hash for RSA that the server takes: SHA-1 is never offered.
    async fn hash(&self, rsa: bool) -> Result<Option<HashAlg>, russh::Error> {
        if !rsa {
            return Ok(None);
        }
        let best = self.handle.best_supported_rsa_hash().await?;
        Ok(best.flatten().or(Some(HashAlg::Sha512)))
    }

    /// A key file, with the certificate beside it first if there is one.
    async fn file_key(&mut self, path: &Path, key: Arc<PrivateKey>) -> Outcome {
        let mut beside = path.as_os_str().to_owned();
        beside.push("-cert.pub");
        let mut certificates = self.settings.certificates.clone();
        certificates.push(PathBuf::from(beside));
        for file in certificates {
            let text = self.world.files.read(&file).ok();
            let text = text.map(|t| String::from_utf8_lossy(&t).into_owned());
            let Some(certificate) = text.and_then(|t| Certificate::from_openssh(t.trim()).ok())
            else {
                continue;
            };
            if certificate.public_key() != key.public_key().key_data() {
                continue;
            }
            self.tried.push(format!("certificate {}", file.display()));
            let user = self.settings.user.clone();
            let answer = self
                .handle
                .authenticate_openssh_cert(user, Arc::clone(&key), certificate)
                .await?;
            if answer.success() {
                return Ok(true);
            }
        }
        self.tried.push(format!("key {}", path.display()));
        let hash = self.hash(key.algorithm().is_rsa()).await?;
        let key = PrivateKeyWithHashAlg::new(key, hash);
        let user = self.settings.user.clone();
        let answer = self.handle.authenticate_publickey(user, key).await?;
        Ok(answer.success())
    }

    async fn agent(&mut self) -> Outcome {
        let Some(socket) = self.world.agent.clone() else {
            return Ok(false);
        };
        let Ok(mut agent) = AgentClient::connect_uds(&socket).await else {
            self.tried.push("agent (does not answer)".to_owned());
            return Ok(false);
        };
        let Ok(identities) = agent.request_identities().await else {
            self.tried.push("agent (refuses)".to_owned());
            return Ok(false);
        };
        let named = self.public_keys();
        let wanted =
            |i: &&AgentIdentity| !self.settings.identities_only || named.contains(&i.public_key());
        let chosen: Vec<&AgentIdentity> =
            identities.iter().filter(wanted).take(AGENT_KEYS).collect();
        let user = self.settings.user.clone();
        for identity in chosen {
            let rsa = identity.public_key().algorithm().is_rsa();
            let hash = self.hash(rsa).await?;
            let answer = match identity {
                AgentIdentity::PublicKey { key, comment } => {
                    self.tried.push(format!("agent key `{comment}`"));
                    let key = key.clone();
                    self.handle
                        .authenticate_publickey_with(user.clone(), key, hash, &mut agent)
                        .await
                }
                AgentIdentity::Certificate {
                    certificate,
                    comment,
                } => {
                    self.tried.push(format!("agent certificate `{comment}`"));
                    let certificate = certificate.clone();
                    self.handle
                        .authenticate_certificate_with(user.clone(), certificate, hash, &mut agent)
                        .await
                }
            };
            if answer.is_ok_and(|a| a.success()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The public halves of the named key files.
    fn public_keys(&self) -> Vec<russh::keys::PublicKey> {
        let mut keys = Vec::new();
        for path in &self.settings.identities {
            let mut public = path.as_os_str().to_owned();
            public.push(".pub");
            if let Ok(text) = self.world.files.read(Path::new(&public)) {
                let text = String::from_utf8_lossy(&text).into_owned();
                keys.extend(russh::keys::PublicKey::from_openssh(text.trim()));
            }
        }
        keys
    }

    async fn password(&mut self) -> Outcome {
        let Some(password) = self.settings.password.clone() else {
            return Ok(false);
        };
        let user = self.settings.user.clone();
        self.tried.push("password".to_owned());
        let answer = self
            .handle
            .authenticate_password(user.clone(), password.expose().clone())
            .await?;
        if answer.success() {
            return Ok(true);
        }
        self.tried.push("keyboard-interactive".to_owned());
        let mut reply = self
            .handle
            .authenticate_keyboard_interactive_start(user, None::<String>)
            .await?;
        for _ in 0..ROUNDS {
            let KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } = reply else {
                break;
            };
            // Hidden questions are for the password; shown ones are not ours to answer.
            let answers = prompts.iter().map(|p| {
                if p.echo {
                    String::new()
                } else {
                    password.expose().clone()
                }
            });
            reply = self
                .handle
                .authenticate_keyboard_interactive_respond(answers.collect())
                .await?;
        }
        Ok(matches!(reply, KeyboardInteractiveAuthResponse::Success))
    }
}

fn lost(settings: &Settings, error: &russh::Error) -> ConnectionError {
    ConnectionError::Unreachable {
        what: format!(
            "`{}` ended the connection during the login: {error}",
            settings.name
        ),
        help: Some("see the SSH server's log on the host".to_owned()),
        in_doubt: false,
    }
}
