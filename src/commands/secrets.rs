//! `secrets list|show|rotate`: what the state directory keeps of a tenant and nobody can look up again: the
//! sealed store, and what two sides share and nobody typed. Only `show` opens one, on stdout alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::cli::{KeptArgs, Output, RunArgs, SourceArgs};
use super::shared::Console;
use super::{Content, Ended, Failed, load, reality};
use crate::diagnostic::{Diagnostic, ExitCode, meant};
use crate::input::{FileKind, Files};
use crate::state::Sealed;

/// `secrets`.
#[derive(Args, Clone, Debug)]
pub struct SecretsArgs {
    #[command(subcommand)]
    /// What to do.
    pub what: SecretsVerb,
}

/// What to do with secrets.
#[derive(Clone, Debug, Subcommand)]
pub enum SecretsVerb {
    /// The names of what is kept; nothing is opened.
    List(OfArgs),
    /// One secret as it is, on stdout.
    Show {
        /// Its name, as `list` shows it: `vault-init.root_token`.
        name: String,
        #[command(flatten)]
        /// Whose.
        of: OfArgs,
    },
    /// Make secrets anew and take them to all who use them.
    Rotate(Box<super::rotate::RotateArgs>),
}

/// Whose secrets.
#[derive(Args, Clone, Debug, Default)]
pub struct OfArgs {
    #[command(flatten)]
    /// Where hosts come from.
    pub source: SourceArgs,
    #[command(flatten)]
    /// Where they are kept.
    pub kept: KeptArgs,
}

/// Where a secret is.
enum Kept {
    /// In the sealed store.
    Sealed(String, String),
    /// In a file of its own.
    File(PathBuf),
}

/// Lists secrets, shows one, or makes some anew.
pub async fn secrets(args: &SecretsArgs, console: &Arc<Console>) -> Ended {
    let of = match &args.what {
        SecretsVerb::List(of) | SecretsVerb::Show { of, .. } => of,
        SecretsVerb::Rotate(args) => return super::rotate::rotate(args, console).await,
    };
    let state = state(of, console)?;
    let files = Arc::new(Content::new());
    let sealed = Sealed::open(files.clone(), &state, console.redactor.clone());
    let sealed = sealed.map_err(|error| Failed::from(*error))?;
    let all = all(&sealed, files.as_ref(), &state);
    match &args.what {
        SecretsVerb::Rotate(_) => {}
        SecretsVerb::List(_) => {
            let names = all.iter().map(|(name, _)| name);
            let text: String = if console.output == Output::Json {
                format!("{}\n", json!(names.collect::<Vec<_>>()))
            } else {
                names.map(|name| format!("{name}\n")).collect()
            };
            console.data(&text);
        }
        SecretsVerb::Show { name, .. } => {
            let Some((_, kept)) = all.iter().find(|(known, _)| known == name) else {
                return Err(unknown(name, &all, &state).into());
            };
            let value = match kept {
                Kept::Sealed(component, output) => sealed.get(component, output),
                Kept::File(path) => files
                    .read(path)
                    .ok()
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned().into()),
            };
            console.data(&shown(&value.unwrap_or_default(), console.output));
        }
    }
    Ok(ExitCode::Done)
}

/// The state directory of the tenant that an inventory names.
fn state(of: &OfArgs, console: &Arc<Console>) -> Result<PathBuf, Failed> {
    let loaded = load::load(&of.source, console)?;
    let args = RunArgs {
        source: of.source.clone(),
        state: of.kept.state.clone(),
        rehearse: of.kept.rehearse,
        estate: of.kept.estate.clone(),
        ..RunArgs::default()
    };
    let names: Vec<String> = loaded.inventory.hosts.keys().cloned().collect();
    let args = reality::of_hosts(&args, &loaded.inventory, &names)?;
    Ok(load::state_directory(&args, &loaded.tenant))
}

fn all(sealed: &Sealed, files: &dyn Files, state: &Path) -> Vec<(String, Kept)> {
    let kept = sealed.names().into_iter();
    let kept = kept.map(|(component, output)| {
        (
            format!("{component}.{output}"),
            Kept::Sealed(component, output),
        )
    });
    let folder = state.join("secrets");
    let mut own: Vec<String> = files.list(&folder).unwrap_or_default();
    own.retain(|name| files.kind(&folder.join(name)) == Some(FileKind::File));
    own.sort();
    let own = own.into_iter();
    let own = own.map(|name| (format!("secrets.{name}"), Kept::File(folder.join(&name))));
    kept.chain(own).collect()
}

/// Text as it is; of several, one a line.
fn shown(value: &Value, output: Output) -> String {
    match value {
        _ if output == Output::Json => format!("{value}\n"),
        Value::String(text) => format!("{}\n", text.trim_end_matches('\n')),
        Value::Array(items) => items.iter().map(|item| shown(item, output)).collect(),
        other => format!("{other}\n"),
    }
}

fn unknown(name: &str, all: &[(String, Kept)], state: &Path) -> Diagnostic {
    let names = all.iter().map(|(name, _)| name.as_str());
    Diagnostic::error("state/no-secret", format!("there is no secret `{name}`"))
        .why(format!("`{}` keeps {} secrets", state.display(), all.len()))
        .help(meant(
            name,
            names,
            "`nautes-install secrets list` shows their names",
        ))
}
