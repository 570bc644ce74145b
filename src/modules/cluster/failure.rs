//! What a cluster's refusal means for a task.

use serde_json::json;

use crate::cluster::ClusterError;
use crate::modules::Failure;

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
