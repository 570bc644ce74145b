//! `export --reference DIR`: what the old installer left in `out/`, for tools that read it: the same
//! file names and forms. That layout wants secrets in clear, so the folder is for its owner alone, is
//! nobody else's before, and does not lie in a git work tree unless the user says so.

mod folder;
mod gather;
mod hosts;
mod services;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use self::folder::{AllowGit, Folder};
use self::gather::Page;
use super::cli::{Output, RunArgs};
use super::rehearse::alone;
use super::shared::Console;
use super::snapshot;
use super::{Ended, load};
use crate::diagnostic::ExitCode;

/// `export`.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    #[command(flatten)]
    /// Whose, and how its hosts are reached.
    pub run: RunArgs,
    /// Write the layout of the old installer's `out/` into this folder. It holds secrets in clear.
    #[arg(long, value_name = "DIR", required = true)]
    pub reference: PathBuf,
    /// Even into a git work tree, where a commit would tell everybody.
    #[arg(long)]
    pub allow_git: bool,
}

/// Writes the layout.
pub async fn export(args: &ExportArgs, console: &Arc<Console>) -> Ended {
    let (args, console) = (args.clone(), console.clone());
    alone(async move { written(&args, &console).await }).await?
}

async fn written(args: &ExportArgs, console: &Arc<Console>) -> Ended {
    let loaded = load::load(&args.run.source, console)?;
    let folder = Folder::open(&args.reference, (&loaded.tenant, AllowGit(args.allow_git)))?;
    let mut looked = snapshot::look(&args.run, loaded, console).await?;
    let lost = looked.unreachable();
    let access = looked.access(console)?;
    let pages = gather::pages(&looked, &access).await;
    access.close().await;
    looked.finish()?;
    // Half of it would look like all of it.
    if let Some(failed) = lost {
        return Err(failed);
    }
    for page in &pages {
        if let (true, Ok(content)) = (page.secret, &page.content) {
            console
                .redactor
                .add_private_keys(&String::from_utf8_lossy(content));
        }
    }
    folder.write(&pages)?;
    tell(args, &pages, console);
    Ok(ExitCode::Done)
}

fn tell(args: &ExportArgs, pages: &[Page], console: &Console) {
    let directory = args.reference.display().to_string();
    let written: Vec<&Page> = pages.iter().filter(|page| page.content.is_ok()).collect();
    let left = pages
        .iter()
        .filter_map(|page| Some((page, page.content.as_ref().err()?)));
    if console.output == Output::Json {
        let files = written
            .iter()
            .map(|page| json!({ "path": page.path, "secret": page.secret }));
        let left = left.map(|(page, why)| json!({ "path": page.path, "why": why }));
        let line = json!({ "event": "export", "directory": directory,
            "files": files.collect::<Value>(), "left_out": left.collect::<Value>() });
        console.data(&format!("{line}\n"));
        return;
    }
    for page in &written {
        let word = if page.secret {
            "  secret, in clear"
        } else {
            ""
        };
        console.data(&format!("{}{word}\n", page.path));
    }
    for (page, why) in left {
        console.say(&format!("left out: {}: {why}", page.path));
    }
    let secrets = written.iter().filter(|page| page.secret).count();
    console.say(&format!(
        "{} files in {directory}; {secrets} of them are secrets in clear, because the old layout wants them so: for you alone (0600), remove the folder when the tools have read it",
        written.len()
    ));
}
