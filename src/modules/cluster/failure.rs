//! What a cluster's refusal means for a task.

use serde_json::json;

use crate::cluster::ClusterError;
use crate::modules::Failure;

/// How many refusals of one task are told in its message.
const TOLD: usize = 5;

/// Several refusals as one failure: each is told once, the first one leads.
pub fn together(failures: impl IntoIterator<Item = impl Into<Failure>>) -> Failure {
    let mut failures: Vec<Failure> = failures.into_iter().map(Into::into).collect();
    let mut all: Vec<String> = Vec::new();
    for failure in &failures {
        let msg = match failure {
            Failure::Task { msg, .. } => msg.clone(),
            other => format!("{other:?}"),
        };
        if !all.contains(&msg) {
            all.push(msg);
        }
    }
    if failures.is_empty() {
        return Failure::msg("the cluster refused it without a word");
    }
    let mut first = failures.swap_remove(0);
    if let Failure::Task { msg, result, .. } = &mut first
        && all.len() > 1
    {
        *msg = all[..all.len().min(TOLD)].join("\n");
        result.insert("errors".to_owned(), json!(all));
    }
    first
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        let (help, code) = (error.help(), error.code());
        let failure = match error {
            ClusterError::Host(error) => return error.into(),
            ClusterError::Refused(refusal) => Self::msg(refusal.message.clone())
                .with("status", json!(refusal.code))
                .with("reason", refusal.reason)
                .with("error", refusal.message),
            ClusterError::Late {
                what,
                cause: Some(cause),
            } => Self::msg(format!("{what}: {cause}")).with("cause", cause.text),
            other => Self::msg(other.to_string()),
        };
        let failure = match code {
            Some(code) => failure.coded(code),
            None => failure,
        };
        match help.filter(|help| !help.is_empty()) {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}
