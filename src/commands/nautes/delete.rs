//! `delete -f`: the other way round. What something else still needs stays, with Nautes' own reason.

use std::sync::Arc;

use serde_json::json;

use super::args::DeleteArgs;
use super::door::{self, Known};
use super::files::{self, Deep};
use super::seen::Seen;
use crate::commands::cli::Output;
use crate::commands::shared::Console;
use crate::commands::{Content, Ended, Failed};
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::service::nautes::{Check, Manifest, Refusal, Unmade, Writer};

/// Deletes what the manifests name.
pub async fn delete(args: &DeleteArgs, console: &Arc<Console>) -> Ended {
    let known = Known::read(&args.at, console)?;
    let deep = if args.files.recursive {
        Deep::Yes
    } else {
        Deep::No
    };
    let content = Content::new();
    let mut manifests = files::read(
        (&args.files.filename, deep),
        known.form,
        (&content, console),
    )?;
    manifests.reverse();
    let rehearsed = known.is_rehearsed()?;
    let door = known.open(console).await?;
    let seen = Seen::of(&door.reader, manifests.iter().map(|m| &m.id)).await?;
    let there: Vec<&Manifest> = manifests
        .iter()
        .filter(|m| seen.get(&m.id).is_some())
        .collect();
    if !args.dry_run && !args.yes && !rehearsed && !there.is_empty() {
        confirm(&there, (&door.tenant, &door.reader.url()), console)?;
    }
    let check = if args.insecure_skip_check {
        Check::Nothing
    } else {
        Check::Dependencies
    };
    let mut writer = door.writer(check);
    let mut went = Ok(0);
    for manifest in &manifests {
        let is_there = seen.get(&manifest.id).is_some();
        let done = remove(manifest, is_there && !args.dry_run, &mut writer).await;
        if let Err(unmade) = done {
            went = Err(failed(manifest, &unmade));
            break;
        }
        tell(manifest, is_there, (args, console));
    }
    door.close().await?;
    went?;
    if args.dry_run && console.output == Output::Text {
        let (some, all) = (there.len(), manifests.len());
        console.say(&format!(
            "{some} of {all} objects would be deleted; nothing was changed"
        ));
    }
    Ok(ExitCode::Done)
}

async fn remove(manifest: &Manifest, now: bool, writer: &mut Writer) -> Result<(), Unmade> {
    if now {
        writer.delete(&manifest.id).await?;
    }
    Ok(())
}

fn confirm(
    there: &[&Manifest],
    (tenant, url): (&str, &str),
    console: &Console,
) -> Result<(), Failed> {
    for manifest in there {
        console.say(&format!("  {}", manifest.id));
    }
    let (word, whose) = if tenant.is_empty() {
        ("yes", url)
    } else {
        (tenant, tenant)
    };
    let question = format!(
        "this deletes these {} objects of `{whose}`, with their groups and repositories in GitLab; type `{word}` to go on:",
        there.len()
    );
    if console.confirm(&question, word) {
        return Ok(());
    }
    Err(
        Diagnostic::error("commands/not-confirmed", format!("`{word}` was not typed"))
            .why("nothing was touched")
            .help(format!("answer with `{word}`, or say `--yes`"))
            .into(),
    )
}

fn failed(manifest: &Manifest, unmade: &Unmade) -> Failed {
    let help = unmade.refusal.as_ref().unwrap_or(&Refusal::Other).help();
    let mut error = door::error(&unmade.error, help).at(&manifest.place);
    error.what = format!("{} was not deleted: {}", manifest.id, error.what);
    Failed {
        errors: vec![
            error.why("what was deleted before it is gone; what comes after it was not tried"),
        ],
        code: ExitCode::Failed,
    }
}

fn tell(manifest: &Manifest, is_there: bool, (args, console): (&DeleteArgs, &Console)) {
    let word = if is_there { "deleted" } else { "not found" };
    if console.output == Output::Json {
        let id = &manifest.id;
        let line = json!({ "event": "object", "kind": id.kind.name(), "product": id.product,
            "name": id.name, "result": word, "dry_run": args.dry_run });
        console.data(&format!("{line}\n"));
        return;
    }
    let dry = if args.dry_run && is_there {
        " (dry run)"
    } else {
        ""
    };
    console.data(&format!("{} {word}{dry}\n", manifest.id));
}
