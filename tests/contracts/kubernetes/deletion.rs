//! Deleting: answers, preconditions, finalizers, owners, namespaces.

use serde_json::{Value, json};

use super::Api;
use super::place::{MERGE, map, refusal};
use crate::api_behaviours;

api_behaviours!(
    a_deleted_object_is_gone,
    a_precondition_is_checked,
    finalizers_hold_an_object,
    owned_objects_are_collected,
    orphans_stay,
    a_foreground_deletion_waits_for_what_is_owned,
    a_collection_is_deleted_by_selector,
    a_namespace_takes_everything_with_it,
    a_namespace_that_ends_takes_nothing_new,
    a_finalizer_holds_its_namespace,
);

fn held(name: &str) -> Value {
    let mut object = map(name, json!({}));
    object["metadata"]["finalizers"] = json!(["contract.example/hold"]);
    object
}

async fn a_deleted_object_is_gone(api: &Api<'_>) {
    let made = api
        .create(&api.path("v1/configmaps"), map("a", json!({})))
        .await;
    let (code, answer) = api.delete(&api.path("v1/configmaps/a")).await;
    assert_eq!(
        (code, &answer["kind"], &answer["status"]),
        (200, &json!("Status"), &json!("Success"))
    );
    assert_eq!(
        answer["details"],
        json!({"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]})
    );
    assert_eq!(api.delete(&api.path("v1/configmaps/a")).await.0, 404);
}

async fn a_precondition_is_checked(api: &Api<'_>) {
    api.create(&api.path("v1/configmaps"), map("a", json!({})))
        .await;
    let options =
        json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "another"}});
    let (code, reason, message) = refusal(
        api.ask("DELETE", &api.path("v1/configmaps/a"), options)
            .await,
    );
    assert_eq!((code, reason.as_str()), (409, "Conflict"));
    assert!(
        message
            .contains("the UID in the precondition (another) does not match the UID in record (")
            || message.contains(
                "Precondition failed: UID in precondition: another, UID in object meta: "
            ),
        "{message}"
    );
}

async fn finalizers_hold_an_object(api: &Api<'_>) {
    api.create(&api.path("v1/configmaps"), held("a")).await;
    let path = api.path("v1/configmaps/a");
    let (code, waiting) = api.delete(&path).await;
    assert_eq!((code, &waiting["kind"]), (200, &json!("ConfigMap")));
    assert!(waiting["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(waiting["metadata"]["deletionGracePeriodSeconds"], 0);
    assert_eq!(
        api.get(&path).await["metadata"]["finalizers"],
        json!(["contract.example/hold"])
    );
    let (code, _) = api
        .patch(&path, MERGE, &json!({"metadata": {"finalizers": null}}))
        .await;
    assert_eq!(code, 200);
    assert_eq!(api.ask("GET", &path, Value::Null).await.0, 404);
}

async fn owned(api: &Api<'_>, block: bool) {
    let owner = api
        .create(&api.path("v1/configmaps"), map("owner", json!({})))
        .await;
    let mut child = map("child", json!({}));
    child["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
        "uid": owner["metadata"]["uid"], "blockOwnerDeletion": block}]);
    api.create(&api.path("v1/configmaps"), child).await;
}

async fn owned_objects_are_collected(api: &Api<'_>) {
    owned(api, false).await;
    api.delete(&api.path("v1/configmaps/owner")).await;
    api.until_gone(&api.path("v1/configmaps/child")).await;
}

async fn orphans_stay(api: &Api<'_>) {
    owned(api, false).await;
    // The real collector must know of both before it is told to let them go.
    api.door.pause(std::time::Duration::from_secs(1)).await;
    api.ask(
        "DELETE",
        &api.path("v1/configmaps/owner?propagationPolicy=Orphan"),
        Value::Null,
    )
    .await;
    api.until_gone(&api.path("v1/configmaps/owner")).await;
    let child = api.get(&api.path("v1/configmaps/child")).await;
    assert!(child["metadata"]["ownerReferences"].is_null(), "{child}");
}

