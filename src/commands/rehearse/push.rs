//! `rehearse push`: what comes of a push to a repository of a rehearsed product.

use std::sync::Arc;

use super::args::EstateArgs;
use crate::commands::cli::Output;
use crate::commands::shared::Console;
use crate::commands::{Content, Ended, load};
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::input::Files;
use crate::rehearsal::Push;

/// Pushes, and prints the chain.
pub fn push(
    (repository, reference): (&str, &str),
    args: &EstateArgs,
    console: &Arc<Console>,
) -> Ended {
    let parts = repository
        .split_once('/')
        .filter(|(product, name)| !product.is_empty() && !name.is_empty() && !name.contains('/'));
    let Some((product, name)) = parts else {
        let what = format!("`{repository}` is not a PRODUCT/CODEREPO");
        return Err(Diagnostic::error("rehearsal/bad-repository", what)
            .why("nothing was pushed")
            .help("write it as `demo/api`; `nautes-install get coderepo` shows them")
            .into());
    };
    let reference = if reference.starts_with("refs/") {
        reference.to_owned()
    } else {
        format!("refs/heads/{reference}")
    };
    let run = args.run();
    let loaded = load::load(&run.source, console)?;
    let files: Arc<dyn Files> = Arc::new(Content::new());
    let rehearsal = super::open(&run, &loaded, &files)?;
    let links = rehearsal.estate.push(&Push {
        product: product.to_owned(),
        repository: name.to_owned(),
        reference,
    });
    rehearsal.finish()?;
    let mut ended = ExitCode::Done;
    for link in &links {
        if link.broken.is_some() {
            ended = ExitCode::Failed;
        }
        console.data(&match (console.output, &link.broken) {
            (Output::Json, _) => format!("{}\n", serde_json::to_string(link).unwrap_or_default()),
            (Output::Text, None) => format!("ok      {:<13} {}\n", link.link, link.seen),
            (Output::Text, Some(help)) => {
                format!(
                    "BROKEN  {:<13} {}\n        = help: {help}\n",
                    link.link, link.seen
                )
            }
        });
    }
    Ok(ended)
}
