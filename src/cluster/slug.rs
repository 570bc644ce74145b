//! What a refusal of the API server is called, and what to do about it: from its own words alone.

use super::Refusal;
use super::doctor::Silence;

/// The slug, and one thing to do.
pub fn of(refusal: &Refusal) -> (&'static str, Option<&'static str>) {
    if let Some(silence) = Silence::of(&refusal.message) {
        return ("cluster/webhook", Some(silence.plain_help()));
    }
    if refusal.is_ownership_conflict() {
        return ("cluster/field-conflict", None);
    }
    let has = |words: &[&str]| words.iter().any(|word| refusal.message.contains(word));
    let too_large = refusal.code == 413
        || has(&[
            "metadata.annotations: Too long",
            "request is too large",
            "Request entity too large",
        ]);
    match refusal.code {
        _ if too_large => (
            "cluster/too-large",
            Some(
                "apply it server-side (`apply: true`), without the annotation `kubectl.kubernetes.io/last-applied-configuration`: a copy of the object in it counts twice",
            ),
        ),
        403 if has(&["exceeded quota"]) => (
            "cluster/quota",
            Some("raise the namespace's quota, or ask for less"),
        ),
        403 if has(&["terminat"]) => (
            "cluster/ending",
            Some("wait until what is being removed is gone, and run the same command again"),
        ),
        401 | 403 => (
            "cluster/forbidden",
            Some("use a kubeconfig whose user may do this, or give its user the right"),
        ),
        422 if has(&["field is immutable"]) => (
            "cluster/immutable",
            Some("keep what is there, or remove the object first if it may go"),
        ),
        _ => ("cluster/refused", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(code: u16, message: &str) -> &'static str {
        let refusal = Refusal {
            code,
            message: message.to_owned(),
            ..Refusal::default()
        };
        of(&refusal).0
    }

    #[test]
    fn each_refusal_has_its_name() {
        let long = "CustomResourceDefinition.apiextensions.k8s.io \"x\" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes";
        assert_eq!(slug(422, long), "cluster/too-large");
        assert_eq!(slug(413, "x"), "cluster/too-large");
        assert_eq!(
            slug(500, "etcdserver: request is too large"),
            "cluster/too-large"
        );
        assert_eq!(
            slug(403, "pods \"p\" is forbidden: exceeded quota: q"),
            "cluster/quota"
        );
        assert_eq!(
            slug(403, "because it is being terminated"),
            "cluster/ending"
        );
        assert_eq!(slug(403, "cannot create resource"), "cluster/forbidden");
        assert_eq!(
            slug(422, "spec.selector: field is immutable"),
            "cluster/immutable"
        );
        assert_eq!(slug(422, "spec.replicas: Invalid value"), "cluster/refused");
        assert_eq!(
            slug(500, "failed calling webhook \"w\": connection refused"),
            "cluster/webhook"
        );
    }
}