async fn a_foreground_deletion_waits_for_what_is_owned(api: &Api<'_>) {
    owned(api, true).await;
    api.door.pause(std::time::Duration::from_secs(1)).await;
    let (_, waiting) = api
        .ask(
            "DELETE",
            &api.path("v1/configmaps/owner?propagationPolicy=Foreground"),
            Value::Null,
        )
        .await;
    assert_eq!(
        waiting["metadata"]["finalizers"],
        json!(["foregroundDeletion"])
    );
    api.until_gone(&api.path("v1/configmaps/owner")).await;
    assert_eq!(
        api.ask("GET", &api.path("v1/configmaps/child"), Value::Null)
            .await
            .0,
        404
    );
}

async fn a_collection_is_deleted_by_selector(api: &Api<'_>) {
    let path = api.path("v1/secrets");
    for (name, app) in [("a", "x"), ("b", "x"), ("c", "y")] {
        api.create(
            &path,
            json!({"metadata": {"name": name, "labels": {"app": app}}}),
        )
        .await;
    }
    let (code, list) = api.delete(&format!("{path}?labelSelector=app%3Dx")).await;
    assert_eq!((code, &list["kind"]), (200, &json!("SecretList")));
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let left = api.get(&path).await;
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}

/// A second namespace, to be deleted.
async fn another(api: &Api<'_>) -> (String, String) {
    let name = format!("{}-x", api.namespace);
    api.create("/api/v1/namespaces", json!({"metadata": {"name": name}}))
        .await;
    (format!("/api/v1/namespaces/{name}"), name)
}

async fn a_namespace_takes_everything_with_it(api: &Api<'_>) {
    let (path, _) = another(api).await;
    api.create(&format!("{path}/configmaps"), map("a", json!({})))
        .await;
    let (code, going) = api.delete(&path).await;
    assert_eq!(
        (code, &going["kind"], &going["status"]["phase"]),
        (200, &json!("Namespace"), &json!("Terminating"))
    );
    assert_eq!(going["spec"]["finalizers"], json!(["kubernetes"]));
    api.until_gone(&path).await;
    assert_eq!(
        api.ask("GET", &format!("{path}/configmaps/a"), Value::Null)
            .await
            .0,
        404
    );
}

async fn a_namespace_that_ends_takes_nothing_new(api: &Api<'_>) {
    let (path, name) = another(api).await;
    api.create(&format!("{path}/configmaps"), held("a")).await;
    api.delete(&path).await;
    let (code, reason, message) = refusal(
        api.ask("POST", &format!("{path}/configmaps"), map("b", json!({})))
            .await,
    );
    assert_eq!((code, reason.as_str()), (403, "Forbidden"));
    let want = format!(
        "configmaps \"b\" is forbidden: unable to create new content in namespace {name} because it is being terminated"
    );
    assert_eq!(message, want);
    let (code, _) = api
        .patch(
            &format!("{path}/configmaps/a"),
            MERGE,
            &json!({"metadata": {"finalizers": null}}),
        )
        .await;
    assert_eq!(code, 200);
    api.until_gone(&path).await;
}

async fn a_finalizer_holds_its_namespace(api: &Api<'_>) {
    let (path, _) = another(api).await;
    api.create(&format!("{path}/configmaps"), held("a")).await;
    api.delete(&path).await;
    let stuck = api
        .until(&path, "told what holds it", |o| {
            super::place::is_true(o, "NamespaceFinalizersRemaining")
        })
        .await;
    let conditions = stuck["status"]["conditions"].as_array().unwrap();
    let content = conditions
        .iter()
        .find(|c| c["type"] == "NamespaceContentRemaining")
        .unwrap();
    assert_eq!(
        content["message"],
        "Some resources are remaining: configmaps. has 1 resource instances"
    );
    let finalizers = conditions
        .iter()
        .find(|c| c["type"] == "NamespaceFinalizersRemaining")
        .unwrap();
    assert_eq!(
        finalizers["message"],
        "Some content in the namespace has finalizers remaining: contract.example/hold in 1 resource instances"
    );
    api.patch(
        &format!("{path}/configmaps/a"),
        MERGE,
        &json!({"metadata": {"finalizers": null}}),
    )
    .await;
    api.until_gone(&path).await;
}
