//! Which model answers for a pod, by the image that it runs.

use serde_json::Value;

use super::routes::{Backend, image};
use super::text;
use crate::rehearsal::kubernetes::State;
use crate::rehearsal::network::{Request, Response};
use crate::rehearsal::{dex, harbor, nautes, push};

/// The answer of a pod behind a Service.
pub fn answer(
    state: &mut State,
    (backend, pod): (&Backend, &Value),
    request: &Request,
) -> Response {
    let image = image(pod).to_owned();
    let path = request.url.split('?').next().unwrap_or_default();
    if image.contains("harbor-core") {
        return harbor::answer(state, (&backend.namespace, &image), request);
    }
    if image.contains("dexidp/dex") {
        return dex::answer(state, &backend.namespace, request);
    }
    // One image has all of Nautes' programs; the Service says which this is.
    if backend.service == "api-service" {
        return nautes::answer(state, request);
    }
    if image.contains("argo-events") {
        return push::delivered(state, (&backend.namespace, pod), request);
    }
    if image.contains("argocd") && path == "/healthz" {
        return text(200, "ok");
    }
    // Never a success that nobody described.
    text(
        501,
        &format!("the rehearsal has no model of what `{image}` answers at {path}\n"),
    )
}
