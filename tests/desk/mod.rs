//! A user's folder with the program beside it: what the tests of the whole program share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses a part of it; a test says what went wrong by panicking"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where somebody works.
pub struct Desk {
    folder: tempfile::TempDir,
    inventory: String,
    always: &'static [&'static str],
}

impl Desk {
    /// With an inventory of their own; `always` is given to every verb.
    pub fn with(inventory: &str, always: &'static [&'static str]) -> Self {
        let desk = Self::at("tenant.yaml", always);
        std::fs::write(desk.path().join("tenant.yaml"), inventory).unwrap();
        desk
    }

    /// With an inventory that is somewhere.
    pub fn at(inventory: &str, always: &'static [&'static str]) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            inventory: inventory.to_owned(),
            always,
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where a rehearsal keeps the estate of a tenant.
    pub fn estate(&self, tenant: &str) -> PathBuf {
        self.path().join(".nautes-install/rehearsal").join(tenant)
    }

    /// A file among the secrets of a tenant's simulated machine.
    pub fn secret(&self, tenant: &str, name: &str) -> String {
        let folder = self.estate(tenant).join("state/secrets");
        folder.join(name).display().to_string()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        command(self.path(), args)
    }

    /// Stdout, stderr and the exit code.
    pub fn apart(&self, args: &[&str]) -> (String, String, i32) {
        apart(&mut self.command(args))
    }

    /// What the program printed, both streams, and its exit code.
    pub fn said(&self, args: &[&str]) -> (String, i32) {
        let (out, err, code) = self.apart(args);
        (out + &err, code)
    }

    /// The same of a verb with the inventory.
    pub fn run(&self, verb: &str, more: &[&str]) -> (String, i32) {
        let args = [verb, "-i", &self.inventory];
        self.said(&[&args, self.always, more].concat())
    }

    /// The tasks that `up` changed, which must come to its end.
    pub fn up(&self, more: &[&str]) -> Vec<String> {
        let (text, code) = self.run("up", more);
        assert_eq!(code, 0, "{text}");
        changed(&text)
    }

    /// What a shell prints on a simulated host, or on `localhost`, which stands for this machine.
    pub fn shell(&self, host: &str, script: &str) -> String {
        let mut command = self.command(&["rehearse", "shell", "-i", &self.inventory, host]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = command.spawn().unwrap();
        let mut input = shell.stdin.take().unwrap();
        input.write_all(format!("{script}\n").as_bytes()).unwrap();
        drop(input);
        let done = shell.wait_with_output().unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

/// The program in a folder.
pub fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nautes-install"));
    command.args(args).current_dir(folder).env("NO_COLOR", "1");
    command
}

/// Stdout, stderr and the exit code of a program.
pub fn apart(command: &mut Command) -> (String, String, i32) {
    let done = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        text(&done.stdout),
        text(&done.stderr),
        done.status.code().unwrap(),
    )
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The tasks that a run's output calls changed.
pub fn changed(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with("changed: ["));
    let tasks = lines.filter(|line| !line.contains("(item="));
    let named = tasks.filter_map(|line| line.split_once("] "));
    named.map(|(_, name)| name.to_owned()).collect()
}

/// What git says, which must succeed.
pub fn git(at: &Path, args: &[&str]) -> String {
    let ran = Command::new("git").args(args).current_dir(at).output();
    let ran = ran.unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "git {args:?}: {said}");
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// Somebody else writes a file into a repository; gives the commit.
pub fn commit(remote: &Path, path: &str, text: &str) -> String {
    let clone = tempfile::tempdir().unwrap();
    let at = clone.path();
    let from = remote.display().to_string();
    git(at, &["clone", "-q", "-b", "main", &from, "."]);
    std::fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
    std::fs::write(at.join(path), text).unwrap();
    git(at, &["add", "-A"]);
    let name = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    git(at, &[&name[..], &["commit", "-qm", "by hand"]].concat());
    git(at, &["push", "-q", "origin", "main"]);
    git(at, &["rev-parse", "HEAD"])
}
