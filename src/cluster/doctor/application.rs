//! What stands in the way of an Application of Argo CD: its conditions, its last operation, and the
//! workloads that it waits for. The words are those of Argo CD 2.4 to 3.x and of its parts.

use serde_json::Value;

use super::{Ailment, Diagnosis, diagnose, named, text};
use crate::cluster::{ClusterReader, Place};

/// Words of Argo CD, what they mean, and one thing to do.
const REPOSITORY: [(&str, &str, &str); 10] = [
    (
        "unable to authenticate",
        "the repository's server does not take the key of its credential",
        "`up` puts the deploy key into GitLab and into the credential anew; look whether somebody removed it from the project",
    ),
    (
        "repository not found",
        "the repository's server does not show the repository to the key of its credential, or has none at that address",
        "`up` puts the deploy key into GitLab and into the credential anew; look whether somebody removed it from the project",
    ),
    (
        "any valid known_hosts file",
        "Argo CD knows no host key of any repository's server",
        "`up` writes them into ConfigMap argocd-ssh-known-hosts-cm; they come into Argo CD's pods within two minutes",
    ),
    (
        "knownhosts: key is unknown",
        "Argo CD does not know the host key of the repository's server",
        "`up` writes it into ConfigMap argocd-ssh-known-hosts-cm; a server whose keys were changed needs a new run of `up`, too",
    ),
    (
        "knownhosts: key mismatch",
        "the repository's server shows another host key than the known one",
        "find out why before you trust it; `up` writes the keys that the server has now",
    ),
    (
        "SSH_AUTH_SOCK not-specified",
        "Argo CD has no credential for the repository",
        "`up` makes the Secret with label argocd.argoproj.io/secret-type: repository; its `url` must be the Application's `repoURL`, letter for letter",
    ),
    (
        "certificate signed by unknown authority",
        "Argo CD does not know the CA of the repository's server",
        "ConfigMap argocd-tls-certs-cm must hold it under the server's name; component argocd writes it",
    ),
    (
        "no such host",
        "the name of the repository's server is not known in the cluster",
        "give GitLab a name that the cluster's DNS knows, or its address: `nautes.components.gitlab.host`",
    ),
    (
        "connection refused",
        "nobody answers at the repository's address",
        "look whether GitLab runs and its port of git over SSH is open to the cluster's nodes",
    ),
    (
        "i/o timeout",
        "the repository's server does not answer",
        "look whether a firewall keeps the cluster's nodes from GitLab's port of git over SSH",
    ),
];

const CONTENT: [(&str, &str, &str); 5] = [
    (
        "kustomization.yaml is empty",
        "the repository has an empty kustomization.yaml, which kustomize 5.1 and later refuse",
        "`up` fills those of the template; `repo diff` shows what the branch lacks",
    ),
    (
        "contains non-string value",
        "a label in the repository is no text",
        "quote it in the repository (\"true\"); `up` does so for those of the template",
    ),
    (
        "kustomize build",
        "what is in the repository cannot be built",
        "`kustomize build` in a clone of the repository shows it; a commit that mends it is taken up within minutes",
    ),
    (
        "app path does not exist",
        "the repository has no such folder",
        "`repo diff` shows what the branch lacks, `up` pushes it",
    ),
    (
        "which does not exist",
        "its AppProject is not there",
        "`up` makes it",
    ),
];

const SYNC: [(&str, &str, &str); 3] = [
    (
        "CRD is installed",
        "a kind is missing that the repository has objects of",
        "its CRD must be in the repository, or come with a component: cert-manager's for the certificates of Nautes",
    ),
    (
        "failed calling webhook",
        "a webhook cannot be called",
        "bring up the pods behind the webhook's service; Argo CD tries a few times by itself, and again with `up`",
    ),
    (
        "is forbidden",
        "Argo CD may not make an object",
        "its ClusterRole must allow it: component argocd installs it for the whole cluster",
    ),
];

/// Why an Application is not synced and healthy.
pub async fn application(reader: &ClusterReader, object: &Value) -> Option<Diagnosis> {
    if let Some(found) = said(object) {
        return Some(found);
    }
    let resources = object["status"]["resources"].as_array();
    let ailing = resources.into_iter().flatten().filter(|one| {
        let health = text(&one["health"]["status"]);
        !health.is_empty() && health != "Healthy"
    });
    for one in ailing {
        let api = match text(&one["group"]) {
            "" => text(&one["version"]).to_owned(),
            group => format!("{group}/{}", text(&one["version"])),
        };
        let Ok(resource) = reader.resource(&api, text(&one["kind"])).await else {
            continue;
        };
        let place = Place::new(&resource, text(&one["namespace"]), text(&one["name"]));
        let Ok(Some(live)) = reader.get(&place).await else {
            continue;
        };
        if let Some(found) = Box::pin(diagnose(reader, &live)).await {
            return Some(found);
        }
    }
    None
}

