//! What is wrong with a chart, as the failure of a task.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::modules::Failure;

/// What is wrong with a chart, as a task's failure: all of it, the first one's help.
pub fn told(found: Diagnostics) -> Failure {
    let line = |error: &Diagnostic| {
        let place = error
            .place
            .as_ref()
            .map_or_else(String::new, |place| format!("{place}: "));
        let why: Vec<String> = error.why.iter().map(|why| format!("\n{why}")).collect();
        format!("{place}{}{}", error.what, why.concat())
    };
    let lines: Vec<String> = found.iter().map(line).collect();
    let mut failure = Failure::msg(lines.join("\n"));
    if let Some(first) = found.first() {
        failure = failure.coded(first.code);
    }
    match found.into_iter().find_map(|error| error.help) {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// A failure of looking: it comes before everything.
pub fn untouched(failure: Failure) -> Failure {
    match failure {
        Failure::Task {
            msg,
            result,
            help,
            code,
        } => Failure::Task {
            msg: format!("{msg}\nnothing in the cluster was touched"),
            result,
            help,
            code,
        },
        other => other,
    }
}
