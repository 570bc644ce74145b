//! `get`: what there is, as a table, as JSON, or as manifests.

use std::sync::Arc;

use serde_json::{Value, json};

use super::args::GetArgs;
use super::door::Known;
use super::files::{self, Deep};
use super::seen::{Seen, list};
use crate::commands::cli::Output;
use crate::commands::shared::Console;
use crate::commands::{Content, Ended, Failed};
use crate::diagnostic::{Diagnostic, ExitCode, meant};
use crate::input::emit;
use crate::service::ApiReader;
use crate::service::nautes::{Form, Id, Kind, columns, written};

/// An object and what the API shows of it.
type Found = (Id, Value);

/// Shows what there is.
pub async fn get(args: &GetArgs, console: &Arc<Console>) -> Ended {
    let known = Known::read(&args.at, console)?;
    let form = known.form;
    let content = Content::new();
    let (found, missing) = if args.filename.is_empty() {
        let word = args.kind.as_deref().unwrap_or_default();
        let kind = Kind::named(word).ok_or_else(|| unknown(word))?;
        let door = known.open(console).await?;
        let found = of_kind(&door.reader, (kind, args)).await;
        door.close().await?;
        found?
    } else {
        let manifests = files::read((&args.filename, Deep::No), form, (&content, console))?;
        let door = known.open(console).await?;
        let seen = Seen::of(&door.reader, manifests.iter().map(|m| &m.id)).await;
        door.close().await?;
        let seen = seen?;
        let ids = manifests.into_iter().map(|m| m.id);
        let (there, not): (Vec<Id>, Vec<Id>) = ids.partition(|id| seen.get(id).is_some());
        let there = there.into_iter().filter_map(|id| {
            let item = seen.get(&id)?.clone();
            Some((id, item))
        });
        (there.collect(), not)
    };
    show(&found, form, (args, console));
    if missing.is_empty() {
        return Ok(ExitCode::Done);
    }
    let errors = missing.iter().map(|id| {
        Diagnostic::error("nautes/not-found", format!("there is no {id}"))
            .why("nothing was changed")
            .help(format!(
                "`nautes-install get {}` shows what there is",
                id.kind.plural()
            ))
    });
    Err(Failed {
        errors: errors.collect(),
        code: ExitCode::Failed,
    })
}

fn unknown(word: &str) -> Diagnostic {
    let names = Kind::ALL.iter().map(|kind| kind.plural());
    let all = format!("kinds are {}", names.clone().collect::<Vec<_>>().join(", "));
    Diagnostic::error(
        "manifest/unknown-kind",
        format!("Nautes has no kind `{word}`"),
    )
    .why("no call was made")
    .help(meant(&word.to_lowercase(), names, all))
}

/// Objects of a kind, and those of the names given that are not there.
async fn of_kind(
    reader: &ApiReader,
    (kind, args): (Kind, &GetArgs),
) -> Result<(Vec<Found>, Vec<Id>), Failed> {
    let products = match (&args.product, kind.is_of_product()) {
        (_, false) => vec![String::new()],
        (Some(product), true) => vec![product.clone()],
        (None, true) => {
            let all = list(reader, Kind::Product, "").await?;
            let names = all.iter().filter_map(|item| item["name"].as_str());
            names.map(ToOwned::to_owned).collect()
        }
    };
    let mut found = Vec::new();
    for product in products {
        for item in list(reader, kind, &product).await? {
            let name = item["name"].as_str().unwrap_or_default().to_owned();
            if args.name.is_empty() || args.name.contains(&name) {
                let product = product.clone();
                found.push((
                    Id {
                        kind,
                        product,
                        name,
                    },
                    item,
                ));
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let not = |name: &&String| !found.iter().any(|(id, _)| id.name == **name);
    let missing = args.name.iter().filter(not).map(|name| Id {
        kind,
        product: args.product.clone().unwrap_or_default(),
        name: name.clone(),
    });
    let missing = missing.collect();
    Ok((found, missing))
}

fn show(found: &[Found], form: Form, (args, console): (&GetArgs, &Console)) {
    let mut text = String::new();
    if args.manifest {
        for (id, item) in found {
            text.push_str(&format!("---\n{}", emit(&written(id, form, item))));
        }
    } else if console.output == Output::Json {
        for (id, item) in found {
            let line = json!({ "event": "object", "kind": id.kind.name(), "product": id.product,
                "name": id.name, "object": item });
            text.push_str(&format!("{line}\n"));
        }
    } else {
        text = tables(found, form);
        if found.is_empty() {
            console.say("nothing found");
        }
    }
    console.data(&console.redactor.redact(&text));
}

/// A table for each kind.
fn tables(found: &[Found], form: Form) -> String {
    let mut text = String::new();
    for kind in Kind::ALL {
        let mine: Vec<&Found> = found.iter().filter(|(id, _)| id.kind == kind).collect();
        if mine.is_empty() {
            continue;
        }
        let mut head = vec!["NAME".to_owned()];
        if kind.is_of_product() {
            head.insert(0, "PRODUCT".to_owned());
        }
        let rest: Vec<Vec<(String, String)>> = mine
            .iter()
            .map(|(id, item)| columns(id, form, item))
            .collect();
        let names = rest
            .first()
            .map(|row| row.iter().map(|(name, _)| name.to_uppercase()));
        head.extend(names.into_iter().flatten());
        let rows = mine.iter().zip(rest).map(|((id, _), rest)| {
            let mut row = vec![id.name.clone()];
            if kind.is_of_product() {
                row.insert(0, id.product.clone());
            }
            row.extend(rest.into_iter().map(|(_, value)| value));
            row
        });
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&aligned(&rows));
    }
    text
}

fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |nth: usize| {
        let cells = rows.iter().filter_map(|row| row.get(nth));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("   ").trim_end());
        text.push('\n');
    }
    text
}
