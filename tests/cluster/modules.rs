//! `k8s` and `k8s_info`.

use serde_json::{Value, json};

use super::place::{Lab, deployment, map};

#[tokio::test]
async fn an_object_is_made_once_changed_and_removed() {
    let lab = Lab::new().await;
    let args = |value: &str| json!({"definition": map("a", value)});
    let planned = lab.check("k8s", args("1")).await.unwrap();
    assert_eq!(planned.changes.len(), 1);
    assert_eq!(
        lab.get("v1", "ConfigMap", "a").await,
        Value::Null,
        "check mode made it"
    );
    let made = lab.run("k8s", args("1")).await.unwrap();
    assert!(made.changed);
    assert_eq!(made.result["method"], "create");
    assert_eq!(made.result["result"]["data"]["k"], "1");
    assert!(!lab.run("k8s", args("1")).await.unwrap().changed);
    let changed = lab.run("k8s", args("2")).await.unwrap();
    assert_eq!(
        (changed.changed, &changed.result["method"]),
        (true, &json!("patch"))
    );
    let change = &changed.diff.changes[0];
    assert_eq!(change.subject, "ConfigMap default/a");
    assert!(
        change.before.contains("k: '1'") || change.before.contains("k: \"1\""),
        "{}",
        change.before
    );
    let gone = json!({"state": "absent", "kind": "ConfigMap", "name": "a", "namespace": "default", "wait": true});
    assert!(lab.run("k8s", gone.clone()).await.unwrap().changed);
    assert!(!lab.run("k8s", gone).await.unwrap().changed);
}

#[tokio::test]
async fn what_is_applied_loses_what_the_manifest_no_longer_has() {
    let lab = Lab::new().await;
    let two = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1', y: '2'}\n";
    let one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n";
    assert!(lab.apply(two).await.unwrap());
    assert!(!lab.apply(two).await.unwrap());
    assert!(lab.apply(one).await.unwrap());
    assert_eq!(
        lab.get("v1", "ConfigMap", "a").await["data"],
        json!({"x": "1"})
    );
}

#[tokio::test]
async fn fields_of_others_are_not_taken() {
    let lab = Lab::new().await;
    let other = json!({"definition": map("a", "theirs"), "apply": true, "server_side_apply": {"field_manager": "somebody"}});
    lab.run("k8s", other).await.unwrap();
    let refused = lab.apply(&map("a", "ours")).await.unwrap_err();
    assert!(
        refused.contains("ConfigMap a: `data.k` is owned by `somebody`"),
        "{refused}"
    );
    let forced = json!({"definition": map("a", "ours"), "apply": true, "server_side_apply": {"field_manager": "nautes-install", "force_conflicts": true}});
    assert!(lab.run("k8s", forced).await.unwrap().changed);
    assert_eq!(lab.get("v1", "ConfigMap", "a").await["data"]["k"], "ours");
}

#[tokio::test]
async fn what_client_side_apply_left_is_taken_over() {
    let lab = Lab::new().await;
    let cluster = lab.cluster().await;
    let resource = cluster.reader().resource("v1", "ConfigMap").await.unwrap();
    let place = nautes_install::cluster::Place::new(&resource, "default", "a")
        .by("kubectl-client-side-apply");
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}, "data": {"k": "old", "stale": "1"}});
    cluster.create(&place, &body).await.unwrap();
    let planned = lab
        .check("k8s", json!({"definition": map("a", "new"), "apply": true}))
        .await
        .unwrap();
    assert!(
        !planned.changes[0].after.contains("stale"),
        "the plan keeps what will go: {:?}",
        planned.changes
    );
    assert!(lab.apply(&map("a", "new")).await.unwrap());
    let live = lab.get("v1", "ConfigMap", "a").await;
    assert_eq!(live["data"], json!({"k": "new"}));
    assert!(!lab.apply(&map("a", "new")).await.unwrap());
}

#[tokio::test]
async fn a_definition_and_its_object_go_in_together() {
    let lab = Lab::new().await;
    let text = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.org}\nspec:\n  group: example.org\n  scope: Namespaced\n  names: {kind: Thing, plural: things, singular: thing, listKind: ThingList}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}\n---\napiVersion: example.org/v1\nkind: Thing\nmetadata: {name: t}\nspec: {a: 1}\n";
    assert!(lab.apply(text).await.unwrap());
    assert!(!lab.apply(text).await.unwrap());
    let info = lab
        .run(
            "k8s_info",
            json!({"api_version": "example.org/v1", "kind": "Thing", "namespace": "default"}),
        )
        .await
        .unwrap();
    assert_eq!(info.result["resources"][0]["spec"]["a"], 1);
    let merged = json!({"definition": "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: t}\nspec: {b: 2}\n"});
    let merged = lab.run("k8s", merged).await.unwrap();
    assert_eq!(merged.result["result"]["spec"], json!({"a": 1, "b": 2}));
}

