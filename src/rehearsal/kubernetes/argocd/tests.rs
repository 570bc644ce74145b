//! What the simulated Argo CD does with Applications.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::rehearsal::git::{Offer, Remote};
use crate::rehearsal::kubernetes::{Answer, Cluster, NodeFact};
use crate::rehearsal::network::Request;
use crate::rehearsal::{EstateClock, kubernetes};

const BLOB: &[u8] = b"a public key of some kind";
const HOST_KEY: &str = "ssh-ed25519 AAAAhost";
const APPS: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

/// A cluster with the parts of Argo CD that count.
struct Site {
    cluster: Cluster,
    clock: EstateClock,
    files: BTreeMap<String, String>,
}

/// A private key in OpenSSH's form with this public half.
fn private(blob: &[u8]) -> String {
    let field = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [&length[..], bytes].concat()
    };
    let parts = [
        b"openssh-key-v1\0".to_vec(),
        field(b"none"),
        field(b"none"),
        field(b""),
        1_u32.to_be_bytes().to_vec(),
        field(blob),
    ];
    let body = STANDARD.encode(parts.concat());
    format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n")
}

fn workload(kind: &str, name: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"replicas": 1, "serviceName": name, "selector": {"matchLabels": {"a": name}},
            "template": {"metadata": {"labels": {"a": name}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}}})
}

impl Site {
    fn new() -> Self {
        let clock = EstateClock::default();
        let cluster = kubernetes::Cluster::new("c", &clock).unwrap();
        cluster.set_nodes(vec![NodeFact {
            name: "n".to_owned(),
            address: "192.0.2.1".to_owned(),
            server: true,
            version: "v1.36.4+k3s1".to_owned(),
            ready: true,
            cpus: 2,
            memory: 8 << 30,
        }]);
        let site = Self {
            cluster,
            clock,
            files: BTreeMap::new(),
        };
        for kind in ["Application", "AppProject"] {
            let plural = format!("{}s", kind.to_lowercase());
            let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
            site.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": format!("{plural}.argoproj.io")},
                "spec": {"group": "argoproj.io", "scope": "Namespaced",
                    "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": kind.to_lowercase()},
                    "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": open}}]}}));
        }
        site.post(
            "/api/v1/namespaces",
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}),
        );
        let mut controller = workload("StatefulSet", "argocd-application-controller");
        let mut server = workload("Deployment", "argocd-repo-server");
        controller["spec"]["replicas"] = 1.into();
        server["spec"]
            .as_object_mut()
            .unwrap()
            .remove("serviceName");
        site.post("/apis/apps/v1/namespaces/argocd/statefulsets", &controller);
        site.post("/apis/apps/v1/namespaces/argocd/deployments", &server);
        site.pass(60);
        site.post("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects",
            &json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "p"}, "spec": {}}));
        site
    }

    fn ask(&self, method: &str, url: &str, body: &Value) -> (u16, Value) {
        let merge = "application/merge-patch+json";
        let answer = self.cluster.ask(&Request {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: vec![(
                "content-type".to_owned(),
                if method == "PATCH" {
                    merge
                } else {
                    "application/json"
                }
                .to_owned(),
            )],
            body: body.to_string().into_bytes(),
            ..Request::default()
        });
        let Answer::Plain(response) = answer else {
            panic!("a watch")
        };
        (
            response.status,
            serde_json::from_slice(&response.body).unwrap(),
        )
    }

    fn post(&self, url: &str, body: &Value) {
        let (status, said) = self.ask("POST", url, body);
        assert_eq!(status, 201, "{said}");
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn file(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), text.to_owned());
    }

    fn offer(&self, commit: &str, keys: &[&[u8]]) {
        let keys = keys
            .iter()
            .map(|blob| format!("ssh-ed25519 {}", STANDARD.encode(blob)));
        self.cluster.set_repositories(vec![Offer {
            host: "git.example.com".to_owned(),
            path: "t/m.git".to_owned(),
            remote: Remote {
                commit: commit.to_owned(),
                files: Arc::new(self.files.clone()),
            },
            keys: Some(keys.collect()),
            host_keys: vec![HOST_KEY.to_owned()],
        }]);
    }

    fn credential(&self, blob: &[u8]) {
        let encoded = |text: &str| STANDARD.encode(text);
        let url = "/api/v1/namespaces/argocd/secrets";
        let _ = self.ask("DELETE", &format!("{url}/repo"), &Value::Null);
        self.post(url, &json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "repo", "labels": {"argocd.argoproj.io/secret-type": "repository"}},
            "data": {"url": encoded("ssh://git@git.example.com:2222/t/m.git"), "sshPrivateKey": encoded(&private(blob))}}));
    }

    fn known_hosts(&self, text: &str) {
        let url = "/api/v1/namespaces/argocd/configmaps";
        let _ = self.ask(
            "DELETE",
            &format!("{url}/argocd-ssh-known-hosts-cm"),
            &Value::Null,
        );
        self.post(
            url,
            &json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "argocd-ssh-known-hosts-cm"}, "data": {"ssh_known_hosts": text}}),
        );
    }

    fn application(&self) {
        self.post(APPS, &json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "a", "finalizers": [super::FINALIZER]},
            "spec": {"project": "p",
                "source": {"repoURL": "ssh://git@git.example.com:2222/t/m.git", "path": "x", "targetRevision": "HEAD"},
                "destination": {"namespace": "made"},
                "syncPolicy": {"automated": {"prune": true}, "syncOptions": ["CreateNamespace=true"]}}}));
    }

    fn refresh(&self) {
        let wish = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}});
        self.ask("PATCH", &format!("{APPS}/a"), &wish);
        self.pass(2);
    }

    fn status(&self) -> Value {
        self.ask("GET", &format!("{APPS}/a"), &Value::Null).1["status"].clone()
    }

    fn there(&self, path: &str) -> bool {
        self.ask("GET", path, &Value::Null).0 == 200
    }
}

