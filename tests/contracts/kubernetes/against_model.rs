//! Every behaviour against the rehearsal's model of the API.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use nautes_install::input::{Clock, SystemClock};
use nautes_install::rehearsal::{
    Authority, Cluster, EstateClock, KubernetesAnswer, NodeFact, Request, Server, Watch,
};
use serde_json::{Value, json};

use super::{Api, Door, Events, behaviours};

struct Model {
    cluster: Cluster,
    clock: EstateClock,
}

impl Model {
    fn answer(
        &self,
        method: &str,
        path: &str,
        (headers, body): (&[(&str, &str)], Vec<u8>),
    ) -> KubernetesAnswer {
        let headers = headers
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        self.cluster.ask(&Request {
            method: method.to_owned(),
            url: path.to_owned(),
            headers: headers
                .chain([("user-agent".to_owned(), "contract/1".to_owned())])
                .collect(),
            body,
            client: None,
        })
    }
}

#[async_trait]
impl Door for Model {
    async fn ask(&self, method: &str, path: &str, (kind, body): (&str, Vec<u8>)) -> (u16, Value) {
        match self.answer(method, path, (&[("content-type", kind)], body)) {
            KubernetesAnswer::Plain(response) => {
                let text = String::from_utf8_lossy(&response.body).into_owned();
                let value = serde_json::from_slice(&response.body).unwrap_or(json!(text));
                (response.status, value)
            }
            KubernetesAnswer::Watch(_) => panic!("{path} is a watch"),
        }
    }

    async fn watch(&self, path: &str) -> Box<dyn Events> {
        match self.answer("GET", path, (&[], Vec::new())) {
            KubernetesAnswer::Watch(watch) => {
                let clock = self.clock.clone();
                Box::new(ModelEvents {
                    watch,
                    clock,
                    waiting: Vec::new(),
                })
            }
            KubernetesAnswer::Plain(response) => panic!("{path} is no watch: {}", response.status),
        }
    }

    async fn pause(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    async fn compact(&self) -> bool {
        self.cluster.compact();
        true
    }

    async fn accepting(&self, path: &str, accept: &str) -> (u16, String, Value) {
        let KubernetesAnswer::Plain(response) =
            self.answer("GET", path, (&[("accept", accept)], Vec::new()))
        else {
            panic!("{path} is a watch");
        };
        let content = response
            .headers
            .iter()
            .find(|(key, _)| key == "content-type")
            .map(|(_, value)| value.clone());
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let value = serde_json::from_slice(&response.body).unwrap_or(json!(text));
        (response.status, content.unwrap_or_default(), value)
    }
}

struct ModelEvents {
    watch: Box<Watch>,
    clock: EstateClock,
    waiting: Vec<Value>,
}

#[async_trait]
impl Events for ModelEvents {
    async fn next(&mut self) -> Option<Value> {
        while self.waiting.is_empty() {
            let lines = self.watch.next(&self.clock).await?;
            let lines = String::from_utf8(lines).unwrap();
            self.waiting = lines
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
        }
        Some(self.waiting.remove(0))
    }
}

/// A new cluster of one node.
fn fresh() -> (Cluster, EstateClock) {
    let clock = EstateClock::default();
    let cluster = Cluster::new("contract", &clock).unwrap();
    cluster.set_nodes(vec![NodeFact {
        name: "host1".to_owned(),
        address: "10.0.0.11".to_owned(),
        server: true,
        version: "v1.34.4+k3s1".to_owned(),
        ready: true,
        cpus: 4,
        memory: 8 << 30,
    }]);
    (cluster, clock)
}

#[tokio::test]
async fn the_model_keeps_the_kubernetes_contract() {
    let wanted = std::env::var("NAUTES_CONTRACT_CASE").unwrap_or_default();
    let mut broken = Vec::new();
    let mut count = 0;
    for (name, behaviour) in behaviours()
        .into_iter()
        .filter(|(name, _)| name.contains(&wanted))
    {
        count += 1;
        let (cluster, clock) = fresh();
        let model = Model { cluster, clock };
        let api = Api::in_new_namespace(&model, "contract").await;
        if AssertUnwindSafe(behaviour(&api))
            .catch_unwind()
            .await
            .is_err()
        {
            broken.push(name);
        }
    }
    assert!(count > 0);
    assert_eq!(
        broken,
        Vec::<&str>::new(),
        "{} of {count} behaviours are broken",
        broken.len()
    );
}

/// Pods that a fault never lets get ready say why.
#[tokio::test]
async fn pods_that_never_get_ready_say_why() {
    let (cluster, clock) = fresh();
    let reasons = ["ImagePullBackOff", "CrashLoopBackOff", "Unschedulable"];
    let faults = reasons.map(|reason| (reason.to_lowercase(), reason.to_owned()));
    cluster.set_faults(faults.to_vec());
    let model = Model { cluster, clock };
    let api = Api {
        door: &model,
        namespace: "default".to_owned(),
    };
    for reason in reasons {
        let name = reason.to_lowercase();
        let body = super::place::deployment(&name, json!({"progressDeadlineSeconds": 60}));
        api.create(&api.path("apps/v1/deployments"), body).await;
        let path = api.path(&format!("apps/v1/deployments/{name}"));
        let late = |d: &Value| {
            let all = d["status"]["conditions"].as_array().cloned();
            all.into_iter()
                .flatten()
                .any(|c| c["reason"] == "ProgressDeadlineExceeded")
        };
        let failed = api.until(&path, "given up", late).await;
        assert!(!super::place::is_true(&failed, "Available"), "{failed}");
        let list = api.path("v1/pods");
        let pods = api.get(&format!("{list}?labelSelector=app%3D{name}")).await;
        let status = &pods["items"][0]["status"];
        let told = [
            &status["containerStatuses"][0]["state"]["waiting"]["reason"],
            &status["conditions"][0]["reason"],
        ];
        assert!(told.contains(&&json!(reason)), "{status}");
    }
}

/// The same API over TLS and HTTP, with the certificates of its kubeconfig and without.
#[tokio::test]
async fn the_model_answers_over_tls() {
    let (cluster, _) = fresh();
    let authority = Authority::new("contract", &[]).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let config = authority.kubeconfig(&address);
    let server = Server::new(cluster, authority).unwrap();
    let server = server.paced(Arc::new(SystemClock::new()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(server.clone().serve(stream));
        }
    });
    let client = super::against_lab::Server::of(&config, address);
    let wanted = [
        "creating_twice_is_already_exists",
        "several_conflicts_are_listed",
        "a_watch_goes_on_from_a_version",
        "a_watch_ends_at_its_limit",
        "tables_have_columns",
        "a_definition_is_established",
    ];
    for (name, behaviour) in behaviours()
        .into_iter()
        .filter(|(name, _)| wanted.contains(name))
    {
        let api = Api::in_new_namespace(&client, &name.replace('_', "-")).await;
        behaviour(&api).await;
    }
    let (code, status) = client.stranger("/api/v1/nodes").await;
    assert_eq!((code, &status["reason"]), (401, &json!("Unauthorized")));
}
