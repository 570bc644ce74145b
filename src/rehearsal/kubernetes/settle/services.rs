//! Endpoints of services, their external addresses, API services, tokens of accounts.

use std::time::Duration;

use serde_json::{Value, json};

use super::pieces::{is_ready, owner};
use crate::rehearsal::kubernetes::meta::put_system;
use crate::rehearsal::kubernetes::selector::Selector;
use crate::rehearsal::kubernetes::state::State;
use crate::rehearsal::kubernetes::store::Key;

const SLICES: &str = "discovery.k8s.io/endpointslices";

impl State {
    /// Gives services what controllers give them.
    pub fn settle_services(&mut self) -> Option<Duration> {
        for (key, service) in self.objects("/services") {
            if service["metadata"]["deletionTimestamp"].is_string() {
                continue;
            }
            self.settle_endpoints(&key, &service);
            if service["spec"]["type"] == "LoadBalancer" {
                self.balance(&key, service);
            }
        }
        for (key, account) in self.objects("/secrets") {
            if account["type"] == "kubernetes.io/service-account-token"
                && account["data"]["token"].is_null()
            {
                self.fill_token(&key, account);
            }
        }
        self.settle_api_services();
        None
    }

    #[expect(
        clippy::too_many_lines,
        reason = "endpoints and slices say the same in two forms"
    )]
    fn settle_endpoints(&mut self, key: &Key, service: &Value) {
        let selector = &service["spec"]["selector"];
        let (mut ready, mut not_ready) = (Vec::new(), Vec::new());
        if selector
            .as_object()
            .is_some_and(|labels| !labels.is_empty())
        {
            let selector = Selector::of_labels(selector);
            for (pod_key, pod) in self.store.list("/pods", &key.namespace) {
                let Some(address) = pod["status"]["podIP"].as_str() else {
                    continue;
                };
                let over = ["Succeeded", "Failed"]
                    .iter()
                    .any(|phase| pod["status"]["phase"] == *phase);
                if !selector.matches(pod)
                    || over
                    || pod["metadata"]["deletionTimestamp"].is_string()
                {
                    continue;
                }
                let target = json!({"kind": "Pod", "name": pod_key.name, "namespace": key.namespace, "uid": pod["metadata"]["uid"]});
                let entry = json!({"ip": address, "nodeName": pod["spec"]["nodeName"], "targetRef": target});
                if is_ready(pod) || service["spec"]["publishNotReadyAddresses"] == true {
                    ready.push(entry);
                } else {
                    not_ready.push(entry);
                }
            }
        } else if key.name == "kubernetes" && key.namespace == "default" {
            ready.extend(
                self.nodes
                    .iter()
                    .filter(|node| node.server)
                    .map(|node| json!({"ip": node.address})),
            );
        } else {
            return;
        }
        let ports: Vec<Value> = service["spec"]["ports"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|port| {
                let number = port["targetPort"].as_u64().or(port["port"].as_u64());
                let mut one = json!({"port": number, "protocol": port["protocol"]});
                if let Some(name) = port.get("name") {
                    one["name"] = name.clone();
                }
                one
            })
            .collect();
        let mut subset = json!({"ports": ports});
        if !ready.is_empty() {
            subset["addresses"] = json!(ready);
        }
        if !not_ready.is_empty() {
            subset["notReadyAddresses"] = json!(not_ready);
        }
        let subsets = if ready.is_empty() && not_ready.is_empty() {
            json!([])
        } else {
            json!([subset])
        };
        let endpoints = json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": key.name, "namespace": key.namespace}, "subsets": subsets});
        self.replace_fields(
            ("/endpoints", &key.namespace, &key.name),
            endpoints,
            &["subsets"],
        );
        let slice = |entry: &Value, is: bool| {
            json!({"addresses": [entry["ip"]], "conditions": {"ready": is, "serving": is, "terminating": false},
                "nodeName": entry["nodeName"], "targetRef": entry["targetRef"]})
        };
        let all: Vec<Value> = ready
            .iter()
            .map(|e| slice(e, true))
            .chain(not_ready.iter().map(|e| slice(e, false)))
            .collect();
        let name = format!("{}-rehearsal", key.name);
        let object = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": name, "namespace": key.namespace, "labels": {"kubernetes.io/service-name": key.name,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}, "ownerReferences": [owner(service)]},
            "endpoints": all, "ports": ports});
        self.replace_fields(
            (SLICES, &key.namespace, &name),
            object,
            &["endpoints", "ports"],
        );
    }

    /// Puts an object of a controller, or only what differs of its fields.
    fn replace_fields(
        &mut self,
        (resource, namespace, name): (&str, &str, &str),
        object: Value,
        fields: &[&str],
    ) {
        let key = Key::new(resource, namespace, name);
        let Some(there) = self.store.get(&key) else {
            put_system(self, (resource, namespace, name), object);
            return;
        };
        if fields.iter().all(|field| there[*field] == object[*field]) {
            return;
        }
        let mut new = Value::clone(there);
        for field in fields {
            new[*field] = object[*field].clone();
        }
        self.store.put(&key, new);
    }

    /// k3s gives such services the addresses of its nodes.
    fn balance(&mut self, key: &Key, mut service: Value) {
        let addresses: Vec<Value> = self
            .nodes
            .iter()
            .filter(|node| node.ready)
            .map(|node| json!({"ip": node.address, "ipMode": "VIP"}))
            .collect();
        if addresses.is_empty() || service["status"]["loadBalancer"]["ingress"] == json!(addresses)
        {
            return;
        }
        service["status"]["loadBalancer"]["ingress"] = json!(addresses);
        self.store.put(key, service);
    }

    fn fill_token(&mut self, key: &Key, mut secret: Value) {
        use base64::Engine;
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let name = secret["metadata"]["annotations"]["kubernetes.io/service-account.name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let Some(account) = self.object("/serviceaccounts", &key.namespace, &name) else {
            return;
        };
        let uid = account["metadata"]["uid"].clone();
        let token = self.identifier("token");
        self.tokens.insert(token.clone());
        secret["metadata"]["annotations"]["kubernetes.io/service-account.uid"] = uid;
        secret["data"] = json!({"ca.crt": encode(&self.authority), "namespace": encode(&key.namespace), "token": encode(&token)});
        self.store.put(key, secret);
    }

    /// An API that another service serves is available once that has endpoints.
    fn settle_api_services(&mut self) {
        for (key, object) in self.objects("apiregistration.k8s.io/apiservices") {
            let service = &object["spec"]["service"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (namespace, name) = (text(&service["namespace"]), text(&service["name"]));
            let (status, reason, message) = if !service.is_object() {
                (
                    "True",
                    "Local",
                    "Local APIServices are always available".to_owned(),
                )
            } else if self.object("/services", &namespace, &name).is_none() {
                (
                    "False",
                    "ServiceNotFound",
                    format!("service/{name} in \"{namespace}\" is not present"),
                )
            } else if self.has_endpoints(&namespace, &name) {
                ("True", "Passed", "all checks passed".to_owned())
            } else {
                (
                    "False",
                    "MissingEndpoints",
                    format!(
                        "endpoints for service/{name} in \"{namespace}\" have no addresses with port name \"\""
                    ),
                )
            };
            let condition = json!({"type": "Available", "status": status, "reason": reason, "message": message, "lastTransitionTime": self.time()});
            super::pieces::put_status(self, &key, object, json!({"conditions": [condition]}));
        }
    }

    /// Whether a service has a ready pod behind it.
    pub fn has_endpoints(&self, namespace: &str, name: &str) -> bool {
        let endpoints = self.object("/endpoints", namespace, name);
        endpoints.is_some_and(|found| found["subsets"][0]["addresses"].is_array())
    }
}
