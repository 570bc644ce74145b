//! The way in, over a cluster whose objects are put there as controllers would have left them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::routes::{Backend, Routes};
use super::{Entrance, answer};
use crate::rehearsal::clock::EstateClock;
use crate::rehearsal::kubernetes::{Cluster, Key, State};
use crate::rehearsal::network::{Request, Service as _};

fn put(state: &mut State, (resource, namespace, name): (&str, &str, &str), mut object: Value) {
    object["metadata"] = json!({ "name": name, "namespace": namespace, "uid": name,
        "labels": object["metadata"]["labels"] });
    state
        .store
        .put(&Key::new(resource, namespace, name), object);
}

/// A Service with a ready pod of this image behind it.
fn serve(state: &mut State, (namespace, name): (&str, &str), (image, port): (&str, Value)) {
    let labels = json!({ "app": name });
    let service = json!({ "spec": { "selector": labels, "ports": [port] } });
    put(state, ("/services", namespace, name), service);
    let pod =
        json!({ "metadata": { "labels": labels }, "spec": { "containers": [{ "image": image }] } });
    put(state, ("/pods", namespace, name), pod);
    let ends = json!({ "subsets": [{ "addresses": [{ "ip": "10.42.0.2" }] }] });
    put(state, ("/endpoints", namespace, name), ends);
}

fn ingress(host: &str, paths: &[(&str, &str)]) -> Value {
    let paths = paths.iter().map(|(path, service)| {
        json!({ "path": path, "backend": { "service": { "name": service, "port": { "number": 80 } } } })
    });
    let paths: Vec<Value> = paths.collect();
    json!({ "spec": { "rules": [{ "host": host, "http": { "paths": paths } }] } })
}

fn state() -> State {
    let mut state = State::new("demo", std::time::Duration::ZERO).unwrap();
    let https = json!({ "name": "websecure", "port": 443, "nodePort": 31443 });
    serve(
        &mut state,
        ("traefik", "traefik"),
        ("docker.io/traefik:v3", https),
    );
    let argo = ("quay.io/argoproj/argocd:v3", json!({ "port": 443 }));
    serve(&mut state, ("argocd", "argocd-server"), argo);
    let both = ingress("a.test", &[("/", "argocd-server"), ("/none", "nobody")]);
    put(
        &mut state,
        ("networking.k8s.io/ingresses", "argocd", "a"),
        both,
    );
    let own = json!({ "spec": { "routes": [{ "match": "Host(`b.test`) && PathPrefix(`/x`)",
        "services": [{ "name": "argocd-server", "namespace": "argocd" }] }] } });
    put(&mut state, ("traefik.io/ingressroutes", "other", "b"), own);
    state
}

fn asked(state: &mut State, host: &str, path: &str) -> u16 {
    let request = Request {
        method: "GET".to_owned(),
        url: path.to_owned(),
        ..Request::default()
    };
    answer(state, host, &request).status
}

#[test]
fn the_longest_path_of_the_host_leads_to_a_service_and_that_to_a_model() {
    let mut state = state();
    let to = |namespace: &str, service: &str| {
        Some(Backend {
            namespace: namespace.to_owned(),
            service: service.to_owned(),
        })
    };
    let found = |host: &str, path: &str| Routes(&state).backend(host, path);
    assert_eq!(found("a.test", "/healthz"), to("argocd", "argocd-server"));
    assert_eq!(found("a.test", "/none/x"), to("argocd", "nobody"));
    assert_eq!(found("b.test", "/x/y"), to("argocd", "argocd-server"));
    assert_eq!(found("b.test", "/"), None);
    assert_eq!(asked(&mut state, "a.test", "/healthz"), 200);
    // What nobody described is no success, a Service without pods nothing, another host unknown.
    assert_eq!(asked(&mut state, "a.test", "/api/version"), 501);
    assert_eq!(asked(&mut state, "a.test", "/none"), 503);
    assert_eq!(asked(&mut state, "c.test", "/"), 404);
}

#[test]
fn the_port_is_an_entrance_while_a_ready_traefik_is_behind_it() {
    let mut state = state();
    assert!(Routes(&state).has_entrance(31443));
    assert!(!Routes(&state).has_entrance(31080));
    let none = json!({ "subsets": [] });
    put(&mut state, ("/endpoints", "traefik", "traefik"), none);
    assert!(!Routes(&state).has_entrance(31443));
}

#[test]
fn the_certificate_is_the_default_of_the_store() {
    let mut state = state();
    assert_eq!(Routes(&state).certificate(), None);
    let store = json!({ "spec": { "defaultCertificate": { "secretName": "tls-cert" } } });
    put(
        &mut state,
        ("traefik.io/tlsstores", "traefik", "default"),
        store,
    );
    let coded = |text: &str| BASE64_STANDARD.encode(text);
    let secret = json!({ "data": { "tls.crt": coded("chain"), "tls.key": coded("key") } });
    put(&mut state, ("/secrets", "traefik", "tls-cert"), secret);
    let shown = Routes(&state).certificate();
    assert_eq!(shown, Some((b"chain".to_vec(), b"key".to_vec())));
}

#[test]
fn a_cluster_without_traefik_has_no_entrance() {
    let cluster = Cluster::new("bare", &EstateClock::default()).unwrap();
    assert!(Entrance::at(&cluster, 31443).is_none());
    let request = Request {
        url: "https://a.test:31443/".to_owned(),
        ..Request::default()
    };
    assert_eq!(Entrance(cluster).answer(&request).status, 404);
}
