//! Component `tenant-repo` in the whole program, on the simulated estate with real git: filled once,
//! merged with what somebody else wrote, stopped by a conflict; and `repo render` and `repo diff`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

mod desk;

use std::path::{Path, PathBuf};

use desk::{Desk, commit, git};

const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/repo/inventory.yaml");

fn desk() -> Desk {
    Desk::at(
        INVENTORY,
        &["--rehearse", "--only", "pki,secrets,tenant-repo"],
    )
}

fn up(desk: &Desk, more: &[&str]) -> (String, i32) {
    desk.run("up", more)
}

fn repository(desk: &Desk, name: &str) -> PathBuf {
    desk.estate("demo")
        .join("git/gitlab.example.com/demo")
        .join(name)
}

const APP: &str = "tenant/production/nautes-app.yaml";
const CLUSTERS: &str = "nautes/overlays/production/clusters";
const SPACE: &str = "nautes.components.tenant-repo.namespace=other";

#[test]
fn the_repository_is_filled_merged_and_never_forced() {
    let desk = desk();
    let (said, code) = up(&desk, &[]);
    assert_eq!(code, 0, "{said}");
    let remote = repository(&desk, "management.git");
    let show = |path: &str| git(&remote, &["show", &format!("main:{path}")]);
    assert!(show(APP).contains("\n  project: demo\n"));
    assert!(show(APP).contains("\n    namespace: \"nautes\"\n"));
    assert!(show("dex/overlays/production/issuer-ca.yaml").contains("BEGIN CERTIFICATE"));
    assert!(show(&format!("{CLUSTERS}/clusters-not-empty.yaml")).contains("kind: ConfigMap"));
    assert_eq!(
        git(
            &repository(&desk, "cluster-templates.git"),
            &["rev-list", "--count", "main"]
        )
        .trim(),
        "1"
    );
    let head = git(&remote, &["rev-parse", "main"]);
    assert!(
        said.contains(head.trim()),
        "its commit is an output: {said}"
    );
    // Again, and after others wrote: nothing is changed.
    let (said, code) = up(&desk, &[]);
    assert!(code == 0 && said.contains("changed=0"), "{said}");
    let list = format!("{CLUSTERS}/kustomization.yaml");
    commit(
        &remote,
        &list,
        "resources: [clusters-not-empty.yaml, w1.yaml]\n",
    );
    commit(&remote, &format!("{CLUSTERS}/w1.yaml"), "kind: Cluster\n");
    let (said, code) = up(&desk, &[]);
    assert!(code == 0 && said.contains("changed=0"), "{said}");
    // The state directory is lost: the history still says what was pushed last.
    let state = desk.estate("demo").join("state");
    std::fs::remove_dir_all(state.join("journal")).unwrap();
    let (said, code) = up(&desk, &["--set", SPACE]);
    assert!(code == 0 && said.contains("changed=1"), "{said}");
    assert!(show(APP).contains("\n    namespace: \"other\"\n"));
    assert!(
        show(&list).contains("w1.yaml"),
        "what the API server wrote stays"
    );
}

