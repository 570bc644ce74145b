//! Every module against what a case says is on the host: `tests/modules/<module>/<case>.yaml`.
//!
//! A case gives `args` and `host`, and expects `changed` with the `actions`, or the `reason` for
//! none, or a failure (`fails`); `after` says what is then at a path, `result` fields of the result.
//! Every case is also checked first (check mode must touch nothing and predict `changed`), and run
//! again (which must change nothing, unless `again: changed` says why not).

// The machinery of these tests may stop at the first surprise: that is a failed test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

#[path = "modules/model/mod.rs"]
mod model;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nautes_install::artifact::{
    ArtifactError, ArtifactSource, Digest, Downloads, Fetched, Frozen, LockFile, Sending, Wanted,
};
use nautes_install::connection::{Answers, Connection, Deadline, Identity};
use nautes_install::input::{Clock, Files, Json, LocalFile, MemoryFiles, Rules, Source, parse_one};
use nautes_install::modules::{
    Context, Diff, Failure, Outcome, Rendering, Runnable, Site, TemplateOptions, build,
};
use nautes_install::template::Unrendered;
use serde_json::Value;

use model::Model;

/// A clock that only moves when somebody waits.
#[derive(Default)]
struct StillClock(std::sync::Mutex<std::time::Duration>);

#[async_trait::async_trait]
impl Clock for StillClock {
    fn now(&self) -> std::time::SystemTime {
        std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_709_210_096) + self.elapsed()
    }

    fn elapsed(&self) -> std::time::Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, duration: std::time::Duration) {
        *self.0.lock().unwrap() += duration;
    }
}

/// What this machine finds at addresses.
struct Here(std::collections::BTreeMap<String, String>);

impl Here {
    fn at(&self, wanted: &Wanted) -> Result<String, ArtifactError> {
        let found = self.0.get(&wanted.url).cloned();
        found.ok_or_else(|| ArtifactError::Network {
            url: wanted.url.clone(),
            what: "nobody answers here".to_owned(),
        })
    }
}

#[async_trait::async_trait]
impl ArtifactSource for Here {
    async fn fetch(&self, wanted: &Wanted) -> Result<Fetched, ArtifactError> {
        let text = self.at(wanted)?;
        let files = MemoryFiles::default();
        files
            .write(Path::new("/f"), text.as_bytes(), 0o600)
            .unwrap();
        let file = LocalFile {
            path: "/f".into(),
            len: text.len() as u64,
            files: Arc::new(files),
        };
        let sum = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let sha256 = sum.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        Ok(Fetched { file, sha256 })
    }

    async fn text(&self, wanted: &Wanted) -> Result<String, ArtifactError> {
        self.at(wanted)
    }
}

/// Stands in for the engine: knows no variables but `name`, and the conditions `true` and `false`.
struct Plain;

impl Rendering for Plain {
    fn template(&self, source: &Arc<Source>, _: &TemplateOptions) -> Result<String, Unrendered> {
        Ok(source.text.replace("{{ name }}", "world"))
    }

    fn expression(&self, text: &str) -> Result<Json, Unrendered> {
        Ok(Json::from(format!("value of {text}")))
    }

    fn condition(&self, condition: &Json) -> Result<bool, Unrendered> {
        Ok(condition.as_bool() == Some(true) || condition.as_str() == Some("true"))
    }
}

/// How a run ended.
enum End {
    Did(Box<Diff>, Outcome),
    Failed(String),
}

impl End {
    fn changed(&self) -> bool {
        match self {
            Self::Did(diff, outcome) => outcome.changed.unwrap_or(!diff.is_empty()),
            Self::Failed(_) => false,
        }
    }

    fn field(&self, name: &str) -> Json {
        match self {
            Self::Did(diff, outcome) => outcome
                .result
                .get(name)
                .or_else(|| diff.result.get(name))
                .cloned()
                .unwrap_or_default(),
            Self::Failed(_) => Json::Null,
        }
    }
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Task { msg, .. } => msg,
        Failure::Host(error) => error.to_string(),
        Failure::Unrendered(_) => "unrendered".to_owned(),
    }
}

struct Case {
    name: String,
    module: String,
    body: Value,
    files: Arc<MemoryFiles>,
    clock: Arc<StillClock>,
}

