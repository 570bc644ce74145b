//! Server-side apply: ownership, conflicts, force, removal.

use serde_json::{Value, json};

use super::Api;
use super::place::{MERGE, deployment, map, refusal};
use crate::api_behaviours;

api_behaviours!(
    apply_makes_what_is_not_there,
    a_second_apply_changes_nothing,
    a_value_of_another_manager_is_a_conflict,
    several_conflicts_are_listed,
    force_takes_over,
    the_same_value_is_shared,
    what_is_no_longer_applied_goes,
    what_another_manager_owns_too_stays,
    lists_are_merged_by_their_keys,
    atomic_lists_are_one_value,
    an_update_takes_ownership,
    apply_needs_a_manager,
    what_nobody_owned_was_before_first_apply,
    null_is_not_applied,
    status_has_its_own_managers,
);

fn managers(object: &Value) -> Vec<(String, String)> {
    let list = object["metadata"]["managedFields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    list.iter()
        .map(|e| (text(&e["manager"]), text(&e["operation"])))
        .collect()
}

fn fields_of(object: &Value, manager: &str) -> Value {
    let list = object["metadata"]["managedFields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    list.iter()
        .find(|e| e["manager"] == manager)
        .map(|e| e["fieldsV1"].clone())
        .unwrap_or_default()
}

async fn apply_makes_what_is_not_there(api: &Api<'_>) {
    let path = api.path("v1/configmaps/a");
    let mut body = map("a", json!({"k": "1"}));
    body["metadata"]["labels"] = json!({"app": "x"});
    let (code, made) = api.apply(&path, ("m", ""), &body).await;
    assert_eq!(code, 201, "{made}");
    let entry = &made["metadata"]["managedFields"][0];
    assert_eq!(
        (&entry["manager"], &entry["operation"], &entry["apiVersion"]),
        (&json!("m"), &json!("Apply"), &json!("v1"))
    );
    assert_eq!(
        entry["fieldsV1"],
        json!({"f:data": {"f:k": {}}, "f:metadata": {"f:labels": {"f:app": {}}}})
    );
}

async fn a_second_apply_changes_nothing(api: &Api<'_>) {
    let path = api.path("apps/v1/deployments/d");
    let body = deployment("d", json!({"replicas": 0, "paused": true}));
    let first = api.applied(&path, "m", &body).await;
    let now = api.get(&path).await;
    let second = api.applied(&path, "m", &body).await;
    assert_eq!(first["spec"], second["spec"]);
    assert_eq!(second["metadata"]["generation"], 1);
    assert_eq!(fields_of(&first, "m"), fields_of(&second, "m"));
    let _ = now;
}

async fn a_value_of_another_manager_is_a_conflict(api: &Api<'_>) {
    let path = api.path("v1/configmaps/a");
    api.applied(&path, "one", &map("a", json!({"k": "1"})))
        .await;
    let (code, status) = api
        .apply(&path, ("two", ""), &map("a", json!({"k": "2"})))
        .await;
    let cause = json!({"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.k"});
    assert_eq!(status["details"], json!({"causes": [cause]}));
    let want = "Apply failed with 1 conflict: conflict with \"one\": .data.k";
    assert_eq!(
        refusal((code, status)),
        (409, "Conflict".to_owned(), want.to_owned())
    );
}

async fn several_conflicts_are_listed(api: &Api<'_>) {
    let path = api.path("v1/configmaps/a");
    api.applied(&path, "one", &map("a", json!({"k": "1"})))
        .await;
    api.applied(&path, "two", &map("a", json!({"l": "1", "m": "1"})))
        .await;
    let (code, _, message) = refusal(
        api.apply(
            &path,
            ("three", ""),
            &map("a", json!({"k": "2", "l": "2", "m": "2"})),
        )
        .await,
    );
    assert_eq!(code, 409);
    let want = "Apply failed with 3 conflicts: conflicts with \"one\":\n- .data.k\nconflicts with \"two\":\n- .data.l\n- .data.m";
    assert_eq!(message, want);
}

async fn force_takes_over(api: &Api<'_>) {
    let path = api.path("v1/configmaps/a");
    api.applied(&path, "one", &map("a", json!({"k": "1", "l": "1"})))
        .await;
    let (code, taken) = api
        .apply(&path, ("two", "&force=true"), &map("a", json!({"k": "2"})))
        .await;
    assert_eq!(code, 200);
    assert_eq!(taken["data"], json!({"k": "2", "l": "1"}));
    assert_eq!(fields_of(&taken, "one"), json!({"f:data": {"f:l": {}}}));
    assert_eq!(fields_of(&taken, "two"), json!({"f:data": {"f:k": {}}}));
}

async fn the_same_value_is_shared(api: &Api<'_>) {
    let path = api.path("v1/configmaps/a");
    api.applied(&path, "one", &map("a", json!({"k": "1"})))
        .await;
    let shared = api
        .applied(&path, "two", &map("a", json!({"k": "1"})))
        .await;
    assert_eq!(fields_of(&shared, "one"), fields_of(&shared, "two"));
    let (code, _, message) = refusal(
        api.apply(&path, ("one", ""), &map("a", json!({"k": "2"})))
            .await,
    );
    assert_eq!(code, 409, "{message}");
}

async fn what_is_no_longer_applied_goes(api: &Api<'_>) {
    let path = api.path("v1/configmaps/a");
    let mut body = map("a", json!({"k": "1", "l": "1"}));
    body["metadata"]["annotations"] = json!({"note": "x"});
    api.applied(&path, "m", &body).await;
    let less = api.applied(&path, "m", &map("a", json!({"k": "1"}))).await;
    assert_eq!(less["data"], json!({"k": "1"}));
    assert!(less["metadata"]["annotations"].is_null(), "{less}");
    let none = api
        .applied(
            &path,
            "m",
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}),
        )
        .await;
    assert!(none["data"].is_null(), "{none}");
}

