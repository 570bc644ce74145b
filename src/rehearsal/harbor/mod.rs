//! Harbor, simulated: settings, projects and robot accounts behind its REST API (version 2.0).
//!
//! There is no real Harbor in the lab, so nothing here is pinned by a contract with one: paths,
//! fields and refusals follow Harbor's own API description and source, and `docs/rehearsal.md` says
//! so. Images are not served. What it keeps lies in its database's volume: with that it is gone.

mod projects;
mod robots;
mod settings;
mod state;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use self::state::{Data, Who};
use super::kubernetes::State;
use super::network::{Request, Response};
use super::{ingress, web};

/// Where version 2.0 is.
const BASE: &str = "/api/v2.0/";
/// The volume of its database.
const VOLUME: &str = "data-harbor-database-0";

/// A request, taken apart.
struct Asked<'a> {
    verb: &'a str,
    /// The parts of the path below `/api/v2.0`.
    path: Vec<&'a str>,
    query: &'a str,
    body: Value,
    version: (u32, u32),
}

impl Asked<'_> {
    /// A word of the query, decoded.
    fn word(&self, name: &str) -> Option<String> {
        let pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let mut found = pairs.filter(|(key, _)| *key == name);
        found.next().map(|(_, value)| super::gitlab::decoded(value))
    }

    /// A page of a list.
    fn page(&self, items: &[Value]) -> Response {
        let number = |name: &str| self.word(name).and_then(|word| word.parse::<usize>().ok());
        let size = number("page_size").unwrap_or(10);
        if !(1..=100).contains(&size) {
            return refused(
                422,
                "page_size in query should be less than or equal to 100",
            );
        }
        let page = number("page").unwrap_or(1).max(1);
        let shown: Vec<&Value> = items.iter().skip((page - 1) * size).take(size).collect();
        let mut response = web::json(200, &json!(shown));
        let total = ("x-total-count".to_owned(), items.len().to_string());
        response.headers.push(total);
        response
    }
}

/// A refusal in Harbor's form.
fn refused(status: u16, said: &str) -> Response {
    let code = match status {
        401 => "UNAUTHORIZED",
        403 => "FORBIDDEN",
        404 => "NOT_FOUND",
        409 => "CONFLICT",
        412 => "PRECONDITION",
        _ => "BAD_REQUEST",
    };
    web::json(
        status,
        &json!({ "errors": [{ "code": code, "message": said }] }),
    )
}

/// The answer of a Harbor in a namespace whose core runs this image.
pub fn answer(state: &mut State, (namespace, image): (&str, &str), request: &Request) -> Response {
    let Some(place) = place(state, namespace) else {
        return refused(503, "the database is not reachable");
    };
    let mut data = match state.apps.get(&place) {
        Some(saved) => Data::load(saved),
        None => Data::fresh(&admin_password(state, namespace)),
    };
    let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
    let who = data.who(credential(request).as_ref());
    if path == "/service/token" {
        // As `docker login` does it: without a scope only whoever is known gets a token.
        return match who {
            Who::Nobody => refused(401, "unauthorized"),
            _ => web::json(200, &json!({ "token": "rehearsed", "expires_in": 1800 })),
        };
    }
    let Some(below) = path.strip_prefix(BASE) else {
        return refused(404, "the rehearsal has no model of this path of Harbor's");
    };
    let body = match request.body.as_slice() {
        [] => Value::Null,
        bytes => match serde_json::from_slice(bytes) {
            Ok(body) => body,
            Err(_) => return refused(422, "parsing body failed"),
        },
    };
    let asked = Asked {
        verb: &request.method,
        path: below.trim_end_matches('/').split('/').collect(),
        query,
        body,
        version: version(image),
    };
    let response = match (asked.verb, asked.path.as_slice(), &who) {
        ("GET", ["ping"], _) => plain("Pong"),
        ("GET", ["health"], _) => health(),
        ("GET", ["systeminfo"], _) => web::json(
            200,
            &json!({ "auth_mode": data.settings(&asked)["auth_mode"]["value"], "harbor_version": image.rsplit(':').next(), "self_registration": data.settings(&asked)["self_registration"]["value"] }),
        ),
        (_, _, Who::Nobody) => refused(401, "unauthorized"),
        (_, _, Who::Robot) => refused(403, "forbidden"),
        ("POST", ["system", "oidc", "ping"], _) => provider(state, &asked.body),
        _ => {
            let handlers = [settings::answer, projects::answer, robots::answer];
            let mut handled = handlers
                .into_iter()
                .filter_map(|one| one(&mut data, &asked));
            handled.next().unwrap_or_else(|| refused(404, "not found"))
        }
    };
    state.apps.insert(place, data.save());
    response
}

/// The database that is there, by its volume's own name: another volume is another Harbor.
fn place(state: &State, namespace: &str) -> Option<String> {
    let claim = state.object("/persistentvolumeclaims", namespace, VOLUME)?;
    Some(format!("harbor/{}", claim["metadata"]["uid"].as_str()?))
}

fn admin_password(state: &State, namespace: &str) -> String {
    let secret = state.object("/secrets", namespace, "harbor-core");
    let text = secret.and_then(|secret| secret["data"]["HARBOR_ADMIN_PASSWORD"].as_str());
    let bytes = text.and_then(|text| BASE64_STANDARD.decode(text).ok());
    String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
}

/// The name and password of a request.
fn credential(request: &Request) -> Option<(String, String)> {
    let headers = request.headers.iter();
    let mut found = headers.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let pair = found.next()?.1.strip_prefix("Basic ")?;
    let pair = String::from_utf8(BASE64_STANDARD.decode(pair).ok()?).ok()?;
    let (name, password) = pair.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn version(image: &str) -> (u32, u32) {
    let tag = image.rsplit(':').next().unwrap_or_default();
    let mut parts = tag.trim_start_matches('v').split('.');
    let mut next = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    (next(), next())
}

fn plain(words: &str) -> Response {
    Response {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: words.as_bytes().to_vec(),
    }
}

fn health() -> Response {
    let parts = [
        "core",
        "database",
        "jobservice",
        "portal",
        "redis",
        "registry",
        "registryctl",
    ];
    let parts = parts.map(|name| json!({ "name": name, "status": "healthy" }));
    web::json(200, &json!({ "status": "healthy", "components": parts }))
}

/// Whether a provider of sign-ins answers inside the cluster under the name that it is to have.
fn provider(state: &mut State, body: &Value) -> Response {
    let url = body["url"].as_str().unwrap_or_default();
    let host = super::gitlab::host_of(url);
    let at = format!(
        "{}/.well-known/openid-configuration",
        web::path_of(url).trim_end_matches('/')
    );
    let at = if url.splitn(4, '/').count() == 4 {
        at
    } else {
        "/.well-known/openid-configuration".to_owned()
    };
    let request = Request {
        method: "GET".to_owned(),
        url: at,
        ..Request::default()
    };
    let found = ingress::answer(state, &host, &request);
    let found: Value = serde_json::from_slice(&found.body).unwrap_or_default();
    if found["issuer"] == url {
        return web::nothing(200);
    }
    let said = match found["issuer"].as_str() {
        Some(other) => format!(
            "oidc: issuer did not match the issuer returned by provider, expected \"{url}\" got \"{other}\""
        ),
        None => format!(
            "failed to verify connection: Get \"{url}/.well-known/openid-configuration\": nothing answers there"
        ),
    };
    refused(400, &said)
}

#[cfg(test)]
mod tests;
