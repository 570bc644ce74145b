//! The client of the Nautes API: what it sends, and what it makes of answers.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::input::{Rules, Source, emit, parse};
use crate::service::Answer;

fn said(code: u16, body: &Value) -> Refusal {
    refusal(&Answer {
        code,
        body: body.clone(),
        ..Answer::default()
    })
}

#[test]
fn kinds_are_known_by_every_name_and_none_twice() {
    for kind in Kind::ALL {
        assert_eq!(Kind::named(kind.name()), Some(kind));
        assert_eq!(Kind::named(kind.plural()), Some(kind));
    }
    assert_eq!(Kind::named("ENV"), Some(Kind::Environment));
    assert_eq!(Kind::named("ppr"), Some(Kind::ProjectPipelineRuntime));
    assert_eq!(Kind::named("pod"), None);
    assert!(Kind::ALL.is_sorted());
}

#[test]
fn an_object_has_one_path() {
    let id = Id {
        kind: Kind::CodeRepo,
        product: "a b".to_owned(),
        name: "c/d".to_owned(),
    };
    assert_eq!(id.path(), "/products/a%20b/coderepos/c%2Fd");
    let cluster = Id {
        kind: Kind::Cluster,
        product: String::new(),
        name: "w1".to_owned(),
    };
    assert_eq!(cluster.path(), "/clusters/w1");
    assert_eq!(cluster.to_string(), "Cluster w1");
}

#[test]
fn a_refusal_is_told_by_its_words() {
    let of = |text: &str| said(500, &json!({ "code": 500, "reason": "", "message": text }));
    assert_eq!(of("token is not found"), Refusal::Token);
    assert_eq!(
        of("fatal: destination path '/tmp/product1' already exists and is not an empty directory."),
        Refusal::Busy
    );
    assert_eq!(
        of("During global validation, it was found that e 'Environment' does not exist"),
        Refusal::Missing
    );
    assert_eq!(
        of("runtime error: index out of range [0] with length 0"),
        Refusal::Crash
    );
    assert_eq!(of("something else"), Refusal::Other);
    let absent = json!({ "code": 404, "reason": "RESOURCE_NOT_FOUND", "message": "the resource is not found" });
    assert_eq!(said(404, &absent), Refusal::Absent);
    // A 404 without words of Nautes is another server's.
    assert_eq!(said(404, &Value::Null), Refusal::Other);
    let rights = json!({ "code": 403, "reason": "NO_AUTHORIZATION", "message": "no" });
    assert_eq!(said(403, &rights), Refusal::Rights);
    assert_eq!(said(500, &json!({ "reason": "UNKNOWN" })), Refusal::Crash);
}

fn read(text: &str, form: Form) -> Result<Manifest, Vec<String>> {
    let source = Source::new("m.yaml", text);
    let documents = parse(&source, Rules::Kubernetes).unwrap();
    manifest(&documents[0], form).map_err(|all| all.into_iter().map(|d| d.what).collect())
}

fn text_of(kind: &str, spec: &str) -> String {
    format!(
        "apiVersion: nautes.resource.nautes.io/v1alpha1\nkind: {kind}\nspec: {{ name: x, {spec} }}\n"
    )
}

#[test]
fn names_of_nautes_own_command_line_are_read() {
    let spec = "product: p, project: q, projectPipelineRuntime: true, codeRepoProvider: gitlab, \
                webhook: { events: [push_events], isolation: shared }, git: { gitlab: { visibility: private } }";
    let repo = read(&text_of("CodeRepo", spec), Form::V04).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(repo.body["pipeline_runtime"], true);
    assert_eq!(repo.body["webhook"], json!({ "events": ["push_events"] }));
    assert!(repo.body.get("product").is_none());
    let spec = "productName: own, product: other, coderepo: r, permissions: readonly";
    let binding =
        read(&text_of("CodeRepoBinding", spec), Form::V04).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(
        (binding.id.product.as_str(), &binding.body["product"]),
        ("own", &json!("other"))
    );
}

