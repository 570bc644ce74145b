//! Nautes' API server, simulated: clusters, products and what is in them, with the checks and the
//! words of v0.4.2 where they are known.
//!
//! What refuses and how follows the real server where it was run (`docs/nautes.md` says what that
//! was), else what it is made of. No repository is written: what a real server commits is kept here.

mod clusters;
mod needs;
mod route;
mod shown;
mod state;

use serde_json::{Value, json};

use self::state::{Key, Object, State};
use super::kubernetes;
use super::network::{Request, Response};
use super::web;

pub use self::route::route;

/// Where a cluster keeps it.
const KEPT: &str = "nautes";
/// Seconds of the refresh of a host cluster that follows the save of a virtual one.
const REFRESH: u64 = 2;

/// What is saved in the Nautes of a cluster.
pub fn known(cluster: &kubernetes::State) -> Option<State> {
    let kept = cluster.apps.get(KEPT).cloned()?;
    serde_json::from_value(kept).ok()
}

/// The answer of the API server in a cluster.
pub fn answer(cluster: &mut kubernetes::State, request: &Request) -> Response {
    let mut state = known(cluster).unwrap_or_default();
    state.now = cluster.now.as_secs();
    let response = answered(&mut state, request);
    let kept = serde_json::to_value(&state).unwrap_or_default();
    cluster.apps.insert(KEPT.to_owned(), kept);
    response
}

/// A refusal in the server's form.
pub fn refusal(status: u16, reason: &str, message: &str) -> Response {
    let body = json!({ "code": status, "reason": reason, "message": message, "metadata": {} });
    web::json(status, &body)
}

fn failed(message: &str) -> Response {
    refusal(500, "", message)
}

/// The answer to a request.
fn answered(state: &mut State, request: &Request) -> Response {
    let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let Some((key, is_one)) = key(&parts) else {
        let body = b"404 page not found\n".to_vec();
        let response = Response {
            status: 404,
            headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
            body,
        };
        return response;
    };
    let header = request
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let token = header.and_then(|(_, value)| value.strip_prefix("Bearer "));
    if token.is_none_or(|token| token.trim().is_empty()) {
        return failed("token is not found");
    }
    let body = match request.body.as_slice() {
        [] => Ok(json!({})),
        bytes => serde_json::from_slice(bytes),
    };
    let Ok(body) = body else {
        return refusal(400, "CODEC", "body unmarshal proto: syntax error");
    };
    // The list of products comes from GitLab; all else is in a clone, whose folder has the name of
    // the second.
    let clones = key.kind != "products" || request.method != "GET";
    if clones && state.clone == state.now {
        let message = format!(
            "failed to clone repository, err: fatal: destination path '/tmp/product{}' already exists and is not an empty directory.",
            state.now
        );
        return failed(&message);
    }
    if clones {
        state.clone = state.now;
    }
    let skip = query
        .split('&')
        .any(|pair| pair == "insecure_skip_check=true");
    match (request.method.as_str(), is_one) {
        ("GET", false) => list(state, &key, query),
        ("GET", true) => get(state, &key),
        ("POST", true) => save(state, key, body, Skip(skip)),
        ("DELETE", true) => delete(state, &key, Skip(skip)),
        _ => refusal(405, "", "method not allowed"),
    }
}

/// Whether nobody looks at what an object needs.
#[derive(Clone, Copy)]
struct Skip(bool);

/// What a path names, and whether it is one object.
fn key(parts: &[&str]) -> Option<(Key, bool)> {
    let (kind, product, name) = match parts {
        ["api", "v1", kind @ ("clusters" | "products")] => (*kind, "", None),
        ["api", "v1", kind @ ("clusters" | "products"), name] => (*kind, "", Some(*name)),
        ["api", "v1", "products", product, kind] => (*kind, *product, None),
        ["api", "v1", "products", product, kind, name] => (*kind, *product, Some(*name)),
        _ => return None,
    };
    let known = kind == "clusters" || kind == "products" || shown::fields(kind).is_some();
    let key = Key {
        kind: kind.to_owned(),
        product: product.to_owned(),
        name: name.unwrap_or_default().to_owned(),
    };
    known.then_some((key, name.is_some()))
}

fn no_group() -> Response {
    refusal(404, "GROUP_NOT_FOUND", "the group path is not found")
}

fn list(state: &State, key: &Key, query: &str) -> Response {
    if !key.product.is_empty() && !state.has("products", "", &key.product) {
        return no_group();
    }
    let wanted = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("field_selector="));
    let wanted: Vec<(&str, &str)> = wanted
        .into_iter()
        .flat_map(|text| text.split(','))
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let mine = state
        .objects
        .iter()
        .filter(|(other, _)| other.is_beside(key));
    let items = mine.map(|(key, object)| shown::shown(key, object));
    let fits = |item: &Value| wanted.iter().all(|(field, value)| item[*field] == **value);
    web::json(
        200,
        &json!({ "items": items.filter(fits).collect::<Vec<_>>() }),
    )
}

fn get(state: &State, key: &Key) -> Response {
    match state.objects.get(key) {
        Some(object) => web::json(200, &shown::shown(key, object)),
        None if key.kind == "products" => {
            failed("there are no default projects under this product")
        }
        None if !key.product.is_empty() && !state.has("products", "", &key.product) => no_group(),
        None => refusal(404, "RESOURCE_NOT_FOUND", "the resource is not found"),
    }
}

fn save(state: &mut State, key: Key, body: Value, skip: Skip) -> Response {
    if !key.product.is_empty() && !state.has("products", "", &key.product) {
        return no_group();
    }
    if let Some(refused) = shown::wrong(&key.kind, &body) {
        return refused;
    }
    let mut body = body;
    if key.kind == "clusters" {
        if let Err(refused) = clusters::complete(&key.name, &mut body) {
            return failed(&refused);
        }
        if body["cluster_type"] == "virtual" {
            state.clone = state.now + REFRESH;
        }
    }
    let object = Object {
        saved: state.now,
        body,
    };
    if !skip.0
        && let Err(missing) = needs::met(state, &key, &object.body)
    {
        return failed(&missing);
    }
    // What is there keeps the moment from which the cluster has it.
    let saved = state
        .objects
        .get(&key)
        .map_or(object.saved, |old| old.saved);
    state
        .objects
        .insert(key.clone(), Object { saved, ..object });
    web::json(
        200,
        &json!({ "message": format!("Successfully saved {} configuration", key.name) }),
    )
}

fn delete(state: &mut State, key: &Key, skip: Skip) -> Response {
    if !state.objects.contains_key(key) {
        if key.kind == "products"
            || (!key.product.is_empty() && !state.has("products", "", &key.product))
        {
            return no_group();
        }
        return failed(&format!(
            "{} resource {} not found or invalid. Please check whether the resource exists under the default project",
            shown::name(&key.kind),
            key.name
        ));
    }
    // A product is a group of GitLab: that it has repositories is no matter of skipping.
    if let Err(needed) = needs::free(state, key)
        && (!skip.0 || key.kind == "products")
    {
        return failed(&needed);
    }
    state.objects.remove(key);
    if key.kind == "products" {
        state.objects.retain(|other, _| other.product != key.name);
    }
    web::json(
        200,
        &json!({ "message": format!("Successfully deleted {} configuration", key.name) }),
    )
}

#[cfg(test)]
mod tests;
