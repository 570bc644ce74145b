//! The simulated Harbor by its API.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::answer;
use crate::rehearsal::kubernetes::{Key, State};
use crate::rehearsal::network::Request;

const ADMIN: (&str, &str) = ("admin", "Admin12345");

/// A Harbor of a version, with its volume and first password.
struct Harbor(State, String);

impl Harbor {
    fn new(version: &str) -> Self {
        let mut state = State::new("demo", std::time::Duration::ZERO).unwrap();
        let password = BASE64_STANDARD.encode(ADMIN.1);
        let secret = json!({ "data": { "HARBOR_ADMIN_PASSWORD": password } });
        state
            .store
            .put(&Key::new("/secrets", "harbor", "harbor-core"), secret);
        let mut harbor = Self(state, format!("docker.io/goharbor/harbor-core:{version}"));
        harbor.volume("first");
        harbor
    }

    fn volume(&mut self, uid: &str) {
        let key = Key::new(
            "/persistentvolumeclaims",
            "harbor",
            "data-harbor-database-0",
        );
        self.0
            .store
            .put(&key, json!({ "metadata": { "uid": uid } }));
    }

    fn raw(&mut self, who: (&str, &str), (verb, url): (&str, &str), body: Value) -> (u16, Value) {
        let pair = BASE64_STANDARD.encode(format!("{}:{}", who.0, who.1));
        let request = Request {
            method: verb.to_owned(),
            url: url.to_owned(),
            headers: vec![("authorization".to_owned(), format!("Basic {pair}"))],
            body: if body.is_null() {
                Vec::new()
            } else {
                body.to_string().into_bytes()
            },
            client: None,
        };
        let said = answer(&mut self.0, ("harbor", &self.1), &request);
        (
            said.status,
            serde_json::from_slice(&said.body).unwrap_or_default(),
        )
    }

    fn ask(&mut self, verb: &str, path: &str, body: Value) -> (u16, Value) {
        self.raw(ADMIN, (verb, &format!("/api/v2.0{path}")), body)
    }

    fn login(&mut self, who: (&str, &str)) -> u16 {
        let at = ("GET", "/service/token?service=harbor-registry");
        self.raw(who, at, Value::Null).0
    }
}

#[test]
fn only_administrators_see_and_write_settings_and_passwords_are_never_told() {
    let mut harbor = Harbor::new("v2.15.2");
    let settings = ("GET", "/api/v2.0/configurations");
    assert_eq!(harbor.raw(("admin", "wrong"), settings, Value::Null).0, 401);
    let wanted =
        json!({ "auth_mode": "oidc_auth", "oidc_client_secret": "s3cret", "unheard_of": 1 });
    assert_eq!(harbor.ask("PUT", "/configurations", wanted).0, 200);
    let (_, now) = harbor.ask("GET", "/configurations", Value::Null);
    assert_eq!(
        now["auth_mode"],
        json!({ "value": "oidc_auth", "editable": true })
    );
    assert!(now["oidc_client_secret"].is_null() && now["unheard_of"].is_null());
    assert!(
        !harbor
            .0
            .apps
            .values()
            .any(|kept| kept.to_string().contains("s3cret"))
    );
    let wrong = json!({ "read_only": "yes" });
    assert_eq!(harbor.ask("PUT", "/configurations", wrong).0, 422);
    let wrong = json!({ "auth_mode": "magic" });
    assert_eq!(harbor.ask("PUT", "/configurations", wrong).0, 400);
    assert!(!now["oidc_logout"].is_null());
    let (_, old) = Harbor::new("v2.5.1").ask("GET", "/configurations", Value::Null);
    assert!(old["oidc_logout"].is_null() && !old["oidc_endpoint"].is_null());
}

