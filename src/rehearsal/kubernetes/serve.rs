//! From a request to the verb that answers it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::asked::{Asked, Path};
use super::kinds::{Kind, Scope};
use super::refusal::Refusal;
use super::state::State;
use super::watch::Begin;
use super::{delete, discovery, read, table, watch, write};
use crate::rehearsal::network::{Request, Response};

/// What comes of a request.
pub enum Outcome {
    /// An answer.
    Plain(Response),
    /// A watch that begins.
    Watch(Box<Begin>),
}

/// A successful answer.
pub struct Done {
    /// HTTP status.
    pub code: u16,
    /// The body.
    pub body: Value,
    /// `Warning` headers.
    pub warnings: Vec<String>,
}

impl Done {
    /// 200.
    pub fn ok(body: Value) -> Self {
        Self {
            code: 200,
            body,
            warnings: Vec::new(),
        }
    }
}

/// A request to a kind.
pub struct Target<'a> {
    /// The request.
    pub asked: &'a Asked<'a>,
    /// Its path.
    pub path: Path,
    /// The kind.
    pub kind: Arc<Kind>,
}

impl State {
    /// The answer to somebody in the cluster, who does not watch.
    pub(in crate::rehearsal) fn ask(&mut self, request: &Request) -> Response {
        match answer(self, &Asked::new(request)) {
            Outcome::Plain(response) => response,
            Outcome::Watch(_) => Response::default(),
        }
    }

    /// Creates an object in a collection, as a controller does. What refuses it is seen where the
    /// object is missed.
    pub(in crate::rehearsal) fn create(&mut self, collection: &str, object: &Value) {
        let _ = self.ask(&Request {
            method: "POST".to_owned(),
            url: collection.to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: object.to_string().into_bytes(),
            ..Request::default()
        });
    }
}

/// Answers a request.
pub fn answer(state: &mut State, asked: &Asked<'_>) -> Outcome {
    let refused = |refusal: Refusal| Outcome::Plain(plain(refusal.code, &refusal.status(), &[]));
    if let Some(answer) = discovery::answer(state, asked) {
        return match answer {
            Ok(response) => Outcome::Plain(response),
            Err(refusal) => refused(refusal),
        };
    }
    let target = match target(state, asked) {
        Ok(target) => target,
        Err(refusal) => return refused(refusal),
    };
    let form = match table::form(asked) {
        Ok(form) => form,
        Err(refusal) => return refused(refusal),
    };
    if asked.request.method == "GET" && (asked.says("watch")) && target.path.subresource.is_empty()
    {
        return match watch::begin(&target, form) {
            Ok(begin) => Outcome::Watch(Box::new(begin)),
            Err(refusal) => refused(refusal),
        };
    }
    if target.path.subresource == "log" {
        return Outcome::Plain(
            read::log(state, &target).unwrap_or_else(|r| plain(r.code, &r.status(), &[])),
        );
    }
    match verb(state, &target) {
        Ok(done) => {
            let body = table::shown(state, &target.kind, (form, done.body));
            Outcome::Plain(plain(done.code, &body, &done.warnings))
        }
        Err(refusal) => refused(refusal),
    }
}

fn target<'a>(state: &State, asked: &'a Asked<'a>) -> Result<Target<'a>, Refusal> {
    let path = asked.resource().ok_or_else(Refusal::no_resource)?;
    let kind = state
        .kinds
        .by_path(&path.group, &path.version, &path.plural)
        .ok_or_else(Refusal::no_resource)?;
    let in_namespace = !path.namespace.is_empty();
    if in_namespace != (kind.scope == Scope::Namespaced) && (in_namespace || !path.name.is_empty())
    {
        return Err(Refusal::no_resource());
    }
    let first = path.subresource.split('/').next().unwrap_or_default();
    match first {
        "exec" | "attach" | "portforward" | "proxy" | "ephemeralcontainers" | "resize" => {
            return Err(Refusal::not_simulated(&format!(
                "`{first}` of {}",
                path.plural
            )));
        }
        "" => {}
        sub if kind.has(sub) => {}
        _ => return Err(Refusal::no_resource()),
    }
    Ok(Target { asked, path, kind })
}

fn verb(state: &mut State, target: &Target<'_>) -> Result<Done, Refusal> {
    let path = &target.path;
    let method = target.asked.request.method.as_str();
    match (method, path.name.is_empty(), path.subresource.as_str()) {
        ("GET", true, _) => read::list(state, target),
        ("GET", false, "scale") => read::scale(state, target),
        ("GET", false, _) => read::get(state, target).map(Done::ok),
        ("POST", true, _) => write::create(state, target),
        ("POST", false, "token") => super::serve::token(state, target),
        ("POST", false, "eviction") => delete::evict(state, target),
        ("POST", false, "binding") => Err(Refusal::not_simulated("binding pods by hand")),
        ("PUT", false, "finalize") => delete::finalize(state, target),
        ("PUT", false, _) => write::replace(state, target),
        ("PATCH", false, _) => write::patch(state, target),
        ("DELETE", false, "") => delete::one(state, target),
        ("DELETE", true, _) => delete::collection(state, target),
        _ => Err(Refusal::method()),
    }
}

/// A token for a `ServiceAccount`: shaped as a JWT, signed by nobody.
pub fn token(state: &mut State, target: &Target<'_>) -> Result<Done, Refusal> {
    use base64::Engine;
    let account = read::get(state, target)?;
    let mut body = target.asked.body()?;
    let seconds = body["spec"]["expirationSeconds"].as_u64().unwrap_or(3600);
    let until = state.now + std::time::Duration::from_secs(seconds);
    let encode =
        |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "aud": body["spec"]["audiences"], "exp": until.as_secs(), "iat": state.now.as_secs(),
        "iss": "https://kubernetes.default.svc.cluster.local",
        "kubernetes.io": {"namespace": target.path.namespace,
            "serviceaccount": {"name": target.path.name, "uid": account["metadata"]["uid"]}},
        "sub": format!("system:serviceaccount:{}:{}", target.path.namespace, target.path.name),
    });
    let signature = state.identifier("signature");
    state.tokens.insert(signature.clone());
    let head = json!({"alg": "RS256", "kid": "rehearsal"});
    body["apiVersion"] = "authentication.k8s.io/v1".into();
    body["kind"] = "TokenRequest".into();
    body["metadata"] = json!({"name": target.path.name, "namespace": target.path.namespace});
    body["status"] = json!({
        "token": format!("{}.{}.{signature}", encode(&head), encode(&claims)),
        "expirationTimestamp": super::state::time_text(until),
    });
    Ok(Done {
        code: 201,
        ..Done::ok(body)
    })
}

/// JSON as a response.
pub fn plain(code: u16, body: &Value, warnings: &[String]) -> Response {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        headers.push(("warning".to_owned(), format!("299 - \"{quoted}\"")));
    }
    if code == 429 {
        headers.push(("retry-after".to_owned(), "1".to_owned()));
    }
    let mut text = body.to_string().into_bytes();
    text.push(b'\n');
    Response {
        status: code,
        headers,
        body: text,
    }
}
