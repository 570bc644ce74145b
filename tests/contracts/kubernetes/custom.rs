//! Custom resource definitions: established, validated, pruned, defaulted, removed.

use serde_json::{Value, json};

use super::Api;
use super::place::{MERGE, is_true, refusal};
use crate::api_behaviours;

api_behaviours!(
    a_definition_is_established,
    fields_are_checked,
    unknown_fields_are_pruned,
    defaults_are_set,
    preserved_fields_stay,
    status_is_a_world_of_its_own,
    custom_lists_are_applied_by_their_keys,
    custom_kinds_are_discovered,
    printer_columns_are_shown,
    a_definition_ends_with_its_objects,
    versions_are_converted_by_name,
    a_stored_version_must_stay,
    a_definition_is_checked,
);

/// The group of a behaviour's own kind.
fn group(api: &Api<'_>) -> String {
    format!("{}.contract.example", api.namespace)
}

/// Its `apiVersion`.
pub fn version(api: &Api<'_>) -> String {
    format!("{}/v1", group(api))
}

fn definition(api: &Api<'_>, schema: Value) -> Value {
    let group = group(api);
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": format!("things.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing", "shortNames": ["th"]},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
                "schema": {"openAPIV3Schema": schema}}]}})
}

fn definition_path(api: &Api<'_>) -> String {
    format!(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.{}",
        group(api)
    )
}

/// Makes a kind of this schema; the path of its objects.
pub async fn establish(api: &Api<'_>, schema: Value) -> String {
    api.create(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        definition(api, schema),
    )
    .await;
    established(api).await
}

async fn established(api: &Api<'_>) -> String {
    api.until(&definition_path(api), "established", |crd| {
        is_true(crd, "Established")
    })
    .await;
    let path = format!("/apis/{}/namespaces/{}/things", version(api), api.namespace);
    // A real server needs a moment more until it serves the kind.
    api.until(&path, "served", |list| list["kind"] == "ThingList")
        .await;
    path
}

fn thing(api: &Api<'_>, spec: Value) -> Value {
    json!({"apiVersion": version(api), "kind": "Thing", "metadata": {"name": "a"}, "spec": spec})
}

fn schema() -> Value {
    json!({"type": "object", "required": ["spec"], "properties": {
        "spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 9},
            "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
            "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "nested": {"type": "object", "default": {}, "properties": {"on": {"type": "boolean", "default": true}}},
            "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}},
            "tags": {"type": "array", "items": {"type": "string"}}}},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}})
}

async fn a_definition_is_established(api: &Api<'_>) {
    let made = api
        .create(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            definition(api, schema()),
        )
        .await;
    assert_eq!(made["spec"]["names"]["singular"], "thing");
    assert_eq!(made["spec"]["names"]["listKind"], "ThingList");
    assert_eq!(made["spec"]["conversion"], json!({"strategy": "None"}));
    let crd = api
        .until(&definition_path(api), "established", |crd| {
            is_true(crd, "Established")
        })
        .await;
    assert!(is_true(&crd, "NamesAccepted"));
    assert_eq!(crd["status"]["storedVersions"], json!(["v1"]));
    assert_eq!(crd["status"]["acceptedNames"]["kind"], "Thing");
    established(api).await;
}

