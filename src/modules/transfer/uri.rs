//! `uri`: a request from the host, by its curl; the request goes by stdin, never on a command line.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, json};

use super::http::{Answer, form_encoded, headers, parse, refuse_unverified, setting};
use crate::connection::{Action, Exec, Probe, Reply};
use crate::input::{Clock, Json};
use crate::modules::given::{base_name, join, plain};
use crate::modules::mode::Target;
use crate::modules::running::Blind;
use crate::modules::seen::{READ_LIMIT, stat, stat_through};
use crate::modules::wanted::Wanted;
use crate::modules::{Context, Failure, Given, Outcome, Site};

/// The module.
pub struct Uri {
    url: String,
    exec: Exec,
    config: String,
    statuses: Vec<u16>,
    content: bool,
    dest: Option<String>,
    creates: Option<String>,
    removes: Option<String>,
    /// A file of the host that is the body.
    body_file: Option<String>,
    wanted: Wanted,
    clock: Arc<dyn Clock>,
}

impl Uri {
    /// Reads the arguments.
    #[expect(
        clippy::too_many_lines,
        reason = "one step after the other, each used once"
    )]
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        refuse_unverified(given)?;
        let url = given.string("url");
        let body = body(given, context)?;
        let mut config = setting("url", &url);
        config.push_str(&setting("request", &given.string("method").to_uppercase()));
        config.push_str(&setting("max-time", &given.count("timeout").to_string()));
        config.push_str(&setting("user-agent", &given.string("http_agent")));
        let mut headers = headers(given);
        let has = |headers: &[(String, String)], name: &str| {
            headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
        };
        let kind = match given.text("body_format") {
            Some("json") => Some("application/json"),
            Some("form-urlencoded") => Some("application/x-www-form-urlencoded"),
            _ => None,
        };
        if let Some(kind) = kind.filter(|_| !has(&headers, "Content-Type")) {
            headers.push(("Content-Type".to_owned(), kind.to_owned()));
        }
        for (name, value) in headers {
            config.push_str(&setting("header", &format!("{name}: {value}")));
        }
        for (argument, name) in [
            ("client_cert", "cert"),
            ("client_key", "key"),
            ("ca_path", "cacert"),
            ("unix_socket", "unix-socket"),
        ] {
            if let Some(path) = given.path(argument)? {
                config.push_str(&setting(name, &path));
            }
        }
        let method = given.string("method").to_uppercase();
        match given.text("follow_redirects") {
            Some("none" | "no") => {}
            Some("safe" | "urllib2") if !matches!(method.as_str(), "GET" | "HEAD") => {}
            _ => config.push_str("location\n"),
        }
        if method == "HEAD" {
            config.push_str("head\n");
        }
        if let Some(body) = body {
            config.push_str(&setting("data-raw", &body));
        }
        let remote = given.flag("remote_src");
        let mut exec = Exec::new([
            "curl",
            "--silent",
            "--show-error",
            "--include",
            "--config",
            "-",
        ]);
        exec.env.clone_from(context.environment);
        Ok(Self {
            statuses: statuses(given)?,
            content: given.flag("return_content"),
            dest: given.path("dest")?,
            creates: given.path("creates")?,
            removes: given.path("removes")?,
            body_file: if remote { given.path("src")? } else { None },
            wanted: Wanted::new(given)?,
            clock: context.clock.clone(),
            url,
            exec,
            config,
        })
    }

    /// Why the request is not made, if a guard says so.
    async fn guarded(&self, at: &Site<'_>) -> Result<Option<String>, Failure> {
        for (path, stops) in [(&self.creates, true), (&self.removes, false)] {
            let Some(path) = path else { continue };
            let there = matches!(at.reader().ask_one(stat(path)).await?, Reply::Stat(Some(_)));
            if there == stops {
                let word = if there { "exists" } else { "does not exist" };
                return Ok(Some(format!("skipped, since '{path}' {word}")));
            }
        }
        Ok(None)
    }

    /// Makes the request.
    async fn ask(&self, at: &Site<'_>) -> Result<Answer, Failure> {
        let mut config = self.config.clone();
        if let Some(path) = &self.body_file {
            config.push_str(&setting("data-binary", &format!("@{path}")));
        }
        let mut exec = self.exec.clone();
        exec.stdin = Some(config.into_bytes().into());
        exec.output_limit = Some(READ_LIMIT);
        let done = at.act(Action::Exec(exec)).await?.executed;
        let words = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        if done.code == 127 {
            return Err(Failure::msg("the host has no curl")
                .help("install the package `curl` on the host first"));
        }
        if done.code != 0 {
            return Err(Failure::msg(format!(
                "Status code was -1 and not {:?}: Request failed: {words}",
                self.statuses
            ))
            .with("status", -1)
            .with("url", self.url.as_str()));
        }
        parse(&done.stdout).ok_or_else(|| Failure::msg("the answer is not HTTP"))
    }

    /// Writes the body where it is wanted; says whether that changed the file.
    async fn save(
        &self,
        at: &Site<'_>,
        answer: &Answer,
    ) -> Result<Option<(String, bool)>, Failure> {
        let Some(dest) = &self.dest else {
            return Ok(None);
        };
        let there = at.reader().ask_one(stat_through(dest)).await?;
        let path = match there {
            Reply::Stat(Some(s)) if s.kind == crate::connection::EntryKind::Directory => join(
                dest,
                base_name(self.url.split(['?', '#']).next().unwrap_or_default()),
            ),
            _ => dest.clone(),
        };
        let probe = Probe::Read {
            path: path.clone(),
            limit: READ_LIMIT,
        };
        if at.reader().ask_one(probe).await? == Reply::Content(Some(answer.body.clone())) {
            return Ok(Some((path, false)));
        }
        let action = Action::WriteFile {
            path: path.clone(),
            content: answer.body.clone().into(),
            attributes: self.wanted.attributes(None, Target::File),
            validate: None,
            backup: None,
        };
        at.act(action).await?;
        Ok(Some((path, true)))
    }
}

