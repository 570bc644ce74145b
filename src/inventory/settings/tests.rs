//! What is accepted, what is refused and where, and that the schema says the same.

use serde_json::json;

use super::*;
use crate::input::{Rules, Source, parse_one};

fn node(text: &str) -> Node {
    parse_one(&Source::new("i.yaml", text), Rules::Ansible).unwrap()
}

fn refused(text: &str) -> Vec<String> {
    let errors = read(&node(text)).err().unwrap_or_default();
    errors
        .iter()
        .map(|e| {
            format!(
                "{} {}",
                e.place.as_ref().unwrap(),
                e.help.as_deref().unwrap_or("")
            )
        })
        .collect()
}

#[test]
fn everything_has_a_default() {
    let settings = read(&node("{}")).unwrap();
    assert_eq!(
        settings.tenant,
        Tenant {
            name: "nautes".to_owned(),
            gitops: true
        }
    );
    assert_eq!(settings.release, Release::Current);
    assert_eq!(settings.trust.algorithm, Algorithm::Ecdsa);
}

#[test]
fn reads_both_forms_of_the_tenant() {
    assert_eq!(read(&node("tenant: demo")).unwrap().tenant.name, "demo");
    let long = read(&node("tenant: {name: demo, gitops: false}")).unwrap();
    assert_eq!(
        long.tenant,
        Tenant {
            name: "demo".to_owned(),
            gitops: false
        }
    );
}

#[test]
fn reads_a_full_mapping() {
    let settings = read(&node(
        "release: reference\ndomain: a.example\ncomponents: {harbor: {storage: 40Gi}, dex: }\n\
         trust: {ca_cert: ca.crt, ca_key: ca.key, algorithm: rsa}\n\
         artifacts: {mirror: 'https://m.example/x'}\nimages: {k8s.gcr.io: registry.k8s.io}",
    ))
    .unwrap();
    assert_eq!(settings.release, Release::Reference);
    assert_eq!(
        settings.components.keys().collect::<Vec<_>>(),
        ["harbor", "dex"]
    );
    assert_eq!(settings.trust.algorithm, Algorithm::Rsa);
    assert_eq!(settings.images["k8s.gcr.io"], "registry.k8s.io");
}

#[test]
fn mistakes_have_place_and_help() {
    assert_eq!(refused("tenat: x"), ["i.yaml:1:1 write `tenant`"]);
    assert_eq!(refused("release: curent"), ["i.yaml:1:10 write `current`"]);
    assert_eq!(
        refused("trust: {algoritm: rsa}"),
        ["i.yaml:1:9 write `algorithm`"]
    );
    assert_eq!(
        refused("components: {harbor: yes}"),
        ["i.yaml:1:22 write a mapping"]
    );
    assert_eq!(refused("- a"), ["i.yaml:1:1 write a mapping"]);
    for text in [
        "tenant: Demo",
        "tenant: -a",
        "tenant: ''",
        "tenant: [a]",
        "domain: a..b",
        "domain: '{{ x }}'",
        "artifacts: {mirror: m.example}",
        "trust: {ca_cert: x}",
        "tenant: {gitops: maybe}",
    ] {
        assert_eq!(refused(text).len(), 1, "{text}");
    }
    assert_eq!(refused("a: 1\nb: 2\n").len(), 2);
}

#[test]
fn the_schema_knows_every_key() {
    let schema = schema(&json!({"type": "object"}));
    let settings = &schema["$defs"]["Nautes"]["properties"];
    for key in [
        "tenant",
        "release",
        "domain",
        "components",
        "trust",
        "artifacts",
        "images",
    ] {
        assert!(settings.get(key).is_some(), "{key}");
        assert!(read(&node(&format!("{key}: "))).is_ok(), "{key}");
    }
    let text = schema.to_string();
    assert!(text.contains("\"ecdsa\"") && text.contains("\"reference\""));
    assert!(text.contains("\"ca_cert\"") && text.contains("\"gitops\""));
}