/// What the Application itself says, in a sentence.
pub fn said(object: &Value) -> Option<Diagnosis> {
    let status = &object["status"];
    let conditions = status["conditions"].as_array();
    let wrong = conditions
        .into_iter()
        .flatten()
        .find(|one| text(&one["type"]).ends_with("Error"));
    if let Some(wrong) = wrong {
        let message = text(&wrong["message"]);
        if text(&wrong["type"]) == "SyncError" {
            let all = SYNC.iter().map(|one| (Ailment::Sync, one));
            return Some(meant(object, message, all, Ailment::Sync));
        }
        let all = REPOSITORY.iter().map(|one| (Ailment::Repository, one));
        let all = all.chain(CONTENT.iter().map(|one| (Ailment::Content, one)));
        return Some(meant(object, message, all, Ailment::Content));
    }
    let operation = &status["operationState"];
    let message = text(&operation["message"]);
    if status["sync"]["status"] == "Synced" || message.is_empty() {
        return None;
    }
    let all = SYNC.iter().map(|one| (Ailment::Sync, one));
    Some(meant(object, message, all, Ailment::Sync))
}

fn meant<'a>(
    object: &Value,
    message: &str,
    mut all: impl Iterator<Item = (Ailment, &'a (&'a str, &'a str, &'a str))>,
    otherwise: Ailment,
) -> Diagnosis {
    let whose = named(object);
    let Some((ailment, (_, means, help))) = all.find(|(_, (words, ..))| message.contains(words))
    else {
        return Diagnosis::new(otherwise, format!("Argo CD says: {message}"), &whose);
    };
    Diagnosis {
        ailment,
        text: format!("{means}: {}", shortened(message)),
        help: (*help).to_owned(),
    }
}

/// A message without what Argo CD puts before the cause.
fn shortened(message: &str) -> &str {
    let cause = message.rfind(" desc = ").map_or(0, |at| at + 8);
    &message[cause..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(condition: &str, message: &str) -> String {
        let object = json!({"kind": "Application", "metadata": {"name": "a", "namespace": "argocd"},
            "status": {"conditions": [{"type": condition, "message": message}]}});
        let found = said(&object).unwrap();
        format!("{}: {}", found.ailment.code(), found.text)
    }

    #[test]
    fn words_of_argo_cd_become_causes() {
        let rpc =
            "Failed to load target state: rpc error: code = Unknown desc = failed to list refs: ";
        let key = format!(
            "{rpc}ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey]"
        );
        assert_eq!(
            told("ComparisonError", &key),
            "cluster/repository: the repository's server does not take the key of its credential: failed to list refs: ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey]"
        );
        let elsewhere = format!("{rpc}repository not found");
        assert!(
            told("ComparisonError", &elsewhere)
                .starts_with("cluster/repository: the repository's server does not show")
        );
        let none = format!(
            "{rpc}unable to find any valid known_hosts file, set SSH_KNOWN_HOSTS env variable"
        );
        assert!(
            told("ComparisonError", &none)
                .starts_with("cluster/repository: Argo CD knows no host key")
        );
        let host = format!("{rpc}ssh: handshake failed: knownhosts: key is unknown");
        assert!(told("ComparisonError", &host).contains("does not know the host key"));
        let ca = format!("{rpc}x509: certificate signed by unknown authority");
        assert!(told("ComparisonError", &ca).contains("does not know the CA"));
        let webhook = "Failed sync attempt to 1f: one or more objects failed to apply, reason: Internal error occurred: failed calling webhook \"vcoderepo.kb.io\": no endpoints available for service \"nautes-webhook-webhook-service\"";
        assert!(
            told("SyncError", webhook).starts_with("cluster/argo-sync: a webhook cannot be called")
        );
        let empty = "Manifest generation error (cached): `kustomize build x` failed exit status 1: Error: kustomization.yaml is empty";
        assert!(
            told("ComparisonError", empty)
                .starts_with("cluster/argo-content: the repository has an empty")
        );
        assert_eq!(
            told("UnknownError", "what?"),
            "cluster/argo-content: Argo CD says: what?"
        );
    }

    #[test]
    fn an_operation_that_waits_for_a_kind_says_so() {
        let object = json!({"kind": "Application", "metadata": {"name": "a"}, "status": {
            "sync": {"status": "OutOfSync"},
            "operationState": {"phase": "Running", "message": "The Kubernetes API could not find version \"v1\" of cert-manager.io/Certificate for requested resource nautes/serving-cert. Make sure the \"Certificate\" CRD is installed on the destination cluster"}}});
        let found = said(&object).unwrap();
        assert_eq!(found.ailment, Ailment::Sync);
        assert!(found.text.starts_with("a kind is missing"));
        assert_eq!(
            said(&json!({"status": {"sync": {"status": "Synced"}}})),
            None
        );
    }
}
