//! Components `harbor` and `harbor-seed` in the whole program, on the simulated estate: reached
//! through the ingress with the tenant's certificate, seeded, adopted, a lost secret replaced.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

mod desk;

use desk::Desk;

const INVENTORY: &str = "all:
  vars:
    nautes:
      tenant: demo
      release: current
      domain: demo.example.test
      components:
        gitlab: { enabled: false }
        gitlab-seed: { enabled: false }
        dex: { gitlab_url: 'https://gitlab.example', gitlab_client_id: id, gitlab_client_secret: of-nobody }
    ansible_connection: rehearsal
    ansible_become: true
  children:
    kube_control_plane: { hosts: { server1: { ansible_host: 192.0.2.11 } } }
    vault: { hosts: { vault1: { ansible_host: 192.0.2.14 } } }
";
const ONLY: &str = "pki,secrets,hosts,k3s,cluster,traefik,vcluster,dex,vault,vault-init,vault-unseal,vault-root,vault-auth,vault-seed,harbor,harbor-seed";

fn desk() -> Desk {
    Desk::with(INVENTORY, &[])
}

/// The tasks of `harbor-seed` among those that changed.
fn ours(tasks: &[String]) -> Vec<String> {
    let ours = tasks
        .iter()
        .filter_map(|task| task.strip_prefix("harbor-seed: "));
    ours.map(ToOwned::to_owned).collect()
}

fn up(desk: &Desk, more: &[&str]) -> Vec<String> {
    ours(&desk.up(more))
}

const ALONE: [&str; 2] = ["--only", "harbor-seed"];

#[test]
fn it_is_seeded_through_the_ingress_and_then_nothing_changes() {
    for release in ["nautes.release=current", "nautes.release=reference"] {
        let desk = desk();
        let all = ["--only", ONLY, "--set", release];
        let first = up(&desk, &all);
        for task in ["Settings", "Project", "Robot account", "Who administers it"] {
            assert!(first.contains(&task.to_owned()), "{release}: {first:?}");
        }
        assert_eq!(up(&desk, &all), [""; 0], "{release}: a second run");
        let (text, code) = desk.run("status", &["--set", release, "--only", "harbor-seed"]);
        assert!(code == 0 && text.contains("harbor-seed      ok"), "{text}");
    }
}

#[test]
fn what_is_lost_is_made_anew_and_no_secret_is_shown() {
    let desk = desk();
    let (mut told, code) = desk.run("up", &["--only", ONLY, "-vvv", "--diff"]);
    assert_eq!(code, 0, "{told}");
    let robot = desk.secret("demo", "harbor-robot-nautes");
    let first = desk.shell("localhost", &format!("cat {robot}\n"));
    desk.shell("localhost", &format!("rm {robot}\n"));
    let (text, code) = desk.run("status", &ALONE);
    assert_ne!(
        code, 0,
        "a robot account without its secret is not well: {text}"
    );
    let (text, code) = desk.run("up", &[&ALONE[..], &["-vvv", "--diff"]].concat());
    assert_eq!(code, 0, "{text}");
    assert_eq!(
        ours(&desk::changed(&text)),
        ["A secret, where there is none", "Robot account"]
    );
    told.push_str(&text);
    let second = desk.shell("localhost", &format!("cat {robot}\n"));
    assert_ne!(first, second);
    // Somebody else's change of the settings is undone, and one that Harbor cannot tell is not guessed.
    let more = ["--set", "nautes.components.harbor.oidc_admin_group=demo"];
    assert_eq!(up(&desk, &[&ALONE[..], &more].concat()), ["Settings"]);
    assert_eq!(up(&desk, &ALONE), ["Settings"]);
    let password = desk.shell(
        "localhost",
        &format!("cat {}\n", desk.secret("demo", "harbor-admin_password")),
    );
    for secret in [first, second, password] {
        assert!(secret.trim().len() > 20, "{secret}");
        assert!(!told.contains(secret.trim()), "a secret is shown");
    }
}

#[test]
fn a_provider_that_harbor_cannot_reach_is_told_and_removal_needs_no_harbor() {
    let desk = desk();
    // Dex is another one than Harbor is told of.
    let wrong = ["--set", "nautes.components.dex.host=elsewhere.example.test"];
    up(&desk, &["--only", &ONLY.replace(",harbor-seed", "")]);
    let (text, code) = desk.run("up", &[&ALONE[..], &wrong].concat());
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("failed to verify connection"), "{text}");
    up(&desk, &ALONE);
    desk.shell("server1", "k3s kubectl delete namespace harbor\n");
    let (text, code) = desk.run("destroy", &[&ALONE[..], &["--yes"]].concat());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("Harbor did not answer"), "{text}");
}
