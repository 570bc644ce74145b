//! The passwords of ansible-vault: files, programs that print one, or a prompt.

use std::path::Path;

use super::Failed;
use super::cli::SourceArgs;
use super::shared::Console;
use crate::diagnostic::Diagnostic;
use crate::input::{FileKind, Files, Processes as _};
use crate::secret::Secret;
use crate::secret::vault::VaultPassword;

/// Every vault password the command line names or asks for.
pub(super) fn passwords(
    source: &SourceArgs,
    console: &Console,
    files: &dyn Files,
) -> Result<Vec<VaultPassword>, Failed> {
    let mut passwords = Vec::new();
    for named in &source.values.vault_password_file {
        let (id, path) = named
            .split_once('@')
            .map_or((None, named.as_str()), |(id, path)| (Some(id), path));
        let secret = if id.is_some() && path == "prompt" {
            console
                .ask_secret(&format!("vault password ({})", id.unwrap_or_default()))
                .map_err(|error| Failed::from(*error))?
        } else {
            password(Path::new(path), (id, console), files)?
        };
        let password = VaultPassword::new(secret.expose().as_str());
        passwords.push(match id {
            Some(id) => password.for_id(id),
            None => password,
        });
    }
    if source.ask_vault_password {
        let asked = console
            .ask_secret("vault password")
            .map_err(|error| Failed::from(*error))?;
        passwords.push(VaultPassword::new(asked.expose().as_str()));
    }
    Ok(passwords)
}

/// A vault password: the text of a file, or what it prints if it is a program (a keyring's client,
/// whose name ends with `-client`, is told which id is wanted, as Ansible does).
fn password(
    path: &Path,
    (id, console): (Option<&str>, &Console),
    files: &dyn Files,
) -> Result<Secret<String>, Failed> {
    if files.kind(path) != Some(FileKind::Executable) {
        return super::load::secret_file(path, console, files);
    }
    let failed = |why: String| {
        let what = format!("the password program `{}` failed", path.display());
        Diagnostic::error("commands/password-program", what)
            .why(why)
            .help("it must print the password; a file that only holds it must not be executable")
    };
    let client = path
        .file_stem()
        .is_some_and(|stem| stem.to_string_lossy().ends_with("-client"));
    let args: Vec<&str> = match id {
        Some(id) if client => vec!["--vault-id", id],
        _ => Vec::new(),
    };
    let program = std::path::absolute(path).map_err(|error| failed(error.to_string()))?;
    let printed = super::world::processes()
        .run(&program, &args, None)
        .map_err(|error| failed(error.to_string()))?;
    let first = String::from_utf8_lossy(&printed).trim().to_owned();
    if first.is_empty() {
        return Err(failed("it printed nothing".to_owned()).into());
    }
    console.redactor.add(&first);
    Ok(Secret::new(first))
}
