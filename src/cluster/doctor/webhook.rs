//! Webhooks that cannot be called: which service stands behind one, and whether anybody answers
//! there.

use std::time::Duration;

use serde_json::Value;

use super::ailment::{Ailment, Diagnosis};
use super::text;
use crate::cluster::watch::{Among, Seen};
use crate::cluster::{ClusterError, ClusterReader, Place, Refusal};

/// Namespace and name of the service of a `clientConfig`.
fn service(config: &Value) -> Option<(&str, &str)> {
    let service = &config["service"];
    Some((service["namespace"].as_str()?, service["name"].as_str()?))
}

fn has_ready(slice: &Value) -> bool {
    let endpoints = slice["endpoints"].as_array();
    endpoints
        .into_iter()
        .flatten()
        .any(|e| e["conditions"]["ready"] != false)
}

fn of_service(namespace: &str, name: &str) -> Among {
    Among::namespace(namespace).labelled(&format!("kubernetes.io/service-name={name}"))
}

/// Whether anybody answers behind a webhook: a ready endpoint of its service. One by address is
/// taken to answer.
///
/// # Errors
/// The server cannot be asked.
pub async fn answers(reader: &ClusterReader, config: &Value) -> Result<bool, ClusterError> {
    let Some((namespace, name)) = service(config) else {
        return Ok(true);
    };
    let slices = reader
        .resource("discovery.k8s.io/v1", "EndpointSlice")
        .await?;
    let listed = reader.list(&slices, &of_service(namespace, name)).await?;
    Ok(listed.items.iter().any(has_ready))
}

/// The services behind those webhooks of a configuration that refuse what they cannot judge.
fn guards(configuration: &Value) -> impl Iterator<Item = (&Value, &str, &str)> {
    let hooks = configuration["webhooks"].as_array();
    hooks.into_iter().flatten().filter_map(|hook| {
        // One without rules refuses nothing: its controller writes them when it is there.
        let rules = hook["rules"]
            .as_array()
            .is_some_and(|rules| !rules.is_empty());
        let config = &hook["clientConfig"];
        let (namespace, name) = service(config)?;
        (rules && hook["failurePolicy"] != "Ignore").then_some((config, namespace, name))
    })
}

/// Waits until every service has endpoints that stands behind a webhook which refuses what it
/// cannot judge.
///
/// # Errors
/// One has none at `until`: with why its pods do not run.
pub async fn endpoints(
    reader: &ClusterReader,
    (configuration, until): (&Value, Duration),
) -> Result<(), ClusterError> {
    for (config, namespace, name) in guards(configuration) {
        if !answers(reader, config).await? {
            arrive(reader, (namespace, name, until)).await?;
        }
    }
    Ok(())
}