/// A site whose Argo CD may read the repository.
fn trusted() -> Site {
    let site = Site::new();
    site.known_hosts(&format!("[git.example.com]:2222 {HOST_KEY}"));
    site.credential(BLOB);
    site
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\n";
const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec: {containers: [{name: c, image: i}]}\n";

#[test]
fn an_application_is_synced_and_healthy_once_its_objects_are() {
    let mut site = trusted();
    site.file("x/d.yaml", DEPLOYMENT);
    site.offer("c1", &[BLOB]);
    site.application();
    site.pass(2);
    let early = site.status();
    assert_eq!(early["sync"]["status"], "Synced");
    assert_eq!(early["health"]["status"], "Progressing");
    site.pass(60);
    let status = site.status();
    assert_eq!(status["health"]["status"], "Healthy");
    assert_eq!(status["sync"]["revision"], "c1");
    assert_eq!(status["operationState"]["phase"], "Succeeded");
    assert!(site.there("/api/v1/namespaces/made"));
}

#[test]
fn whoever_is_not_let_in_says_so_in_argo_cds_words() {
    let mut site = trusted();
    site.file("x/a.yaml", &MAP.replace("NAME", "a"));
    site.offer("c1", &[b"another key"]);
    site.application();
    site.pass(2);
    let told = |site: &Site| {
        let status = site.status();
        assert_eq!(status["conditions"][0]["type"], "ComparisonError");
        assert_eq!(status["sync"]["status"], "Unknown");
        status["conditions"][0]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(
        told(&site).contains("ssh: unable to authenticate, attempted methods [none publickey]")
    );
    site.known_hosts("[git.example.com]:2222 ssh-ed25519 AAAAother");
    site.pass(10);
    assert!(
        told(&site).contains("unable to authenticate"),
        "it looks when it is asked, or every three minutes"
    );
    site.refresh();
    assert!(told(&site).ends_with("ssh: handshake failed: knownhosts: key is unknown"));
    site.known_hosts("");
    site.refresh();
    assert!(told(&site).contains("unable to find any valid known_hosts file"));
    site.known_hosts(&format!("[git.example.com]:2222 {HOST_KEY}"));
    site.credential(b"another key");
    site.refresh();
    assert_eq!(site.status()["sync"]["status"], "Synced");
    assert_eq!(site.status()["conditions"], Value::Null);
}

#[test]
fn a_new_commit_is_noticed_by_itself_or_on_request_and_prunes() {
    let mut site = trusted();
    site.file("x/a.yaml", &MAP.replace("NAME", "a"));
    site.offer("c1", &[BLOB]);
    site.application();
    site.pass(10);
    site.files.clear();
    site.file("x/b.yaml", &MAP.replace("NAME", "b"));
    site.offer("c2", &[BLOB]);
    site.pass(60);
    assert_eq!(site.status()["sync"]["revision"], "c1");
    site.refresh();
    assert_eq!(site.status()["sync"]["revision"], "c2");
    assert!(!site.there("/api/v1/namespaces/made/configmaps/a"));
    assert!(site.there("/api/v1/namespaces/made/configmaps/b"));
    site.offer("c3", &[BLOB]);
    site.pass(200);
    assert_eq!(site.status()["sync"]["revision"], "c3");
}

#[test]
fn kinds_that_are_still_to_come_are_waited_for() {
    let mut site = trusted();
    let open = "{type: object, x-kubernetes-preserve-unknown-fields: true}";
    site.file(
        "x/c.yaml",
        "apiVersion: e.io/v1\nkind: Thing\nmetadata: {name: t}\n",
    );
    site.offer("c1", &[BLOB]);
    site.application();
    site.pass(3);
    let status = site.status();
    assert_eq!(status["sync"]["status"], "OutOfSync");
    let message = status["operationState"]["message"].as_str().unwrap();
    assert!(
        message.contains("Make sure the \"Thing\" CRD is installed"),
        "{message}"
    );
    site.file("x/crd.yaml", &format!("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: things.e.io}}\nspec: {{group: e.io, scope: Namespaced, names: {{kind: Thing, listKind: ThingList, plural: things, singular: thing}}, versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {open}}}}}]}}\n"));
    site.offer("c2", &[BLOB]);
    site.pass(200);
    assert_eq!(site.status()["sync"]["status"], "Synced");
    assert!(site.there("/apis/e.io/v1/namespaces/made/things/t"));
}

#[test]
fn a_commit_is_given_up_after_five_more_tries_until_somebody_orders_a_sync() {
    let mut site = trusted();
    site.file(
        "x/c.yaml",
        "apiVersion: e.io/v1\nkind: Thing\nmetadata: {name: t}\n",
    );
    site.offer("c1", &[BLOB]);
    site.application();
    site.pass(140);
    assert_eq!(site.status()["operationState"]["phase"], "Running");
    site.pass(60);
    assert_eq!(site.status()["operationState"]["phase"], "Failed");
    assert_eq!(site.status()["conditions"][0]["type"], "SyncError");
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    site.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.e.io"},
        "spec": {"group": "e.io", "scope": "Namespaced",
            "names": {"kind": "Thing", "listKind": "ThingList", "plural": "things", "singular": "thing"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": open}}]}}));
    site.pass(600);
    site.refresh();
    assert_eq!(site.status()["operationState"]["phase"], "Failed");
    let order = json!({"operation": {"sync": {"prune": true}}});
    site.ask("PATCH", &format!("{APPS}/a"), &order);
    site.pass(2);
    assert_eq!(site.status()["sync"]["status"], "Synced");
    assert_eq!(site.status()["conditions"], Value::Null);
}

#[test]
fn what_it_made_goes_with_it() {
    let mut site = trusted();
    site.file("x/a.yaml", &MAP.replace("NAME", "a"));
    site.offer("c1", &[BLOB]);
    site.application();
    site.pass(10);
    assert!(site.there("/api/v1/namespaces/made/configmaps/a"));
    site.ask("DELETE", &format!("{APPS}/a"), &Value::Null);
    site.pass(1);
    assert!(!site.there("/api/v1/namespaces/made/configmaps/a"));
    assert!(!site.there(&format!("{APPS}/a")));
}

#[test]
fn upstreams_traps_are_traps_here() {
    let mut site = trusted();
    site.file(
        "x/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {l: true}}\n",
    );
    site.offer("c1", &[BLOB]);
    site.application();
    site.pass(10);
    let told = site.status()["conditions"][0]["message"].clone();
    assert!(
        told.as_str()
            .unwrap()
            .contains("accessor error: contains non-string value"),
        "{told}"
    );
    site.file("x/kustomization.yaml", "");
    site.offer("c2", &[BLOB]);
    site.pass(200);
    let told = site.status()["conditions"][0]["message"].clone();
    assert!(
        told.as_str()
            .unwrap()
            .ends_with("kustomization.yaml is empty"),
        "{told}"
    );
}
