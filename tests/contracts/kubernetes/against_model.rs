//! Every behaviour against the rehearsal's model of the API.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use nautes_install::input::Clock;
use nautes_install::rehearsal::{Cluster, EstateClock, KubernetesAnswer, NodeFact, Request, Watch};
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

    async fn compact(&self) {
        self.cluster.compact();
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
        let model = Model { cluster, clock };
        let api = Api {
            door: &model,
            namespace: "contract".to_owned(),
        };
        api.create(
            "/api/v1/namespaces",
            json!({"metadata": {"name": "contract"}}),
        )
        .await;
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