async fn what_another_manager_owns_too_stays(api: &Api<'_>) {
    let path = api.path("v1/configmaps/a");
    api.applied(&path, "one", &map("a", json!({"k": "1", "l": "1"})))
        .await;
    api.applied(&path, "two", &map("a", json!({"k": "1"})))
        .await;
    let left = api
        .applied(&path, "one", &map("a", json!({"l": "1"})))
        .await;
    assert_eq!(left["data"], json!({"k": "1", "l": "1"}));
    assert_eq!(fields_of(&left, "one"), json!({"f:data": {"f:l": {}}}));
    let gone = api
        .applied(&path, "two", &map("a", json!({"m": "1"})))
        .await;
    assert_eq!(gone["data"], json!({"l": "1", "m": "1"}));
}

async fn lists_are_merged_by_their_keys(api: &Api<'_>) {
    let path = api.path("apps/v1/deployments/d");
    let with = |containers: Value| {
        let mut body = deployment("d", json!({"replicas": 0, "paused": true}));
        body["spec"]["template"]["spec"]["containers"] = containers;
        body
    };
    let c = json!({"name": "c", "image": "i:1", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]});
    let made = api.applied(&path, "one", &with(json!([c]))).await;
    let template =
        json!({"template": {"spec": {"containers": [{"name": "side", "image": "s:1"}]}}});
    let other = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": template});
    let both = api.applied(&path, "two", &other).await;
    let names: Vec<&Value> = both["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["name"])
        .collect();
    assert_eq!(names, ["c", "side"]);
    let keys = &fields_of(&made, "one")["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"c\"}"];
    let want = json!({".": {}, "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}}, "f:image": {}, "f:name": {},
        "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}});
    assert_eq!(*keys, want);
    let c = json!({"name": "c", "image": "i:2"});
    let less = api.applied(&path, "one", &with(json!([c]))).await;
    let containers = less["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap();
    assert_eq!(containers.len(), 2);
    assert!(
        containers[0]["env"].is_null() && containers[0]["ports"].is_null(),
        "{}",
        containers[0]
    );
    assert_eq!(containers[0]["image"], "i:2");
}

async fn atomic_lists_are_one_value(api: &Api<'_>) {
    let path = api.path("rbac.authorization.k8s.io/v1/roles/r");
    let role = |verb: &str| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": [verb]}]})
    };
    let made = api.applied(&path, "one", &role("get")).await;
    assert_eq!(fields_of(&made, "one"), json!({"f:rules": {}}));
    let (code, _, message) = refusal(api.apply(&path, ("two", ""), &role("list")).await);
    assert_eq!(
        (code, message.as_str()),
        (
            409,
            "Apply failed with 1 conflict: conflict with \"one\": .rules"
        )
    );
    let (_, taken) = api
        .apply(&path, ("two", "&force=true"), &role("list"))
        .await;
    assert_eq!(managers(&taken), [("two".to_owned(), "Apply".to_owned())]);
}

async fn an_update_takes_ownership(api: &Api<'_>) {
    let path = api.path("v1/configmaps/a");
    api.applied(&path, "one", &map("a", json!({"k": "1", "l": "1"})))
        .await;
    let (code, patched) = api
        .patch(
            &format!("{path}?fieldManager=hand"),
            MERGE,
            &json!({"data": {"k": "2", "n": "1"}}),
        )
        .await;
    assert_eq!(code, 200);
    assert_eq!(fields_of(&patched, "one"), json!({"f:data": {"f:l": {}}}));
    assert_eq!(
        fields_of(&patched, "hand"),
        json!({"f:data": {"f:k": {}, "f:n": {}}})
    );
    let (code, _, message) = refusal(
        api.apply(&path, ("one", ""), &map("a", json!({"k": "1", "l": "1"})))
            .await,
    );
    assert_eq!(code, 409);
    assert_eq!(
        message,
        "Apply failed with 1 conflict: conflict with \"hand\" using v1: .data.k"
    );
}

async fn apply_needs_a_manager(api: &Api<'_>) {
    let path = api.path("v1/configmaps/a");
    let (code, _, message) = refusal(
        api.patch(&path, super::place::APPLY, &map("a", json!({})))
            .await,
    );
    assert_eq!(code, 422);
    assert_eq!(
        message,
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
    );
}

async fn what_nobody_owned_was_before_first_apply(api: &Api<'_>) {
    let path = api.path("v1/configmaps/a");
    api.create(&api.path("v1/configmaps"), map("a", json!({"k": "1"})))
        .await;
    let clear = json!({"metadata": {"managedFields": [{}]}});
    let (code, cleared) = api.patch(&path, MERGE, &clear).await;
    assert_eq!(code, 200);
    assert!(cleared["metadata"]["managedFields"].is_null(), "{cleared}");
    let applied = api.applied(&path, "m", &map("a", json!({"k": "1"}))).await;
    assert_eq!(
        fields_of(&applied, "before-first-apply"),
        json!({"f:data": {".": {}, "f:k": {}}})
    );
}

async fn null_is_not_applied(api: &Api<'_>) {
    let path = api.path("v1/configmaps/a");
    api.applied(&path, "m", &map("a", json!({"k": "1"}))).await;
    let mut body = map("a", json!({"k": "1"}));
    body["metadata"]["labels"] = Value::Null;
    let applied = api.applied(&path, "m", &body).await;
    assert!(applied["metadata"]["labels"].is_null());
    assert_eq!(applied["data"], json!({"k": "1"}));
}

async fn status_has_its_own_managers(api: &Api<'_>) {
    let path = api.path("apps/v1/deployments/d");
    api.applied(
        &path,
        "m",
        &deployment("d", json!({"replicas": 0, "paused": true})),
    )
    .await;
    let condition = json!({"type": "Mine", "status": "True", "reason": "Because"});
    let body = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "status": {"conditions": [condition]}});
    let (code, answer) = api
        .apply(&format!("{path}/status"), ("s", "&force=true"), &body)
        .await;
    assert_eq!(code, 200, "{answer}");
    let list = answer["metadata"]["managedFields"].as_array().unwrap();
    let entry = list.iter().find(|e| e["manager"] == "s").unwrap();
    assert_eq!(entry["subresource"], "status");
    let want = json!({"f:status": {"f:conditions": {"k:{\"type\":\"Mine\"}": {".": {}, "f:reason": {}, "f:status": {}, "f:type": {}}}}});
    assert_eq!(entry["fieldsV1"], want);
    let (_, ignored) = api
        .patch(&path, MERGE, &json!({"status": {"replicas": 99}}))
        .await;
    assert_ne!(ignored["status"]["replicas"], 99);
}
