//! Files and values that ansible-vault sealed: opened while a playbook or a file of variables is
//! read, and known to the redactor from then on.

use super::load::Loader;
use crate::diagnostic::Diagnostic;
use crate::input::{Kind, Node, Span};
use crate::secret::Redactor;
use crate::secret::vault::{self, VaultError, VaultPassword};

/// The tags of a value that is sealed by itself.
const VAULT_TAGS: [&str; 2] = ["!vault", "!vault-encrypted"];

/// What opens sealed files, and who learns what was in them.
#[derive(Clone, Default)]
pub struct Keys {
    /// The vault passwords.
    pub passwords: Vec<VaultPassword>,
    /// Learns every decrypted value.
    pub redactor: Redactor,
}

impl Loader<'_> {
    /// The plain text of a sealed one.
    pub(super) fn open(&mut self, text: &str, place: &Span) -> Option<String> {
        let error = |why: String| {
            Diagnostic::error("playbook/vault", "this encrypted value cannot be opened")
                .at(place)
                .why(why)
        };
        let opened = match vault::decrypt(text, &self.keys.passwords) {
            Ok(plain) => String::from_utf8(plain.expose().clone())
                .map_err(|_| error("what is inside is not UTF-8 text".to_owned())),
            Err(reason) => Err(match reason {
                VaultError::NoPassword => {
                    error(reason.to_string()).help("give it with `--vault-password-file FILE`")
                }
                _ => error(reason.to_string())
                    .help("check the password file, or make the value again with `ansible-vault`"),
            }),
        };
        match opened {
            Ok(plain) => {
                self.keys.redactor.add(&plain);
                Some(plain)
            }
            Err(error) => {
                self.errors.push(error);
                None
            }
        }
    }

    /// The tree with every `!vault` value opened. The tag stays: such a value is text, never a
    /// template (as in ansible-core 2.19).
    pub(super) fn unseal(&mut self, node: &mut Node) {
        let sealed = node
            .tag
            .as_deref()
            .is_some_and(|tag| VAULT_TAGS.contains(&tag));
        let place = node.span.clone();
        match &mut node.kind {
            Kind::Str(text) if sealed => {
                if let Some(plain) = self.open(text, &place) {
                    *text = plain;
                }
            }
            Kind::Seq(items) => items.iter_mut().for_each(|item| self.unseal(item)),
            Kind::Map(entries) => entries.iter_mut().for_each(|(_, value)| self.unseal(value)),
            _ => {}
        }
    }

    /// Every string of a sealed file is a secret.
    pub(super) fn hide(&self, node: &Node) {
        match &node.kind {
            Kind::Str(text) => self.keys.redactor.add(text),
            Kind::Seq(items) => items.iter().for_each(|item| self.hide(item)),
            Kind::Map(entries) => entries.iter().for_each(|(_, value)| self.hide(value)),
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => {}
        }
    }
}
