//! `inventory list|graph|host`: the inventory as it was understood.

use std::sync::Arc;

use super::cli::{InventoryArgs, InventoryVerb};
use super::shared::Console;
use super::{Ended, load};
use crate::diagnostic::{Diagnostic, ExitCode, meant};
use crate::inventory::{self, Inventory};

/// Shows the inventory.
pub fn inventory(args: &InventoryArgs, console: &Arc<Console>) -> Ended {
    let source = match &args.what {
        InventoryVerb::Import(args) => return super::import::import(args, console),
        InventoryVerb::List(source)
        | InventoryVerb::Graph { source, .. }
        | InventoryVerb::Host { source, .. } => source,
    };
    // As ansible-inventory: the current folder's group_vars count, sealed values may stay sealed.
    let here = std::env::current_dir().ok();
    let (loaded, _) = load::inventory_for(source, console, (here, inventory::Sealed::Keep))?;
    let text = match &args.what {
        InventoryVerb::Import(_) => String::new(),
        InventoryVerb::List(_) => {
            let limit = load::limited(&loaded, source).map_err(|error| *error)?;
            let limited = limit.map(|names| loaded.limited_to(&names));
            pretty(&inventory::list_json(limited.as_ref().unwrap_or(&loaded)))
        }
        InventoryVerb::Graph { group, vars, .. } => {
            let tree = if *vars {
                inventory::graph_with_vars(&loaded, group, &crate::template::python_text)
            } else {
                inventory::graph(&loaded, group)
            };
            tree.ok_or_else(|| unknown_group(group, &loaded))? + "\n"
        }
        InventoryVerb::Host { name, .. } => match loaded.host(name) {
            Some(host) => pretty(&inventory::host_json(&loaded, host)),
            None => return Err(unknown(name, &loaded).into()),
        },
    };
    console.data(&text);
    Ok(ExitCode::Done)
}

fn unknown(name: &str, loaded: &Inventory) -> Diagnostic {
    Diagnostic::error(
        "inventory/unknown-host",
        format!("there is no host `{name}`"),
    )
    .help(near(name, loaded.hosts.keys()))
}

fn unknown_group(name: &str, loaded: &Inventory) -> Diagnostic {
    Diagnostic::error(
        "inventory/unknown-group",
        format!("there is no group `{name}`"),
    )
    .help(near(name, loaded.groups.keys()))
}

fn near<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> String {
    meant(
        name,
        known.map(String::as_str),
        "`inventory graph` shows all",
    )
}

/// JSON as `ansible-inventory` prints it: four blanks of indent, a line break at the end.
fn pretty(value: &crate::input::Json) -> String {
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    let _ = serde::Serialize::serialize(value, &mut serializer);
    out.push(b'\n');
    String::from_utf8_lossy(&out).into_owned()
}
