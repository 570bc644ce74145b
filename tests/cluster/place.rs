//! A host with k3s on a simulated estate, and tasks on it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use nautes_install::cluster::{Cluster, ClusterReader, Object, Place, Which, open, parse};
use nautes_install::connection::{
    Action, Answers, Connection, Connector, Deadline, Exec, Identity,
};
use nautes_install::input::{Clock, Json, MemoryFiles, Source};
use nautes_install::modules::{Context, Diff, Failure, Rendering, Site, TemplateOptions, build};
use nautes_install::rehearsal::{Artifact, Estate, EstateClock, Models};
use nautes_install::template::Unrendered;
use serde_json::{Map, Value, json};

const URL: &str = "https://github.com/k3s-io/k3s/releases/download/v1.34.4%2Bk3s1/k3s";

pub struct Lab {
    pub estate: Estate,
    pub connection: Arc<dyn Connection>,
    pub answers: Answers,
    pub clock: Arc<dyn Clock>,
    who: Identity,
    environment: BTreeMap<String, String>,
}

/// How a task ended.
#[derive(Debug)]
pub struct Ended {
    pub changed: bool,
    pub result: Map<String, Value>,
    pub diff: Diff,
}

struct Plain;

impl Rendering for Plain {
    fn template(&self, source: &Arc<Source>, _: &TemplateOptions) -> Result<String, Unrendered> {
        Ok(source.text.clone())
    }
    fn expression(&self, _: &str) -> Result<Json, Unrendered> {
        Ok(Json::Null)
    }
    fn condition(&self, _: &Json) -> Result<bool, Unrendered> {
        Ok(true)
    }
}

impl Lab {
    /// The first host of the lab that the environment names; its k3s runs.
    pub async fn real() -> Self {
        let hosts = super::lab::Lab::from_environment();
        let (name, vars) = &hosts.hosts[0];
        Self {
            estate: Estate::new(1).unwrap(),
            connection: hosts.connector.connect(name, vars).await.unwrap(),
            answers: Answers::default(),
            clock: Arc::new(nautes_install::input::SystemClock::default()),
            who: hosts.root(),
            environment: BTreeMap::new(),
        }
    }

    /// A script on the host, as root.
    pub async fn sh(&self, script: &str) -> String {
        let action = Action::Exec(Exec::shell(script));
        let done = self
            .connection
            .act(&self.who, action, Deadline::default())
            .await
            .unwrap()
            .executed;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(done.code, 0, "{script}: {}", text(&done.stderr));
        text(&done.stdout)
    }

    /// A host `h` whose k3s runs.
    pub async fn new() -> Self {
        let estate = Estate::new(1).unwrap();
        estate.ensure_host("h", &Map::new()).unwrap();
        estate.set_services(Arc::new(Models)).unwrap();
        let artifact = Artifact {
            len: 70_000_000,
            digests: BTreeMap::new(),
            content: None,
        };
        estate.set_artifacts(Arc::new(BTreeMap::from([(URL.to_owned(), artifact)])));
        let connection = estate.connector().connect("h", &Map::new()).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(estate.clock()) as Arc<EstateClock>;
        let lab = Self {
            estate,
            connection,
            answers: Answers::default(),
            clock,
            who: Identity::default(),
            environment: BTreeMap::new(),
        };
        let script = format!(
            "curl -fsSL -o /usr/local/bin/k3s {URL} && chmod 755 /usr/local/bin/k3s\n\
             printf '[Service]\\nType=notify\\nExecStart=/usr/local/bin/k3s server\\n' > /etc/systemd/system/k3s.service\n\
             systemctl start k3s"
        );
        let action = Action::Exec(Exec::shell(&script));
        let done = lab
            .connection
            .act(&lab.who, action, Deadline::default())
            .await
            .unwrap();
        assert_eq!(
            done.executed.code,
            0,
            "{}",
            String::from_utf8_lossy(&done.executed.stderr)
        );
        lab
    }

    fn site(&self) -> Site<'_> {
        Site {
            connection: &self.connection,
            who: &self.who,
            answers: &self.answers,
            deadline: Deadline::default(),
            environment: &self.environment,
        }
    }

    /// The cluster, for looking.
    pub async fn reader(&self) -> ClusterReader {
        let which = Which {
            paths: vec!["/etc/rancher/k3s/k3s.yaml".to_owned()],
            context: None,
        };
        open(&self.site().reader(), &which, &self.clock)
            .await
            .unwrap()
    }

    /// The cluster, for changing.
    pub async fn cluster(&self) -> Cluster {
        self.reader().await.writer(&self.connection)
    }

    /// An object as it is; null if it is not there.
    pub async fn get(&self, api_version: &str, kind: &str, name: &str) -> Value {
        let reader = self.reader().await;
        let Ok(resource) = reader.resource(api_version, kind).await else {
            return Value::Null;
        };
        let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
        let place = Place::new(&resource, namespace, name);
        reader.get(&place).await.unwrap().unwrap_or_default()
    }

    fn module(
        &self,
        name: &str,
        args: &Value,
    ) -> Result<Box<dyn nautes_install::modules::Runnable>, Failure> {
        let context = Context {
            host: "h",
            files: Arc::new(MemoryFiles::new([])),
            clock: self.clock.clone(),
            rendering: &Plain,
            search: &[PathBuf::from("/play")],
            vault_passwords: &[],
            environment: &self.environment,
            downloads: nautes_install::artifact::Downloads::none(),
            git: nautes_install::repo::SystemGit::none(),
        };
        build(name, args.as_object().unwrap(), &context)
    }

    /// A task in check mode.
    pub async fn check(&self, name: &str, args: Value) -> Result<Diff, String> {
        let module = self.module(name, &args).map_err(words)?;
        module.check(&self.site()).await.map_err(words)
    }

    /// A task.
    pub async fn run(&self, name: &str, args: Value) -> Result<Ended, String> {
        let module = self.module(name, &args).map_err(words)?;
        let (diff, outcome) = module.run(&self.site()).await.map_err(words)?;
        let mut result = diff.result.clone();
        result.extend(outcome.result);
        let changed = outcome.changed.unwrap_or(!diff.changes.is_empty());
        Ok(Ended {
            changed,
            result,
            diff,
        })
    }

    /// A task that applies YAML; whether it changed something.
    pub async fn apply(&self, text: &str) -> Result<bool, String> {
        let args = json!({"definition": text, "apply": true});
        Ok(self.run("k8s", args).await?.changed)
    }
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Task { msg, help, .. } => match help {
            Some(help) => format!("{msg} (help: {help})"),
            None => msg,
        },
        Failure::Host(error) => error.to_string(),
        Failure::Unrendered(_) => "not rendered".to_owned(),
    }
}

/// The objects of a text.
pub fn objects(text: &str) -> Vec<Object> {
    parse(&Source::new("m.yaml", text)).unwrap()
}

/// A `ConfigMap` as YAML.
pub fn map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{k: '{value}'}}\n")
}

/// A Deployment of one container as YAML.
pub fn deployment(name: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: [{{name: c, image: 'quay.io/x/y:1'}}]}}\n"
    )
}
