//! Files of an inventory as trees: decoded, decrypted, parsed, and their secrets made known.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::load::{Options, Sealed, World};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Kind, Node, Rules, Source, Span, decode, parse_tolerant};
use crate::secret::vault::{self, VaultError};

/// The tags of a value that is sealed by itself.
const VAULT_TAGS: [&str; 2] = ["!vault", "!vault-encrypted"];

/// Whether a file was a vault as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrecy {
    Open,
    Sealed,
}

/// A text that was read.
pub(super) struct Opened {
    pub source: Arc<Source>,
    pub secrecy: Secrecy,
}

/// A tree that was read.
pub(super) struct Tree {
    pub node: Node,
    pub warnings: Diagnostics,
}

/// Opens files for one load.
#[derive(Clone, Copy)]
pub(super) struct Opener<'a> {
    pub options: &'a Options,
    pub world: &'a World<'a>,
}

impl Opener<'_> {
    /// A path as the user would write it: relative to where the program was started.
    pub fn shown(&self, path: &Path) -> String {
        let short = path.strip_prefix(&self.options.directory).unwrap_or(path);
        let short = if short.as_os_str().is_empty() {
            path
        } else {
            short
        };
        short.display().to_string()
    }

    /// A path as the user wrote it, made absolute.
    pub fn absolute(&self, written: &str) -> PathBuf {
        let joined = self.options.directory.join(written);
        joined.components().collect()
    }

    /// The text of a file, decrypted if it is a vault.
    pub fn text(&self, path: &Path) -> Result<Opened, Diagnostic> {
        let name = self.shown(path);
        let bytes = self.world.files.read(path).map_err(|error| {
            Diagnostic::error("inventory/cannot-read", format!("cannot read `{name}`"))
                .why(error.to_string())
                .help("check the path and the permissions")
        })?;
        let source = decode(name, bytes).map_err(Diagnostic::from)?;
        if !vault::is_vault(source.text.as_bytes()) {
            let secrecy = Secrecy::Open;
            return Ok(Opened { source, secrecy });
        }
        let span = Span {
            start: 0,
            end: source.text.lines().next().unwrap_or("").len(),
            source: Arc::clone(&source),
        };
        let plain = self.decrypt(&source.text, &span)?;
        Ok(Opened {
            source: Source::new(source.name.clone(), plain),
            secrecy: Secrecy::Sealed,
        })
    }

    /// The tree of a YAML or JSON file, its sealed values opened.
    pub fn yaml(&self, path: &Path) -> Result<Tree, Diagnostics> {
        let opened = self.text(path).map_err(|error| vec![error])?;
        self.tree(&opened)
    }

    /// The tree of a text.
    pub fn tree(&self, opened: &Opened) -> Result<Tree, Diagnostics> {
        let parsed = parse_tolerant(&opened.source, Rules::Ansible)
            .map_err(|errors| errors.into_iter().map(Diagnostic::from).collect::<Vec<_>>())?;
        let mut documents = parsed.documents.into_iter();
        let first = documents.next();
        if let Some(second) = documents.next() {
            return Err(vec![
                Diagnostic::error(
                    "inventory/several-documents",
                    "this file has more than one document",
                )
                .at(&second.span)
                .help("put the second document into its own file"),
            ]);
        }
        let node = first.unwrap_or_else(|| Node::new(start(&opened.source), Kind::Null));
        if opened.secrecy == Secrecy::Sealed {
            self.hide(&node);
        }
        let warnings = parsed.warnings.into_iter().map(|found| Diagnostic {
            severity: crate::diagnostic::Severity::Warning,
            ..Diagnostic::from(found)
        });
        Ok(Tree {
            node: self.unseal(node)?,
            warnings: warnings.collect(),
        })
    }

    /// Every string of a sealed file is a secret.
    fn hide(&self, node: &Node) {
        match &node.kind {
            Kind::Str(text) => self.world.redactor.add(text),
            Kind::Seq(items) => items.iter().for_each(|item| self.hide(item)),
            Kind::Map(entries) => entries.iter().for_each(|(_, value)| self.hide(value)),
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => {}
        }
    }

    /// The tree with every `!vault` value decrypted. The tag stays: such a value is text, never a
    /// template (as in ansible-core 2.19).
    pub fn unseal(&self, mut node: Node) -> Result<Node, Diagnostics> {
        let mut errors = Vec::new();
        self.unseal_within(&mut node, &mut errors);
        if errors.is_empty() {
            Ok(node)
        } else {
            Err(errors)
        }
    }

    fn unseal_within(&self, node: &mut Node, errors: &mut Diagnostics) {
        let sealed = node
            .tag
            .as_deref()
            .is_some_and(|tag| VAULT_TAGS.contains(&tag));
        match &mut node.kind {
            Kind::Str(text) if sealed => {
                let keep = self.options.sealed == Sealed::Keep;
                if keep && self.options.vault.is_empty() {
                    return;
                }
                match self.decrypt(text, &node.span) {
                    Ok(plain) => *text = plain,
                    // It stays sealed, and is shown so.
                    Err(_) if keep => {}
                    Err(error) => errors.push(error),
                }
            }
            Kind::Seq(items) => {
                for item in items {
                    self.unseal_within(item, errors);
                }
            }
            Kind::Map(entries) => {
                for (_, value) in entries {
                    self.unseal_within(value, errors);
                }
            }
            _ => {}
        }
    }

    fn decrypt(&self, text: &str, place: &Span) -> Result<String, Diagnostic> {
        let error = |why: String| {
            Diagnostic::error("inventory/vault", "this encrypted value cannot be opened")
                .at(place)
                .why(why)
        };
        let plain = vault::decrypt(text, &self.options.vault).map_err(|reason| {
            let error = error(reason.to_string());
            match reason {
                VaultError::NoPassword => error.help("give it with `--vault-password-file FILE`"),
                VaultError::WrongPassword(_) => {
                    error.help("check the password file, or add another with `--vault-id ID@FILE`")
                }
                _ => error.help("make the value again with `ansible-vault encrypt_string`"),
            }
        })?;
        let plain = String::from_utf8(plain.expose().clone())
            .map_err(|_| error("what is inside is not UTF-8 text".to_owned()))?;
        self.world.redactor.add(&plain);
        Ok(plain)
    }
}

/// The first byte of a source.
pub(super) fn start(source: &Arc<Source>) -> Span {
    Span {
        source: Arc::clone(source),
        start: 0,
        end: 0,
    }
}