/// Whether somebody answers behind each webhook which refuses what it cannot judge.
///
/// # Errors
/// The server cannot be asked.
pub async fn all_answer(
    reader: &ClusterReader,
    configuration: &Value,
) -> Result<bool, ClusterError> {
    for (config, ..) in guards(configuration) {
        if !answers(reader, config).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn arrive(
    reader: &ClusterReader,
    (namespace, name, until): (&str, &str, Duration),
) -> Result<(), ClusterError> {
    let slices = reader
        .resource("discovery.k8s.io/v1", "EndpointSlice")
        .await?;
    let mut watch = reader.watch(&slices, &of_service(namespace, name));
    while let Some(seen) = watch.before(until).await? {
        if let Seen::There(slice) = seen
            && has_ready(&slice)
        {
            return Ok(());
        }
    }
    Err(ClusterError::Late {
        what: format!("service {namespace}/{name}, which a webhook needs, has no endpoints"),
        cause: behind(reader, namespace, name).await.map(Box::new),
    })
}

/// Why nobody answers behind a service.
async fn behind(reader: &ClusterReader, namespace: &str, name: &str) -> Option<Diagnosis> {
    let services = reader.resource("v1", "Service").await.ok()?;
    let whose = format!("-n {namespace} service/{name}");
    let told = |text: String| Diagnosis::new(Ailment::Webhook, text, &whose);
    let Some(service) = reader
        .get(&Place::new(&services, namespace, name))
        .await
        .ok()?
    else {
        return Some(told(format!(
            "there is no service `{name}` in namespace `{namespace}`"
        )));
    };
    let labels = service["spec"]["selector"].as_object()?;
    let labels: Vec<String> = labels
        .iter()
        .map(|(k, v)| format!("{k}={}", text(v)))
        .collect();
    let pods = reader.resource("v1", "Pod").await.ok()?;
    let among = Among::namespace(namespace).labelled(&labels.join(","));
    let found = reader.list(&pods, &among).await.ok()?.items;
    if found.is_empty() {
        return Some(told(format!(
            "no pod has the labels of service `{name}`: {}",
            labels.join(", ")
        )));
    }
    super::pods(reader, found).await
}

/// What stands behind a refusal for a webhook's sake, admission's or conversion's.
pub async fn of_refusal(reader: &ClusterReader, refusal: &Refusal) -> Option<Diagnosis> {
    let silence = Silence::of(&refusal.message)?;
    let (whose, namespace, name) = match refusal.webhook() {
        Some(webhook) => configured(reader, webhook).await?,
        None => converting(&refusal.message)?,
    };
    let head = format!(
        "{whose} is served by service {namespace}/{name}, {}",
        silence.told()
    );
    let why = behind(reader, &namespace, &name).await;
    let text = why
        .as_ref()
        .map_or_else(|| head.clone(), |why| format!("{head}: {why}"));
    Some(Diagnosis {
        ailment: Ailment::Webhook,
        text,
        help: silence.help(&namespace, &name),
    })
}

/// The admission webhook's name and configuration, with namespace and name of its service.
async fn configured(reader: &ClusterReader, webhook: &str) -> Option<(String, String, String)> {
    for kind in [
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    ] {
        let resource = reader
            .resource("admissionregistration.k8s.io/v1", kind)
            .await
            .ok()?;
        for found in reader.list(&resource, &Among::default()).await.ok()?.items {
            let hooks = found["webhooks"].as_array().cloned().unwrap_or_default();
            let Some(hook) = hooks.iter().find(|hook| hook["name"] == *webhook) else {
                continue;
            };
            let (namespace, name) = service(&hook["clientConfig"])?;
            let configuration = text(&found["metadata"]["name"]);
            let whose = format!("webhook `{webhook}` of `{configuration}`");
            return Some((whose, namespace.to_owned(), name.to_owned()));
        }
    }
    None
}

/// A conversion webhook's kind, with namespace and name of its service: from its address
/// (`https://NAME.NAMESPACE.svc:443/`).
pub(super) fn converting(message: &str) -> Option<(String, String, String)> {
    let kind = message.split("Kind=").nth(1)?.split_whitespace().next()?;
    let address = message.split("https://").nth(1)?;
    let mut host = address.split(['/', ':', '"']).next()?.split('.');
    let (name, namespace) = (host.next()?, host.next()?);
    let whose = format!("the conversion of kind `{kind}`");
    Some((whose, namespace.to_owned(), name.to_owned()))
}

/// How a webhook did not answer, by the API server's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// There is no such service.
    NoService,
    /// Nobody listens there.
    Nobody,
    /// No answer came in time.
    Late,
    /// It answers with a certificate that the configuration does not vouch for.
    Untrusted,
    /// Something else.
    Other,
}

impl Silence {
    /// From a refusal's message; `None` if it is not for a webhook's sake.
    pub fn of(message: &str) -> Option<Self> {
        let calls = message.contains("failed calling webhook")
            || message.contains("conversion webhook for");
        if !calls {
            return None;
        }
        let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
        Some(
            if message.contains("service \"") && message.contains("not found") {
                Self::NoService
            } else if has(&["connection refused", "no endpoints available"]) {
                Self::Nobody
            } else if has(&["deadline exceeded", "Client.Timeout", "i/o timeout"]) {
                Self::Late
            } else if has(&["x509:", "tls:"]) {
                Self::Untrusted
            } else {
                Self::Other
            },
        )
    }

    const fn told(self) -> &'static str {
        match self {
            Self::NoService => "which is not there",
            Self::Nobody => "where nobody listens",
            Self::Late => "which does not answer in time",
            Self::Untrusted => "whose certificate is not trusted",
            Self::Other => "which does not answer as it should",
        }
    }

    /// One thing to do.
    fn help(self, namespace: &str, name: &str) -> String {
        match self {
            Self::NoService => format!("install again what service `{name}` in namespace `{namespace}` belongs to, or take the webhook's configuration away if that is gone for good"),
            Self::Nobody => format!("`kubectl get pods -n {namespace}` shows who should answer: bring them up, and run the same command again"),
            Self::Late => format!("see that the API server reaches the pods of service `{name}` in namespace `{namespace}` (network policies, firewalls, routes), and run the same command again"),
            Self::Untrusted => "its configuration needs the CA of its certificate (`caBundle`): whoever writes it there, a controller or cert-manager's cainjector, must run".to_owned(),
            Self::Other => format!("`kubectl logs -n {namespace} service/{name}` shows what it says"),
        }
    }

    /// One thing to do where only the refusal is known.
    pub const fn plain_help(self) -> &'static str {
        match self {
            Self::NoService => {
                "install again what that service belongs to, or take the webhook's configuration away if that is gone for good"
            }
            Self::Nobody => "bring up the pods behind that service, and run the same command again",
            Self::Late => {
                "see that the API server reaches the pods of that service (network policies, firewalls, routes), and run the same command again"
            }
            Self::Untrusted => {
                "the webhook's configuration needs the CA of its certificate (`caBundle`): whoever writes it there must run"
            }
            Self::Other => "look at the log of the pods behind the webhook's service",
        }
    }
}
