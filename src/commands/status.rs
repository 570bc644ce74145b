//! `status`: every component's health, looked at and nothing else.

use std::sync::Arc;

use super::cli::RunArgs;
use super::load::Phase;
use super::run::exit_code;
use super::shared::Console;
use super::{Ended, up};
use crate::execute::Mode;

/// Looks at every component's health.
pub async fn status(args: &RunArgs, console: &Arc<Console>) -> Ended {
    let went = up::run("status", args, (Phase::Health, Mode::Check), console).await?;
    if console.output == super::cli::Output::Text {
        let all = &went.report.components;
        for (nth, (name, status)) in all.iter().enumerate() {
            // What was looked at ahead of the others for its outputs comes again for its health.
            if all[nth + 1..].iter().any(|(other, _)| other == name) {
                continue;
            }
            let word = serde_json::to_value(status)
                .ok()
                .and_then(|v| v.as_str().map(ToOwned::to_owned));
            console.data(&format!("{name:<16} {}\n", word.unwrap_or_default()));
        }
    }
    exit_code(&went)
}
