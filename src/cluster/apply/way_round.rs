//! Refusals of a dry run that have a way round, or that have none and are told in words of ours.

use serde_json::{Value, json};

use crate::cluster::{ClusterError, Object, Refusal};

/// The merge patch that has to come before the apply, where the server would refuse it for the sake
/// of a field that nobody applied, and that what is wanted no longer allows: the server's own default,
/// or what a controller wrote.
pub fn cleared_first(refusal: &Refusal) -> Option<Value> {
    let says = |words: &str| refusal.code == 422 && refusal.message.contains(words);
    if says("spec.strategy.rollingUpdate: Forbidden") {
        return Some(json!({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": null}}}));
    }
    // A definition that is no longer converted, with the `caBundle` of its former webhook.
    says("should not be set when strategy is not set to Webhook")
        .then(|| json!({"spec": {"conversion": {"strategy": "None", "webhook": null}}}))
}

/// Objects are stored in a version that the wanted definition does not have.
pub fn one_way(object: &Object, stored: &str) -> ClusterError {
    ClusterError::OneWay {
        what: format!(
            "{}: there may be objects stored as `{stored}`, and the wanted definition has no such version: nobody could read them any more",
            object.key()
        ),
        help: format!(
            "keep the version that is installed; the way back begins with a storage migration, after which `kubectl get crd {} -o jsonpath={{.status.storedVersions}}` no longer says `{stored}`",
            object.name
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_applied_and_nobody_wants_is_cleared_first() {
        let refusal = |code: u16, message: &str| Refusal {
            code,
            message: message.to_owned(),
            ..Refusal::default()
        };
        let strategy = refusal(
            422,
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
        );
        let first = cleared_first(&strategy).unwrap_or_default();
        assert_eq!(first["spec"]["strategy"]["type"], "Recreate");
        let conversion = refusal(
            422,
            "[spec.conversion.strategy: Required value, spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook]",
        );
        let first = cleared_first(&conversion).unwrap_or_default();
        assert_eq!(
            first["spec"]["conversion"],
            json!({"strategy": "None", "webhook": null})
        );
        assert_eq!(
            cleared_first(&refusal(422, "spec.replicas: Invalid value")),
            None
        );
    }
}
