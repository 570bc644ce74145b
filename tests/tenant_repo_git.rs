//! Rendered files meet a repository: real git, with the remote as a folder and over real SSH.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::cloned_ref_to_slice_refs,
    reason = "a test says what went wrong by panicking"
)]

#[path = "tenant_repo_git/remote.rs"]
mod remote;
#[path = "tenant_repo_git/server.rs"]
mod server;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use nautes_install::diagnostic::Diagnostics;
use nautes_install::input::Clock;
use nautes_install::repo::{
    Call, Desk, Entry, GitTransport, Prefer, Ran, SystemGit, Target, Tree, Wanted, Workspace,
};
use remote::{Remote, desk, git};

fn tree(files: &[(&str, &str)]) -> Tree {
    files
        .iter()
        .map(|(path, text)| (*path, Entry::plain(*text)))
        .collect()
}

fn wanted(files: &[(&str, &str)]) -> Wanted {
    Wanted {
        tree: tree(files),
        kept: vec!["clusters/kustomization.yaml".to_owned()],
        origin: "template at 1".to_owned(),
    }
}

fn codes(errors: &Diagnostics) -> Vec<&'static str> {
    errors.iter().map(|error| error.code).collect()
}

const TEN: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

#[tokio::test]
async fn an_empty_repository_is_filled_once() {
    let remote = Remote::new();
    let wanted = wanted(&[("a/b.yaml", "x: \"1\"\n"), ("odd \"name\" ü", "")]);
    let desk = desk(&remote);
    let outlook = desk.look(&wanted, &remote.target()).await.unwrap();
    assert_eq!(
        (outlook.at, outlook.is_same, outlook.after),
        (None, false, wanted.tree.clone())
    );
    assert!(remote.files().is_none(), "looking pushed");
    let first = desk.push(&wanted, &remote.target()).await.unwrap();
    assert!(first.changed);
    assert_eq!(remote.files().unwrap(), wanted.tree);
    let again = desk.push(&wanted, &remote.target()).await.unwrap();
    assert_eq!((again.changed, &again.commit), (false, &first.commit));
    assert_eq!(remote.count(), 1);
}

#[tokio::test]
async fn what_gitlab_made_first_stays_and_gives_way() {
    let remote = Remote::new();
    remote.commit(
        &[
            ("README.md", Some("# management\n")),
            ("a", Some("gitlab's")),
        ],
        "Initial commit",
    );
    let pushed = desk(&remote)
        .push(&wanted(&[("a", "ours"), ("b", "1")]), &remote.target())
        .await
        .unwrap();
    assert!(pushed.changed);
    assert_eq!(
        remote.files().unwrap(),
        tree(&[("README.md", "# management\n"), ("a", "ours"), ("b", "1")])
    );
    assert!(
        !desk(&remote)
            .push(&wanted(&[("a", "ours"), ("b", "1")]), &remote.target())
            .await
            .unwrap()
            .changed
    );
}