#[test]
fn a_destination_has_two_forms() {
    let spec = |to: &str| {
        let rest = "product: p, manifestsource: { codeRepo: a, targetRevision: 1.10, path: c }";
        text_of("DeploymentRuntime", &format!("{rest}, destination: {to}"))
    };
    let new = read(&spec("{ environment: e }"), Form::V04).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(new.body["destination"], json!({ "environment": "e" }));
    assert_eq!(new.body["manifest_source"]["target_revision"], "1.10");
    let old = read(&spec("e"), Form::V03).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(old.body["destination"], "e");
    assert!(read(&spec("e"), Form::V04).is_err());
    assert!(read(&spec("{ environment: e }"), Form::V03).is_err());
    let cluster = "apiServer: 'https://a', clusterKind: kubernetes, clusterType: virtual, hostCluster: h, \
                   usage: worker, workerType: pipeline";
    assert!(
        read(
            &text_of("Cluster", &format!("{cluster}, argocdHost: a")),
            Form::V03
        )
        .is_ok()
    );
    assert!(
        read(
            &text_of("Cluster", &format!("{cluster}, argocdHost: a")),
            Form::V04
        )
        .is_err()
    );
    assert!(
        read(
            &text_of("Cluster", &format!("{cluster}, componentsList: {{}}")),
            Form::V03
        )
        .is_err()
    );
}

#[test]
fn what_the_server_fills_in_or_never_shows_is_no_difference() {
    let wanted = json!({ "api_server": "https://a", "cluster_kind": "kubernetes", "cluster_type": "physical",
        "usage": "worker", "worker_type": "pipeline", "kubeconfig": "k",
        "components_list": { "gateway": { "name": "traefik", "additions": { "httpNodePort": "30080" } } } });
    let mut found = wanted.clone();
    found["primary_domain"] = "a.nip.io".into();
    found["components_list"]["gateway"]["additions"]["httpsNodePort"] = "30443".into();
    found["components_list"]["pipeline"] = json!({ "name": "tekton" });
    found["kubeconfig"] = Value::Null;
    let differ = |found: &Value| differences(Kind::Cluster, Form::V04, &wanted, found);
    assert_eq!(differ(&found), []);
    found["components_list"]["gateway"]["additions"]["httpNodePort"] = "1".into();
    assert_eq!(differ(&found)[0].path, "componentsList.gateway.additions");
    // The order of names says nothing; that one is gone does.
    let binding = |projects: Value| json!({ "coderepo": "r", "product": "p", "permissions": "readonly", "projects": projects });
    let of = |a: Value, b: Value| {
        differences(Kind::CodeRepoBinding, Form::V04, &binding(a), &binding(b)).len()
    };
    assert_eq!(of(json!(["a", "b"]), json!(["b", "a"])), 0);
    assert_eq!(of(Value::Null, json!(["a"])), 1);
}

proptest! {
    /// Whatever stands in a document, reading it ends with a manifest or with mistakes.
    #[test]
    fn any_document_is_read_or_refused(kind in 0..9usize, key in "[a-zA-Z]{1,12}", value in "[ -~]{0,20}") {
        let name = Kind::ALL.get(kind).map_or("Other", |kind| kind.name());
        let document = json!({ "apiVersion": "nautes.resource.nautes.io/v1alpha1", "kind": name,
            "spec": { "name": value, "product": value, key: value } });
        let source = Source::new("m.yaml", emit(&document));
        let documents = parse(&source, Rules::Kubernetes).unwrap();
        if let Err(mistakes) = manifest(&documents[0], Form::V04) {
            prop_assert!(!mistakes.is_empty());
            prop_assert!(mistakes.iter().all(|one| one.place.is_some() && one.help.is_some()));
        }
    }

    /// An object that was read, made and shown is a manifest of the same object, without a change.
    #[test]
    fn shown_as_a_manifest_it_is_the_same(cluster in "[a-z]{1,8}", stage in "[ -~]{1,12}", name in "[a-z][a-z0-9-]{0,8}") {
        prop_assume!(!stage.trim().is_empty());
        let id = Id { kind: Kind::Environment, product: "p".to_owned(), name: name.clone() };
        let item = json!({ "name": name, "product": "p", "cluster": cluster, "env_type": stage });
        let text = emit(&written(&id, Form::V04, &item));
        let again = read(&text, Form::V04).unwrap_or_else(|e| panic!("{text}\n{e:?}"));
        prop_assert_eq!(&again.id, &id);
        prop_assert_eq!(differences(Kind::Environment, Form::V04, &again.body, &item), vec![]);
    }
}