impl Case {
    /// `here` is what this machine finds at addresses; with `lock` digests are locked.
    fn downloads(&self) -> Arc<Downloads> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let given = self.body["here"].as_object().into_iter().flatten();
        let here = given.map(|(url, body)| (url.clone(), text(body))).collect();
        let sending = match self.body["push"].as_bool() {
            Some(true) => Sending::Always,
            _ => Sending::WhereNeeded,
        };
        let downloads = Downloads::new(Arc::new(Here(here)), sending);
        let Some(locked) = self.body["lock"].as_object() else {
            return Arc::new(downloads);
        };
        let mut lock = LockFile::default();
        for (url, digest) in locked {
            lock.insert(
                url.clone(),
                Digest::parse(digest.as_str().unwrap()).unwrap(),
            );
        }
        let frozen = match self.body["locked"].as_bool() {
            Some(true) => Frozen::Yes,
            _ => Frozen::No,
        };
        Arc::new(downloads.locked_by(lock, (None, frozen)))
    }

    fn build(&self) -> Result<Box<dyn Runnable>, Failure> {
        let args = self.body["args"].as_object().cloned().unwrap_or_default();
        let environment = std::collections::BTreeMap::new();
        let context = Context {
            host: "host1",
            files: self.files.clone(),
            clock: self.clock.clone(),
            rendering: &Plain,
            search: &[PathBuf::from("/play")],
            vault_passwords: &[],
            environment: &environment,
            downloads: self.downloads(),
            git: nautes_install::repo::SystemGit::none(),
        };
        build(&self.module, &args, &context)
    }

    async fn check(&self, host: &Arc<Model>) -> Result<Diff, String> {
        let connection: Arc<dyn Connection> = host.clone();
        let (who, answers) = (Identity::default(), Answers::default());
        let environment = std::collections::BTreeMap::new();
        let site = Site {
            connection: &connection,
            who: &who,
            answers: &answers,
            deadline: Deadline::default(),
            environment: &environment,
        };
        self.build()
            .map_err(words)?
            .check(&site)
            .await
            .map_err(words)
    }

    async fn run(&self, host: &Arc<Model>) -> End {
        let connection: Arc<dyn Connection> = host.clone();
        let (who, answers) = (Identity::default(), Answers::default());
        let environment = std::collections::BTreeMap::new();
        let site = Site {
            connection: &connection,
            who: &who,
            answers: &answers,
            deadline: Deadline::default(),
            environment: &environment,
        };
        let module = match self.build() {
            Ok(module) => module,
            Err(failure) => return End::Failed(words(failure)),
        };
        match module.run(&site).await {
            Ok((diff, outcome)) => End::Did(Box::new(diff), outcome),
            Err(failure) => End::Failed(words(failure)),
        }
    }

    /// What is wrong with this case; empty if nothing.
    async fn problems(&self) -> Vec<String> {
        let host = Arc::new(Model::new(&self.body["host"]));
        let mut problems = Vec::new();
        let mut say = |what: String| problems.push(format!("{}: {what}", self.name));
        let checked = self.check(&host).await;
        let touched = host.take_done();
        if !touched.is_empty() {
            say(format!("check mode did {touched:?}"));
        }
        let end = self.run(&host).await;
        let done = host.take_done();
        if let Some(expected) = self.body["fails"].as_str() {
            match &end {
                End::Failed(msg) if msg.contains(expected) => {}
                End::Failed(msg) => say(format!("failed with {msg:?}, not {expected:?}")),
                End::Did(..) => say(format!("did not fail; did {done:?}")),
            }
        } else {
            if let End::Failed(msg) = &end {
                say(format!("failed: {msg}"));
                return problems;
            }
            if end.changed() != self.body["changed"].as_bool().unwrap_or(false) {
                say(format!("changed is {}; did {done:?}", end.changed()));
            }
            match &checked {
                Ok(diff) if diff.blind || self.body.get("unpredictable").is_some() => {}
                Ok(diff) if diff.is_empty() == end.changed() => {
                    say("check mode predicts otherwise".to_owned());
                }
                Ok(_) => {}
                Err(msg) => say(format!("check mode failed: {msg}")),
            }
        }
        self.compare(&host, (&end, &done), &mut say);
        if self.body["fails"].is_null() {
            let again = self.run(&host).await;
            let expected = self.body["again"].as_str() == Some("changed");
            if again.changed() != expected {
                say(format!(
                    "a second run has changed={}; did {:?}",
                    again.changed(),
                    host.take_done()
                ));
            }
        }
        problems
    }

    /// Actions, reason, result and what is there afterwards.
    fn compare(
        &self,
        host: &Arc<Model>,
        (end, done): (&End, &[String]),
        say: &mut dyn FnMut(String),
    ) {
        if let Some(actions) = self.body["actions"].as_array() {
            let actions: Vec<&str> = actions.iter().filter_map(Value::as_str).collect();
            if actions != done {
                say(format!("did {done:?}, not {actions:?}"));
            }
        } else if !end.changed() && !done.is_empty() && self.body["fails"].is_null() {
            say(format!("did {done:?} without a change"));
        }
        if let (Some(expected), End::Did(diff, _)) = (self.body["reason"].as_str(), end)
            && diff.reason.as_deref() != Some(expected)
        {
            say(format!("reason is {:?}", diff.reason));
        }
        for (path, expected) in self.body["after"].as_object().into_iter().flatten() {
            let there = host.describe(path);
            let same = match expected {
                Value::String(text) if there.is_object() => there["content"] == *text,
                Value::Object(fields) => fields.iter().all(|(k, v)| there[k] == *v),
                other => there == *other,
            };
            if !same {
                say(format!("at {path} there is {there}, not {expected}"));
            }
        }
        for (field, expected) in self.body["result"].as_object().into_iter().flatten() {
            if end.field(field) != *expected {
                say(format!(
                    "result `{field}` is {}, not {expected}",
                    end.field(field)
                ));
            }
        }
    }
}

