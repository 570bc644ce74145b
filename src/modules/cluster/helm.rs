//! `kubernetes.core.helm`: a release of a chart that the user brings, by the host's `helm`. Values go
//! by stdin, never on a command line.

use serde_json::{Map, Value, json};

use crate::chart::merged;
use crate::connection::{Action, Exec, Executed, Probe};
use crate::diagnostic::read_one;
use crate::input::{Json, Rules, Source};
use crate::modules::seen::read;
use crate::modules::{Change, Context, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Helm {
    program: String,
    name: String,
    namespace: String,
    chart: Option<String>,
    version: Option<String>,
    repository: Option<String>,
    values: Json,
    values_files: Vec<String>,
    absent: bool,
    given: Given,
    exec: Exec,
}

/// A release as `helm list` tells it.
struct Release {
    chart: String,
    status: String,
    revision: String,
}

impl Helm {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let absent = given.text("release_state") == Some("absent");
        let chart = given.some("chart_ref");
        if chart.is_none() && !absent {
            return Err(Failure::msg(
                "release_state is present but all of the following are missing: chart_ref",
            ));
        }
        let values = given.get("release_values").cloned();
        let mut exec = Exec::new(Vec::<String>::new());
        exec.env.clone_from(context.environment);
        Ok(Self {
            program: given
                .path("binary_path")?
                .unwrap_or_else(|| "helm".to_owned()),
            name: given.string("release_name"),
            namespace: given.string("release_namespace"),
            chart,
            version: given.some("chart_version"),
            repository: given.some("chart_repo_url"),
            values: values.unwrap_or_else(|| json!({})),
            values_files: given.list("values_files"),
            absent,
            given: given.clone(),
            exec,
        })
    }

    /// A command with what every one of them takes.
    fn helm(&self, words: &[&str]) -> Exec {
        let mut argv = vec![self.program.clone()];
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        argv.extend(["--namespace".to_owned(), self.namespace.clone()]);
        for (argument, option) in [
            ("kubeconfig", "--kubeconfig"),
            ("context", "--kube-context"),
        ] {
            if let Some(value) = self.given.some(argument) {
                argv.extend([option.to_owned(), value]);
            }
        }
        Exec {
            argv,
            ..self.exec.clone()
        }
    }

    fn asked(&self, words: &[&str]) -> Probe {
        Probe::Command(Box::new(self.helm(words)))
    }

    fn listed(&self) -> Probe {
        let filter = format!("^{}$", self.name.replace('.', "\\."));
        self.asked(&["list", "--all", "--output", "json", "--filter", &filter])
    }

    fn values_there(&self) -> Probe {
        self.asked(&["get", "values", &self.name, "--output", "json"])
    }

    /// What the chart says of itself.
    fn about(&self, chart: &str) -> Probe {
        let mut words = vec!["show", "chart", chart];
        self.source(&mut words);
        let mut argv = vec![self.program.clone()];
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        Probe::Command(Box::new(Exec {
            argv,
            ..self.exec.clone()
        }))
    }

    fn source<'a>(&'a self, words: &mut Vec<&'a str>) {
        if let Some(version) = &self.version {
            words.extend(["--version", version]);
        }
        if let Some(repository) = &self.repository {
            words.extend(["--repo", repository]);
        }
    }

    fn release(&self, seen: &Seen) -> Result<Option<Release>, Failure> {
        let all = self.json(seen.executed(&self.listed())?, "helm list")?;
        let text = |value: &Json| match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let all = all.as_array().into_iter().flatten();
        let mut mine = all.filter(|one| one["name"] == self.name.as_str());
        Ok(mine.next().map(|one| Release {
            chart: text(&one["chart"]),
            status: text(&one["status"]),
            revision: text(&one["revision"]),
        }))
    }

    fn json(&self, answer: &Executed, what: &str) -> Result<Json, Failure> {
        if answer.code == 127 {
            return Err(Failure::msg(format!("the host has no `{}`", self.program))
                .help("install helm on the host first, or name it with `binary_path`"));
        }
        if answer.code != 0 {
            return Err(refused(what, answer));
        }
        serde_json::from_slice(&answer.stdout)
            .map_err(|error| Failure::msg(format!("`{what}` did not answer with JSON: {error}")))
    }

    /// The values that are wanted: those of the files, the later over the earlier, then the task's.
    fn wanted(&self, seen: &Seen) -> Result<Json, Failure> {
        let mut all = json!({});
        for path in &self.values_files {
            let text = seen.text(path)?.ok_or_else(|| {
                Failure::msg(format!("the host has no file `{path}`"))
                    .help("`values_files` are files of the host: bring them there with `copy`")
            })?;
            let source = Source::new(path.clone(), text);
            let node = read_one(&source, Rules::Kubernetes).map_err(|found| {
                let first = found.into_iter().next().map(|error| error.what);
                Failure::msg(format!("`{path}`: {}", first.unwrap_or_default()))
            })?;
            all = merged(all, &node.to_json());
        }
        Ok(merged(all, &self.values))
    }

    /// The chart's name and version: what `helm list` says of a release that is at it.
    fn chart_label(&self, seen: &Seen, chart: &str) -> Result<String, Failure> {
        let answer = seen.executed(&self.about(chart))?;
        if answer.code == 127 {
            self.json(answer, "helm show chart")?;
        }
        if answer.code != 0 {
            return Err(refused("helm show chart", answer));
        }
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let source = Source::new("helm show chart", text);
        let about = read_one(&source, Rules::Kubernetes)
            .map(|node| node.to_json())
            .unwrap_or_default();
        let field = |key: &str| about[key].as_str().map(ToOwned::to_owned);
        match (field("name"), field("version")) {
            (Some(name), Some(version)) => Ok(format!("{name}-{version}")),
            _ => Err(Failure::msg(format!(
                "`{chart}` does not say its name and version"
            ))),
        }
    }

    fn uninstall(&self, release: Option<Release>) -> Steps {
        let Some(release) = release else {
            return Steps::none("there is no such release");
        };
        let mut words = vec!["uninstall", self.name.as_str()];
        if !self.given.flag("purge") {
            words.push("--keep-history");
        }
        if self.given.flag("disable_hook") {
            words.push("--no-hooks");
        }
        let timeout = self.timeout();
        if self.given.flag("wait") {
            words.extend(["--wait", "--timeout", &timeout]);
        }
        let mut steps = Steps::default();
        if release.status == "uninstalled" && !self.given.flag("purge") {
            return Steps::none("it is uninstalled");
        }
        steps.step(
            Change::new(self.subject(), format!("{}\n", release.chart), ""),
            Action::Exec(self.helm(&words)),
        );
        steps
    }

    fn subject(&self) -> String {
        format!("release {}/{}", self.namespace, self.name)
    }

    fn timeout(&self) -> String {
        self.given
            .some("timeout")
            .unwrap_or_else(|| "5m0s".to_owned())
    }

    /// Installs or upgrades, with these values on stdin.
    fn upgrade(&self, chart: &str, values: &Json) -> Exec {
        let mut words = vec![
            "upgrade",
            "--install",
            self.name.as_str(),
            chart,
            "--values",
            "-",
        ];
        self.source(&mut words);
        for (flag, option) in [
            ("create_namespace", "--create-namespace"),
            ("atomic", "--atomic"),
            ("force", "--force"),
            ("disable_hook", "--no-hooks"),
            ("skip_crds", "--skip-crds"),
            ("dependency_update", "--dependency-update"),
            ("reset_values", "--reset-values"),
        ] {
            if self.given.flag(flag) {
                words.push(option);
            }
        }
        let timeout = self.timeout();
        if self.given.flag("wait") || self.given.flag("atomic") {
            if self.given.flag("wait") {
                words.push("--wait");
            }
            words.extend(["--timeout", &timeout]);
        }
        let history = self.given.int("history_max").map(|n| n.to_string());
        if let Some(history) = &history {
            words.extend(["--history-max", history]);
        }
        let mut exec = self.helm(&words);
        exec.stdin = Some(values.to_string().into_bytes().into());
        exec
    }
}

