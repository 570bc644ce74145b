//! The client of the Nautes API: what it sends, and what it makes of answers.

use serde_json::json;

use super::*;
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
