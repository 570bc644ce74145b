//! The simulated Nautes API: what was seen of the real one, line by line.

use super::*;

/// A server at a moment, and a client whose calls stand far enough apart.
struct Server(State);

impl Server {
    fn new() -> Self {
        Self(State {
            now: 1_000,
            ..State::default()
        })
    }

    fn at_once(&mut self, verb: &str, path: &str, body: &Value) -> (u16, Value) {
        let response = answered(
            &mut self.0,
            &Request {
                method: verb.to_owned(),
                url: path.to_owned(),
                headers: vec![("authorization".to_owned(), "Bearer t".to_owned())],
                body: body.to_string().into_bytes(),
                ..Request::default()
            },
        );
        let body = serde_json::from_slice(&response.body).unwrap_or_default();
        (response.status, body)
    }

    fn ask(&mut self, verb: &str, path: &str, body: &Value) -> (u16, Value) {
        self.0.now += 3;
        self.at_once(verb, path, body)
    }

    fn made(&mut self, path: &str, body: &Value) {
        let (code, said) = self.ask("POST", path, body);
        assert_eq!(code, 200, "{path}: {said}");
    }

    fn words(&mut self, verb: &str, path: &str, body: &Value) -> String {
        let (code, said) = self.ask(verb, path, body);
        assert_eq!(code, 500, "{path}: {said}");
        said["message"].as_str().unwrap().to_owned()
    }
}

fn worker() -> Value {
    json!({ "api_server": "https://192.0.2.7:6443", "cluster_kind": "kubernetes",
        "cluster_type": "physical", "usage": "worker", "worker_type": "deployment",
        "kubeconfig": "secret" })
}

fn product() -> Value {
    json!({ "git": { "gitlab": { "name": "demo", "path": "demo", "visibility": "private" } } })
}

/// A product with one of everything.
fn filled() -> Server {
    let mut server = Server::new();
    let of = |kind: &str, name: &str| format!("/api/v1/products/demo/{kind}/{name}");
    server.made("/api/v1/clusters/w1", &worker());
    server.made("/api/v1/products/demo", &product());
    server.0.now += 60;
    server.made(
        &of("environments", "dev"),
        &json!({ "cluster": "w1", "env_type": "dev" }),
    );
    server.made(&of("projects", "shop"), &json!({ "language": "go" }));
    let git = json!({ "gitlab": { "visibility": "private" } });
    server.made(
        &of("coderepos", "deploy"),
        &json!({ "project": "shop", "git": git }),
    );
    server.made(
        &of("deploymentruntimes", "dr"),
        &json!({ "projects_ref": ["shop"], "destination": { "environment": "dev" },
            "manifest_source": { "code_repo": "deploy", "target_revision": "main", "path": "." } }),
    );
    server
}

#[test]
fn without_a_token_every_path_is_a_500_and_an_unknown_one_is_plain_text() {
    let mut state = State::default();
    let asked = |url: &str| Request {
        method: "GET".to_owned(),
        url: url.to_owned(),
        ..Request::default()
    };
    let response = answered(&mut state, &asked("/api/v1/clusters"));
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(
        (response.status, body["message"].as_str()),
        (500, Some("token is not found"))
    );
    let response = answered(&mut state, &asked("/health"));
    assert_eq!(
        (response.status, response.body.starts_with(b"404")),
        (404, true)
    );
}

#[test]
fn an_empty_list_has_items() {
    let mut server = Server::new();
    assert_eq!(
        server.ask("GET", "/api/v1/clusters", &Value::Null),
        (200, json!({ "items": [] }))
    );
}

#[test]
fn two_calls_in_one_second_meet_in_one_folder() {
    let mut server = Server::new();
    server.made("/api/v1/clusters/w1", &worker());
    let (code, said) = server.at_once("GET", "/api/v1/clusters", &Value::Null);
    assert!(
        code == 500 && said["message"].as_str().unwrap().contains("already exists"),
        "{said}"
    );
    // A virtual one is followed by a refresh of its host in the background.
    let mut body = worker();
    body["cluster_type"] = "virtual".into();
    body["host_cluster"] = "w1".into();
    server.made("/api/v1/clusters/v1", &body);
    server.0.now += REFRESH;
    assert_eq!(
        server.at_once("GET", "/api/v1/clusters", &Value::Null).0,
        500
    );
    assert_eq!(server.ask("GET", "/api/v1/clusters", &Value::Null).0, 200);
}