#[tokio::test]
async fn a_rollout_is_waited_for_and_told() {
    let lab = Lab::new().await;
    let args =
        json!({"definition": deployment("web"), "apply": true, "wait": true, "wait_timeout": 60});
    let ended = lab.run("k8s", args.clone()).await.unwrap();
    assert_eq!(ended.result["result"]["status"]["availableReplicas"], 1);
    assert!(!lab.run("k8s", args).await.unwrap().changed);
    let pods = json!({"kind": "Pod", "namespace": "default", "label_selectors": ["app = web"]});
    let pods = lab.run("k8s_info", pods).await.unwrap();
    assert_eq!(pods.result["resources"].as_array().map(Vec::len), Some(1));
    let waited = json!({"kind": "Deployment", "api_version": "apps/v1", "name": "web", "namespace": "default",
        "wait": true, "wait_condition": {"type": "Available", "status": true}});
    assert!(!lab.run("k8s_info", waited).await.unwrap().changed);
}

#[tokio::test]
async fn a_removed_api_says_what_took_its_place() {
    let lab = Lab::new().await;
    let says = |text: &'static str| {
        let lab = &lab;
        async move { lab.apply(text).await.unwrap_err() }
    };
    let cron = says("apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a}\n").await;
    assert!(
        cron.contains("gone since Kubernetes 1.25") && cron.contains("batch/v1`"),
        "{cron}"
    );
    let typo = says("apiVersion: v1\nkind: ConfigMpa\nmetadata: {name: a}\n").await;
    assert!(typo.contains("did you mean `ConfigMap`"), "{typo}");
    let none =
        says("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n").await;
    assert!(
        none.contains("install what defines `argoproj.io` first"),
        "{none}"
    );
    let info = lab
        .run(
            "k8s_info",
            json!({"api_version": "argoproj.io/v1alpha1", "kind": "Application"}),
        )
        .await
        .unwrap();
    assert_eq!(
        (&info.result["api_found"], &info.result["resources"]),
        (&json!(false), &json!([]))
    );
}

/// Manifests written for a Kubernetes of years ago: each kind is named with what to do, and what stands
/// beside it is not applied either.
#[tokio::test]
async fn old_manifests_are_told_before_anything_is_applied() {
    let lab = Lab::new().await;
    for (api, kind, since, help) in [
        (
            "policy/v1beta1",
            "PodSecurityPolicy",
            "1.25",
            "Pod Security admission",
        ),
        (
            "policy/v1beta1",
            "PodDisruptionBudget",
            "1.25",
            "policy/v1`",
        ),
        (
            "autoscaling/v2beta1",
            "HorizontalPodAutoscaler",
            "1.25",
            "autoscaling/v2`",
        ),
        (
            "autoscaling/v2beta2",
            "HorizontalPodAutoscaler",
            "1.26",
            "autoscaling/v2`",
        ),
    ] {
        let text = format!(
            "{}---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: old, namespace: default}}\n",
            map("beside", "1")
        );
        let said = lab.apply(&text).await.unwrap_err();
        for words in [
            format!("`{kind}` in `{api}` is gone since Kubernetes {since}"),
            help.to_owned(),
        ] {
            assert!(said.contains(&words), "no {words}: {said}");
        }
        let beside = lab.get("v1", "ConfigMap", "beside").await;
        assert_eq!(beside, Value::Null, "applied beside {kind}");
    }
}

#[tokio::test]
async fn patched_makes_nothing_and_several_are_listed() {
    let lab = Lab::new().await;
    let args = json!({"state": "patched", "definition": map("a", "1")});
    let ended = lab.run("k8s", args).await.unwrap();
    assert!(
        !ended.changed
            && ended.result["warnings"][0]
                .as_str()
                .unwrap()
                .contains("not there")
    );
    let both = json!({"definition": [map("a", "1"), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}]});
    let ended = lab.run("k8s", both).await.unwrap();
    assert_eq!(
        ended.result["result"]["results"].as_array().map(Vec::len),
        Some(2)
    );
}

#[tokio::test]
async fn a_secret_is_not_shown() {
    let lab = Lab::new().await;
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: hunter2}\n";
    let planned = lab
        .check("k8s", json!({"definition": text, "apply": true}))
        .await
        .unwrap();
    assert_eq!(planned.changes.len(), 1);
    let shown = format!("{:?}", planned.changes);
    assert!(
        !shown.contains("hunter2") && !shown.contains("aHVudGVyMg"),
        "{shown}"
    );
    assert!(lab.apply(text).await.unwrap());
    assert!(!lab.apply(text).await.unwrap());
}

#[tokio::test]
async fn no_kubeconfig_and_no_api_are_told_apart() {
    let lab = Lab::new().await;
    let none = json!({"kind": "Pod", "kubeconfig": "/nowhere"});
    let told = lab.run("k8s_info", none).await.unwrap_err();
    assert!(
        told.contains("`h` has no kubeconfig: looked for /nowhere"),
        "{told}"
    );
    let stop = nautes_install::connection::Action::Exec(nautes_install::connection::Exec::shell(
        "systemctl stop k3s",
    ));
    let who = nautes_install::connection::Identity::default();
    lab.connection
        .act(&who, stop, nautes_install::connection::Deadline::default())
        .await
        .unwrap();
    let told = lab
        .run("k8s_info", json!({"kind": "Pod"}))
        .await
        .unwrap_err();
    assert!(
        told.contains("the Kubernetes API at 127.0.0.1:6443 cannot be reached from `h`"),
        "{told}"
    );
}
