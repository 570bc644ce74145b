//! Components `gitlab` and `gitlab-seed` in the whole program, on the simulated estate: installed,
//! seeded, adopted; what is lost is made anew and told; no token is ever shown.

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
    nautes: { tenant: demo, release: current, domain: demo.example.test }
    ansible_connection: rehearsal
    ansible_become: true
  children:
    gitlab: { hosts: { gitlab1: { ansible_host: 192.0.2.13 } } }
";

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
        let args = [
            verb,
            "-i",
            "tenant.yaml",
            "--only",
            "pki,secrets,hosts,gitlab,gitlab-seed",
        ];
        let done = self.command(&[&args, more].concat()).output().unwrap();
        let text = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
        (text.into_owned(), done.status.code().unwrap())
    }

    /// The tasks of the two components that `up` changed.
    fn up(&self, more: &[&str]) -> Vec<String> {
        let (text, code) = self.run("up", more);
        assert_eq!(code, 0, "{text}");
        changed(&text)
    }

    /// Runs commands on the machine that the rehearsal has in place of this one, or on a host.
    fn on(&self, host: &str, script: &str) -> String {
        let mut command = self.command(&["rehearse", "shell", "-i", "tenant.yaml", host]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = command.spawn().unwrap();
        shell
            .stdin
            .take()
            .unwrap()
            .write_all(script.as_bytes())
            .unwrap();
        let done = shell.wait_with_output().unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    fn secret(&self, name: &str) -> String {
        let folder = self
            .path()
            .join(".nautes-install/rehearsal/demo/state/secrets");
        folder.join(name).display().to_string()
    }
}

fn changed(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with("changed: ["));
    let tasks = lines.filter(|line| !line.contains("(item="));
    let named = tasks.filter_map(|line| line.split_once("] ").map(|(_, name)| name));
    let ours = named.filter(|name| name.starts_with("gitlab"));
    ours.map(ToOwned::to_owned).collect()
}

#[test]
fn it_is_installed_seeded_and_adopted_in_both_releases() {
    for release in ["current", "reference"] {
        let desk = Desk::new();
        let release = format!("nautes.release={release}");
        let (plan, code) = desk.run("plan", &["--set", &release]);
        assert_eq!(code, 0, "{plan}");
        let first = desk.up(&["--set", &release]);
        for task in ["Configure", "Package", "It is configured so"] {
            assert!(first.contains(&format!("gitlab: {task}")), "{first:?}");
        }
        assert!(first.contains(&"gitlab-seed: Take back the administrator's token".to_owned()));
        assert_eq!(desk.up(&["--set", &release]), [""; 0], "a second run");
        let (plan, _) = desk.run("plan", &["--set", &release]);
        assert!(plan.contains("nothing would change"), "{plan}");
        let status = desk.on("gitlab1", "gitlab-ctl status\n");
        assert!(
            status
                .lines()
                .filter(|l| !l.is_empty())
                .all(|l| l.contains("run: ")),
            "{status}"
        );
    }
}

#[test]
fn a_lost_secret_is_made_anew_and_told_and_no_token_is_shown() {
    let desk = Desk::new();
    let mut told = desk.run("up", &["-vvv", "--diff"]).0;
    desk.on(
        "localhost",
        &format!("rm {}\n", desk.secret("gitlab-application")),
    );
    let (plan, _) = desk.run("plan", &["--diff"]);
    assert!(
        plan.contains("secret: nobody has it any more -> made anew"),
        "{plan}"
    );
    told.push_str(&plan);
    let (text, code) = desk.run("up", &["-vvv", "--diff"]);
    assert_eq!(code, 0, "{text}");
    let tasks = [
        "Application that people sign in with",
        "Its secret is kept",
        "Take back the administrator's token",
    ];
    assert_eq!(
        changed(&text),
        tasks.map(|task| format!("gitlab-seed: {task}"))
    );
    told.push_str(&text);
    // A token that does not work any more is as good as none.
    let broken = format!(
        "printf 'glpat-of-nobody\\n' > {}\n",
        desk.secret("gitlab-operator")
    );
    desk.on("localhost", &broken);
    let tasks = desk.up(&[]);
    assert!(
        tasks.contains(&"gitlab-seed: Its token".to_owned()),
        "{tasks:?}"
    );
    assert_eq!(desk.up(&[]), [""; 0]);
    let journal = desk
        .path()
        .join(".nautes-install/rehearsal/demo/state/journal");
    for entry in std::fs::read_dir(journal).unwrap() {
        told.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let secrets = desk.on(
        "localhost",
        &format!("cat {}\n", desk.secret("gitlab-application")),
    );
    assert!(secrets.contains("gloas-"), "{secrets}");
    for word in ["glpat-", "gloas-"] {
        assert!(!told.contains(word), "{word} is shown");
    }
}

#[test]
fn a_token_is_renewed_before_it_ends() {
    let desk = Desk::new();
    desk.up(&["--set", "nautes.components.gitlab-seed.token_days=40"]);
    // It lives 40 days; whoever wants 60 before its end makes another.
    let tasks = desk.up(&[
        "--set",
        "nautes.components.gitlab-seed.token_days=90",
        "--set",
        "nautes.components.gitlab-seed.token_renew_days=60",
    ]);
    assert!(
        tasks.contains(&"gitlab-seed: Its token".to_owned()),
        "{tasks:?}"
    );
    assert!(
        tasks.contains(&"gitlab-seed: Its older tokens".to_owned()),
        "{tasks:?}"
    );
}

#[test]
fn a_key_that_was_lost_is_replaced_in_both_projects() {
    let desk = Desk::new();
    desk.up(&[]);
    let key = desk.secret("gitlab-tenant-repo");
    desk.on("localhost", &format!("rm {key} {key}.pub\n"));
    let tasks = desk.up(&[]);
    let wanted = [
        "Key to the tenant's configuration",
        "Key to both",
        "Take back the administrator's token",
    ];
    assert_eq!(tasks, wanted.map(|task| format!("gitlab-seed: {task}")));
    assert_eq!(desk.up(&[]), [""; 0]);
}

#[test]
fn a_hang_is_diagnosed_and_a_stop_is_not_passed_over() {
    let desk = Desk::new();
    let old = ["--set", "nautes.release=reference"];
    let hang = ["--fault", "gitlab1:hang=reconfigure"];
    let (text, code) = desk.run("up", &[old, hang].concat());
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("`gitlab-ctl reconfigure` did not end in time"),
        "{text}"
    );
    desk.up(&["--set", "nautes.release=reference"]);
    let (text, code) = desk.run("up", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("must first be brought to GitLab 15.11"),
        "{text}"
    );
    assert_eq!(desk.up(&old), [""; 0]);
}

#[test]
fn destroyed_it_can_be_planned_and_installed_again() {
    let desk = Desk::new();
    desk.up(&[]);
    let (text, code) = desk.run("destroy", &["--yes"]);
    assert_eq!(code, 0, "{text}");
    let left = desk.on("gitlab1", "ls /etc/gitlab /var/opt/gitlab /opt/gitlab\n");
    assert!(!left.contains("gitlab.rb"), "{left}");
    let (plan, code) = desk.run("plan", &[]);
    assert_eq!(code, 0, "{plan}");
    desk.up(&[]);
    assert_eq!(desk.up(&[]), [""; 0]);
}
