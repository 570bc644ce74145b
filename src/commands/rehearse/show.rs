//! `rehearse show`: what is on the estate.

use std::sync::Arc;

use super::args::EstateArgs;
use crate::commands::cli::Output;
use crate::commands::shared::Console;
use crate::commands::{Content, Ended, load};
use crate::diagnostic::ExitCode;
use crate::input::Files;

/// Prints the estate of an inventory's tenant.
pub fn show(args: &EstateArgs, console: &Arc<Console>) -> Ended {
    let run = args.run();
    let loaded = load::load(&run.source, console)?;
    let files: Arc<dyn Files> = Arc::new(Content::new());
    let rehearsal = super::open(&run, &loaded, &files)?;
    let text = match console.output {
        Output::Text => rehearsal.estate.show_text(),
        Output::Json => rehearsal.estate.show().to_string(),
    };
    console.data(&format!("{}\n", console.redactor.redact(&text)));
    Ok(ExitCode::Done)
}
