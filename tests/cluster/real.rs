//! Bundles on the real API server of a lab: phases, pruning, webhooks of our own without endpoints,
//! and how long it takes beside kubectl.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use nautes_install::cluster::apply::{Bundle, Definitions, Plan, carry_out, destroy, plan};
use nautes_install::cluster::{Cluster, ClusterError, Object};

use super::place::{Lab, map, objects};

const LIMIT: Duration = Duration::from_secs(120);

fn bundle(component: &str, objects: Vec<Object>) -> Bundle {
    Bundle {
        component: component.to_owned(),
        objects,
        definitions: Definitions::Remove,
    }
}

async fn planned(cluster: &Cluster, bundle: &Bundle) -> Plan {
    match plan(cluster.reader(), bundle).await {
        Ok(plan) => plan,
        Err(errors) => {
            let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", told.join("\n"))
        }
    }
}

fn changes(plan: &Plan) -> Vec<String> {
    let changed = plan.objects.iter().filter(|p| p.changes());
    changed
        .map(|p| format!("{} {:?}", p.name(), p.verdict))
        .collect()
}

/// A manifest of the mirror, where it is beside the checkout.
fn mirrored(file: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let places = ["../shared/mirror", "../../shared/mirror"];
    let found = places
        .iter()
        .find_map(|at| std::fs::read_to_string(root.join(at).join(file)).ok());
    if found.is_none() {
        eprintln!("not compared: {file} is not beside the checkout");
    }
    found
}

fn in_namespace(text: &str, namespace: &str) -> Vec<Object> {
    let cluster_wide = [
        "CustomResourceDefinition",
        "ClusterRole",
        "ClusterRoleBinding",
        "Namespace",
    ];
    let mut all = objects(&format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n"
    ));
    for mut object in objects(text) {
        if !cluster_wide.contains(&object.kind.as_str()) {
            object.body["metadata"]["namespace"] = namespace.into();
            namespace.clone_into(&mut object.namespace);
        }
        all.push(object);
    }
    all
}

async fn gone(cluster: &Cluster, component: &str) {
    destroy(cluster, component, (Definitions::Remove, LIMIT))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a lab (NAUTES_LAB_INVENTORY) whose first host runs k3s"]
async fn real_bundles() {
    let lab = Lab::real().await;
    let cluster = lab.cluster().await;
    gone(&cluster, "argocd").await;
    gone(&cluster, "small").await;
    gone(&cluster, "hooked").await;
    if std::env::var_os("NAUTES_LAB_ROUNDS").is_none() {
        shrinks(&cluster).await;
        hooks(&cluster).await;
        upgrades(&cluster).await;
    }
    pace(&lab, &cluster).await;
}

/// What a new version no longer has goes.
async fn shrinks(cluster: &Cluster) {
    let two = bundle(
        "small",
        objects(&format!(
            "{}---\n{}",
            map("nautes-a", "1"),
            map("nautes-b", "1")
        )),
    );
    carry_out(cluster, &planned(cluster, &two).await, LIMIT)
        .await
        .unwrap();
    let again = planned(cluster, &two).await;
    assert_eq!(changes(&again), Vec::<String>::new());
    let one = bundle("small", objects(&map("nautes-a", "1")));
    let done = carry_out(cluster, &planned(cluster, &one).await, LIMIT)
        .await
        .unwrap();
    assert_eq!(done.removed, ["ConfigMap default/nautes-b"]);
    gone(cluster, "small").await;
}

/// A bundle with a webhook whose service nobody answers: it is named on the way in, and stands in
/// nobody's way when the bundle is applied again or removed.
async fn hooks(cluster: &Cluster) {
    let text = |value: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: hooked}}\n---\n{}---\napiVersion: v1\nkind: Service\nmetadata: {{name: nobody, namespace: hooked}}\nspec: {{selector: {{app: nobody}}, ports: [{{port: 443}}]}}\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {{name: hooked}}\nwebhooks:\n- name: hooked.example.org\n  admissionReviewVersions: [v1]\n  sideEffects: None\n  failurePolicy: Fail\n  timeoutSeconds: 2\n  namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: hooked}}}}\n  rules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE, DELETE], resources: [configmaps]}}]\n  clientConfig: {{service: {{name: nobody, namespace: hooked, path: /}}}}\n",
            map("m", value).replace("{name: m}", "{name: m, namespace: hooked}"),
        )
    };
    let first = bundle("hooked", objects(&text("1")));
    let late = carry_out(
        cluster,
        &planned(cluster, &first).await,
        Duration::from_secs(5),
    )
    .await;
    let Err(ClusterError::Late { what, cause }) = late else {
        panic!("went in without endpoints: {late:?}");
    };
    assert!(what.contains("service hooked/nobody"), "{what}");
    assert!(
        cause.is_some_and(|c| c.text.contains("no pod has the labels")),
        "{what}"
    );
    // As an earlier version left it: the webhook is there, and refuses.
    let hook = first
        .objects
        .iter()
        .find(|o| o.kind.contains("Webhook"))
        .unwrap();
    let resource = cluster
        .reader()
        .resource(&hook.api_version, &hook.kind)
        .await
        .unwrap();
    let place = nautes_install::cluster::Place::new(&resource, "", &hook.name);
    cluster
        .patch(&place, nautes_install::cluster::Patch::Apply, &hook.body)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let again = planned(cluster, &first).await;
    assert_eq!(changes(&again), Vec::<String>::new());
    let second = bundle("hooked", objects(&text("2")));
    let late = carry_out(
        cluster,
        &planned(cluster, &second).await,
        Duration::from_secs(8),
    )
    .await;
    assert!(matches!(late, Err(ClusterError::Late { .. })), "{late:?}");
    let reader = cluster.reader();
    let maps = reader.resource("v1", "ConfigMap").await.unwrap();
    let m = nautes_install::cluster::Place::new(&maps, "hooked", "m");
    assert_eq!(reader.get(&m).await.unwrap().unwrap()["data"]["k"], "2");
    // The run that came too late had taken the rules away meanwhile: they are ours to take back.
    cluster
        .patch(&place, nautes_install::cluster::Patch::Force, &hook.body)
        .await
        .unwrap();
    gone(cluster, "hooked").await;
}

