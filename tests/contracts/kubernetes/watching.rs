//! Watches.

use serde_json::{Value, json};

use super::place::{MERGE, map, refusal};
use super::{Api, Events};
use crate::api_behaviours;

api_behaviours!(
    a_watch_begins_with_what_is_there,
    a_watch_goes_on_from_a_version,
    a_selector_sees_objects_come_and_go,
    a_watch_ends_at_its_limit,
    a_streamed_list_ends_with_a_bookmark,
    a_version_that_is_gone_is_410,
    a_version_that_is_no_number_is_refused,
);

async fn next(events: &mut Box<dyn Events>) -> (String, Value) {
    loop {
        let event = events.next().await.expect("the watch ended");
        // A real namespace gets this one at its own time.
        if event["object"]["metadata"]["name"] != "kube-root-ca.crt" {
            return (
                event["type"].as_str().unwrap().to_owned(),
                event["object"].clone(),
            );
        }
    }
}

fn name(event: &(String, Value)) -> String {
    format!(
        "{} {}",
        event.0,
        event.1["metadata"]["name"].as_str().unwrap_or_default()
    )
}

async fn a_watch_begins_with_what_is_there(api: &Api<'_>) {
    let path = api.path("v1/configmaps");
    api.create(&path, map("a", json!({}))).await;
    let mut events = api.door.watch(&format!("{path}?watch=1")).await;
    let first = next(&mut events).await;
    assert_eq!(name(&first), "ADDED a");
    assert_eq!(
        (&first.1["kind"], &first.1["apiVersion"]),
        (&json!("ConfigMap"), &json!("v1"))
    );
    api.create(&path, map("b", json!({}))).await;
    assert_eq!(name(&next(&mut events).await), "ADDED b");
}

async fn a_watch_goes_on_from_a_version(api: &Api<'_>) {
    let path = api.path("v1/configmaps");
    let made = api.create(&path, map("a", json!({"k": "1"}))).await;
    let version = made["metadata"]["resourceVersion"].as_str().unwrap();
    let mut events = api
        .door
        .watch(&format!("{path}?watch=true&resourceVersion={version}"))
        .await;
    api.patch(&format!("{path}/a"), MERGE, &json!({"data": {"k": "2"}}))
        .await;
    api.delete(&format!("{path}/a")).await;
    let changed = next(&mut events).await;
    assert_eq!(
        (name(&changed).as_str(), &changed.1["data"]["k"]),
        ("MODIFIED a", &json!("2"))
    );
    let gone = next(&mut events).await;
    assert_eq!(name(&gone), "DELETED a");
    let number = |object: &Value| {
        object["metadata"]["resourceVersion"]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    assert!(number(&gone.1) > number(&changed.1));
}

async fn a_selector_sees_objects_come_and_go(api: &Api<'_>) {
    let path = api.path("v1/configmaps");
    let list = api.get(&path).await;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    let mut events = api
        .door
        .watch(&format!(
            "{path}?watch=true&labelSelector=on%3Dyes&resourceVersion={version}"
        ))
        .await;
    api.create(&path, map("a", json!({}))).await;
    for value in ["yes", "no"] {
        api.patch(
            &format!("{path}/a"),
            MERGE,
            &json!({"metadata": {"labels": {"on": value}}}),
        )
        .await;
    }
    assert_eq!(name(&next(&mut events).await), "ADDED a");
    assert_eq!(name(&next(&mut events).await), "DELETED a");
}

async fn a_watch_ends_at_its_limit(api: &Api<'_>) {
    let path = api.path("v1/secrets");
    let mut events = api
        .door
        .watch(&format!("{path}?watch=true&timeoutSeconds=1"))
        .await;
    while let Some(event) = events.next().await {
        assert_ne!(event["type"], "ERROR", "{event}");
    }
}

async fn a_streamed_list_ends_with_a_bookmark(api: &Api<'_>) {
    let path = api.path("v1/secrets");
    api.create(&path, json!({"metadata": {"name": "a"}})).await;
    let query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=10";
    let mut events = api.door.watch(&format!("{path}?{query}")).await;
    assert_eq!(name(&next(&mut events).await), "ADDED a");
    let mark = next(&mut events).await;
    assert_eq!(mark.0, "BOOKMARK");
    assert_eq!(
        mark.1["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
}

async fn a_version_that_is_gone_is_410(api: &Api<'_>) {
    let path = api.path("v1/configmaps");
    if !api.door.compact().await {
        println!(
            "a_version_that_is_gone_is_410: not shown, the server is too young to have forgotten anything"
        );
        return;
    }
    let mut events = api
        .door
        .watch(&format!("{path}?watch=true&resourceVersion=1"))
        .await;
    let event = next(&mut events).await;
    assert_eq!((event.0.as_str(), &event.1["code"]), ("ERROR", &json!(410)));
    assert!(
        ["Expired", "Gone"]
            .iter()
            .any(|reason| event.1["reason"] == *reason),
        "{}",
        event.1
    );
    assert!(
        event.1["message"]
            .as_str()
            .unwrap()
            .starts_with("too old resource version: 1 ("),
        "{}",
        event.1
    );
}

async fn a_version_that_is_no_number_is_refused(api: &Api<'_>) {
    let path = api.path("v1/configmaps");
    let (code, ..) = refusal(
        api.ask(
            "GET",
            &format!("{path}?watch=true&resourceVersion=new"),
            Value::Null,
        )
        .await,
    );
    assert_eq!(code, 500);
}
