//! Files that both sides changed, merged by lines with `git merge-file`; what even that leaves open
//! is a conflict, shown with all three sides.

use super::merge::{Merge, Open};
use super::store::Store;
use super::tree::{Entry, Tree};
use crate::diagnostic::Diagnostic;

/// Who wins where both changed the same lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefer {
    /// Nobody: it is an error that shows them.
    #[default]
    Nobody,
    /// What this run renders.
    Ours,
    /// What is in the repository.
    Theirs,
}

/// How many lines of a conflict are shown.
const SHOWN: usize = 40;

/// The files with what was open merged by lines, and the conflicts that are left.
pub async fn settle(
    store: &Store<'_>,
    merge: Merge,
    prefer: Prefer,
) -> Result<(Tree, Vec<(String, String)>), Diagnostic> {
    let Merge { mut tree, open } = merge;
    let mut conflicts = Vec::new();
    for open in open {
        match merged(store, &open, prefer).await? {
            Ok(Some(entry)) => {
                tree.insert(open.path, entry);
            }
            Ok(None) => {
                tree.remove(&open.path);
            }
            Err(shown) => conflicts.push((open.path, shown)),
        }
    }
    Ok((tree, conflicts))
}

/// A file merged, `None` if it goes; or what to show.
async fn merged(
    store: &Store<'_>,
    open: &Open,
    prefer: Prefer,
) -> Result<Result<Option<Entry>, String>, Diagnostic> {
    let text = |entry: &Option<Entry>| {
        entry.as_ref().map_or(Some(String::new()), |entry| {
            entry.text().map(ToOwned::to_owned)
        })
    };
    let sides = (text(&open.theirs), text(&open.base), text(&open.ours));
    let both = open.ours.clone().zip(open.theirs.clone());
    let (Some((ours, theirs)), (Some(there), Some(base), Some(wanted))) = (both, sides) else {
        return Ok(match prefer {
            Prefer::Ours => Ok(open.ours.clone()),
            Prefer::Theirs => Ok(open.theirs.clone()),
            Prefer::Nobody => Err(told(open)),
        });
    };
    for (name, text) in [("theirs", &there), ("base", &base), ("ours", &wanted)] {
        store.keep(name, text.as_bytes())?;
    }
    let mut args = vec!["merge-file", "-p", "--diff3"];
    args.extend([
        "-L",
        "in the repository",
        "-L",
        "rendered last",
        "-L",
        "wanted now",
    ]);
    args.extend(match prefer {
        Prefer::Nobody => None,
        // To merge-file the first file is "ours".
        Prefer::Ours => Some("--theirs"),
        Prefer::Theirs => Some("--ours"),
    });
    args.extend(["theirs", "base", "ours"]);
    let ran = store.try_run(&args, (Vec::new(), &[])).await?;
    let content = String::from_utf8_lossy(&ran.stdout).into_owned();
    Ok(match ran.code {
        0 => {
            let changed = Some(ours.kind) != open.base.as_ref().map(|base| base.kind);
            let kind = if changed { ours.kind } else { theirs.kind };
            Ok(Some(Entry {
                content: content.into_bytes(),
                kind,
            }))
        }
        1..=127 => Err(hunks(&content)),
        _ => Err(told(open)),
    })
}

/// What is left where lines tell nothing.
fn told(open: &Open) -> String {
    let side = |entry: &Option<Entry>| match entry {
        None => "it is not there".to_owned(),
        Some(entry) => format!("{} bytes", entry.content.len()),
    };
    format!(
        "in the repository: {}; rendered last: {}; wanted now: {}",
        side(&open.theirs),
        side(&open.base),
        side(&open.ours)
    )
}

/// The lines between conflict marks.
fn hunks(text: &str) -> String {
    let mut shown = Vec::new();
    let mut within = false;
    for line in text.lines() {
        within |= line.starts_with("<<<<<<< ");
        if within {
            shown.push(line);
        }
        within &= !line.starts_with(">>>>>>> ");
    }
    let more = shown.len().saturating_sub(SHOWN);
    shown.truncate(SHOWN);
    let mut text = shown.join("\n");
    if more > 0 {
        text.push_str(&format!("\n… and {more} lines more"));
    }
    text
}
