//! The way of a push, link by link.

use serde_json::{Value, json};

use super::{Broken, Link, Push, Route, objects, text};
use crate::rehearsal::estate::Estate;
use crate::rehearsal::host::identifier;
use crate::rehearsal::ingress::Entrance;
use crate::rehearsal::kubernetes::{Answer, Cluster};
use crate::rehearsal::nautes;
use crate::rehearsal::network::{Request, Service as _};

/// The https ports of Traefik: of cluster templates, and of this installer.
const ENTRANCES: [u16; 2] = [30443, 31443];
/// How long pods of Argo Events may take, seconds.
const PATIENCE: u64 = 120;
/// How long a pipeline run may take, seconds.
const RUN: u64 = 300;

/// On the way, link by link.
pub struct Walk<'a> {
    /// Where.
    pub estate: &'a Estate,
    /// What was pushed.
    pub push: &'a Push,
    /// What was seen so far.
    pub links: Vec<Link>,
}

/// Where it goes on.
struct Reached {
    cluster: Cluster,
    entrance: Entrance,
    route: Route,
}

impl Walk<'_> {
    fn told(&mut self, link: &'static str, seen: String) {
        self.links.push(Link {
            link,
            seen,
            broken: None,
        });
    }

    /// To its end, or to the link that is broken.
    pub fn all(&mut self) -> Result<(), Broken> {
        let reached = self.found()?;
        let token = identifier(&["webhook", &reached.route.id]);
        made(&reached.cluster, &reached.route, &token)?;
        self.listens(&reached)?;
        self.delivers(&reached, &token)?;
        self.runs(&reached)
    }

    /// What Nautes knows, and where that leads.
    fn found(&mut self) -> Result<Reached, Broken> {
        let push = self.push;
        let clusters = self.estate.clusters();
        let known = clusters.iter().find_map(|(_, server)| {
            let state = nautes::known(&server.cluster.settled());
            state.filter(|state| state.has("products", "", &push.product))
        });
        let Some(known) = known else {
            let seen = format!("no Nautes here has a product `{}`", push.product);
            let help = "`nautes-install apply -f DIR` makes a product; `get products` shows them";
            return Err(("product", seen, help.to_owned()));
        };
        let way = nautes::route(&known, push).map_err(|(seen, help)| ("webhook", seen, help))?;
        let pushed = format!("{} of {}/{}", push.reference, push.product, push.repository);
        self.told("webhook", format!("{pushed} is for {}", way.runtime));
        let (name, at) = (&way.cluster, &way.api_server);
        let Some(cluster) = self.estate.cluster_at(at) else {
            let seen = format!("cluster `{name}` at {at} is not on the estate");
            let help = "register a cluster of this inventory: `apiServer: https://HOST:6443` of a host of its";
            return Err(("cluster", seen, help.to_owned()));
        };
        self.told("cluster", format!("{name} at {at}"));
        let mut entrances = ENTRANCES.iter();
        let entrance = entrances.find_map(|port| Some((*port, Entrance::at(&cluster, *port)?)));
        let Some((port, entrance)) = entrance else {
            let seen = format!("no Traefik of cluster `{name}` takes what GitLab sends");
            let help = "install component `traefik` on it; the Traefik that Nautes' cluster templates bring is not rehearsed";
            return Err(("entrance", seen, help.to_owned()));
        };
        let route = Route {
            id: format!("{}-{}", push.product, way.runtime),
            product: push.product.clone(),
            repository: push.repository.clone(),
            runtime: way.runtime,
            event: way.event,
            pattern: way.pattern,
            pipeline: way.pipeline,
            namespace: way.namespace,
            url: format!("https://{}:{port}", way.domain),
            domain: way.domain,
        };
        Ok(Reached {
            cluster,
            entrance,
            route,
        })
    }

    /// The pods of Argo Events.
    fn listens(&mut self, Reached { cluster, route, .. }: &Reached) -> Result<(), Broken> {
        let source = format!("{}-gitlab", route.id);
        let pods = [
            ("event source", format!("{source}-eventsource-")),
            ("sensor", format!("{}-sensor-", route.sensor())),
        ];
        for (link, prefix) in pods {
            if !self.estate.waited(PATIENCE, || has_pod(cluster, &prefix)) {
                let seen = format!("no pod `{prefix}…` runs");
                let help = "`nautes-install status --only argo-events`; in `rehearse shell HOST`: `kubectl get pods -n argo-events`";
                return Err((link, seen, help.to_owned()));
            }
        }
        let at = format!("{}{}", route.url, route.path());
        self.told("event source", format!("{source} listens at {at}"));
        Ok(())
    }

    /// GitLab's call, and what the sensor makes of it.
    fn delivers(&mut self, to: &Reached, token: &str) -> Result<(), Broken> {
        let route = &to.route;
        let before = runs(&to.cluster, &route.namespace).len();
        let answer = to.entrance.answer(&delivery(route, self.push, token));
        let seen = format!("POST {}{}: {}", route.url, route.path(), answer.status);
        if answer.status != 200 {
            let help = String::from_utf8_lossy(&answer.body).trim().to_owned();
            return Err(("delivery", seen, help));
        }
        self.told("delivery", seen);
        if runs(&to.cluster, &route.namespace).len() == before {
            let seen = format!("{} made no pipeline run", route.sensor());
            let help = "Nautes v0.4 makes `tekton.dev/v1alpha1` runs, which Tekton serves up to v0.37: `nautes.components.tekton-pipelines.version: v0.37.5`";
            return Err(("sensor", seen, help.to_owned()));
        }
        let seen = format!("{} made a run in {}", route.sensor(), route.namespace);
        self.told("sensor", seen);
        Ok(())
    }

    /// The pipeline run, to its end.
    fn runs(&mut self, Reached { cluster, route, .. }: &Reached) -> Result<(), Broken> {
        let newest = || newest(cluster, &route.namespace).unwrap_or_default();
        self.estate
            .waited(RUN, || newest()["status"]["completionTime"].is_string());
        let run = newest();
        let condition = &run["status"]["conditions"][0];
        let (name, reason) = (text(&run["metadata"]["name"]), text(&condition["reason"]));
        let why = text(&condition["message"]);
        if condition["status"] == "True" {
            self.told("pipeline run", format!("{name}: {reason}; {why}"));
            return Ok(());
        }
        let help = if run["status"].is_null() {
            "no controller of Tekton takes it: `nautes-install status --only tekton-pipelines`"
        } else {
            why
        };
        let reason = if reason.is_empty() {
            "not begun"
        } else {
            reason
        };
        Err(("pipeline run", format!("{name}: {reason}"), help.to_owned()))
    }
}

