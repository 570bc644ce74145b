//! Whether Argo CD gets at a repository: the key in its credential, the host keys that it knows; and
//! the words in which it says that it does not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::rehearsal::git::Offer;
use crate::rehearsal::kubernetes::state::State;

/// Server, port and path of an SSH address.
pub fn place(address: &str) -> Option<(String, u16, String)> {
    let place = crate::repo::Place::parse(address)?;
    Some((
        place.host,
        place.port,
        place.path.trim_start_matches('/').to_owned(),
    ))
}

/// The text below a field of a Secret's data.
fn decoded(secret: &Value, field: &str) -> String {
    let text = secret["data"][field].as_str().unwrap_or_default();
    let bytes = STANDARD.decode(text).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The public half of a private key in OpenSSH's form, which holds it in the clear.
fn public(private: &str) -> Option<String> {
    let lines = private.lines().filter(|line| !line.starts_with("-----"));
    let body: String = lines.map(str::trim).collect();
    let bytes = STANDARD.decode(body).ok()?;
    let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let mut next = || -> Option<&[u8]> {
        let (length, after) = rest.split_at_checked(4)?;
        let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
        let (field, after) = after.split_at_checked(length)?;
        rest = after;
        Some(field)
    };
    let (_cipher, _function, _options) = (next()?, next()?, next()?);
    rest = rest.get(4..)?; // how many keys: one
    let (length, after) = rest.split_at_checked(4)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    Some(STANDARD.encode(after.get(..length)?))
}

/// What Argo CD says before the reason.
const BEFORE: &str =
    "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code =";

/// A reason with the words around it.
pub fn told(code: &str, why: &str) -> String {
    format!("{BEFORE} {code} desc = {why}")
}

impl State {
    /// Whether the Argo CD of a namespace gets at a repository.
    ///
    /// # Errors
    /// The message of its condition.
    pub fn reaches(&self, namespace: &str, (address, offer): (&str, &Offer)) -> Result<(), String> {
        let refused = |why: &str| Err(told("Unknown", &format!("failed to list refs: {why}")));
        let secrets = self.store.list("/secrets", namespace);
        let is_repository = |secret: &Value| {
            secret["metadata"]["labels"]["argocd.argoproj.io/secret-type"] == "repository"
                && decoded(secret, "url") == address
        };
        let credential = secrets
            .map(|(_, secret)| secret)
            .find(|secret| is_repository(secret));
        let Some(credential) = credential else {
            return refused(
                "error creating SSH agent: \"SSH agent requested but SSH_AUTH_SOCK not-specified\"",
            );
        };
        let (host, port, _) = place(address).unwrap_or_default();
        let name = match port {
            22 => host,
            port => format!("[{host}]:{port}"),
        };
        let map = self.object("/configmaps", namespace, "argocd-ssh-known-hosts-cm");
        let known = map.map_or("", |map| {
            map["data"]["ssh_known_hosts"].as_str().unwrap_or_default()
        });
        if known.is_empty() {
            return refused(
                "unable to find any valid known_hosts file, set SSH_KNOWN_HOSTS env variable",
            );
        }
        let trusted = known.lines().any(|line| {
            let mut words = line.split_whitespace();
            let names = words.next().unwrap_or_default();
            let key: Vec<&str> = words.take(2).collect();
            names.split(',').any(|one| one == name)
                && offer
                    .host_keys
                    .iter()
                    .any(|theirs| *theirs == key.join(" "))
        });
        if !trusted {
            return refused("ssh: handshake failed: knownhosts: key is unknown");
        }
        let key = public(&decoded(credential, "sshPrivateKey"));
        let may = |offer: &Offer| {
            offer.keys.as_ref().is_none_or(|keys| {
                let mut theirs = keys.iter().filter_map(|one| one.split_whitespace().nth(1));
                theirs.any(|one| key.as_deref() == Some(one))
            })
        };
        // GitLab lets a key in that another project has, and shows it that project alone.
        let same = |other: &&Offer| other.host == offer.host && other.keys.is_some();
        if !may(offer) && self.repositories.iter().filter(same).any(may) {
            return refused("repository not found");
        }
        if !may(offer) {
            return refused(
                "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain",
            );
        }
        Ok(())
    }
}
