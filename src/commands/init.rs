//! `init`: a starter inventory that validates as it is.

use std::sync::Arc;

use super::cli::InitArgs;
use super::shared::Console;
use super::{Content, Ended};
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::input::Files;

const STARTER: &str = include_str!("../../inventories/single.yaml");

/// Writes the starter inventory.
pub fn init(args: &InitArgs, console: &Arc<Console>) -> Ended {
    let files = Content::new();
    let path = args.path.display();
    if files.kind(&args.path).is_some() && !args.force {
        return Err(
            Diagnostic::error("commands/exists", format!("`{path}` is there already"))
                .why("nothing was written")
                .help("name another file, or write over it with `--force`")
                .into(),
        );
    }
    files
        .write(&args.path, STARTER.as_bytes(), 0o644)
        .map_err(|error| {
            Diagnostic::error("commands/unwritable", format!("cannot write `{path}`"))
                .why(error.to_string())
                .help("name a file in a folder that you can write to")
        })?;
    console.say(&format!(
        "wrote {path}; next: edit it, then `nautes-install validate -i {path}`"
    ));
    Ok(ExitCode::Done)
}
