//! In which order objects go in, and in reverse out: by what needs what.

use crate::cluster::{Key, Object};

/// Secrets that a controller of Kubernetes fills in for an account that is there.
const ACCOUNT_TOKEN: &str = "kubernetes.io/service-account-token";

/// A phase; everything in one goes side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Namespaces.
    Namespaces,
    /// Definitions, until they are established.
    Definitions,
    /// What workloads read: accounts, rights, settings, services, volumes.
    Ground,
    /// What makes pods; tokens of accounts too, which Kubernetes deletes when it meets one before
    /// its account.
    Workloads,
    /// Admission webhooks, once their services have endpoints.
    Webhooks,
    /// Objects of kinds that definitions made.
    Custom,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::Namespaces,
        Self::Definitions,
        Self::Ground,
        Self::Workloads,
        Self::Webhooks,
        Self::Custom,
    ];

    /// The phase of a group and kind.
    pub fn of(group: &str, kind: &str) -> Self {
        match (group, kind) {
            ("", "Namespace") => Self::Namespaces,
            ("apiextensions.k8s.io", _) => Self::Definitions,
            (
                "admissionregistration.k8s.io",
                "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
            ) => Self::Webhooks,
            ("", "Pod" | "ReplicationController") | ("apps" | "batch", _) => Self::Workloads,
            (group, _) if is_built_in(group) => Self::Ground,
            _ => Self::Custom,
        }
    }

    /// The phase of an object as wanted.
    pub fn of_object(object: &Object) -> Self {
        if object.is("", "Secret") && object.body["type"] == ACCOUNT_TOKEN {
            return Self::Workloads;
        }
        Self::of(object.group(), &object.kind)
    }

    /// The phase of an object that is known by its key.
    pub fn of_key(key: &Key) -> Self {
        Self::of(&key.group, &key.kind)
    }
}

/// Whether a group is Kubernetes' own.
pub fn is_built_in(group: &str) -> bool {
    const OWN: &[&str] = &["", "apps", "batch", "autoscaling", "policy", "extensions"];
    // Projects of Kubernetes' own community end so too (`gateway.networking.k8s.io`, HNC's
    // `hnc.x-k8s.io`); these are the ones that the API server itself serves.
    const SERVED: &[&str] = &[
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "internal.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "resource",
        "scheduling",
        "storage",
    ];
    OWN.contains(&group)
        || group
            .strip_suffix(".k8s.io")
            .is_some_and(|name| SERVED.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_goes_first() {
        let phase = Phase::of;
        assert!(phase("", "Namespace") < phase("apiextensions.k8s.io", "CustomResourceDefinition"));
        assert!(phase("", "ServiceAccount") < phase("apps", "Deployment"));
        assert!(
            phase("apps", "Deployment")
                < phase(
                    "admissionregistration.k8s.io",
                    "ValidatingWebhookConfiguration"
                )
        );
        assert_eq!(phase("argoproj.io", "AppProject"), Phase::Custom);
        assert_eq!(phase("hnc.x-k8s.io", "HNCConfiguration"), Phase::Custom);
        assert_eq!(phase("gateway.networking.k8s.io", "Gateway"), Phase::Custom);
        assert_eq!(
            phase("rbac.authorization.k8s.io", "ClusterRole"),
            Phase::Ground
        );
    }

    #[test]
    fn a_token_comes_after_its_account() {
        let secret = |of_type: &str| {
            let body = serde_json::json!({"apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "a", "namespace": "n"}, "type": of_type});
            Phase::of_object(&Object::new(body, "a test").unwrap())
        };
        assert!(secret(ACCOUNT_TOKEN) > Phase::of("", "ServiceAccount"));
        assert_eq!(secret("Opaque"), Phase::Ground);
    }
}