/// The cases of all modules, in order of their names.
fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules");
    let mut cases = Vec::new();
    for folder in sorted(&root) {
        let module = folder.file_name().unwrap().to_str().unwrap().to_owned();
        if module == "model" || !folder.is_dir() {
            continue;
        }
        for file in sorted(&folder) {
            let name = format!("{module}/{}", file.file_name().unwrap().to_str().unwrap());
            let text = std::fs::read_to_string(&file).unwrap();
            let source = Source::new(&name, text);
            let body = parse_one(&source, Rules::Ansible)
                .unwrap_or_else(|e| panic!("{name}: {e:?}"))
                .to_json();
            let controller: Vec<(String, String)> = body["controller"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(path, content)| (path.clone(), content.as_str().unwrap().to_owned()))
                .collect();
            let files = MemoryFiles::new(controller.iter().map(|(p, c)| (p.as_str(), c.as_str())));
            cases.push(Case {
                name,
                module: module.clone(),
                body,
                files: Arc::new(files),
                clock: Arc::default(),
            });
        }
    }
    cases
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn every_case_holds() {
    let cases = cases();
    assert!(cases.len() >= 100, "only {} cases were found", cases.len());
    let mut problems = Vec::new();
    for case in &cases {
        problems.extend(case.problems().await);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Runs a module on a host that others ran on before; says whether it changed something.
async fn on(host: &Arc<Model>, module: &str, args: Value) -> Result<bool, String> {
    let case = Case {
        name: module.to_owned(),
        module: module.to_owned(),
        body: serde_json::json!({ "args": args }),
        files: Arc::new(MemoryFiles::new([])),
        clock: Arc::default(),
    };
    match case.run(host).await {
        End::Failed(msg) => Err(msg),
        end @ End::Did(..) => Ok(end.changed()),
    }
}

#[tokio::test]
async fn certificates_are_made_once_and_anew_when_something_differs() {
    let host = Arc::new(Model::new(&serde_json::json!({})));
    let csr = |name: &str, more: Value| {
        let mut args = serde_json::json!({"path": format!("/{name}.csr"), "privatekey_path": format!("/{name}.key"), "common_name": name});
        args.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        args
    };
    let key = |name: &str| serde_json::json!({"path": format!("/{name}.key"), "type": "ECC", "curve": "secp256r1"});
    let ca = serde_json::json!({"basic_constraints": ["CA:TRUE"], "key_usage": ["keyCertSign", "cRLSign"], "use_common_name_for_san": false});
    let own = serde_json::json!({"path": "/ca.crt", "csr_path": "/ca.csr", "privatekey_path": "/ca.key", "provider": "selfsigned"});
    let san = serde_json::json!({"subject_alt_name": ["IP:127.0.0.1", "DNS:x.example"], "extended_key_usage": ["serverAuth"], "key_usage": ["digitalSignature"]});
    let signed = serde_json::json!({"path": "/x.crt", "csr_path": "/x.csr", "ownca_path": "/ca.crt", "ownca_privatekey_path": "/ca.key", "provider": "ownca", "ownca_not_after": "+90d", "renew_before": "+30d"});
    for expected in [true, false] {
        for (module, args) in [
            ("openssl_privatekey", key("ca")),
            ("openssl_csr", csr("ca", ca.clone())),
            ("x509_certificate", own.clone()),
            ("openssl_privatekey", key("x")),
            ("openssl_csr", csr("x", san.clone())),
            ("x509_certificate", signed.clone()),
        ] {
            assert_eq!(
                on(&host, module, args.clone()).await,
                Ok(expected),
                "{module} {args}"
            );
        }
    }
    // It ends within the time before which it is to be made anew.
    let mut soon = signed.clone();
    soon["renew_before"] = Value::from("+91d");
    assert_eq!(on(&host, "x509_certificate", soon).await, Ok(true));
    // Another name: another request, another certificate.
    let more = serde_json::json!({"subject_alt_name": ["DNS:y.example"]});
    assert_eq!(on(&host, "openssl_csr", csr("x", more)).await, Ok(true));
    assert_eq!(
        on(&host, "x509_certificate", signed.clone()).await,
        Ok(true)
    );
    assert_eq!(
        on(&host, "x509_certificate", signed.clone()).await,
        Ok(false)
    );
    // Another authority of the same name.
    let mut anew = key("ca");
    anew["force"] = Value::from(true);
    assert_eq!(on(&host, "openssl_privatekey", anew).await, Ok(true));
    assert!(
        on(&host, "x509_certificate", signed.clone())
            .await
            .unwrap_err()
            .contains("does not belong")
    );
    assert_eq!(on(&host, "openssl_csr", csr("ca", ca)).await, Ok(true));
    assert_eq!(on(&host, "x509_certificate", own).await, Ok(true));
    assert_eq!(
        on(&host, "x509_certificate", signed.clone()).await,
        Ok(true)
    );
    assert_eq!(on(&host, "x509_certificate", signed).await, Ok(false));
}
