//! GitLab, simulated: users, tokens, groups, projects, keys and settings behind its REST API.
//!
//! There is no real GitLab in the lab, so nothing here is pinned by a contract with one: paths,
//! fields and refusals follow GitLab's own API documentation and source, and `docs/rehearsal.md`
//! says so. Git itself is not served.

mod answers;
mod applications;
mod people;
mod projects;
mod readers;
mod runner;
mod settings;
mod state;
mod tokens;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use self::answers::decoded;
use self::answers::{error, forbidden, message, page, pairs, plain, readiness, taken};
use self::state::{State, Who};
use super::clock::EstateClock;
use super::network::{Request, Response};
use super::serving::{Birth, Born, Reads};
use super::web::{self, Model, Web};

/// Where its configuration is.
pub const CONFIG: &str = "/etc/gitlab/gitlab.rb";
/// What the package says of itself; its first line ends with the version.
pub const MANIFEST: &str = "/opt/gitlab/version-manifest.txt";
/// Its data: without it there is none.
const DATA: &str = "/var/opt/gitlab/postgresql/data/PG_VERSION";
/// What a request of `gitlab-rails runner` on the host itself is called; no request that comes over
/// the network can be.
pub const RUNNER: &str = "gitlab-rails runner";
/// Seconds from the start until GitLab answers; its web server says 502 until then.
const START: u64 = 45;

/// A simulated GitLab.
struct GitLab {
    state: Mutex<State>,
    clock: EstateClock,
}

/// A setting of the configuration: `key "value"`, `key['x'] = "value"`.
pub fn setting(config: &str, name: &str) -> Option<String> {
    let lines = config.lines().map(str::trim);
    let mut found = lines.filter_map(|line| line.strip_prefix(name));
    let rest = found.next()?.trim().trim_start_matches('=').trim();
    Some(rest.trim_matches(['"', '\'']).to_owned())
}

/// The port of an address.
fn port_of(url: &str) -> u16 {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let authority = rest.split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').and_then(|(_, p)| p.parse().ok());
    port.unwrap_or(if scheme == "http" { 80 } else { 443 })
}

/// The host of an address.
pub fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host);
    host.to_owned()
}

fn text(reads: Reads<'_>, path: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&reads(path)?).into_owned())
}

/// The port that the configuration names.
pub fn port(reads: Reads<'_>) -> Option<u16> {
    Some(port_of(&setting(&text(reads, CONFIG)?, "external_url")?))
}

/// A GitLab as its host's files say.
///
/// # Errors
/// Why its web server does not start, as its log would say.
pub fn born(birth: &Birth, reads: Reads<'_>) -> Result<Born, String> {
    let config = text(reads, CONFIG).ok_or_else(|| format!("{CONFIG}: no such file"))?;
    let url = setting(&config, "external_url").unwrap_or_default();
    let file = |name: &str, suffix: &str| {
        let path = setting(&config, &format!("nginx['{name}']"))
            .unwrap_or_else(|| format!("/etc/gitlab/ssl/{}.{suffix}", host_of(&url)));
        reads(&path).ok_or_else(|| {
            format!("nginx: [emerg] cannot load certificate \"{path}\": BIO_new_file() failed (No such file or directory)")
        })
    };
    let certificate = file("ssl_certificate", "crt")?;
    let key = file("ssl_certificate_key", "key")?;
    let fresh = reads(DATA).is_none();
    let saved = if fresh { &Value::Null } else { &birth.saved };
    let mut state = State::load(saved, &birth.host);
    let manifest = text(reads, MANIFEST).unwrap_or_default();
    let version = manifest
        .lines()
        .next()
        .and_then(|l| l.split(' ').next_back());
    version.unwrap_or_default().clone_into(&mut state.version);
    state.url = url;
    let number = |name: &str| setting(&config, name).and_then(|port| port.parse().ok());
    state.ssh_port = number("gitlab_rails['gitlab_shell_ssh_port']").unwrap_or(22);
    state.ssh_host = setting(&config, "gitlab_rails['gitlab_ssh_host']");
    let gitlab = GitLab {
        state: Mutex::new(state),
        clock: birth.clock.clone(),
    };
    let web = Web::new(Arc::new(gitlab), (&certificate, &key), &birth.clock)?;
    Ok(Born {
        service: Arc::new(web),
        files: vec![(DATA.to_owned(), 0o600, b"16\n".to_vec())],
    })
}

