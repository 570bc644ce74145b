//! Every behaviour against a real API server: the one that `NAUTES_LAB_KUBECONFIG` names.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use futures::FutureExt;
use nautes_install::input::{Rules, Source, parse_one};
use reqwest::{Certificate, Client, Identity, Method, Response};
use serde_json::{Value, json};

use super::{Api, Door, Events, behaviours};

/// A real server, or what answers as one over TLS.
pub struct Server {
    client: Client,
    stranger: Client,
    address: String,
}

impl Server {
    fn from_environment() -> Self {
        let path =
            std::env::var("NAUTES_LAB_KUBECONFIG").expect("NAUTES_LAB_KUBECONFIG is not set");
        let text = std::fs::read_to_string(path).unwrap();
        let config = parse_one(&Source::new("kubeconfig", text.clone()), Rules::Kubernetes)
            .unwrap()
            .to_json();
        let address = std::env::var("NAUTES_LAB_KUBERNETES").ok();
        let server = config["clusters"][0]["cluster"]["server"]
            .as_str()
            .unwrap()
            .to_owned();
        Self::of(&text, address.unwrap_or(server))
    }

    /// The server at an address, with the certificates of a kubeconfig.
    pub fn of(config: &str, address: String) -> Self {
        let config = parse_one(&Source::new("kubeconfig", config), Rules::Kubernetes)
            .unwrap()
            .to_json();
        let decode = |value: &Value| {
            base64::engine::general_purpose::STANDARD
                .decode(value.as_str().unwrap())
                .unwrap()
        };
        let user = &config["users"][0]["user"];
        let authority = decode(&config["clusters"][0]["cluster"]["certificate-authority-data"]);
        let mut identity = decode(&user["client-certificate-data"]);
        identity.extend(decode(&user["client-key-data"]));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let build = |identity: Option<Identity>| {
            let builder = Client::builder()
                .tls_certs_only([Certificate::from_pem(&authority).unwrap()])
                .user_agent("contract/1")
                .timeout(Duration::from_secs(60));
            match identity {
                Some(identity) => builder.identity(identity),
                None => builder,
            }
            .build()
            .unwrap()
        };
        Self {
            client: build(Some(Identity::from_pem(&identity).unwrap())),
            stranger: build(None),
            address,
        }
    }

    /// A GET by somebody without a certificate.
    pub async fn stranger(&self, path: &str) -> (u16, Value) {
        let response = self
            .stranger
            .get(format!("{}{path}", self.address))
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        (headers, body): (&[(&str, &str)], Vec<u8>),
    ) -> Response {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.address))
            .body(body);
        for (key, value) in headers {
            request = request.header(*key, *value);
        }
        request.send().await.unwrap()
    }
}

#[async_trait]
impl Door for Server {
    async fn ask(&self, method: &str, path: &str, (kind, body): (&str, Vec<u8>)) -> (u16, Value) {
        let response = self
            .send(method, path, (&[("content-type", kind)], body))
            .await;
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(json!(text)))
    }

    async fn watch(&self, path: &str) -> Box<dyn Events> {
        let response = self.send("GET", path, (&[], Vec::new())).await;
        Box::new(ServerEvents {
            response,
            text: Vec::new(),
        })
    }

    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// A real server forgets every five minutes: whether it has yet.
    async fn compact(&self) -> bool {
        let path = "/api/v1/namespaces?resourceVersion=1&resourceVersionMatch=Exact";
        self.ask("GET", path, (super::place::JSON, Vec::new()))
            .await
            .0
            == 410
    }

    async fn accepting(&self, path: &str, accept: &str) -> (u16, String, Value) {
        let response = self
            .send("GET", path, (&[("accept", accept)], Vec::new()))
            .await;
        let status = response.status().as_u16();
        let content = response
            .headers()
            .get("content-type")
            .map(|v| v.to_str().unwrap().to_owned());
        let text = response.text().await.unwrap();
        (
            status,
            content.unwrap_or_default(),
            serde_json::from_str(&text).unwrap_or(json!(text)),
        )
    }
}

struct ServerEvents {
    response: Response,
    text: Vec<u8>,
}

#[async_trait]
impl Events for ServerEvents {
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.text.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            self.text.extend(self.response.chunk().await.ok()??);
        }
    }
}

#[tokio::test]
#[ignore = "needs a real API server: NAUTES_LAB_KUBECONFIG"]
async fn a_real_api_keeps_the_kubernetes_contract() {
    if std::env::var("NAUTES_LAB_KUBECONFIG").is_err()
        && std::env::var("NAUTES_LAB_INVENTORY").is_ok()
    {
        // The lab's journey of hosts has no cluster; the one with a cluster names it.
        return;
    }
    let server = Server::from_environment();
    let wanted = std::env::var("NAUTES_CONTRACT_CASE").unwrap_or_default();
    let mut broken = Vec::new();
    let mut count = 0;
    for (at, (name, behaviour)) in behaviours()
        .into_iter()
        .filter(|(name, _)| name.contains(&wanted))
        .enumerate()
    {
        count += 1;
        let namespace = format!("contract-{at}-{}", std::process::id());
        let api = Api::in_new_namespace(&server, &namespace).await;
        api.until(&api.path("v1/serviceaccounts/default"), "there", |_| true)
            .await;
        if AssertUnwindSafe(behaviour(&api))
            .catch_unwind()
            .await
            .is_err()
        {
            println!("-- {name} differs");
            broken.push(name);
        }
        api.delete(&format!("/api/v1/namespaces/{namespace}")).await;
    }
    println!("{count} behaviours shown by a real API server");
    assert!(count > 0);
    assert_eq!(
        broken,
        Vec::<&str>::new(),
        "{} of {count} behaviours are broken",
        broken.len()
    );
}
