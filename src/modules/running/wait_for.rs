//! `wait_for`: until a port answers, a file is there, a text appears, or they are gone.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fancy_regex::Regex;
use serde_json::{Map, json};
use tokio::io::AsyncReadExt;

use super::Blind;
use crate::connection::{Probe, Reply};
use crate::input::{Clock, Json};
use crate::modules::regex::{Lines, compile};
use crate::modules::seen::{READ_LIMIT, stat_through};
use crate::modules::{Context, Failure, Given, Outcome, Site};

/// The module.
pub struct WaitFor {
    target: Target,
    state: State,
    pattern: Option<Regex>,
    /// The state and the pattern as the user wrote them.
    words: (String, Option<String>),
    delay: Duration,
    sleep: Duration,
    timeout: Duration,
    msg: Option<String>,
    clock: Arc<dyn Clock>,
}

/// What is waited for.
enum Target {
    Port(String, u16),
    Path(String),
    /// Only for time to pass.
    Time,
}

/// Until when.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Present,
    Absent,
    Drained,
}

impl WaitFor {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let seconds = |name: &str| Duration::from_secs(given.count(name));
        let state = match given.text("state") {
            Some("stopped" | "absent") => State::Absent,
            Some("drained") => State::Drained,
            _ => State::Present,
        };
        let port = given.int("port").map(u16::try_from);
        let target = match (port, given.path("path")?) {
            (Some(Ok(port)), _) => Target::Port(given.string("host"), port),
            (Some(Err(_)), _) => return Err(Failure::msg("port must be between 0 and 65535")),
            (None, Some(path)) => Target::Path(path),
            (None, None) => Target::Time,
        };
        if state == State::Drained && !matches!(target, Target::Port(..)) {
            return Err(Failure::msg(
                "state=drained should only be used for checking a port",
            ));
        }
        Ok(Self {
            target,
            state,
            pattern: given
                .some("search_regex")
                .map(|p| compile(&p, Lines::Many))
                .transpose()?,
            words: (given.string("state"), given.some("search_regex")),
            delay: seconds("delay"),
            sleep: seconds("sleep"),
            timeout: seconds("timeout"),
            msg: given.some("msg"),
            clock: context.clock.clone(),
        })
    }

    /// Whether it is so now; the groups of the pattern if it matched.
    async fn holds(&self, at: &Site<'_>) -> Result<Option<Map<String, Json>>, Failure> {
        let here = match &self.target {
            Target::Time => None,
            Target::Path(path) => self.file(at, path).await?,
            Target::Port(host, port) if self.state == State::Drained => {
                let busy = self.connections(at, *port).await?;
                let _ = host;
                return Ok((busy == 0).then(Map::new));
            }
            Target::Port(host, port) => self.port(at, host, *port).await?,
        };
        Ok(match self.state {
            State::Absent => here.is_none().then(Map::new),
            _ => here,
        })
    }

    /// The file, or the text in it.
    async fn file(&self, at: &Site<'_>, path: &str) -> Result<Option<Map<String, Json>>, Failure> {
        let Some(pattern) = &self.pattern else {
            let there = at.reader().ask_now(&stat_through(path)).await?;
            return Ok(matches!(there, Reply::Stat(Some(_))).then(Map::new));
        };
        let probe = Probe::Read {
            path: path.to_owned(),
            limit: READ_LIMIT,
        };
        Ok(match at.reader().ask_now(&probe).await? {
            Reply::Content(Some(bytes)) => groups(pattern, &String::from_utf8_lossy(&bytes)),
            Reply::TooLarge(size) => {
                return Err(Failure::msg(format!(
                    "`{path}` is too large to be searched: {size} bytes"
                )));
            }
            _ => None,
        })
    }

    /// The port, or the text that it says.
    async fn port(
        &self,
        at: &Site<'_>,
        host: &str,
        port: u16,
    ) -> Result<Option<Map<String, Json>>, Failure> {
        let Some(pattern) = &self.pattern else {
            let probe = Probe::Port {
                host: host.to_owned(),
                port,
                timeout_ms: 5000,
            };
            return Ok((at.reader().ask_now(&probe).await? == Reply::Port(true)).then(Map::new));
        };
        let Ok(mut stream) = at.connection.dial(host, port).await else {
            return Ok(None);
        };
        let mut text = Vec::new();
        let mut buffer = [0; 1024];
        // What is said in five seconds must be it; the next attempt listens again.
        let limit = self.clock.sleep(Duration::from_secs(5));
        let mut limit = std::pin::pin!(limit);
        loop {
            let count = tokio::select! {
                read = stream.read(&mut buffer) => read.unwrap_or(0),
                () = &mut limit => 0,
            };
            text.extend_from_slice(buffer.get(..count).unwrap_or_default());
            let found = groups(pattern, &String::from_utf8_lossy(&text));
            if found.is_some() || count == 0 || text.len() > 1 << 20 {
                return Ok(found);
            }
        }
    }

    /// How many connections a local port has.
    async fn connections(&self, at: &Site<'_>, port: u16) -> Result<usize, Failure> {
        let mut count = 0;
        for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
            let probe = Probe::Read {
                path: path.to_owned(),
                limit: READ_LIMIT,
            };
            if let Reply::Content(Some(bytes)) = at.reader().ask_now(&probe).await? {
                count += String::from_utf8_lossy(&bytes)
                    .lines()
                    .filter(|line| is_connection(line, port))
                    .count();
            }
        }
        Ok(count)
    }

    /// The result's fields.
    fn result(&self, took: Duration, groups: Map<String, Json>) -> Map<String, Json> {
        let (state, pattern) = &self.words;
        let (port, path) = match &self.target {
            Target::Port(_, port) => (json!(port), Json::Null),
            Target::Path(path) => (Json::Null, json!(path)),
            Target::Time => (Json::Null, Json::Null),
        };
        let fields = [
            ("state", json!(state)),
            ("port", port),
            ("path", path),
            ("elapsed", json!(took.as_secs())),
            ("search_regex", json!(pattern)),
            ("match_groups", json!([])),
            ("match_groupdict", json!({})),
        ];
        let mut result: Map<String, Json> =
            fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        result.extend(groups);
        result
    }

    /// What to say when time is up.
    fn late(&self, took: Duration) -> Failure {
        let text = self.words.1.as_deref();
        let what = match (&self.target, self.state, text) {
            (Target::Path(path), State::Absent, _) => {
                format!("Timeout when waiting for {path} to be absent.")
            }
            (Target::Path(path), _, Some(text)) => {
                format!("Timeout when waiting for search string {text} in {path}")
            }
            (Target::Path(path), ..) => format!("Timeout when waiting for file {path}"),
            (Target::Port(host, port), State::Absent, _) => {
                format!("Timeout when waiting for {host}:{port} to stop.")
            }
            (Target::Port(host, port), State::Drained, _) => {
                format!("Timeout when waiting for {host}:{port} to drain")
            }
            (Target::Port(host, port), _, Some(text)) => {
                format!("Timeout when waiting for search string {text} in {host}:{port}")
            }
            (Target::Port(host, port), ..) => format!("Timeout when waiting for {host}:{port}"),
            (Target::Time, ..) => "Timeout".to_owned(),
        };
        Failure::msg(self.msg.clone().unwrap_or(what)).with("elapsed", took.as_secs())
    }
}