#[test]
fn a_conflict_is_shown_and_one_side_can_win() {
    let desk = desk();
    assert_eq!(up(&desk, &[]).1, 0);
    let remote = repository(&desk, "management.git");
    let show = git(&remote, &["show", &format!("main:{APP}")]);
    commit(&remote, APP, &show.replace("\"nautes\"", "\"theirs\""));
    let head = git(&remote, &["rev-parse", "main"]);
    let (said, code) = up(&desk, &["--set", SPACE]);
    assert_eq!(code, 1, "{said}");
    for line in [
        "error[repo/conflict]",
        "<<<<<<< in the repository",
        ">>>>>>> wanted now",
        "on branch `main`",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(git(&remote, &["rev-parse", "main"]), head);
    let (said, code) = up(
        &desk,
        &[
            "--set",
            SPACE,
            "--set",
            "nautes.components.tenant-repo.conflict=ours",
        ],
    );
    assert_eq!(code, 0, "{said}");
    assert!(git(&remote, &["show", &format!("main:{APP}")]).contains("other"));
}

/// A template with one rendered file, and the values for it.
fn template(at: &Path) {
    std::fs::create_dir_all(at.join("template")).unwrap();
    std::fs::write(at.join("template/index.yaml"), "templates: [a.yaml]\n").unwrap();
    std::fs::write(
        at.join("template/a.yaml"),
        "a: {{ tenant_name }}\nb: {{ sec_ca }}\n",
    )
    .unwrap();
    std::fs::write(at.join("template/go.yaml"), "{{ .Go }}\n").unwrap();
}

#[test]
fn rendering_and_comparing_need_no_host() {
    let desk = desk();
    let at = desk.path();
    template(at);
    let from = ["-i", INVENTORY, "--template", "template", "--no-overlay"];
    let call = |args: &[&str]| desk.said(&[&["repo"], args, &from].concat());
    let (said, code) = call(&["render", "--to", "out"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("sec_ca is not known before pki"), "{said}");
    let read = |path: &str| std::fs::read_to_string(at.join(path)).unwrap();
    assert_eq!(read("out/a.yaml"), "a: demo\nb: NOT-KNOWN-BEFORE-pki\n");
    assert_eq!(read("out/go.yaml"), "{{ .Go }}\n");
    assert!(!at.join("out/index.yaml").exists());
    std::fs::write(at.join("values.yaml"), "sec_ca: known\n").unwrap();
    git(at, &["init", "-q", "--bare", "remote.git"]);
    let diff = [
        "diff",
        "--remote",
        "remote.git",
        "--variables",
        "values.yaml",
        "--exit-code",
    ];
    let (said, code) = call(&diff);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("+a: demo\n+b: known\n"), "{said}");
    assert_eq!(
        git(&at.join("remote.git"), &["branch", "--all"]),
        "",
        "looking pushed"
    );
}

#[test]
fn a_template_comes_from_git_at_its_commit() {
    let desk = desk();
    let at = desk.path();
    template(at);
    let work = at.join("template");
    git(&work, &["init", "-q", "-b", "main"]);
    git(&work, &["add", "-A"]);
    let name = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    git(&work, &[&name[..], &["commit", "-qm", "one"]].concat());
    let commit = git(&work, &["rev-parse", "HEAD"]).trim().to_owned();
    std::fs::write(work.join("go.yaml"), "later\n").unwrap();
    git(&work, &[&name[..], &["commit", "-qam", "two"]].concat());
    git(&work, &["bundle", "create", "-q", "../t.bundle", "--all"]);
    git(
        &work,
        &["archive", "--prefix=t-1/", "-o", "../t.tar.gz", &commit],
    );
    let exact = |address: &str| format!("{address}@{commit}");
    for from in [exact("template"), exact("t.bundle"), "t.tar.gz".to_owned()] {
        let out = at.join("out");
        let _ = std::fs::remove_dir_all(&out);
        let args = [
            "repo",
            "render",
            "-i",
            INVENTORY,
            "--no-overlay",
            "--to",
            "out",
        ];
        let (said, code) = desk.said(&[&args[..], &["--template", &from]].concat());
        assert_eq!(code, 0, "{from}: {said}");
        assert_eq!(
            std::fs::read_to_string(out.join("go.yaml")).unwrap(),
            "{{ .Go }}\n",
            "{from}"
        );
    }
    let gone = format!("template@{}", "0".repeat(40));
    let (said, code) = desk.said(&["repo", "render", "--to", "out", "--template", &gone]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("repo/no-commit"), "{said}");
}

/// Commits what is in a folder.
fn committed(work: &Path, message: &str) -> String {
    git(work, &["add", "-A"]);
    let name = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    git(work, &[&name[..], &["commit", "-qm", message]].concat());
    git(work, &["rev-parse", "HEAD"])
}

/// The program's own content, but for the changes that we make to Nautes' template.
fn without_overlay(at: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["playbooks", "templates", "vendor-charts"] {
        std::fs::create_dir(at.join(name)).unwrap();
        for entry in std::fs::read_dir(root.join(name)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != "tenant-repo" {
                let link = at.join(name).join(entry.file_name());
                std::os::unix::fs::symlink(entry.path(), link).unwrap();
            }
        }
    }
    std::fs::create_dir_all(at.join("templates/tenant-repo/overlay")).unwrap();
}

/// A template with three commits: an image that becomes another and files that come and go; then a
/// number that somebody else changes as well.
fn three_commits(work: &Path) -> [String; 3] {
    let write = |path: &str, text: &str| std::fs::write(work.join(path), text).unwrap();
    let app = |image: &str, replicas: u8| {
        format!(
            "project: {{{{ tenant_name }}}}\nimage: {image}\n# a line\n# a line\n# a line\nreplicas: {replicas}\n"
        )
    };
    std::fs::create_dir(work).unwrap();
    git(work, &["init", "-q", "-b", "main"]);
    write("index.yaml", "templates: [app.yaml]\n");
    write("app.yaml", &app("one", 1));
    write("old.yaml", "kind: Old\n");
    let first = committed(work, "first");
    write("app.yaml", &app("two", 1));
    write("new.yaml", "kind: New\n");
    std::fs::remove_file(work.join("old.yaml")).unwrap();
    let second = committed(work, "second");
    write("app.yaml", &app("two", 3));
    [first, second, committed(work, "third")]
}

#[test]
fn another_commit_of_the_template_is_merged() {
    let desk = desk();
    let at = desk.path();
    without_overlay(at);
    let work = at.join("template");
    let [first, second, third] = three_commits(&work);
    let at_commit = |commit: &str, more: &[&str]| {
        let template = format!(
            "nautes.components.tenant-repo.template={}@{commit}",
            work.display()
        );
        up(
            &desk,
            &[&["--content", ".", "--set", &template], more].concat(),
        )
    };
    let (said, code) = at_commit(&first, &[]);
    assert_eq!(code, 0, "{said}");
    let remote = repository(&desk, "management.git");
    let show = |path: &str| git(&remote, &["show", &format!("main:{path}")]);
    assert!(show("app.yaml").starts_with("project: demo\nimage: one\n"));
    // Somebody scales it and adds a file; then the template goes on.
    let scaled = show("app.yaml").replace("replicas: 1", "replicas: 2") + "\n";
    commit(&remote, "app.yaml", &scaled);
    commit(&remote, "theirs.yaml", "kind: Theirs\n");
    let (said, code) = at_commit(&second, &[]);
    assert!(code == 0 && said.contains("changed=1"), "{said}");
    let merged = show("app.yaml");
    assert!(
        merged.contains("image: two") && merged.contains("replicas: 2"),
        "{merged}"
    );
    assert_eq!(
        git(&remote, &["ls-tree", "--name-only", "main"]),
        "app.yaml\nnew.yaml\ntheirs.yaml"
    );
    let (said, code) = at_commit(&second, &[]);
    assert!(code == 0 && said.contains("changed=0"), "{said}");
    // The next commit changes the line that they changed: both are shown, nothing is pushed.
    let head = git(&remote, &["rev-parse", "main"]);
    let (said, code) = at_commit(&third, &[]);
    assert_eq!(code, 1, "{said}");
    for line in [
        "error[repo/conflict]",
        "replicas: 2",
        "replicas: 3",
        "app.yaml",
        "= help:",
        "conflict",
    ] {
        assert!(said.contains(line), "no {line}: {said}");
    }
    assert_eq!(git(&remote, &["rev-parse", "main"]), head);
    let theirs = ["--set", "nautes.components.tenant-repo.conflict=theirs"];
    let (said, code) = at_commit(&third, &theirs);
    assert_eq!(code, 0, "{said}");
    assert!(show("app.yaml").contains("replicas: 2"));
}
