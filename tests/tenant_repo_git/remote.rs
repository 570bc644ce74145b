//! A repository that stands for the tenant's in GitLab, and people who push to it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use nautes_install::input::{OsFiles, OsProcesses, SystemClock};
use nautes_install::repo::{self, Desk, Prefer, SystemGit, Target, Tree};

pub struct Remote {
    root: tempfile::TempDir,
}

impl Remote {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("work")).unwrap();
        git(root.path(), &["init", "--quiet", "--bare", "remote.git"]);
        let remote = Self { root };
        git(&remote.path(), &["symbolic-ref", "HEAD", "refs/heads/main"]);
        remote
    }

    pub fn path(&self) -> PathBuf {
        self.root.path().join("remote.git")
    }

    /// Where our own git works.
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub fn git(&self) -> SystemGit {
        SystemGit::new(Arc::new(OsProcesses::default()), self.work())
    }

    pub fn target(&self) -> Target {
        Target {
            remote: repo::Remote {
                address: self.path().display().to_string(),
                ssh: None,
            },
            branch: "main".to_owned(),
            prefer: Prefer::Nobody,
        }
    }

    pub fn head(&self) -> String {
        git(&self.path(), &["rev-parse", "refs/heads/main"])
            .trim()
            .to_owned()
    }

    pub fn count(&self) -> usize {
        git(&self.path(), &["rev-list", "--count", "refs/heads/main"])
            .trim()
            .parse()
            .unwrap()
    }

    /// Writes files (`None` removes one) as a commit on top.
    pub fn commit(&self, files: &[(&str, Option<&str>)], message: &str) {
        let clone = tempfile::tempdir().unwrap();
        let remote = self.path().display().to_string();
        git(clone.path(), &["clone", "--quiet", &remote, "."]);
        git(clone.path(), &["checkout", "-q", "-B", "main"]);
        for (path, text) in files {
            let path = clone.path().join(path);
            match text {
                Some(text) => {
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(path, text).unwrap();
                }
                None => std::fs::remove_file(path).unwrap(),
            }
        }
        git(clone.path(), &["add", "-A"]);
        git(
            clone.path(),
            &[
                "-c",
                "user.name=somebody",
                "-c",
                "user.email=s@example.com",
                "commit",
                "-q",
                "-m",
                message,
            ],
        );
        git(clone.path(), &["push", "-q", "origin", "main"]);
    }

    /// What the branch holds, read with another git than the one under test; `None` if there is none.
    pub fn files(&self) -> Option<Tree> {
        let clone = tempfile::tempdir().unwrap();
        let remote = self.path().display().to_string();
        git(clone.path(), &["clone", "--quiet", &remote, "."]);
        let there = Command::new("git")
            .args(["rev-parse", "--quiet", "--verify", "origin/main"])
            .current_dir(clone.path())
            .output()
            .unwrap();
        there
            .status
            .success()
            .then(|| Tree::read(&OsFiles, clone.path()).unwrap())
    }

    pub fn hook(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path().join("hooks").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

pub fn desk(remote: &Remote) -> Desk {
    Desk {
        git: Arc::new(remote.git()),
        files: Arc::new(OsFiles),
        clock: Arc::new(SystemClock::new()),
        deadline: Duration::from_mins(1),
    }
}

/// Git as the test itself uses it.
pub fn git(at: &Path, args: &[&str]) -> String {
    let ran = Command::new("git")
        .args(args)
        .current_dir(at)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "git {args:?}: {said}");
    String::from_utf8(ran.stdout).unwrap()
}
