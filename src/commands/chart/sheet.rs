//! `chart sheet`: the object sheet of a version, made from upstream's real files or compared with
//! them.

use super::SheetArgs;
use super::catalogue::Catalogue;
use crate::chart::{documents, listing};
use crate::commands::shared::Console;
use crate::commands::{Content, Ended};
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::input::Files;

/// Makes or compares a sheet.
pub async fn sheet(args: &SheetArgs, console: &Console) -> Ended {
    let catalogue = Catalogue::new(&args.from);
    let chart = catalogue.chart(&args.name)?;
    let sheet = chart.sheet(&args.chart_version)?;
    let manifests = super::manifests(&sheet, &args.from).await?;
    let objects: Vec<_> = documents(&manifests)?
        .into_iter()
        .map(|(body, _)| body)
        .collect();
    if args.check {
        sheet.agrees(&objects)?;
        let count = objects.len();
        let (name, version) = (&args.name, &args.chart_version);
        console.say(&format!(
            "{name} {version}: {count} objects, as the sheet says"
        ));
        return Ok(ExitCode::Done);
    }
    let source = chart.version_source(&args.chart_version)?;
    let text = with_listing(&source.text, &listing(&objects));
    if args.write {
        let path = chart.version_path(&args.chart_version);
        Content::new()
            .write(&path, text.as_bytes(), 0o644)
            .map_err(|error| {
                Diagnostic::error(
                    "commands/unwritable",
                    format!("cannot write `{}`", path.display()),
                )
                .why(error.to_string())
                .help("`--content` names a folder that you may write to")
            })?;
        console.say(&format!("{}: {} objects", path.display(), objects.len()));
    } else {
        console.data(&text);
    }
    Ok(ExitCode::Done)
}

/// A version's file with another listing; what a person wrote above it stays.
fn with_listing(text: &str, listing: &str) -> String {
    let mut kept = String::new();
    let mut listed = false;
    for line in text.split_inclusive('\n') {
        let starts = |key: &str| line.starts_with(key);
        if starts("objects:") || starts("images:") {
            listed = true;
        } else if !line.starts_with([' ', '-', '\n']) {
            listed = false;
        }
        if !listed {
            kept.push_str(line);
        }
    }
    if !kept.is_empty() && !kept.ends_with('\n') {
        kept.push('\n');
    }
    kept + listing
}

#[cfg(test)]
mod tests {
    use super::with_listing;

    #[test]
    fn what_a_person_wrote_stays() {
        let text =
            "# why\nversion: v1\nobjects:\n  - {a: b}\nimages:\n  - x\nkubernetes: \">=1\"\n";
        assert_eq!(
            with_listing(text, "objects: []\n"),
            "# why\nversion: v1\nkubernetes: \">=1\"\nobjects: []\n"
        );
    }
}