/// Makes the objects of a route.
fn made(cluster: &Cluster, route: &Route, token: &str) -> Result<(), Broken> {
    for one in objects::all(route, token) {
        let answer = cluster.ask(&Request {
            method: "PATCH".to_owned(),
            url: format!(
                "{}?fieldManager=nautes-runtime-operator&force=true",
                one.path
            ),
            headers: vec![(
                "content-type".to_owned(),
                "application/apply-patch+yaml".to_owned(),
            )],
            body: one.object.to_string().into_bytes(),
            ..Request::default()
        });
        let Answer::Plain(answer) = answer else {
            continue;
        };
        if answer.status >= 300 {
            let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let kind = text(&one.object["kind"]);
            let help = match kind {
                "ClusterTask" => {
                    "component `tekton-pipelines` must be on this cluster, in a version that has ClusterTasks (up to v0.65)"
                }
                "Secret" | "EventSource" | "Ingress" | "Sensor" => {
                    "component `argo-events` must be on this cluster"
                }
                _ => "`nautes-install status` says what is not well",
            };
            let seen = format!("{kind} is not taken: {}", text(&said["message"]));
            return Err(("runtime", seen, help.to_owned()));
        }
    }
    Ok(())
}

fn has_pod(cluster: &Cluster, prefix: &str) -> bool {
    let state = cluster.settled();
    state.objects("/pods").iter().any(|(key, pod)| {
        key.name.starts_with(prefix) && pod["status"]["containerStatuses"][0]["ready"] == true
    })
}

fn runs(cluster: &Cluster, namespace: &str) -> Vec<Value> {
    let all = cluster.settled().objects("tekton.dev/pipelineruns");
    let mine = all
        .into_iter()
        .filter(|(key, _)| key.namespace == namespace);
    mine.map(|(_, run)| run).collect()
}

/// The run that was made last: names are random, so it is the one that was still unknown.
fn newest(cluster: &Cluster, namespace: &str) -> Option<Value> {
    let number = |run: &Value| {
        text(&run["metadata"]["resourceVersion"])
            .parse::<u64>()
            .unwrap_or_default()
    };
    let born = |run: &Value| {
        (
            text(&run["metadata"]["creationTimestamp"]).to_owned(),
            number(run),
        )
    };
    runs(cluster, namespace).into_iter().max_by_key(born)
}

/// What GitLab sends.
fn delivery(route: &Route, push: &Push, token: &str) -> Request {
    let body = json!({"object_kind": "push", "ref": push.reference, "project": {"path_with_namespace": format!("{}/{}", push.product, push.repository)}});
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Request {
        method: "POST".to_owned(),
        url: format!("{}{}", route.url, route.path()),
        headers: vec![
            header("host", &route.domain),
            header("content-type", "application/json"),
            header("x-gitlab-event", "Push Hook"),
            header("x-gitlab-token", token),
        ],
        body: body.to_string().into_bytes(),
        ..Request::default()
    }
}
