//! What Traefik reads of a cluster: its own Service, Ingresses, `IngressRoute`s, certificates.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::rehearsal::kubernetes::{Selector, State};

/// Ingresses of Kubernetes.
const INGRESSES: &str = "networking.k8s.io/ingresses";
/// Traefik's own kinds, of its two API groups.
const ROUTES: [&str; 2] = [
    "traefik.io/ingressroutes",
    "traefik.containo.us/ingressroutes",
];
const STORES: [&str; 2] = ["traefik.io/tlsstores", "traefik.containo.us/tlsstores"];
/// The entrance for https, by the name that Traefik's chart gives it.
const HTTPS: &str = "websecure";

/// A Service that a route leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub service: String,
}

/// What can be read of the cluster.
pub struct Routes<'a>(pub &'a State);

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

impl Routes<'_> {
    /// Whether a ready Traefik takes https at this port of the nodes.
    pub fn has_entrance(&self, port: u16) -> bool {
        let services = self.0.store.list("/services", "");
        let mut mine = services.filter(|(_, service)| {
            items(&service["spec"]["ports"])
                .any(|one| one["nodePort"] == port && one["name"] == HTTPS)
        });
        mine.any(|(key, _)| {
            let behind = self.pod(&Backend {
                namespace: key.namespace.clone(),
                service: key.name.clone(),
            });
            behind.is_some_and(|pod| image(&pod).contains("traefik"))
        })
    }

    /// The certificate and key that every host is shown: the default of the TLS store.
    pub fn certificate(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let stores = STORES.iter().flat_map(|kind| self.0.store.list(kind, ""));
        let mut stores = stores.filter(|(key, _)| key.name == "default");
        let (key, store) = stores.next()?;
        let name = text(&store["spec"]["defaultCertificate"]["secretName"]);
        let secret = self.0.object("/secrets", &key.namespace, name)?;
        let part = |name: &str| BASE64_STANDARD.decode(text(&secret["data"][name])).ok();
        Some((part("tls.crt")?, part("tls.key")?))
    }

    /// Where a request goes: the longest path of the host wins.
    pub fn backend(&self, host: &str, path: &str) -> Option<Backend> {
        let mut best: Option<(usize, Backend)> = None;
        let mut offer = |length: usize, backend: Backend| {
            if best.as_ref().is_none_or(|(least, _)| length > *least) {
                best = Some((length, backend));
            }
        };
        for (key, ingress) in self.0.store.list(INGRESSES, "") {
            let rules = items(&ingress["spec"]["rules"]);
            for rule in rules.filter(|rule| rule["host"].is_null() || rule["host"] == host) {
                for one in items(&rule["http"]["paths"]) {
                    let prefix = text(&one["path"]);
                    if path.starts_with(prefix) {
                        offer(
                            prefix.len(),
                            Backend {
                                namespace: key.namespace.clone(),
                                service: text(&one["backend"]["service"]["name"]).to_owned(),
                            },
                        );
                    }
                }
            }
        }
        let own = ROUTES.iter().flat_map(|kind| self.0.store.list(kind, ""));
        for (key, route) in own {
            for one in items(&route["spec"]["routes"]) {
                let rule = text(&one["match"]);
                let prefix = argument(rule, "PathPrefix").unwrap_or_default();
                if argument(rule, "Host") == Some(host) && path.starts_with(prefix) {
                    let service = &one["services"][0];
                    let namespace = service["namespace"].as_str().unwrap_or(&key.namespace);
                    offer(
                        prefix.len(),
                        Backend {
                            namespace: namespace.to_owned(),
                            service: text(&service["name"]).to_owned(),
                        },
                    );
                }
            }
        }
        best.map(|(_, backend)| backend)
    }

    /// A ready pod behind a Service.
    pub fn pod(&self, of: &Backend) -> Option<Value> {
        let service = self.0.object("/services", &of.namespace, &of.service)?;
        let selector = &service["spec"]["selector"];
        if !self.0.has_endpoints(&of.namespace, &of.service) || !selector.is_object() {
            return None;
        }
        let selector = Selector::of_labels(selector);
        let mut pods = self.0.store.list("/pods", &of.namespace);
        let found = pods.find(|(_, pod)| {
            selector.matches(pod) && pod["metadata"]["deletionTimestamp"].is_null()
        });
        found.map(|(_, pod)| Value::clone(pod))
    }
}

/// The image of a pod's first container.
pub fn image(pod: &Value) -> &str {
    text(&pod["spec"]["containers"][0]["image"])
}

/// The one argument of a matcher of Traefik's: ``Host(`a.example`)``.
fn argument<'a>(rule: &'a str, matcher: &str) -> Option<&'a str> {
    let rest = rule.split_once(&format!("{matcher}(`"))?.1;
    rest.split_once('`').map(|(argument, _)| argument)
}