/// Each step of Argo CD's and cert-manager's versions prunes what facts say, and a second time
/// nothing changes.
async fn upgrades(cluster: &Cluster) {
    let steps: [(&str, &str, &[&str]); 3] = [
        ("argo-cd/v2.4.0/install.yaml", "argocd", &[]),
        ("argo-cd/v2.14.21/install.yaml", "argocd", &[]),
        ("argo-cd/v3.5.1/install.yaml", "argocd", &[]),
    ];
    for (file, component, pruned) in steps {
        let Some(text) = mirrored(file) else { return };
        let wanted = bundle(component, in_namespace(&text, component));
        let began = Instant::now();
        let plan = planned(cluster, &wanted).await;
        let done = carry_out(cluster, &plan, LIMIT).await.unwrap();
        eprintln!(
            "{file}: {} applied in {:.2} s",
            done.applied.len(),
            began.elapsed().as_secs_f64()
        );
        assert_eq!(done.removed, pruned.to_vec(), "{file}");
        let began = Instant::now();
        let again = planned(cluster, &wanted).await;
        eprintln!(
            "{file}: nothing to do in {:.2} s",
            began.elapsed().as_secs_f64()
        );
        assert_eq!(changes(&again), Vec::<String>::new(), "{file}");
    }
    gone(cluster, "argocd").await;
}

/// How often the pace is taken: `NAUTES_LAB_ROUNDS`, once if not said.
fn rounds() -> usize {
    let said = std::env::var("NAUTES_LAB_ROUNDS").ok();
    said.and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// Argo CD 2.4 by us and by kubectl in turn; the medians.
async fn pace(lab: &Lab, cluster: &Cluster) {
    let Some(text) = mirrored("argo-cd/v2.4.0/install.yaml") else {
        return;
    };
    let wanted = bundle("argocd", in_namespace(&text, "argocd"));
    let manifest: Vec<String> = wanted.objects.iter().map(|o| o.body.to_string()).collect();
    write(lab, &manifest.join("\n---\n")).await;
    let (mut ours, mut theirs, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds() {
        let began = Instant::now();
        let plan = planned(cluster, &wanted).await;
        carry_out(cluster, &plan, LIMIT).await.unwrap();
        ours.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        planned(cluster, &wanted).await;
        idle.push(began.elapsed().as_secs_f64());
        gone(cluster, "argocd").await;
        let script = "export KUBECONFIG=/etc/rancher/k3s/k3s.yaml; k3s kubectl get ns >/dev/null; s=$(date +%s.%N)\n\
            k3s kubectl apply --server-side -f /root/argocd.yaml >/dev/null\n\
            k3s kubectl wait --for=condition=Established crd -l app.kubernetes.io/part-of=argocd >/dev/null; e=$(date +%s.%N)\n\
            k3s kubectl delete -f /root/argocd.yaml --wait=true >/dev/null; echo \"$s $e\"";
        let times = lab.sh(script).await;
        let times: Vec<f64> = times
            .split_whitespace()
            .map(|t| t.parse().unwrap())
            .collect();
        theirs.push(times[1] - times[0]);
    }
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    eprintln!(
        "Argo CD 2.4, {} objects: ours {ours:.2?} s, again {idle:.2?} s, kubectl {theirs:.2?} s, {:.2}x",
        wanted.objects.len(),
        ours[ours.len() / 2] / theirs[theirs.len() / 2]
    );
}

async fn write(lab: &Lab, text: &str) {
    use nautes_install::connection::{Action, Deadline, Exec, Identity};
    let hosts = super::lab::Lab::from_environment();
    let who: Identity = hosts.root();
    let mut exec = Exec::shell("cat >/root/argocd.yaml");
    exec.stdin = Some(text.as_bytes().to_vec().into());
    let done = lab
        .connection
        .act(&who, Action::Exec(exec), Deadline::default())
        .await
        .unwrap();
    assert_eq!(done.executed.code, 0);
}