/// Whether a line of `/proc/net/tcp` is a connection (in any state but listening) of a local port.
fn is_connection(line: &str, port: u16) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, local, _, state, ..] = words[..] else {
        return false;
    };
    let local = local
        .rsplit(':')
        .next()
        .and_then(|p| u16::from_str_radix(p, 16).ok());
    // TIME_WAIT (06) and LISTEN (0A) carry nothing.
    local == Some(port) && !matches!(state, "0A" | "06")
}

/// The groups of a match, as result fields.
fn groups(pattern: &Regex, text: &str) -> Option<Map<String, Json>> {
    let found = pattern.captures(text).ok().flatten()?;
    let all: Vec<Json> = found
        .iter()
        .skip(1)
        .map(|g| json!(g.map(|m| m.as_str())))
        .collect();
    let named: Map<String, Json> = pattern
        .capture_names()
        .flatten()
        .map(|name| (name.to_owned(), json!(found.name(name).map(|m| m.as_str()))))
        .collect();
    let fields = [
        ("match_groups", json!(all)),
        ("match_groupdict", json!(named)),
    ];
    Some(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

#[async_trait]
impl Blind for WaitFor {
    async fn go(&self, at: &Site<'_>) -> Result<Outcome, Failure> {
        let began = self.clock.elapsed();
        let took = || self.clock.elapsed().saturating_sub(began);
        self.clock.sleep(self.delay).await;
        if matches!(self.target, Target::Time) {
            self.clock.sleep(self.timeout).await;
            return Ok(Outcome {
                result: self.result(took(), Map::new()),
                changed: Some(false),
            });
        }
        loop {
            if let Some(groups) = self.holds(at).await? {
                return Ok(Outcome {
                    result: self.result(took(), groups),
                    changed: Some(false),
                });
            }
            if took() >= self.timeout {
                return Err(self.late(took()));
            }
            self.clock
                .sleep(self.sleep.max(Duration::from_millis(100)))
                .await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_connection;

    #[test]
    fn connections_of_a_port_are_counted_without_the_listener() {
        let line =
            |state: &str| format!("  0: 0100007F:1F90 0100007F:D2F0 {state} 00000000:00000000");
        assert!(is_connection(&line("01"), 8080));
        assert!(!is_connection(&line("0A"), 8080));
        assert!(!is_connection(&line("01"), 8081));
        assert!(!is_connection("  sl  local_address rem_address st", 8080));
    }
}
