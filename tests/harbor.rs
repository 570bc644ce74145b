//! Components `harbor` and `harbor-seed` in the whole program, on the simulated estate: reached
//! through the ingress with the tenant's certificate, seeded, adopted, a lost secret replaced.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

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
const ONLY: &str = "pki,secrets,hosts,k3s,cluster,traefik,vcluster,dex,vault,vault-init,vault-unseal,vault-auth,vault-seed,harbor,harbor-seed";

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tenant.yaml"), INVENTORY).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nautes-install"));
        command.args(args).current_dir(self.path());
        command.env("NO_COLOR", "1");
        command
    }

    /// What the program printed, both streams, and its exit code.
    fn run(&self, verb: &str, more: &[&str]) -> (String, i32) {
        let mut command = self.command(&[&[verb, "-i", "tenant.yaml"], more].concat());
        let done = command.output().unwrap();
        let text = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
        (text.into_owned(), done.status.code().unwrap())
    }

    /// The tasks of `harbor-seed` that `up` changed.
    fn up(&self, more: &[&str]) -> Vec<String> {
        let (text, code) = self.run("up", more);
        assert_eq!(code, 0, "{text}");
        changed(&text)
    }

    fn on(&self, host: &str, script: &str) -> String {
        let mut command = self.command(&["rehearse", "shell", "-i", "tenant.yaml", host]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = command.spawn().unwrap();
        let mut input = shell.stdin.take().unwrap();
        input.write_all(script.as_bytes()).unwrap();
        drop(input);
        let done = shell.wait_with_output().unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    fn secret(&self, name: &str) -> String {
        let at = format!(".nautes-install/rehearsal/demo/state/secrets/{name}");
        self.path().join(at).display().to_string()
    }
}

fn changed(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with("changed: ["));
    let tasks = lines.filter(|line| !line.contains("(item="));
    let named = tasks.filter_map(|line| line.split_once("] harbor-seed: "));
    named.map(|(_, name)| name.to_owned()).collect()
}

const ALONE: [&str; 2] = ["--only", "harbor-seed"];

#[test]
fn it_is_seeded_through_the_ingress_and_then_nothing_changes() {
    for release in ["nautes.release=current", "nautes.release=reference"] {
        let desk = Desk::new();
        let all = ["--only", ONLY, "--set", release];
        let first = desk.up(&all);
        for task in ["Settings", "Project", "Robot account", "Who administers it"] {
            assert!(first.contains(&task.to_owned()), "{release}: {first:?}");
        }
        assert_eq!(desk.up(&all), [""; 0], "{release}: a second run");
        let (text, code) = desk.run("status", &["--set", release, "--only", "harbor-seed"]);
        assert!(code == 0 && text.contains("harbor-seed      ok"), "{text}");
    }
}

#[test]
fn what_is_lost_is_made_anew_and_no_secret_is_shown() {
    let desk = Desk::new();
    let (mut told, code) = desk.run("up", &["--only", ONLY, "-vvv", "--diff"]);
    assert_eq!(code, 0, "{told}");
    let robot = desk.secret("harbor-robot-nautes");
    let first = desk.on("localhost", &format!("cat {robot}\n"));
    desk.on("localhost", &format!("rm {robot}\n"));
    let (text, code) = desk.run("status", &ALONE);
    assert_ne!(
        code, 0,
        "a robot account without its secret is not well: {text}"
    );
    let (text, code) = desk.run("up", &[&ALONE[..], &["-vvv", "--diff"]].concat());
    assert_eq!(code, 0, "{text}");
    assert_eq!(
        changed(&text),
        ["A secret, where there is none", "Robot account"]
    );
    told.push_str(&text);
    let second = desk.on("localhost", &format!("cat {robot}\n"));
    assert_ne!(first, second);
    // Somebody else's change of the settings is undone, and one that Harbor cannot tell is not guessed.
    let more = ["--set", "nautes.components.harbor.oidc_admin_group=demo"];
    assert_eq!(desk.up(&[&ALONE[..], &more].concat()), ["Settings"]);
    assert_eq!(desk.up(&ALONE), ["Settings"]);
    let password = desk.on(
        "localhost",
        &format!("cat {}\n", desk.secret("harbor-admin_password")),
    );
    for secret in [first, second, password] {
        assert!(secret.trim().len() > 20, "{secret}");
        assert!(!told.contains(secret.trim()), "a secret is shown");
    }
}

#[test]
fn a_provider_that_harbor_cannot_reach_is_told_and_removal_needs_no_harbor() {
    let desk = Desk::new();
    // Dex is another one than Harbor is told of.
    let wrong = ["--set", "nautes.components.dex.host=elsewhere.example.test"];
    desk.up(&["--only", &ONLY.replace(",harbor-seed", "")]);
    let (text, code) = desk.run("up", &[&ALONE[..], &wrong].concat());
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("failed to verify connection"), "{text}");
    desk.up(&ALONE);
    desk.on("server1", "k3s kubectl delete namespace harbor\n");
    let (text, code) = desk.run("destroy", &[&ALONE[..], &["--yes"]].concat());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("Harbor did not answer"), "{text}");
}
