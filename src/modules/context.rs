//! What a module needs of the machine that runs this program, given by the engine for one task on
//! one host.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::artifact::Downloads;
use crate::input::{Clock, FileKind, Files, Json, Source};
use crate::repo::GitTransport;
use crate::secret::vault::{VaultPassword, decrypt, is_vault};
use crate::template::Unrendered;

use super::Failure;

/// The engine's side of rendering: the variables are those of the task on its host.
pub trait Rendering: Send + Sync {
    /// A whole template file.
    fn template(
        &self,
        source: &Arc<Source>,
        options: &TemplateOptions,
    ) -> Result<String, Unrendered>;
    /// The value of an expression (`debug: var=`).
    fn expression(&self, text: &str) -> Result<Json, Unrendered>;
    /// Whether a condition holds (`assert: that=`).
    fn condition(&self, condition: &Json) -> Result<bool, Unrendered>;
}

/// The options of the `template` module that change what a template means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateOptions {
    /// Start and end of a block: `{%`, `%}`.
    pub block: (String, String),
    /// Start and end of an expression: `{{`, `}}`.
    pub variable: (String, String),
    /// Start and end of a comment: `{#`, `#}`.
    pub comment: (String, String),
    /// Remove the first newline after a block.
    pub trim_blocks: bool,
    /// Strip blanks before a block on its own line.
    pub lstrip_blocks: bool,
}

impl Default for TemplateOptions {
    fn default() -> Self {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        Self {
            block: pair("{%", "%}"),
            variable: pair("{{", "}}"),
            comment: pair("{#", "#}"),
            trim_blocks: true,
            lstrip_blocks: false,
        }
    }
}

/// What a module may use while it is built and while it runs.
#[derive(Clone)]
pub struct Context<'a> {
    /// The inventory name of the host, for `fetch`.
    pub host: &'a str,
    /// Files of this machine.
    pub files: Arc<dyn Files>,
    /// Time: waits and names of backups.
    pub clock: Arc<dyn Clock>,
    /// Templates and conditions.
    pub rendering: &'a dyn Rendering,
    /// Where a relative `src` is looked for, nearest first: the role, the folder of the file that
    /// the task stands in, the folder of the playbook. Each is tried with `files/` (or
    /// `templates/`) first and then itself.
    pub search: &'a [PathBuf],
    /// Passwords for files that `copy` decrypts.
    pub vault_passwords: &'a [VaultPassword],
    /// The task's `environment`.
    pub environment: &'a BTreeMap<String, String>,
    /// Downloads of this machine for hosts that cannot, and what addresses are locked to.
    pub downloads: Arc<Downloads>,
    /// Git on this machine, for the tenant config repo.
    pub git: Arc<dyn GitTransport>,
}

impl Context<'_> {
    /// The file or folder that a relative `src` means. `kind` is `files` or `templates`.
    pub fn find(&self, kind: &str, src: &str) -> Result<PathBuf, Failure> {
        let path = Path::new(src.trim_end_matches('/'));
        let tried: Vec<PathBuf> = if path.is_absolute() {
            vec![path.to_owned()]
        } else {
            self.search
                .iter()
                .flat_map(|dir| [dir.join(kind).join(path), dir.join(path)])
                .collect()
        };
        if let Some(found) = tried.iter().find(|path| self.files.kind(path).is_some()) {
            return Ok(found.clone());
        }
        let tried: Vec<String> = tried.iter().map(|p| p.display().to_string()).collect();
        Err(Failure::msg(format!(
            "could not find or access `{src}`; searched in: {}",
            tried.join(", ")
        ))
        .help("`src` is a file of this machine; with `remote_src: true` it is one of the host"))
    }

    /// The bytes of a file of this machine; one that ansible-vault encrypted is decrypted.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        let bytes = self.read_as_is(path)?;
        if !is_vault(&bytes) {
            return Ok(bytes);
        }
        let text = String::from_utf8_lossy(&bytes);
        decrypt(&text, self.vault_passwords)
            .map(|plain| plain.expose().clone())
            .map_err(|error| Failure::msg(format!("`{}`: {error}", path.display())))
    }

    /// The bytes of a file of this machine.
    pub fn read_as_is(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        self.files
            .read(path)
            .map_err(|error| Failure::msg(format!("could not read `{}`: {error}", path.display())))
    }

    /// Whether a path of this machine is a directory.
    pub fn is_directory(&self, path: &Path) -> bool {
        self.files.kind(path) == Some(FileKind::Directory)
    }
}