async fn fields_are_checked(api: &Api<'_>) {
    let path = establish(api, schema()).await;
    let (code, status) = api
        .ask(
            "POST",
            &path,
            thing(api, json!({"size": 12, "color": "green", "code": "A"})),
        )
        .await;
    let causes: Vec<(String, String)> = status["details"]["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            (
                c["field"].as_str().unwrap().to_owned(),
                c["message"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let has = |field: &str, message: &str| {
        assert!(
            causes.contains(&(field.to_owned(), message.to_owned())),
            "{field}: {causes:?}"
        );
    };
    has(
        "spec.size",
        "Invalid value: 12: spec.size in body should be less than or equal to 9",
    );
    has(
        "spec.color",
        "Unsupported value: \"green\": supported values: \"red\", \"blue\"",
    );
    has(
        "spec.code",
        "Invalid value: \"A\": spec.code in body should match '^[a-z]+$'",
    );
    assert_eq!(refusal((code, status)).0, 422);
    let (code, _, message) = refusal(
        api.ask("POST", &path, thing(api, json!({"color": "red"})))
            .await,
    );
    assert_eq!(
        (code, message),
        (
            422,
            format!(
                "Thing.{} \"a\" is invalid: spec.size: Required value",
                group(api)
            )
        )
    );
    let (code, _, message) = refusal(
        api.ask("POST", &path, thing(api, json!({"size": "big"})))
            .await,
    );
    assert_eq!(code, 422);
    assert!(message.contains("spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\""), "{message}");
}

async fn unknown_fields_are_pruned(api: &Api<'_>) {
    let path = establish(api, schema()).await;
    let body = thing(api, json!({"size": 1, "sized": 2}));
    let message = api.refused_when_strict(&path, &body).await;
    assert!(
        message.ends_with("strict decoding error: unknown field \"spec.sized\""),
        "{message}"
    );
    let made = api.create(&path, body).await;
    assert!(made["spec"]["sized"].is_null());
    assert_eq!(made["spec"]["size"], 1);
}

async fn defaults_are_set(api: &Api<'_>) {
    let path = establish(api, schema()).await;
    let made = api.create(&path, thing(api, json!({"size": 1}))).await;
    assert_eq!(
        made["spec"],
        json!({"size": 1, "color": "red", "nested": {"on": true}})
    );
    let applied = api
        .applied(&format!("{path}/a"), "m", &thing(api, json!({"size": 1})))
        .await;
    assert_eq!(applied["spec"]["color"], "red");
}

async fn preserved_fields_stay(api: &Api<'_>) {
    let path = establish(api, schema()).await;
    let free = json!({"any": {"thing": [1, "two", {"three": null}]}});
    let made = api
        .create(&path, thing(api, json!({"size": 1, "free": free})))
        .await;
    assert_eq!(made["spec"]["free"], free);
}

async fn status_is_a_world_of_its_own(api: &Api<'_>) {
    let path = establish(api, schema()).await;
    let mut body = thing(api, json!({"size": 1}));
    body["status"] = json!({"phase": "Early"});
    let made = api.create(&path, body).await;
    assert!(made["status"].is_null(), "{made}");
    let (code, answer) = api
        .patch(
            &format!("{path}/a/status"),
            MERGE,
            &json!({"status": {"phase": "Good"}, "spec": {"size": 5}}),
        )
        .await;
    assert_eq!(code, 200);
    assert_eq!(
        (&answer["status"]["phase"], &answer["spec"]["size"]),
        (&json!("Good"), &json!(1))
    );
    assert_eq!(answer["metadata"]["generation"], 1);
    let (_, answer) = api
        .patch(
            &format!("{path}/a"),
            MERGE,
            &json!({"status": {"phase": "Bad"}, "spec": {"size": 5}}),
        )
        .await;
    assert_eq!(
        (&answer["status"]["phase"], &answer["spec"]["size"]),
        (&json!("Good"), &json!(5))
    );
    assert_eq!(answer["metadata"]["generation"], 2);
}

async fn custom_lists_are_applied_by_their_keys(api: &Api<'_>) {
    let path = format!("{}/a", establish(api, schema()).await);
    let with =
        |parts: Value, tags: Value| thing(api, json!({"size": 1, "parts": parts, "tags": tags}));
    api.applied(
        &path,
        "one",
        &with(json!([{"name": "x", "value": "1"}]), json!(["t"])),
    )
    .await;
    let both = api
        .applied(
            &path,
            "two",
            &thing(
                api,
                json!({"size": 1, "parts": [{"name": "y", "value": "1"}]}),
            ),
        )
        .await;
    assert_eq!(both["spec"]["parts"].as_array().unwrap().len(), 2);
    let (code, _, message) = refusal(
        api.apply(
            &path,
            ("two", ""),
            &with(json!([{"name": "x", "value": "2"}]), json!(["u"])),
        )
        .await,
    );
    assert_eq!(code, 409);
    let want = "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.tags\n- .spec.parts[name=\"x\"].value";
    assert_eq!(message, want);
}

async fn custom_kinds_are_discovered(api: &Api<'_>) {
    establish(api, schema()).await;
    let list = api.get(&format!("/apis/{}", version(api))).await;
    let all = list["resources"].as_array().unwrap();
    let thing = all.iter().find(|r| r["name"] == "things").unwrap();
    assert_eq!(
        (&thing["kind"], &thing["namespaced"], &thing["shortNames"]),
        (&json!("Thing"), &json!(true), &json!(["th"]))
    );
    assert!(all.iter().any(|r| r["name"] == "things/status"));
}

async fn printer_columns_are_shown(api: &Api<'_>) {
    let path = establish(api, schema()).await;
    api.create(&path, thing(api, json!({"size": 3}))).await;
    let (_, _, table) = api
        .door
        .accepting(&path, "application/json;as=Table;v=v1;g=meta.k8s.io")
        .await;
    let names: Vec<&str> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Name", "Size"]);
    assert_eq!(table["rows"][0]["cells"], json!(["a", 3]));
}

async fn a_definition_ends_with_its_objects(api: &Api<'_>) {
    let path = establish(api, schema()).await;
    let mut body = thing(api, json!({"size": 1}));
    body["metadata"]["finalizers"] = json!(["contract.example/hold"]);
    api.create(&path, body).await;
    let (code, going) = api.delete(&definition_path(api)).await;
    assert_eq!(code, 200);
    assert_eq!(
        going["metadata"]["finalizers"],
        json!(["customresourcecleanup.apiextensions.k8s.io"])
    );
    let crd = api
        .until(&definition_path(api), "terminating", |crd| {
            is_true(crd, "Terminating")
        })
        .await;
    assert!(is_true(&crd, "Established"));
    api.until(&format!("{path}/a"), "told to go", |o| {
        o["metadata"]["deletionTimestamp"].is_string()
    })
    .await;
    api.patch(
        &format!("{path}/a"),
        MERGE,
        &json!({"metadata": {"finalizers": null}}),
    )
    .await;
    api.until_gone(&definition_path(api)).await;
    api.until_gone(&path).await;
}

async fn versions_are_converted_by_name(api: &Api<'_>) {
    let open = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    let mut crd = definition(api, schema());
    crd["spec"]["versions"] = json!([
        {"name": "v1alpha1", "served": true, "storage": false, "schema": open},
        {"name": "v1", "served": true, "storage": true, "schema": open}]);
    api.create(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        crd,
    )
    .await;
    let path = established(api).await;
    let old = path.replace("/v1/", "/v1alpha1/");
    let mut body = thing(api, json!({"size": 1}));
    body["apiVersion"] = format!("{}/v1alpha1", group(api)).into();
    api.create(&old, body).await;
    assert_eq!(
        api.get(&format!("{path}/a")).await["apiVersion"],
        version(api)
    );
    assert_eq!(
        api.get(&format!("{old}/a")).await["apiVersion"],
        format!("{}/v1alpha1", group(api))
    );
    assert_eq!(
        api.get(&format!("/apis/{}", group(api))).await["preferredVersion"]["version"],
        "v1"
    );
}

async fn a_stored_version_must_stay(api: &Api<'_>) {
    establish(api, schema()).await;
    let (_, mut crd) = api.ask("GET", &definition_path(api), Value::Null).await;
    crd["spec"]["versions"][0]["name"] = "v2".into();
    let (code, _, message) = refusal(api.ask("PUT", &definition_path(api), crd).await);
    assert_eq!(code, 422, "{message}");
    assert!(message.contains("status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage version"), "{message}");
}

async fn a_definition_is_checked(api: &Api<'_>) {
    let mut crd = definition(api, schema());
    crd["metadata"]["name"] = format!("other.{}", group(api)).into();
    let (code, _, message) = refusal(
        api.ask(
            "POST",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            crd,
        )
        .await,
    );
    assert_eq!(code, 422);
    assert!(
        message.contains("metadata.name: Invalid value: ")
            && message.contains("must be spec.names.plural+\".\"+spec.group"),
        "{message}"
    );
}
