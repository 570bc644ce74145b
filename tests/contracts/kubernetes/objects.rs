//! Discovery, create, read, list, update: status codes, reasons and messages.

use serde_json::{Value, json};

use super::Api;
use super::place::{deployment, map, refusal};
use crate::api_behaviours;

api_behaviours!(
    the_server_says_what_it_has,
    discovery_falls_back_from_what_is_not_there,
    a_created_object_gets_its_identity,
    creating_twice_is_already_exists,
    what_is_not_there_is_not_found,
    a_missing_namespace_is_named,
    names_are_checked,
    generated_names_are_unique,
    an_old_resource_version_is_a_conflict,
    an_update_that_changes_nothing_changes_no_version,
    another_namespace_or_kind_in_the_body_is_refused,
    dry_runs_change_nothing,
    label_selectors_select,
    field_selectors_select_by_name,
    lists_come_in_pages,
    generation_counts_specs_not_metadata,
    a_deployment_gets_defaults,
    what_is_missing_is_invalid,
    a_selector_is_immutable,
    a_selector_must_fit_its_template,
    unknown_fields_are_dropped_or_refused_when_strict,
    wrong_types_are_a_bad_request,
    string_data_becomes_data,
    services_get_addresses,
    tables_have_columns,
    accounts_get_tokens,
    scale_sets_replicas,
    namespaces_have_an_account_and_a_ca,
);