#[test]
fn a_cluster_is_filled_in_and_its_kubeconfig_is_not_shown() {
    let mut server = Server::new();
    server.made("/api/v1/clusters/w1", &worker());
    let (_, shown) = server.ask("GET", "/api/v1/clusters/w1", &Value::Null);
    assert_eq!(shown["primary_domain"], "192.0.2.7.nip.io");
    assert_eq!(
        shown["components_list"]["gateway"]["additions"]["httpsNodePort"],
        "30443"
    );
    assert!(!shown.to_string().contains("secret\""), "{shown}");
    assert!(
        !serde_json::to_string(&server.0)
            .unwrap()
            .contains("\"secret\"")
    );
    let mut bad = worker();
    bad["kubeconfig"] = Value::Null;
    assert!(
        server
            .words("POST", "/api/v1/clusters/w2", &bad)
            .contains("kubeconfig")
    );
    assert!(
        server
            .words("POST", "/api/v1/clusters/w.2", &worker())
            .contains("input arg error")
    );
}

#[test]
fn what_an_object_needs_is_looked_for_unless_nobody_shall_look() {
    let mut server = Server::new();
    let dev = "/api/v1/products/demo/environments/dev";
    let body = json!({ "cluster": "w1", "env_type": "dev" });
    assert_eq!(server.ask("POST", dev, &body).0, 404, "no product");
    server.made("/api/v1/products/demo", &product());
    assert!(
        server
            .words("POST", dev, &body)
            .contains("Cluster 'w1' does not exist")
    );
    server.made("/api/v1/clusters/w1", &worker());
    // It is in the repository, and not yet in the cluster.
    assert!(server.words("POST", dev, &body).contains("does not exist"));
    server.0.now += 60;
    server.made(dev, &body);
    let twin = "/api/v1/products/demo/environments/twin";
    assert!(
        server
            .words("POST", twin, &body)
            .contains("duplicate reference")
    );
    let other = json!({ "cluster": "nowhere", "env_type": "dev" });
    server.made(&format!("{twin}?insecure_skip_check=true"), &other);
}

#[test]
fn what_is_needed_is_not_deleted() {
    let mut server = filled();
    let of = |kind: &str, name: &str| format!("/api/v1/products/demo/{kind}/{name}");
    for (path, words) in [
        (
            "/api/v1/clusters/w1".to_owned(),
            "not allowed to be deleted",
        ),
        ("/api/v1/products/demo".to_owned(), "unable to delete"),
        (
            of("environments", "dev"),
            "environment referenced by [demo/dr]",
        ),
        (of("coderepos", "deploy"), "coderepo referenced by"),
        (of("projects", "shop"), "global validation"),
    ] {
        let said = server.words("DELETE", &path, &Value::Null);
        assert!(said.contains(words), "{path}: {said}");
    }
    for path in [
        of("deploymentruntimes", "dr"),
        of("coderepos", "deploy"),
        of("projects", "shop"),
        of("environments", "dev"),
        "/api/v1/products/demo".to_owned(),
        "/api/v1/clusters/w1".to_owned(),
    ] {
        let (code, said) = server.ask("DELETE", &path, &Value::Null);
        assert_eq!(code, 200, "{path}: {said}");
    }
    assert!(server.0.objects.is_empty());
}

#[test]
fn what_is_not_there_is_said_in_each_kind_s_way() {
    let mut server = filled();
    let gone = "/api/v1/products/demo/projects/gone";
    assert_eq!(server.ask("GET", gone, &Value::Null).0, 404);
    assert!(
        server
            .words("DELETE", gone, &Value::Null)
            .contains("not found or invalid")
    );
    assert!(
        server
            .words("GET", "/api/v1/products/gone", &Value::Null)
            .contains("no default projects")
    );
    assert_eq!(
        server
            .ask("GET", "/api/v1/products/gone/projects", &Value::Null)
            .0,
        404
    );
}

#[test]
fn the_older_form_is_refused_and_unknown_fields_are_dropped() {
    let mut server = filled();
    let old = json!({ "projects_ref": [], "destination": "dev",
        "manifest_source": { "code_repo": "deploy", "target_revision": "main", "path": "." } });
    assert_eq!(
        server
            .ask("POST", "/api/v1/products/demo/deploymentruntimes/old", &old)
            .0,
        400
    );
    let path = "/api/v1/products/demo/projects/other";
    server.made(path, &json!({ "language": "go", "Language": "rust" }));
    let (_, shown) = server.ask("GET", path, &Value::Null);
    assert_eq!(
        shown,
        json!({ "name": "other", "product": "demo", "language": "go" })
    );
}

#[test]
fn it_is_the_same_after_it_was_kept() {
    let server = filled();
    let kept = serde_json::to_value(&server.0).unwrap();
    let again: State = serde_json::from_value(kept.clone()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), kept);
}