impl GitLab {
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = self.clock.since_epoch().as_secs();
        state
    }
}

/// A request, taken apart.
struct Asked<'a> {
    /// `GET`, `POST`, `PUT`, `DELETE`.
    verb: &'a str,
    /// The parts of the path below `/api/v4`, decoded.
    path: Vec<String>,
    /// The query, decoded.
    query: Vec<(String, String)>,
    /// The body; null without one.
    body: Value,
    /// Who asks.
    who: Who,
}

impl Asked<'_> {
    /// A word of the query.
    fn word(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Text of the body.
    fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

impl Model for GitLab {
    fn answer(&self, request: &Request) -> Response {
        let mut state = self.state();
        if request.url == RUNNER {
            return runner::answer(&mut state, &String::from_utf8_lossy(&request.body));
        }
        if state.now < state.up_at {
            return plain(502, "GitLab is taking too much time to respond");
        }
        let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        match path {
            "/-/health" => return plain(200, "GitLab OK"),
            "/-/liveness" => return web::json(200, &json!({ "status": "ok" })),
            "/-/readiness" => return readiness(),
            "/users/sign_in" | "/" => return plain(200, "<html>GitLab</html>"),
            _ => {}
        }
        let Some(path) = path.strip_prefix("/api/v4/") else {
            return plain(404, "<html>404</html>");
        };
        let header = |name: &str| {
            let found = request
                .headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let body = match request.body.as_slice() {
            [] => Ok(Value::Null),
            bytes => serde_json::from_slice(bytes),
        };
        let Ok(body) = body else {
            return error(400, "The request body is not JSON");
        };
        let Some(who) = state.who(header("private-token").or(bearer)) else {
            return message(401, "401 Unauthorized");
        };
        let asked = Asked {
            verb: &request.method,
            path: path.trim_end_matches('/').split('/').map(decoded).collect(),
            query: pairs(query),
            body,
            who,
        };
        answer(&mut state, &asked)
    }

    fn runs_as(&self, process: u32) {
        let mut state = self.state();
        if state.process != process {
            state.process = process;
            state.up_at = state.now + START;
        }
    }

    fn save(&self) -> Value {
        self.state().save()
    }

    fn fork(&self, clock: &EstateClock) -> Arc<dyn Model> {
        let state = self.state().clone();
        Arc::new(Self {
            state: Mutex::new(state),
            clock: clock.clone(),
        })
    }

    fn data_file(&self) -> String {
        DATA.to_owned()
    }

    fn deploy_keys(&self, project: &str) -> Option<Vec<String>> {
        readers::keys(&self.state(), project)
    }
}

/// The answer to a request of somebody known.
fn answer(state: &mut State, asked: &Asked<'_>) -> Response {
    if asked.verb != "GET"
        && !asked.who.writes()
        && asked.path != ["personal_access_tokens", "self"]
    {
        return web::json(
            403,
            &json!({ "error": "insufficient_scope", "scope": "api",
                "error_description": "The request requires higher privileges than provided by the access token." }),
        );
    }
    let handlers = [
        tokens::answer,
        people::answer,
        applications::answer,
        projects::answer,
        settings::answer,
    ];
    let found = handlers
        .into_iter()
        .find_map(|handler| handler(state, asked));
    found.unwrap_or_else(|| error(404, "404 Not Found"))
}

#[cfg(test)]
mod tests;
