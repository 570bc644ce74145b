//! What is wrong with a chart came before anything was touched, and a task's failure says so.

use crate::modules::Failure;

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
