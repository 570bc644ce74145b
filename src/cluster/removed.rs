//! API versions that Kubernetes removed, and what took their place: so that an old manifest gets a
//! better answer than "no matches for kind".
//!
//! Source: Kubernetes' deprecated API migration guide; the minors are those that serve it no more.

use super::client::ClusterReader;
use super::discovery::{Resource, split};
use super::{ClusterError, Removed};

/// API version, kinds (nothing: all), the first minor without it, what took its place.
const GONE: &[(&str, &[&str], u32, &str)] = &[
    (
        "extensions/v1beta1",
        &["Deployment", "DaemonSet", "ReplicaSet"],
        16,
        "apps/v1",
    ),
    (
        "extensions/v1beta1",
        &["NetworkPolicy"],
        16,
        "networking.k8s.io/v1",
    ),
    (
        "extensions/v1beta1",
        &["Ingress"],
        22,
        "networking.k8s.io/v1",
    ),
    ("extensions/v1beta1", &["PodSecurityPolicy"], 16, PSP),
    ("apps/v1beta1", &[], 16, "apps/v1"),
    ("apps/v1beta2", &[], 16, "apps/v1"),
    (
        "networking.k8s.io/v1beta1",
        &["Ingress", "IngressClass"],
        22,
        "networking.k8s.io/v1",
    ),
    (
        "apiextensions.k8s.io/v1beta1",
        &[],
        22,
        "apiextensions.k8s.io/v1",
    ),
    (
        "apiregistration.k8s.io/v1beta1",
        &[],
        22,
        "apiregistration.k8s.io/v1",
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        &[
            "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
        ],
        22,
        "admissionregistration.k8s.io/v1",
    ),
    (
        "authentication.k8s.io/v1beta1",
        &["TokenReview"],
        22,
        "authentication.k8s.io/v1",
    ),
    (
        "authorization.k8s.io/v1beta1",
        &[],
        22,
        "authorization.k8s.io/v1",
    ),
    (
        "certificates.k8s.io/v1beta1",
        &["CertificateSigningRequest"],
        22,
        "certificates.k8s.io/v1",
    ),
    (
        "coordination.k8s.io/v1beta1",
        &["Lease"],
        22,
        "coordination.k8s.io/v1",
    ),
    (
        "rbac.authorization.k8s.io/v1alpha1",
        &[],
        22,
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "rbac.authorization.k8s.io/v1beta1",
        &[],
        22,
        "rbac.authorization.k8s.io/v1",
    ),
    ("scheduling.k8s.io/v1beta1", &[], 22, "scheduling.k8s.io/v1"),
    (
        "storage.k8s.io/v1beta1",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        22,
        "storage.k8s.io/v1",
    ),
    (
        "storage.k8s.io/v1beta1",
        &["CSIStorageCapacity"],
        27,
        "storage.k8s.io/v1",
    ),
    ("batch/v2alpha1", &["CronJob"], 21, "batch/v1"),
    ("batch/v1beta1", &["CronJob"], 25, "batch/v1"),
    (
        "discovery.k8s.io/v1beta1",
        &["EndpointSlice"],
        25,
        "discovery.k8s.io/v1",
    ),
    ("events.k8s.io/v1beta1", &["Event"], 25, "events.k8s.io/v1"),
    ("autoscaling/v2beta1", &[], 25, "autoscaling/v2"),
    ("autoscaling/v2beta2", &[], 26, "autoscaling/v2"),
    ("policy/v1beta1", &["PodDisruptionBudget"], 25, "policy/v1"),
    ("policy/v1beta1", &["PodSecurityPolicy"], 25, PSP),
    (
        "node.k8s.io/v1beta1",
        &["RuntimeClass"],
        25,
        "node.k8s.io/v1",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta1",
        &[],
        26,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta2",
        &[],
        29,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta3",
        &[],
        32,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
];

/// Nothing took the place of the kind; this is what does its job.
const PSP: &str = "";

/// Whether and when Kubernetes removed a kind's API version, and what took its place.
pub fn removal(api_version: &str, kind: &str) -> Option<(u32, Option<&'static str>)> {
    GONE.iter()
        .find(|(version, kinds, ..)| {
            *version == api_version && (kinds.is_empty() || kinds.contains(&kind))
        })
        .map(|(_, _, minor, instead)| (*minor, Some(*instead).filter(|i| !i.is_empty())))
}

/// What to say of a kind that the server does not have. `there` is what its API version has.
pub(super) async fn unknown(
    reader: &ClusterReader,
    (api_version, kind): (&str, &str),
    there: Option<&[Resource]>,
) -> ClusterError {
    if let Some((minor, instead)) = removal(api_version, kind) {
        return ClusterError::UnknownKind {
            removed: Removed::ByKubernetes,
            what: format!("`{kind}` in `{api_version}` is gone since Kubernetes 1.{minor}"),
            help: instead.map_or_else(
                || "leave it out: Pod Security admission, by labels of the namespace, does its job".to_owned(),
                |instead| format!("write `apiVersion: {instead}`, and look whether its fields are still the same"),
            ),
        };
    }
    if let Some(there) = there {
        let near = crate::input::nearest(kind, there.iter().map(|r| r.kind.as_str()));
        return ClusterError::UnknownKind {
            removed: Removed::Never,
            what: format!("the cluster has no kind `{kind}` in `{api_version}`"),
            help: near.map_or_else(
                || {
                    "install what defines it first: its CustomResourceDefinition is not there"
                        .to_owned()
                },
                |near| format!("did you mean `{near}`?"),
            ),
        };
    }
    let (group, version) = split(api_version);
    let served = match reader.raw(&format!("/apis/{group}")).await {
        Ok(found) => found["versions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|v| v["groupVersion"].as_str().map(ToOwned::to_owned))
            .collect(),
        Err(_) => Vec::new(),
    };
    let what = format!("the cluster has no API `{api_version}` (for `{kind}`)");
    let help = match served.as_slice() {
        [] if group.is_empty() => format!("the core API is `v1`, not `{version}`"),
        [] => format!("install what defines `{group}` first, or look at the name"),
        served => format!("it serves {}", served.join(", ")),
    };
    ClusterError::UnknownKind {
        removed: Removed::Never,
        what,
        help,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_old_manifests_are_known_to_be_gone() {
        assert_eq!(
            removal("policy/v1beta1", "PodSecurityPolicy"),
            Some((25, None))
        );
        let hpa = removal("autoscaling/v2beta1", "HorizontalPodAutoscaler");
        assert_eq!(hpa, Some((25, Some("autoscaling/v2"))));
        assert_eq!(removal("apps/v1", "Deployment"), None);
        assert_eq!(
            removal("storage.k8s.io/v1beta1", "VolumeAttributesClass"),
            None
        );
    }
}