#[tokio::test]
async fn what_others_wrote_since_stays() {
    let remote = Remote::new();
    let first = [
        ("a", TEN),
        ("gone", "1"),
        ("clusters/kustomization.yaml", "filler\n"),
        ("same", "s"),
    ];
    desk(&remote)
        .push(&wanted(&first), &remote.target())
        .await
        .unwrap();
    // The API server registers a cluster, a person edits a line.
    let theirs = TEN.replace("10\n", "ten\n");
    remote.commit(
        &[
            ("clusters/kustomization.yaml", Some("w1\n")),
            ("clusters/w1.yaml", Some("w1")),
            ("a", Some(&theirs)),
        ],
        "register w1\n\nNautes-Install-Render: 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    );
    // Another template: a line, a new file, one less; and our own clusters list has changed too.
    let ours = TEN.replace("1\n2\n", "one\n2\n");
    let next = [
        ("a", ours.as_str()),
        ("new", "n"),
        ("clusters/kustomization.yaml", "other\n"),
        ("same", "s"),
    ];
    let outlook = desk(&remote)
        .look(&wanted(&next), &remote.target())
        .await
        .unwrap();
    assert!(outlook.conflicts.is_empty() && !outlook.is_same);
    let before = remote.count();
    let pushed = desk(&remote)
        .push(&wanted(&next), &remote.target())
        .await
        .unwrap();
    let both = theirs.replace("1\n2\n", "one\n2\n");
    let expected = tree(&[
        ("a", both.as_str()),
        ("clusters/kustomization.yaml", "w1\n"),
        ("clusters/w1.yaml", "w1"),
        ("new", "n"),
        ("same", "s"),
    ]);
    assert_eq!(remote.files().unwrap(), expected);
    assert_eq!(remote.count(), before + 2, "a rendering and its merge");
    let again = desk(&remote)
        .push(&wanted(&next), &remote.target())
        .await
        .unwrap();
    assert_eq!((again.changed, again.commit), (false, pushed.commit));
}

#[tokio::test]
async fn a_conflict_is_shown_and_nothing_is_pushed() {
    let remote = Remote::new();
    desk(&remote)
        .push(&wanted(&[("a", TEN), ("b", "1")]), &remote.target())
        .await
        .unwrap();
    remote.commit(
        &[("a", Some(&TEN.replace("5\n", "theirs\n"))), ("b", None)],
        "edit",
    );
    let next = [
        ("a", TEN.replace("5\n", "ours\n").replace("9\n", "nine\n")),
        ("b", "2".to_owned()),
    ];
    let next: Vec<(&str, &str)> = next
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    let before = remote.head();
    let errors = desk(&remote)
        .push(&wanted(&next), &remote.target())
        .await
        .unwrap_err();
    assert_eq!(codes(&errors), ["repo/conflict", "repo/conflict"]);
    let shown = errors[0].why.join("\n");
    for line in [
        "<<<<<<< in the repository",
        "theirs",
        "||||||| rendered last",
        "5",
        "ours",
        ">>>>>>> wanted now",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    assert!(
        errors[0]
            .help
            .as_ref()
            .unwrap()
            .contains("`a` on branch `main`")
    );
    assert!(
        errors[1]
            .why
            .join("")
            .contains("in the repository: it is not there")
    );
    assert_eq!(remote.head(), before);
    for (prefer, line, b) in [
        (Prefer::Theirs, "theirs\n", None),
        (Prefer::Ours, "ours\n", Some("2")),
    ] {
        let target = Target {
            prefer,
            ..remote.target()
        };
        let outlook = desk(&remote).look(&wanted(&next), &target).await.unwrap();
        assert!(outlook.conflicts.is_empty());
        // The lines that only one side changed are that side's in any case.
        let text = TEN.replace("5\n", line).replace("9\n", "nine\n");
        assert_eq!(outlook.after.get("a").unwrap().text(), Some(text.as_str()));
        assert_eq!(outlook.after.get("b").and_then(Entry::text), b);
    }
    // The person writes what it shall be: then there is no conflict any more.
    remote.commit(&[("a", Some(next[0].1)), ("b", Some("2"))], "as wanted");
    desk(&remote)
        .push(&wanted(&next), &remote.target())
        .await
        .unwrap();
    assert_eq!(remote.files().unwrap(), tree(&next));
}

#[tokio::test]
async fn a_repository_of_another_installer_is_no_base() {
    let remote = Remote::new();
    remote.commit(&[("README.md", Some("r"))], "Initial commit");
    remote.commit(
        &[
            ("same", Some("s")),
            ("other", Some("1\n")),
            ("mine", Some("m")),
        ],
        "by hand",
    );
    let next = wanted(&[("same", "s"), ("other", "2\n")]);
    let errors = desk(&remote)
        .push(&next, &remote.target())
        .await
        .unwrap_err();
    assert_eq!(codes(&errors), ["repo/conflict"]);
    let target = Target {
        prefer: Prefer::Ours,
        ..remote.target()
    };
    desk(&remote).push(&next, &target).await.unwrap();
    let expected = tree(&[
        ("README.md", "r"),
        ("mine", "m"),
        ("other", "2\n"),
        ("same", "s"),
    ]);
    assert_eq!(remote.files().unwrap(), expected);
    assert!(
        !desk(&remote)
            .push(&next, &remote.target())
            .await
            .unwrap()
            .changed
    );
}

#[tokio::test]
async fn a_failed_push_fails() {
    let remote = Remote::new();
    remote.hook("pre-receive", "echo 'no pushes on Sundays' >&2; exit 1");
    let errors = desk(&remote)
        .push(&wanted(&[("a", "1")]), &remote.target())
        .await
        .unwrap_err();
    assert_eq!(codes(&errors), ["repo/git"]);
    assert!(
        errors[0].why.join("\n").contains("no pushes on Sundays"),
        "{:?}",
        errors[0].why
    );
    assert!(remote.files().is_none());
}

#[tokio::test]
async fn a_server_that_drops_what_was_pushed_is_noticed() {
    let remote = Remote::new();
    remote.commit(&[("README.md", Some("r"))], "Initial commit");
    remote.hook(
        "post-receive",
        &format!("git update-ref refs/heads/main {}", remote.head()),
    );
    let errors = desk(&remote)
        .push(&wanted(&[("a", "1")]), &remote.target())
        .await
        .unwrap_err();
    assert_eq!(codes(&errors), ["repo/not-pushed"]);
}

/// Somebody pushes right before our first pushes.
struct Racing {
    git: SystemGit,
    remote: Arc<Remote>,
    races: AtomicUsize,
}

#[async_trait::async_trait]
impl GitTransport for Racing {
    async fn run(&self, call: &Call<'_>) -> std::io::Result<Ran> {
        let races = self.races.load(Ordering::SeqCst);
        if call.args[0] == "push" && races > 0 {
            self.races.store(races - 1, Ordering::SeqCst);
            self.remote
                .commit(&[(&format!("w{races}"), Some("w"))], "register");
        }
        self.git.run(call).await
    }
    fn workspace(&self) -> std::io::Result<Workspace> {
        self.git.workspace()
    }
}

/// A clock on which nothing takes time.
struct Hasty;

#[async_trait::async_trait]
impl Clock for Hasty {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
    async fn sleep(&self, _: Duration) {}
}

#[tokio::test]
async fn a_push_that_comes_too_late_is_merged_again() {
    for (races, ends_well) in [(2, true), (9, false)] {
        let remote = Arc::new(Remote::new());
        remote.commit(&[("README.md", Some("r"))], "Initial commit");
        let racing = Racing {
            git: remote.git(),
            remote: remote.clone(),
            races: AtomicUsize::new(races),
        };
        let desk = Desk {
            git: Arc::new(racing),
            clock: Arc::new(Hasty),
            ..desk(&remote)
        };
        let pushed = desk.push(&wanted(&[("a", "1")]), &remote.target()).await;
        if ends_well {
            pushed.unwrap();
            let files = remote.files().unwrap();
            assert_eq!(
                files.paths().collect::<Vec<_>>(),
                ["README.md", "a", "w1", "w2"]
            );
        } else {
            assert_eq!(codes(&pushed.unwrap_err()), ["repo/not-pushed"]);
        }
    }
}

#[tokio::test]
async fn git_goes_over_ssh_with_the_deploy_key_and_the_known_host_key() {
    let remote = Remote::new();
    let server = server::start(remote.path()).await;
    let wanted = wanted(&[("a", "1")]);
    let target = |key: &str, host_keys: &[String]| Target {
        remote: server.remote(key, host_keys),
        ..remote.target()
    };
    let good = target(&server.deploy_key, &[server.host_key.clone()]);
    let desk = desk(&remote);
    let pushed = desk.push(&wanted, &good).await.unwrap();
    assert!(pushed.changed);
    assert_eq!(remote.files().unwrap(), wanted.tree);
    assert!(!desk.push(&wanted, &good).await.unwrap().changed);
    let stranger = server::key();
    let errors = desk
        .push(&wanted, &target(&server.deploy_key, &[stranger.1.clone()]))
        .await
        .unwrap_err();
    assert!(
        errors[0]
            .help
            .as_ref()
            .unwrap()
            .contains("another host key"),
        "{errors:?}"
    );
    let errors = desk
        .push(&wanted, &target(&stranger.0, &[server.host_key.clone()]))
        .await
        .unwrap_err();
    assert!(
        errors[0].help.as_ref().unwrap().contains("deploy key"),
        "{errors:?}"
    );
    assert!(server.logins() > 0);
}

#[tokio::test]
async fn no_folder_and_no_key_is_left_behind() {
    let remote = Remote::new();
    desk(&remote)
        .push(&wanted(&[("a", "1")]), &remote.target())
        .await
        .unwrap();
    let left = std::fs::read_dir(remote.work()).unwrap().count();
    assert_eq!(left, 0);
    assert!(git(Path::new("/"), &["--version"]).contains("git version"));
}
