//! What belongs together: phases, the inventory, pruning, removal.

use std::time::Duration;

use nautes_install::cluster::apply::{Bundle, Definitions, carry_out, destroy, plan};
use serde_json::{Value, json};

use super::place::{Lab, deployment, map, objects};

const LIMIT: Duration = Duration::from_secs(120);

const CRD: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.org}\nspec:\n  group: example.org\n  scope: Cluster\n  names: {kind: Thing, plural: things, singular: thing, listKind: ThingList}\n  versions:\n  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}\n";

fn bundle(text: &str) -> Bundle {
    Bundle {
        component: "c".to_owned(),
        objects: objects(text),
        definitions: Definitions::Keep,
    }
}

async fn up(lab: &Lab, text: &str) -> (bool, Vec<String>, Vec<String>) {
    let cluster = lab.cluster().await;
    let plan = plan(cluster.reader(), &bundle(text)).await.unwrap();
    let done = carry_out(&cluster, &plan, LIMIT).await.unwrap();
    (plan.changes(), done.applied, done.removed)
}

/// A custom object first, its definition, a workload and its namespace after it: the worst order.
fn all() -> String {
    format!(
        "apiVersion: example.org/v1\nkind: Thing\nmetadata: {{name: t}}\n---\n{}---\n{}---\n{CRD}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: ns}}\n",
        deployment("web").replace("{name: web}\nspec", "{name: web, namespace: ns}\nspec"),
        map("a", "1").replace("{name: a}", "{name: a, namespace: ns}"),
    )
}

#[tokio::test]
async fn a_bundle_goes_in_by_phases_and_a_second_time_nothing_changes() {
    let lab = Lab::new().await;
    let reader = lab.reader().await;
    let planned = plan(&reader, &bundle(&all())).await.unwrap();
    assert_eq!(planned.objects.iter().filter(|p| p.changes()).count(), 5);
    assert_eq!(lab.get("v1", "Namespace", "ns").await, Value::Null);
    let (changes, applied, _) = up(&lab, &all()).await;
    assert!(changes);
    let at = |name: &str| applied.iter().position(|a| a == name).unwrap();
    assert!(at("Namespace ns") < at("ConfigMap ns/a"));
    assert!(at("CustomResourceDefinition things.example.org") < at("Thing t"));
    assert!(at("ConfigMap ns/a") < at("Deployment ns/web"));
    let (changes, applied, removed) = up(&lab, &all()).await;
    assert_eq!((changes, applied, removed), (false, vec![], vec![]));
}

#[tokio::test]
async fn what_a_new_version_no_longer_has_goes_and_what_is_foreign_stays() {
    let lab = Lab::new().await;
    let old = format!("{}---\n{}---\n{CRD}", map("a", "1"), map("b", "1"));
    up(&lab, &old).await;
    lab.run("k8s", json!({"definition": map("foreign", "1")}))
        .await
        .unwrap();
    // Somebody removed one of ours and made their own of the same name.
    let planned = plan(&lab.reader().await, &bundle(&map("a", "1")))
        .await
        .unwrap();
    let names: Vec<String> = planned.prune.iter().map(|i| i.key.to_string()).collect();
    assert_eq!(names, ["ConfigMap default/b"]);
    assert_eq!(
        planned.kept.len(),
        1,
        "a definition is kept without a decision"
    );
    let (_, _, removed) = up(&lab, &map("a", "1")).await;
    assert_eq!(removed, ["ConfigMap default/b"]);
    assert_eq!(lab.get("v1", "ConfigMap", "b").await, Value::Null);
    assert!(lab.get("v1", "ConfigMap", "foreign").await.is_object());
    let crd = lab
        .get(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            "things.example.org",
        )
        .await;
    assert!(crd.is_object());
}

#[tokio::test]
async fn an_object_that_others_made_anew_is_not_pruned() {
    let lab = Lab::new().await;
    up(&lab, &format!("{}---\n{}", map("a", "1"), map("b", "1"))).await;
    let absent = json!({"state": "absent", "kind": "ConfigMap", "name": "b", "namespace": "default", "wait": true});
    lab.run("k8s", absent).await.unwrap();
    let theirs = json!({"definition": map("b", "2"), "apply": true, "server_side_apply": {"field_manager": "somebody"}});
    lab.run("k8s", theirs).await.unwrap();
    assert_eq!(up(&lab, &map("a", "1")).await.2, Vec::<String>::new());
    assert!(lab.get("v1", "ConfigMap", "b").await.is_object());
}

#[tokio::test]
async fn removal_leaves_nothing() {
    let lab = Lab::new().await;
    up(&lab, &all()).await;
    let cluster = lab.cluster().await;
    let removed = destroy(&cluster, "c", (Definitions::Remove, LIMIT))
        .await
        .unwrap();
    assert_eq!(
        removed.last().map(String::as_str),
        Some("Namespace ns"),
        "{removed:?}"
    );
    assert_eq!(lab.get("v1", "Namespace", "ns").await, Value::Null);
    assert_eq!(
        lab.get("v1", "ConfigMap", "kube-system/nautes-install.c")
            .await,
        Value::Null
    );
    assert!(
        destroy(&cluster, "c", (Definitions::Remove, LIMIT))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_selector_that_cannot_be_changed_makes_the_workload_anew() {
    let lab = Lab::new().await;
    up(&lab, &deployment("web")).await;
    let uid = lab.get("apps/v1", "Deployment", "web").await["metadata"]["uid"].clone();
    let wider = deployment("web").replace("{app: web}", "{app: web, part: of}");
    let planned = plan(&lab.reader().await, &bundle(&wider)).await.unwrap();
    assert!(planned.changes());
    let (_, applied, _) = up(&lab, &wider).await;
    assert_eq!(applied, ["Deployment default/web"]);
    let live = lab.get("apps/v1", "Deployment", "web").await;
    assert_ne!(live["metadata"]["uid"], uid);
    assert_eq!(live["spec"]["selector"]["matchLabels"]["part"], "of");
    assert!(!up(&lab, &wider).await.0);
}

#[tokio::test]
async fn every_object_that_is_refused_is_named() {
    let lab = Lab::new().await;
    let text = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Nothing\nmetadata: {name: b}\n";
    let errors = plan(&lab.reader().await, &bundle(text)).await.unwrap_err();
    assert_eq!(errors.len(), 2, "{errors:?}");
}