fn refused(what: &str, answer: &Executed) -> Failure {
    let words = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
    Failure::msg(format!("`{what}` failed: {words}"))
        .with("rc", answer.code)
        .with("stderr", words)
}

/// What a release is, as a text for a difference; values only by their names, since they may be
/// secrets.
fn shown(chart: &str, values: &Json) -> String {
    let names: Vec<&str> = values
        .as_object()
        .map(|map| map.keys().map(String::as_str).collect())
        .unwrap_or_default();
    format!("chart: {chart}\nvalues: {}\n", names.join(", "))
}

impl Recipe for Helm {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = vec![self.listed()];
        if let Some(chart) = self.chart.as_ref().filter(|_| !self.absent) {
            probes.push(self.values_there());
            probes.push(self.about(chart));
            probes.extend(self.values_files.iter().map(|path| read(path)));
        }
        probes
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let release = self.release(seen)?;
        let Some(chart) = self.chart.as_ref().filter(|_| !self.absent) else {
            return Ok(self.uninstall(release));
        };
        let label = self.chart_label(seen, chart)?;
        let wanted = self.wanted(seen)?;
        let mut steps = Steps::default();
        steps.set("command", format!("helm upgrade --install {}", self.name));
        let Some(release) = release else {
            steps.step(
                Change::new(self.subject(), "", shown(&label, &wanted)),
                Action::Exec(self.upgrade(chart, &wanted)),
            );
            return Ok(steps);
        };
        if release.status.starts_with("pending-") {
            return Err(Failure::msg(format!(
                "{} is `{}`: another helm works on it, or one ended in the middle",
                self.subject(),
                release.status
            ))
            .help(format!(
                "when nobody else works on it: `helm rollback {} --namespace {}`",
                self.name, self.namespace
            )));
        }
        let there = seen.executed(&self.values_there())?;
        let there = if there.code == 0 {
            self.json(there, "helm get values")?
        } else {
            json!({})
        };
        let there = if there.is_null() { json!({}) } else { there };
        let status = json!({ "name": self.name, "namespace": self.namespace,
            "chart": release.chart, "revision": release.revision, "status": release.status });
        steps.set("status", status);
        let differs = there != wanted;
        if release.chart == label && release.status == "deployed" && !differs {
            return Ok(steps.or_reason("the release is at this chart with these values"));
        }
        let mut before = shown(&release.chart, &there);
        if release.status != "deployed" {
            before.push_str(&format!("status: {}\n", release.status));
        }
        let mut after = shown(&label, &wanted);
        if differs && before == after {
            after.push_str("# other values\n");
        }
        steps.step(
            Change::new(self.subject(), before, after),
            Action::Exec(self.upgrade(chart, &wanted)),
        );
        Ok(steps)
    }

    fn outcome(&self, answers: Vec<Executed>) -> Result<crate::modules::Outcome, Failure> {
        let mut result = Map::new();
        if let Some(answer) = answers.last() {
            let text = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes).into_owned());
            result.insert("stdout".to_owned(), text(&answer.stdout));
            result.insert("stderr".to_owned(), text(&answer.stderr));
        }
        Ok(crate::modules::Outcome {
            result,
            changed: None,
        })
    }
}
