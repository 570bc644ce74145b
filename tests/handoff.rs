//! The end of the story, in the whole program on the simulated estate: the tenant config repo is
//! filled, Argo CD takes it over, the gate passes; and what a run does after something was changed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

mod desk;

use std::ops::Deref;
use std::path::PathBuf;

use desk::{commit, git};

const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/inventories/rehearsal.yaml");
/// What the gate checks.
const CHECKS: usize = 6;

struct Desk(desk::Desk);

impl Deref for Desk {
    type Target = desk::Desk;

    fn deref(&self) -> &desk::Desk {
        &self.0
    }
}

impl Desk {
    fn new() -> Self {
        Self(desk::Desk::at(
            INVENTORY,
            &["--set", "nautes.components.harbor.enabled=false"],
        ))
    }

    fn estate(&self) -> PathBuf {
        self.0.estate("rehearsal")
    }

    fn remote(&self) -> PathBuf {
        self.estate()
            .join("git/192.0.2.13/rehearsal/management.git")
    }

    fn gate(&self) -> serde_json::Value {
        let path = self.estate().join("state/gates/hand-off.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// The commit that the gate has seen Argo CD at; every check passed.
    fn passed(&self) -> String {
        let gate = self.gate();
        let checks = gate["checks"].as_array().unwrap();
        assert_eq!(checks.len(), CHECKS, "{gate:#}");
        assert!(checks.iter().all(|one| one["passed"] == true), "{gate:#}");
        checks[0]["seen"].as_str().unwrap().to_owned()
    }
}

/// Removes every deploy key of the tenant's project.
const KEY_GONE: &str = r#"
cat > /tmp/token.rb <<'X'
user = User.find_by_username('root') or abort('no root')
name = 'somebody'
scopes = %w[api sudo admin_mode] & Gitlab::Auth.all_available_scopes.map(&:to_s)
token = user.personal_access_tokens.create!(name: name, scopes: scopes, expires_at: 1.day.from_now)
puts token.token
X
t=$(gitlab-rails runner - < /tmp/token.rb)
keys=https://127.0.0.1/api/v4/projects/rehearsal%2Fmanagement/deploy_keys
ca=/etc/gitlab/trusted-certs/nautes-rehearsal.crt
id=$(curl -s --cacert $ca -H "PRIVATE-TOKEN: $t" $keys | sed 's/.*"id":\([0-9]*\).*/\1/')
curl -s --cacert $ca -H "PRIVATE-TOKEN: $t" -X DELETE $keys/$id
curl -s --cacert $ca -H "PRIVATE-TOKEN: $t" $keys
"#;

#[test]
fn a_run_after_each_change_ends_with_the_gate() {
    let desk = Desk::new();
    let first = desk.up(&[]);
    assert!(first.contains(&"handoff: Application of the repository".to_owned()));
    let head = git(&desk.remote(), &["rev-parse", "main"]);
    assert_eq!(desk.passed(), head);
    assert_eq!(desk.up(&[]), [""; 0], "a second run");
    // The deploy key is gone from GitLab.
    let left = desk.shell("gitlab1", KEY_GONE);
    assert!(left.contains("[]"), "{left}");
    let tasks = desk.up(&[]);
    let wanted = ["Key to both", "Take back the administrator's token"];
    assert_eq!(tasks, wanted.map(|task| format!("gitlab-seed: {task}")));
    assert_eq!(desk.passed(), head);
    // Both halves are lost: another key, everywhere.
    let key = desk.estate().join("state/secrets/gitlab-tenant-repo");
    let key = key.display();
    desk.shell("localhost", &format!("rm {key} {key}.pub\n"));
    let tasks = desk.up(&[]);
    let credential = "handoff: The repository's server, its key, and a project";
    assert!(tasks.contains(&credential.to_owned()), "{tasks:?}");
    assert_eq!(desk.passed(), head);
    // Somebody else writes: nothing of ours changes, and Argo CD is at the new commit.
    let theirs = commit(&desk.remote(), "NOTES.md", "by hand\n");
    assert_eq!(desk.up(&[]), [""; 0], "after somebody's commit");
    assert_eq!(desk.passed(), theirs);
    // Another version of Nautes: one push, and its programs are those.
    let version = ["--set", "nautes.components.tenant-repo.version=v0.4.3"];
    assert_eq!(desk.up(&version), ["tenant-repo: Tenant config repo"]);
    let newest = git(&desk.remote(), &["rev-parse", "main"]);
    assert_ne!(newest, theirs);
    assert_eq!(desk.passed(), newest);
    let image = "k3s kubectl get deployments -n nautes -o json\n";
    let shown = desk.shell("server1", image);
    assert!(shown.contains("nautes-labs/nautes:v0.4.3"), "{shown}");
    // The result names the programs that were seen, by their image.
    for check in &desk.gate()["checks"].as_array().unwrap()[3..] {
        let seen = check["seen"].as_str().unwrap();
        assert!(seen.contains("ghcr.io/nautes-labs/nautes:v0.4.3"), "{seen}");
    }
    assert_eq!(desk.up(&version), [""; 0], "and again");
    let (text, code) = desk.run("status", &version);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("handoff          ok"), "{text}");
}

#[test]
fn what_stands_in_the_way_is_said_and_kept() {
    let desk = Desk::new();
    let fault = ["--fault", "server1:pod=api-server:ImagePullBackOff"];
    let short = ["--set", "nautes.components.handoff.wait=60"];
    let (text, code) = desk.run("up", &[fault, short].concat());
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("error[task/gate]"), "{text}");
    assert!(text.contains("ghcr.io/nautes-labs/nautes:v0.4.2"), "{text}");
    let gate = desk.gate();
    let failed = |name: &str| {
        let checks = gate["checks"].as_array().unwrap();
        let found = checks.iter().find(|one| one["name"] == name).unwrap();
        assert_eq!(found["passed"], false, "{gate:#}");
        found["why"].as_str().unwrap().to_owned()
    };
    assert!(failed("The six programs of Nautes run").contains("pull"));
    assert!(failed("Their API answers").contains("503"), "{gate:#}");
    let xml = desk.estate().join("state/gates/hand-off.xml");
    let xml = std::fs::read_to_string(xml).unwrap();
    assert!(xml.contains("<failure message="), "{xml}");
    // Its cause gone, the same command comes to its end.
    assert_eq!(desk.up(&short), [""; 0]);
    desk.passed();
}

