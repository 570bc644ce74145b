//! Merge patch, JSON patch, strategic merge patch.

use serde_json::json;

use super::Api;
use super::place::{MERGE, deployment, map, refusal};
use crate::api_behaviours;

api_behaviours!(
    a_merge_patch_merges_and_removes,
    a_json_patch_tests_and_replaces,
    a_json_patch_that_does_not_fit_is_invalid,
    a_strategic_merge_knows_list_keys,
    custom_kinds_have_no_strategic_merge,
    unknown_patch_types_are_unsupported,
    a_patch_may_demand_a_version,
    a_patch_of_nothing_is_not_found,
);

const STRATEGIC: &str = "application/strategic-merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";

async fn a_merge_patch_merges_and_removes(api: &Api<'_>) {
    api.create(
        &api.path("v1/configmaps"),
        map("a", json!({"k": "1", "l": "1"})),
    )
    .await;
    let patch = json!({"data": {"k": null, "m": "2"}, "metadata": {"labels": {"x": "y"}}});
    let (code, patched) = api.patch(&api.path("v1/configmaps/a"), MERGE, &patch).await;
    assert_eq!(code, 200);
    assert_eq!(patched["data"], json!({"l": "1", "m": "2"}));
    assert_eq!(patched["metadata"]["labels"], json!({"x": "y"}));
}

async fn a_json_patch_tests_and_replaces(api: &Api<'_>) {
    api.create(
        &api.path("v1/configmaps"),
        map("a", json!({"k": "1", "a.b": "1"})),
    )
    .await;
    let patch = json!([{"op": "test", "path": "/data/k", "value": "1"}, {"op": "replace", "path": "/data/k", "value": "2"},
        {"op": "remove", "path": "/data/a.b"}, {"op": "add", "path": "/data/n", "value": "3"}]);
    let (code, patched) = api
        .patch(&api.path("v1/configmaps/a"), JSON_PATCH, &patch)
        .await;
    assert_eq!(code, 200, "{patched}");
    assert_eq!(patched["data"], json!({"k": "2", "n": "3"}));
}

async fn a_json_patch_that_does_not_fit_is_invalid(api: &Api<'_>) {
    api.create(&api.path("v1/configmaps"), map("a", json!({"k": "1"})))
        .await;
    let patch = json!([{"op": "test", "path": "/data/k", "value": "other"}]);
    let (code, reason, _) = refusal(
        api.patch(&api.path("v1/configmaps/a"), JSON_PATCH, &patch)
            .await,
    );
    assert_eq!((code, reason.as_str()), (422, "Invalid"));
    let patch = json!([{"op": "remove", "path": "/data/none"}]);
    let (code, ..) = refusal(
        api.patch(&api.path("v1/configmaps/a"), JSON_PATCH, &patch)
            .await,
    );
    assert_eq!(code, 422);
}

async fn a_strategic_merge_knows_list_keys(api: &Api<'_>) {
    let mut body = deployment("d", json!({"replicas": 0, "paused": true}));
    let spec = &mut body["spec"]["template"]["spec"];
    spec["containers"] =
        json!([{"name": "c", "image": "i:1", "env": [{"name": "A", "value": "1"}], "args": ["x"]}]);
    api.create(&api.path("apps/v1/deployments"), body).await;
    let containers = json!([{"name": "c", "image": "i:2", "env": [{"name": "B", "value": "2"}], "args": ["y"]}, {"name": "side", "image": "s:1"}]);
    let patch = json!({"spec": {"template": {"spec": {"containers": containers}}}});
    let (code, patched) = api
        .patch(&api.path("apps/v1/deployments/d"), STRATEGIC, &patch)
        .await;
    assert_eq!(code, 200, "{patched}");
    let all = patched["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap();
    let mut names: Vec<&str> = all.iter().map(|c| c["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["c", "side"]);
    let c = all.iter().find(|c| c["name"] == "c").unwrap();
    assert_eq!((&c["image"], &c["args"]), (&json!("i:2"), &json!(["y"])));
    assert_eq!(c["env"].as_array().unwrap().len(), 2);
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "side", "$patch": "delete"}]}}}});
    let (_, patched) = api
        .patch(&api.path("apps/v1/deployments/d"), STRATEGIC, &patch)
        .await;
    assert_eq!(
        patched["spec"]["template"]["spec"]["containers"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

async fn custom_kinds_have_no_strategic_merge(api: &Api<'_>) {
    let path = super::custom::establish(
        api,
        json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
    )
    .await;
    api.create(&path, json!({"apiVersion": super::custom::version(api), "kind": "Thing", "metadata": {"name": "a"}})).await;
    let (code, reason, _) = refusal(
        api.patch(&format!("{path}/a"), STRATEGIC, &json!({"spec": {}}))
            .await,
    );
    assert_eq!((code, reason.as_str()), (415, "UnsupportedMediaType"));
}

async fn unknown_patch_types_are_unsupported(api: &Api<'_>) {
    api.create(&api.path("v1/configmaps"), map("a", json!({})))
        .await;
    let (code, reason, _) = refusal(
        api.patch(&api.path("v1/configmaps/a"), "application/json", &json!({}))
            .await,
    );
    assert_eq!((code, reason.as_str()), (415, "UnsupportedMediaType"));
}

async fn a_patch_may_demand_a_version(api: &Api<'_>) {
    api.create(&api.path("v1/configmaps"), map("a", json!({})))
        .await;
    let patch = json!({"metadata": {"resourceVersion": "1"}, "data": {"k": "1"}});
    let (code, reason, _) = refusal(api.patch(&api.path("v1/configmaps/a"), MERGE, &patch).await);
    assert_eq!((code, reason.as_str()), (409, "Conflict"));
}

async fn a_patch_of_nothing_is_not_found(api: &Api<'_>) {
    let (code, ..) = refusal(
        api.patch(&api.path("v1/configmaps/none"), MERGE, &json!({}))
            .await,
    );
    assert_eq!(code, 404);
}