#[test]
fn a_robot_has_the_secret_that_it_was_given_last() {
    let mut harbor = Harbor::new("v2.15.2");
    let access = json!([{ "resource": "repository", "action": "pull" }]);
    let permissions = json!([{ "kind": "project", "namespace": "*", "access": access }]);
    let mut robot =
        json!({ "name": "ci", "level": "system", "duration": -1, "permissions": permissions });
    let (code, made) = harbor.ask("POST", "/robots", robot.clone());
    assert_eq!((code, made["name"].as_str()), (201, Some("robot$ci")));
    let first = made["secret"].as_str().unwrap().to_owned();
    assert_eq!(harbor.login(("robot$ci", &first)), 200);
    assert_eq!(harbor.ask("POST", "/robots", robot.clone()).0, 409);
    let at = format!("/robots/{}", made["id"]);
    assert_eq!(harbor.ask("PATCH", &at, json!({ "secret": "weak" })).0, 400);
    assert_eq!(
        harbor.ask("PATCH", &at, json!({ "secret": "Strong123" })).0,
        200
    );
    assert_eq!(harbor.login(("robot$ci", &first)), 401);
    assert_eq!(harbor.login(("robot$ci", "Strong123")), 200);
    let settings = ("GET", "/api/v2.0/configurations");
    assert_eq!(
        harbor
            .raw(("robot$ci", "Strong123"), settings, Value::Null)
            .0,
        403
    );
    // It is changed under its whole name alone; one that is disabled stays out.
    robot["disable"] = json!(true);
    assert_eq!(harbor.ask("PUT", &at, robot.clone()).0, 400);
    robot["name"] = json!("robot$ci");
    assert_eq!(harbor.ask("PUT", &at, robot).0, 200);
    assert_eq!(harbor.login(("robot$ci", "Strong123")), 401);
    assert_eq!(harbor.ask("DELETE", &at, Value::Null).0, 200);
    assert_eq!(harbor.ask("GET", &at, Value::Null).0, 404);
}

#[test]
fn projects_are_found_by_a_part_of_their_name_and_come_in_pages() {
    let mut harbor = Harbor::new("v2.15.2");
    for number in 0..11 {
        let body = json!({ "project_name": format!("team{number}"), "metadata": {} });
        assert_eq!(harbor.ask("POST", "/projects", body).0, 201);
    }
    let body = json!({ "project_name": "team1" });
    assert_eq!(harbor.ask("POST", "/projects", body).0, 409);
    let body = json!({ "project_name": "Team" });
    assert_eq!(harbor.ask("POST", "/projects", body).0, 400);
    let (_, found) = harbor.ask(
        "GET",
        "/projects?name=team1&page=1&page_size=100",
        Value::Null,
    );
    let names: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["team1", "team10"]);
    let (_, page) = harbor.ask("GET", "/projects?page=2", Value::Null);
    assert_eq!(
        page.as_array().unwrap().len(),
        2,
        "10 of 12 are on the first page"
    );
    let public = json!({ "metadata": { "public": "true" } });
    assert_eq!(harbor.ask("PUT", "/projects/team1", public).0, 200);
    let (_, one) = harbor.ask("GET", "/projects/team1", Value::Null);
    assert_eq!(one["metadata"]["public"], "true");
}

#[test]
fn another_volume_is_another_harbor() {
    let mut harbor = Harbor::new("v2.15.2");
    let body = json!({ "project_name": "kept" });
    assert_eq!(harbor.ask("POST", "/projects", body).0, 201);
    harbor.volume("second");
    assert_eq!(harbor.ask("GET", "/projects/kept", Value::Null).0, 404);
    harbor.volume("first");
    assert_eq!(harbor.ask("GET", "/projects/kept", Value::Null).0, 200);
}

#[test]
fn a_provider_that_does_not_answer_is_refused() {
    let mut harbor = Harbor::new("v2.15.2");
    let body = json!({ "url": "https://dex.test:31443", "verify_cert": true });
    let (code, said) = harbor.ask("POST", "/system/oidc/ping", body);
    assert_eq!(code, 400);
    assert!(
        said["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("failed to verify connection")
    );
}