#[test]
fn destroyed_it_leaves_neither_application_nor_namespace() {
    let desk = Desk::new();
    desk.up(&[]);
    let (text, code) = desk.run("destroy", &["--yes", "--only", "handoff"]);
    assert_eq!(code, 0, "{text}");
    let left = desk.shell("server1", "k3s kubectl get namespace nautes\n");
    assert!(!left.contains("Active"), "{left}");
    // Argo CD leaves definitions; `destroy` does not, but for others'.
    let left = desk.shell(
        "server1",
        "k3s kubectl get customresourcedefinitions -o json\n",
    );
    assert!(left.contains("applications.argoproj.io"), "{left}");
    assert!(!left.contains("nautes.resource.nautes.io"), "{left}");
    desk.up(&[]);
    desk.passed();
}

/// A definition that somebody brings later.
const THING: &str = "cat > /tmp/crd.yaml <<'X'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec: {group: example.org, scope: Namespaced, names: {kind: Thing, listKind: ThingList, plural: things, singular: thing}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}
X
k3s kubectl apply -f /tmp/crd.yaml
";

#[test]
fn a_commit_that_argo_cd_gave_up_is_ordered_anew() {
    let desk = Desk::new();
    desk.up(&[]);
    let remote = desk.remote();
    let thing = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: t}\n";
    commit(&remote, "tenant/runtime/thing.yaml", thing);
    let list = "tenant/runtime/kustomization.yaml";
    let text = git(&remote, &["show", &format!("main:{list}")]);
    let text = text.replace("resources:\n", "resources:\n  - thing.yaml\n");
    let theirs = commit(&remote, list, &format!("{text}\n"));
    // Twelve tries are over within the twenty minutes that the gate waits.
    let (text, code) = desk.run("up", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("a kind is missing"), "{text}");
    desk.shell("server1", THING);
    assert_eq!(desk.up(&[]), [""; 0]);
    assert_eq!(desk.passed(), theirs);
}