/// The status codes that are fine.
fn statuses(given: &Given) -> Result<Vec<u16>, Failure> {
    given
        .list("status_code")
        .iter()
        .map(|code| {
            code.trim()
                .parse()
                .map_err(|_| Failure::msg(format!("status_code must be numbers: `{code}`")))
        })
        .collect()
}

/// The body as text.
fn body(given: &Given, context: &Context<'_>) -> Result<Option<String>, Failure> {
    if let Some(src) = given.some("src").filter(|_| !given.flag("remote_src")) {
        let bytes = context.read(&context.find("files", &src)?)?;
        return String::from_utf8(bytes).map(Some).map_err(|_| {
            Failure::msg(format!("`{}` is not UTF-8 text", Path::new(&src).display()))
        });
    }
    let Some(body) = given.get("body") else {
        return Ok(None);
    };
    Ok(Some(match (given.text("body_format"), body) {
        (Some("json"), Json::String(text)) => text.clone(),
        (Some("json"), other) => other.to_string(),
        (Some("form-urlencoded"), Json::Object(fields)) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Json::Array(values) => values.iter().map(|v| (name, plain(v))).collect(),
                one => vec![(name, plain(one))],
            })
            .map(|(name, value)| format!("{}={}", form_encoded(name), form_encoded(&value)))
            .collect::<Vec<_>>()
            .join("&"),
        (Some("form-multipart"), _) => {
            return Err(
                Failure::msg("`body_format: form-multipart` is not supported")
                    .help("send it with `command: curl --form …`"),
            );
        }
        (_, other) => plain(other),
    }))
}

/// The result's fields.
fn result(uri: &Uri, answer: &Answer) -> Map<String, Json> {
    let mut result = Map::new();
    for (name, value) in &answer.headers {
        result.insert(name.to_lowercase().replace('-', "_"), json!(value));
    }
    let kind = result
        .get("content_type")
        .and_then(Json::as_str)
        .unwrap_or_default()
        .to_owned();
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    if kind.contains("json")
        && let Ok(value) = serde_json::from_str::<Json>(&text)
    {
        result.insert("json".to_owned(), value);
    }
    if uri.content {
        result.insert("content".to_owned(), json!(text));
    }
    result.insert("cookies".to_owned(), json!({}));
    result.insert("cookies_string".to_owned(), json!(""));
    result.insert("status".to_owned(), json!(answer.status));
    result.insert("url".to_owned(), json!(uri.url));
    result.insert("redirected".to_owned(), json!(answer.redirects > 0));
    let size = answer.body.len();
    let words = if answer.reason.is_empty() {
        "OK"
    } else {
        &answer.reason
    };
    result.insert("msg".to_owned(), json!(format!("{words} ({size} bytes)")));
    result
}

#[async_trait]
impl Blind for Uri {
    async fn go(&self, at: &Site<'_>) -> Result<Outcome, Failure> {
        if let Some(why) = self.guarded(at).await? {
            let fields = [("stdout", json!(why)), ("msg", json!(why))];
            let result = fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
            return Ok(Outcome {
                result,
                changed: Some(false),
            });
        }
        let began = self.clock.elapsed();
        let answer = self.ask(at).await?;
        let mut result = result(self, &answer);
        let took = self.clock.elapsed().saturating_sub(began);
        result.insert("elapsed".to_owned(), json!(took.as_secs()));
        if !self.statuses.contains(&answer.status) {
            let mut failure = Failure::msg(format!(
                "Status code was {} and not {:?}: HTTP Error {}: {}",
                answer.status, self.statuses, answer.status, answer.reason
            ));
            result.remove("msg");
            result
                .entry("content")
                .or_insert_with(|| json!(String::from_utf8_lossy(&answer.body)));
            for (field, value) in result {
                failure = failure.with(&field, value);
            }
            return Err(failure);
        }
        let saved = self.save(at, &answer).await?;
        if let Some((path, _)) = &saved {
            result.insert("path".to_owned(), json!(path));
        }
        Ok(Outcome {
            result,
            changed: Some(saved.is_some_and(|(_, changed)| changed)),
        })
    }
}