async fn the_server_says_what_it_has(api: &Api<'_>) {
    let version = api.get("/version").await;
    assert_eq!(version["major"], "1");
    assert_eq!(
        api.ask("GET", "/readyz", Value::Null).await,
        (200, json!("ok"))
    );
    assert_eq!(api.get("/api").await["versions"], json!(["v1"]));
    let groups = api.get("/apis").await;
    let names: Vec<&Value> = groups["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| &g["name"])
        .collect();
    for group in [
        "apps",
        "batch",
        "rbac.authorization.k8s.io",
        "apiextensions.k8s.io",
    ] {
        assert!(names.contains(&&json!(group)), "{group}");
    }
    let apps = api.get("/apis/apps/v1").await;
    let all = apps["resources"].as_array().unwrap();
    let deployments = all.iter().find(|r| r["name"] == "deployments").unwrap();
    assert_eq!(deployments["kind"], "Deployment");
    assert_eq!(deployments["shortNames"], json!(["deploy"]));
    assert!(
        all.iter()
            .any(|r| r["name"] == "deployments/scale" && r["kind"] == "Scale")
    );
    assert_eq!(
        api.get("/apis/apps").await["preferredVersion"]["version"],
        "v1"
    );
    let missing = api
        .ask("GET", "/apis/nobody.example/v1/things", Value::Null)
        .await;
    assert_eq!(missing, (404, json!("404 page not found\n")));
}

async fn discovery_falls_back_from_what_is_not_there(api: &Api<'_>) {
    let accept = "application/json;g=nobody.example;v=v9;as=Nothing,application/json";
    let (code, content, body) = api.door.accepting("/api", accept).await;
    assert_eq!((code, &body["kind"]), (200, &json!("APIVersions")));
    assert!(content.starts_with("application/json"), "{content}");
    let (code, _, body) = api
        .door
        .accepting(&api.path("v1/configmaps"), "image/png")
        .await;
    assert_eq!((code, &body["reason"]), (406, &json!("NotAcceptable")));
}

async fn a_created_object_gets_its_identity(api: &Api<'_>) {
    let made = api
        .create(&api.path("v1/configmaps"), map("a", json!({"k": "v"})))
        .await;
    let metadata = &made["metadata"];
    assert_eq!(metadata["namespace"], api.namespace.as_str());
    assert_eq!(metadata["uid"].as_str().unwrap().len(), 36);
    assert!(
        metadata["resourceVersion"]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 0
    );
    assert!(
        metadata["creationTimestamp"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    assert!(metadata["generation"].is_null());
    assert_eq!(metadata["managedFields"][0]["manager"], "contract");
    assert_eq!(metadata["managedFields"][0]["operation"], "Update");
    assert_eq!(
        metadata["managedFields"][0]["fieldsV1"],
        json!({"f:data": {".": {}, "f:k": {}}})
    );
    assert_eq!(api.get(&api.path("v1/configmaps/a")).await, made);
}

async fn creating_twice_is_already_exists(api: &Api<'_>) {
    let path = api.path("v1/configmaps");
    api.create(&path, map("a", json!({}))).await;
    let (code, status) = api.ask("POST", &path, map("a", json!({}))).await;
    assert_eq!(
        status["details"],
        json!({"name": "a", "kind": "configmaps"})
    );
    let want = (
        409,
        "AlreadyExists".to_owned(),
        "configmaps \"a\" already exists".to_owned(),
    );
    assert_eq!(refusal((code, status)), want);
}

async fn what_is_not_there_is_not_found(api: &Api<'_>) {
    let (code, status) = api
        .ask("GET", &api.path("apps/v1/deployments/none"), Value::Null)
        .await;
    assert_eq!(
        status["details"],
        json!({"name": "none", "group": "apps", "kind": "deployments"})
    );
    let want = (
        404,
        "NotFound".to_owned(),
        "deployments.apps \"none\" not found".to_owned(),
    );
    assert_eq!(refusal((code, status)), want);
    let (code, _) = api.delete(&api.path("v1/secrets/none")).await;
    assert_eq!(code, 404);
    let (code, _, message) = refusal(api.ask("GET", "/api/v1/nothings", Value::Null).await);
    assert_eq!(
        (code, message.as_str()),
        (404, "the server could not find the requested resource")
    );
}

async fn a_missing_namespace_is_named(api: &Api<'_>) {
    let path = "/api/v1/namespaces/nowhere-at-all/configmaps";
    let want = (
        404,
        "NotFound".to_owned(),
        "namespaces \"nowhere-at-all\" not found".to_owned(),
    );
    assert_eq!(
        refusal(api.ask("POST", path, map("a", json!({}))).await),
        want
    );
    let list = api.get(path).await;
    assert_eq!(list["items"], json!([]));
}

async fn names_are_checked(api: &Api<'_>) {
    let (code, reason, message) = refusal(
        api.ask(
            "POST",
            &api.path("v1/configmaps"),
            map("Big_Name", json!({})),
        )
        .await,
    );
    assert_eq!((code, reason.as_str()), (422, "Invalid"));
    assert!(message.starts_with("ConfigMap \"Big_Name\" is invalid: metadata.name: Invalid value: \"Big_Name\": a lowercase RFC 1123 subdomain"), "{message}");
    let (code, _, message) = refusal(
        api.ask(
            "POST",
            &api.path("v1/configmaps"),
            map("a", json!({"a/b": "1"})),
        )
        .await,
    );
    assert_eq!(code, 422);
    assert!(message.starts_with("ConfigMap \"a\" is invalid: data[a/b]: Invalid value: \"a/b\": a valid config key must consist of"), "{message}");
    let nameless = json!({"metadata": {}});
    let (code, _, message) = refusal(api.ask("POST", &api.path("v1/configmaps"), nameless).await);
    assert_eq!(code, 422);
    assert!(
        message.contains("metadata.name: Required value: name or generateName is required"),
        "{message}"
    );
}

async fn generated_names_are_unique(api: &Api<'_>) {
    let path = api.path("v1/configmaps");
    let body = json!({"metadata": {"generateName": "x-"}});
    let a = api.create(&path, body.clone()).await;
    let b = api.create(&path, body).await;
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(
        name(&a).starts_with("x-") && name(&a).len() == 7,
        "{}",
        name(&a)
    );
    assert_ne!(name(&a), name(&b));
}

async fn an_old_resource_version_is_a_conflict(api: &Api<'_>) {
    let old = api
        .create(&api.path("v1/configmaps"), map("a", json!({"k": "1"})))
        .await;
    let path = api.path("v1/configmaps/a");
    let mut new = old.clone();
    new["data"]["k"] = "2".into();
    let (code, put) = api.ask("PUT", &path, new).await;
    assert_eq!(code, 200, "{put}");
    assert_ne!(
        put["metadata"]["resourceVersion"],
        old["metadata"]["resourceVersion"]
    );
    let mut late = old.clone();
    late["data"]["k"] = "3".into();
    let want = "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again";
    assert_eq!(
        refusal(api.ask("PUT", &path, late).await),
        (409, "Conflict".to_owned(), want.to_owned())
    );
    let unconditional = map("a", json!({"k": "4"}));
    assert_eq!(api.ask("PUT", &path, unconditional).await.0, 200);
}

async fn an_update_that_changes_nothing_changes_no_version(api: &Api<'_>) {
    let old = api
        .create(&api.path("v1/configmaps"), map("a", json!({"k": "1"})))
        .await;
    let (code, same) = api
        .ask("PUT", &api.path("v1/configmaps/a"), old.clone())
        .await;
    assert_eq!(code, 200);
    assert_eq!(
        same["metadata"]["resourceVersion"],
        old["metadata"]["resourceVersion"]
    );
}

async fn another_namespace_or_kind_in_the_body_is_refused(api: &Api<'_>) {
    let mut body = map("a", json!({}));
    body["metadata"]["namespace"] = "default".into();
    let (code, reason, message) = refusal(api.ask("POST", &api.path("v1/configmaps"), body).await);
    assert_eq!((code, reason.as_str()), (400, "BadRequest"));
    assert_eq!(
        message,
        "the namespace of the provided object does not match the namespace sent on the request"
    );
    let mut body = map("a", json!({}));
    body["kind"] = "Secret".into();
    let (code, ..) = refusal(api.ask("POST", &api.path("v1/configmaps"), body).await);
    assert_eq!(code, 400);
    api.create(&api.path("v1/configmaps"), map("a", json!({})))
        .await;
    let (code, _, message) = refusal(
        api.ask("PUT", &api.path("v1/configmaps/a"), map("b", json!({})))
            .await,
    );
    assert_eq!(
        (code, message.as_str()),
        (
            400,
            "the name of the object (b) does not match the name on the URL (a)"
        )
    );
}

async fn dry_runs_change_nothing(api: &Api<'_>) {
    let path = api.path("v1/configmaps");
    let made = api
        .create(&format!("{path}?dryRun=All"), map("a", json!({"k": "1"})))
        .await;
    assert!(made["metadata"]["uid"].is_string());
    assert_eq!(
        api.ask("GET", &format!("{path}/a"), Value::Null).await.0,
        404
    );
    let (code, _) = api
        .apply(
            &format!("{path}/a"),
            ("m", "&dryRun=All"),
            &map("a", json!({"k": "1"})),
        )
        .await;
    assert_eq!(code, 201);
    assert_eq!(
        api.ask("GET", &format!("{path}/a"), Value::Null).await.0,
        404
    );
    api.create(&path, map("a", json!({"k": "1"}))).await;
    let (code, body) = api
        .ask("DELETE", &format!("{path}/a?dryRun=All"), Value::Null)
        .await;
    assert_eq!(code, 200, "{body}");
    assert_eq!(api.get(&format!("{path}/a")).await["data"]["k"], "1");
}

async fn label_selectors_select(api: &Api<'_>) {
    let path = api.path("v1/configmaps");
    for (name, labels) in [
        ("a", json!({"app": "x", "tier": "1"})),
        ("b", json!({"app": "x"})),
        ("c", json!({"app": "y"})),
    ] {
        let mut body = map(name, json!({}));
        body["metadata"]["labels"] = labels;
        api.create(&path, body).await;
    }
    for (selector, want) in [
        ("app%3Dx", "a,b"),
        ("app%21%3Dx%2Capp", "c"),
        ("app+in+%28x%2Cy%29%2Ctier", "a"),
        ("app%2C%21tier", "b,c"),
        ("app+notin+%28x%29%2Capp", "c"),
    ] {
        let list = api.get(&format!("{path}?labelSelector={selector}")).await;
        let items = list["items"].as_array().unwrap().iter();
        let names: Vec<&str> = items
            .map(|o| o["metadata"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.join(","), want, "{selector}");
    }
    let (code, ..) = refusal(
        api.ask("GET", &format!("{path}?labelSelector=a%20b"), Value::Null)
            .await,
    );
    assert_eq!(code, 400);
}

async fn field_selectors_select_by_name(api: &Api<'_>) {
    let path = api.path("v1/configmaps");
    for name in ["a", "b"] {
        api.create(&path, map(name, json!({}))).await;
    }
    let list = api
        .get(&format!("{path}?fieldSelector=metadata.name%3Db"))
        .await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["metadata"]["name"], "b");
    assert_eq!(list["kind"], "ConfigMapList");
    assert!(list["items"][0]["kind"].is_null());
    let all = format!(
        "/api/v1/configmaps?fieldSelector=metadata.namespace%3D{}%2Cmetadata.name%3Da",
        api.namespace
    );
    assert_eq!(api.get(&all).await["items"].as_array().unwrap().len(), 1);
}

async fn lists_come_in_pages(api: &Api<'_>) {
    let path = api.path("v1/secrets");
    for name in ["a", "b", "c", "d", "e"] {
        api.create(&path, json!({"metadata": {"name": name}})).await;
    }
    let first = api.get(&format!("{path}?limit=2")).await;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    assert_eq!(first["metadata"]["remainingItemCount"], 3);
    let token = first["metadata"]["continue"].as_str().unwrap().to_owned();
    let rest = api.get(&format!("{path}?limit=9&continue={token}")).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 3);
    assert!(rest["metadata"]["continue"].is_null());
    assert_eq!(
        rest["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
}

async fn generation_counts_specs_not_metadata(api: &Api<'_>) {
    let made = api
        .create(
            &api.path("apps/v1/deployments"),
            deployment("d", json!({"replicas": 0})),
        )
        .await;
    assert_eq!(made["metadata"]["generation"], 1);
    let path = api.path("apps/v1/deployments/d");
    let (_, labelled) = api
        .patch(
            &path,
            super::place::MERGE,
            &json!({"metadata": {"labels": {"a": "b"}}}),
        )
        .await;
    assert_eq!(labelled["metadata"]["generation"], 1);
    let (_, scaled) = api
        .patch(
            &path,
            super::place::MERGE,
            &json!({"spec": {"paused": true}}),
        )
        .await;
    assert_eq!(scaled["metadata"]["generation"], 2);
}

async fn a_deployment_gets_defaults(api: &Api<'_>) {
    let made = api
        .create(
            &api.path("apps/v1/deployments"),
            deployment("d", json!({"paused": true, "replicas": 0})),
        )
        .await;
    let spec = &made["spec"];
    assert_eq!(
        spec["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}})
    );
    assert_eq!(
        (
            &spec["revisionHistoryLimit"],
            &spec["progressDeadlineSeconds"]
        ),
        (&json!(10), &json!(600))
    );
    let pod = &spec["template"]["spec"];
    let container = &pod["containers"][0];
    let want = json!({"name": "c", "image": "lab.nautes.example/standin:1", "resources": {}, "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"});
    assert_eq!(*container, want);
    assert_eq!(
        (
            &pod["restartPolicy"],
            &pod["dnsPolicy"],
            &pod["schedulerName"]
        ),
        (
            &json!("Always"),
            &json!("ClusterFirst"),
            &json!("default-scheduler")
        )
    );
    assert_eq!(
        (
            &pod["terminationGracePeriodSeconds"],
            &pod["securityContext"]
        ),
        (&json!(30), &json!({}))
    );
}

async fn what_is_missing_is_invalid(api: &Api<'_>) {
    let body = json!({"metadata": {"name": "d"}, "spec": {"template": {"metadata": {}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    let (code, status) = api
        .ask("POST", &api.path("apps/v1/deployments"), body)
        .await;
    assert_eq!(code, 422);
    let causes = status["details"]["causes"].as_array().unwrap();
    assert!(
        causes
            .iter()
            .any(|c| c["field"] == "spec.selector" && c["reason"] == "FieldValueRequired"),
        "{status}"
    );
    assert_eq!(status["details"]["kind"], "Deployment");
}

async fn a_selector_is_immutable(api: &Api<'_>) {
    api.create(
        &api.path("apps/v1/deployments"),
        deployment("d", json!({"replicas": 0})),
    )
    .await;
    let patch = json!({"spec": {"selector": {"matchLabels": {"more": "x"}}, "template": {"metadata": {"labels": {"more": "x"}}}}});
    let (code, reason, message) = refusal(
        api.patch(
            &api.path("apps/v1/deployments/d"),
            super::place::MERGE,
            &patch,
        )
        .await,
    );
    assert_eq!((code, reason.as_str()), (422, "Invalid"));
    let want = "Deployment.apps \"d\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"d\",\"more\":\"x\"}}: field is immutable";
    assert_eq!(message, want);
}

async fn a_selector_must_fit_its_template(api: &Api<'_>) {
    let mut body = deployment("d", json!({}));
    body["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    let (code, _, message) = refusal(
        api.ask("POST", &api.path("apps/v1/deployments"), body)
            .await,
    );
    assert_eq!(code, 422);
    assert!(message.contains("spec.template.metadata.labels: Invalid value: {\"app\":\"other\"}: `selector` does not match template `labels`"), "{message}");
}

async fn unknown_fields_are_dropped_or_refused_when_strict(api: &Api<'_>) {
    let path = api.path("apps/v1/deployments");
    let body = deployment("d", json!({"replicas": 0, "replicaz": 2}));
    let message = api.refused_when_strict(&path, &body).await;
    assert!(
        message.ends_with("strict decoding error: unknown field \"spec.replicaz\""),
        "{message}"
    );
    let made = api.create(&path, body.clone()).await;
    assert!(made["spec"]["replicaz"].is_null());
    let (code, answer) = api.apply(&format!("{path}/e"), ("m", ""), &body).await;
    assert_ne!(code, 201, "{answer}");
}

async fn wrong_types_are_a_bad_request(api: &Api<'_>) {
    let body = deployment("d", json!({"replicas": "two"}));
    let (code, reason, message) = refusal(
        api.ask("POST", &api.path("apps/v1/deployments"), body)
            .await,
    );
    assert_eq!((code, reason.as_str()), (400, "BadRequest"));
    assert!(message.starts_with("Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field "), "{message}");
    let (code, ..) = refusal(
        api.door
            .ask(
                "POST",
                &api.path("v1/configmaps"),
                ("application/json", b"{".to_vec()),
            )
            .await,
    );
    assert_eq!(code, 400);
}

async fn string_data_becomes_data(api: &Api<'_>) {
    let body = json!({"metadata": {"name": "s"}, "stringData": {"k": "value"}});
    let made = api.create(&api.path("v1/secrets"), body).await;
    assert_eq!(made["data"]["k"], "dmFsdWU=");
    assert_eq!(made["type"], "Opaque");
    assert!(made["stringData"].is_null());
}

async fn services_get_addresses(api: &Api<'_>) {
    let body = |name: &str, kind: &str| json!({"metadata": {"name": name}, "spec": {"type": kind, "selector": {"app": "x"}, "ports": [{"port": 80}]}});
    let path = api.path("v1/services");
    let plain = api.create(&path, body("a", "ClusterIP")).await;
    assert!(
        plain["spec"]["clusterIP"]
            .as_str()
            .unwrap()
            .starts_with("10."),
        "{plain}"
    );
    assert_eq!(
        plain["spec"]["clusterIPs"],
        json!([plain["spec"]["clusterIP"]])
    );
    assert_eq!(
        plain["spec"]["ports"],
        json!([{"port": 80, "protocol": "TCP", "targetPort": 80}])
    );
    let node = api.create(&path, body("b", "NodePort")).await;
    let port = node["spec"]["ports"][0]["nodePort"].as_u64().unwrap();
    assert!((30_000..32_768).contains(&port), "{port}");
    assert_ne!(plain["spec"]["clusterIP"], node["spec"]["clusterIP"]);
    let (code, put) = api
        .ask("PUT", &format!("{path}/a"), body("a", "ClusterIP"))
        .await;
    assert_eq!(
        (code, &put["spec"]["clusterIP"]),
        (200, &plain["spec"]["clusterIP"])
    );
}

async fn tables_have_columns(api: &Api<'_>) {
    api.create(
        &api.path("v1/configmaps"),
        map("a", json!({"k": "1", "l": "2"})),
    )
    .await;
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let path = format!(
        "{}?fieldSelector=metadata.name%3Da",
        api.path("v1/configmaps")
    );
    let (code, _, table) = api.door.accepting(&path, accept).await;
    assert_eq!((code, &table["kind"]), (200, &json!("Table")));
    let names: Vec<&str> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Name", "Data", "Age"]);
    let cells = table["rows"][0]["cells"].as_array().unwrap();
    assert_eq!(cells[0], "a");
    assert_eq!(cells[1].to_string().trim_matches('"'), "2");
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
}

async fn accounts_get_tokens(api: &Api<'_>) {
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}});
    let made = api
        .create(&api.path("v1/serviceaccounts/default/token"), body)
        .await;
    assert_eq!(made["kind"], "TokenRequest");
    assert_eq!(
        made["status"]["token"].as_str().unwrap().split('.').count(),
        3
    );
    assert!(made["status"]["expirationTimestamp"].is_string());
}

async fn scale_sets_replicas(api: &Api<'_>) {
    api.create(
        &api.path("apps/v1/deployments"),
        deployment("d", json!({"paused": true, "replicas": 0})),
    )
    .await;
    let path = api.path("apps/v1/deployments/d/scale");
    let scale = api.get(&path).await;
    assert_eq!(
        (&scale["kind"], &scale["apiVersion"]),
        (&json!("Scale"), &json!("autoscaling/v1"))
    );
    assert_eq!(scale["status"]["selector"], "app=d");
    let (code, _) = api
        .patch(
            &path,
            super::place::MERGE,
            &json!({"spec": {"replicas": 2}}),
        )
        .await;
    assert_eq!(code, 200);
    assert_eq!(
        api.get(&api.path("apps/v1/deployments/d")).await["spec"]["replicas"],
        2
    );
}

async fn namespaces_have_an_account_and_a_ca(api: &Api<'_>) {
    api.until(&api.path("v1/serviceaccounts/default"), "there", |_| true)
        .await;
    let found = api
        .until(&api.path("v1/configmaps/kube-root-ca.crt"), "there", |_| {
            true
        })
        .await;
    assert!(found["data"]["ca.crt"].is_string());
    let namespace = api
        .get(&format!("/api/v1/namespaces/{}", api.namespace))
        .await;
    assert_eq!(namespace["status"]["phase"], "Active");
    assert_eq!(
        namespace["metadata"]["labels"]["kubernetes.io/metadata.name"],
        api.namespace.as_str()
    );
}
