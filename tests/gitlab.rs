//! Components `gitlab` and `gitlab-seed` in the whole program, on the simulated estate: installed,
//! seeded, adopted; what is lost is made anew and told; no token is ever shown.

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
    nautes: { tenant: demo, release: current, domain: demo.example.test }
    ansible_connection: rehearsal
    ansible_become: true
  children:
    gitlab: { hosts: { gitlab1: { ansible_host: 192.0.2.13 } } }
";

const ONLY: [&str; 2] = ["--only", "pki,secrets,hosts,gitlab,gitlab-seed"];

fn desk() -> Desk {
    Desk::with(INVENTORY, &ONLY)
}

/// The tasks of the two components among those that changed.
fn ours(mut tasks: Vec<String>) -> Vec<String> {
    tasks.retain(|task| task.starts_with("gitlab"));
    tasks
}

fn up(desk: &Desk, more: &[&str]) -> Vec<String> {
    ours(desk.up(more))
}

#[test]
fn it_is_installed_seeded_and_adopted_in_both_releases() {
    for release in ["current", "reference"] {
        let desk = desk();
        let release = format!("nautes.release={release}");
        let (plan, code) = desk.run("plan", &["--set", &release]);
        assert_eq!(code, 0, "{plan}");
        let first = up(&desk, &["--set", &release]);
        for task in ["Configure", "Package", "It is configured so"] {
            assert!(first.contains(&format!("gitlab: {task}")), "{first:?}");
        }
        assert!(first.contains(&"gitlab-seed: Take back the administrator's token".to_owned()));
        assert_eq!(up(&desk, &["--set", &release]), [""; 0], "a second run");
        let (plan, _) = desk.run("plan", &["--set", &release]);
        assert!(plan.contains("nothing would change"), "{plan}");
        let status = desk.shell("gitlab1", "gitlab-ctl status\n");
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
    let desk = desk();
    let mut told = desk.run("up", &["-vvv", "--diff"]).0;
    desk.shell(
        "localhost",
        &format!("rm {}\n", desk.secret("demo", "gitlab-application")),
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
        ours(desk::changed(&text)),
        tasks.map(|task| format!("gitlab-seed: {task}"))
    );
    told.push_str(&text);
    // A token that does not work any more is as good as none.
    let broken = format!(
        "printf 'glpat-of-nobody\\n' > {}\n",
        desk.secret("demo", "gitlab-operator")
    );
    desk.shell("localhost", &broken);
    let tasks = up(&desk, &[]);
    assert!(
        tasks.contains(&"gitlab-seed: Its token".to_owned()),
        "{tasks:?}"
    );
    assert_eq!(up(&desk, &[]), [""; 0]);
    let journal = desk.estate("demo").join("state/journal");
    for entry in std::fs::read_dir(journal).unwrap() {
        told.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let secrets = desk.shell(
        "localhost",
        &format!("cat {}\n", desk.secret("demo", "gitlab-application")),
    );
    assert!(secrets.contains("gloas-"), "{secrets}");
    for word in ["glpat-", "gloas-"] {
        assert!(!told.contains(word), "{word} is shown");
    }
}

#[test]
fn a_token_is_renewed_before_it_ends() {
    let desk = desk();
    up(
        &desk,
        &["--set", "nautes.components.gitlab-seed.token_days=40"],
    );
    // It lives 40 days; whoever wants 60 before its end makes another.
    let tasks = up(
        &desk,
        &[
            "--set",
            "nautes.components.gitlab-seed.token_days=90",
            "--set",
            "nautes.components.gitlab-seed.token_renew_days=60",
        ],
    );
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
    let desk = desk();
    up(&desk, &[]);
    let key = desk.secret("demo", "gitlab-tenant-repo");
    desk.shell("localhost", &format!("rm {key} {key}.pub\n"));
    let tasks = up(&desk, &[]);
    let wanted = [
        "Key to the tenant's configuration",
        "Key to both",
        "Take back the administrator's token",
    ];
    assert_eq!(tasks, wanted.map(|task| format!("gitlab-seed: {task}")));
    assert_eq!(up(&desk, &[]), [""; 0]);
}

#[test]
fn a_hang_is_diagnosed_and_a_stop_is_not_passed_over() {
    let desk = desk();
    let old = ["--set", "nautes.release=reference"];
    let hang = ["--fault", "gitlab1:hang=reconfigure"];
    let (text, code) = desk.run("up", &[old, hang].concat());
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("`gitlab-ctl reconfigure` did not end in time"),
        "{text}"
    );
    up(&desk, &["--set", "nautes.release=reference"]);
    let (text, code) = desk.run("up", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("must first be brought to GitLab 15.11"),
        "{text}"
    );
    assert_eq!(up(&desk, &old), [""; 0]);
}

#[test]
fn destroyed_it_can_be_planned_and_installed_again() {
    let desk = desk();
    up(&desk, &[]);
    let (text, code) = desk.run("destroy", &["--yes"]);
    assert_eq!(code, 0, "{text}");
    let left = desk.shell("gitlab1", "ls /etc/gitlab /var/opt/gitlab /opt/gitlab\n");
    assert!(!left.contains("gitlab.rb"), "{left}");
    let (plan, code) = desk.run("plan", &[]);
    assert_eq!(code, 0, "{plan}");
    up(&desk, &[]);
    assert_eq!(up(&desk, &[]), [""; 0]);
}
