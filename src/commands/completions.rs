//! `completions`: what a shell needs to complete our command line.

use std::sync::Arc;

use clap::CommandFactory;

use super::cli::CompletionsArgs;
use super::shared::Console;
use super::{Cli, Ended};
use crate::diagnostic::ExitCode;

/// Prints completions.
pub fn completions(args: &CompletionsArgs, console: &Arc<Console>) -> Ended {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "nautes-install", &mut text);
    console.data(&String::from_utf8_lossy(&text));
    Ok(ExitCode::Done)
}
