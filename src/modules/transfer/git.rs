//! `git`: a repository checked out at a version, by the host's git.

use crate::connection::{Action, Exec, Executed, Probe};
use crate::modules::given::join;
use crate::modules::seen::{stat, stat_through};
use crate::modules::{Change, Context, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Git {
    repo: String,
    dest: Option<String>,
    version: String,
    remote: String,
    given: Given,
    /// Environment of every git: the user's own, and how ssh is to be called.
    environment: std::collections::BTreeMap<String, String>,
}

impl Git {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        if given.flag("accept_hostkey") || given.flag("accept_newhostkey") {
            return Err(
                Failure::msg("`accept_hostkey` is not supported: host keys are verified")
                    .help("add the server's key with `known_hosts` before"),
            );
        }
        let clones = given.choice("clone") != Some(false);
        if clones && given.path("dest")?.is_none() {
            return Err(Failure::msg(
                "the destination directory must be specified unless clone=no",
            ));
        }
        let mut environment = context.environment.clone();
        let mut ssh = Vec::new();
        if let Some(key) = given.path("key_file")? {
            if key.contains([' ', '\'', '"', '$', '`', '\\', ';', '&']) {
                return Err(Failure::msg(format!(
                    "`key_file` has characters that ssh's command line cannot carry: {key}"
                )));
            }
            ssh.extend([
                "-o".to_owned(),
                "IdentitiesOnly=yes".to_owned(),
                "-i".to_owned(),
                key,
            ]);
        }
        ssh.extend(given.some("ssh_opts"));
        if !ssh.is_empty() {
            environment.insert(
                "GIT_SSH_COMMAND".to_owned(),
                format!("ssh -o BatchMode=yes {}", ssh.join(" ")),
            );
        }
        environment
            .entry("GIT_TERMINAL_PROMPT".to_owned())
            .or_insert_with(|| "0".to_owned());
        // Looking must not refresh the index.
        environment
            .entry("GIT_OPTIONAL_LOCKS".to_owned())
            .or_insert_with(|| "0".to_owned());
        Ok(Self {
            repo: given.string("repo"),
            dest: given.path("dest")?,
            version: given.some("version").unwrap_or_else(|| "HEAD".to_owned()),
            remote: given.some("remote").unwrap_or_else(|| "origin".to_owned()),
            given: given.clone(),
            environment,
        })
    }

    fn git(&self, words: &[&str]) -> Exec {
        let mut argv = vec!["git"];
        if let Some(dest) = &self.dest
            && words.first() != Some(&"clone")
            && words.first() != Some(&"ls-remote")
        {
            argv.extend(["-C", dest]);
        }
        argv.extend(words);
        Exec {
            env: self.environment.clone(),
            ..Exec::new(argv)
        }
    }

    fn asking(&self, words: &[&str]) -> Probe {
        Probe::Command(Box::new(self.git(words)))
    }

    fn refs(&self) -> Probe {
        self.asking(&["ls-remote", &self.repo])
    }

    fn head(&self) -> Probe {
        self.asking(&["rev-parse", "HEAD"])
    }

    fn dirty(&self) -> Probe {
        self.asking(&["status", "--porcelain", "--untracked-files=no"])
    }

    /// What is there when it was cloned before.
    fn marker(&self, dest: &str) -> String {
        join(
            dest,
            if self.given.flag("bare") {
                "HEAD"
            } else {
                ".git"
            },
        )
    }

    /// The commit that the version means at the server, and the kind of name it is.
    fn wanted(&self, seen: &Seen) -> Result<(String, Kind), Failure> {
        if self.version.len() == 40 && self.version.chars().all(|c| c.is_ascii_hexdigit()) {
            return Ok((self.version.to_lowercase(), Kind::Commit));
        }
        let answer = seen.executed(&self.refs())?;
        if answer.code != 0 {
            return Err(failed("Failed to read the remote repository", answer));
        }
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let find = |name: &str| {
            text.lines()
                .filter_map(|line| line.split_once('\t'))
                .find(|(_, found)| *found == name)
                .map(|(commit, _)| commit.to_owned())
        };
        let version = &self.version;
        if version == "HEAD" {
            return find("HEAD")
                .map(|c| (c, Kind::Head))
                .ok_or_else(|| self.unknown());
        }
        let branch = find(&format!("refs/heads/{version}")).map(|c| (c, Kind::Branch));
        // `^{}` is the commit that an annotated tag points to.
        let tag = || {
            find(&format!("refs/tags/{version}^{{}}"))
                .or_else(|| find(&format!("refs/tags/{version}")))
        };
        branch
            .or_else(|| tag().map(|c| (c, Kind::Tag)))
            .or_else(|| find(version).map(|c| (c, Kind::Reference)))
            .ok_or_else(|| self.unknown())
    }

    fn unknown(&self) -> Failure {
        Failure::msg(format!(
            "Could not find the version `{}` at {}",
            self.version, self.repo
        ))
    }

    /// Adds what clones.
    fn clone_it(&self, steps: &mut Steps, dest: &str, kind: Kind) {
        let mut words = vec![
            "clone".to_owned(),
            "--origin".to_owned(),
            self.remote.clone(),
        ];
        if self.given.flag("bare") {
            words.push("--bare".to_owned());
        }
        if let Some(depth) = self.given.int("depth") {
            words.extend(["--depth".to_owned(), depth.to_string()]);
        }
        if self.given.flag("single_branch") {
            words.push("--single-branch".to_owned());
        }
        if matches!(kind, Kind::Branch | Kind::Tag) {
            words.extend(["--branch".to_owned(), self.version.clone()]);
        }
        words.extend(["--".to_owned(), self.repo.clone(), dest.to_owned()]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        steps.actions.push(Action::Exec(self.git(&words)));
        if matches!(kind, Kind::Commit | Kind::Reference) {
            self.fetch(steps);
            if !self.given.flag("bare") {
                steps.actions.push(Action::Exec(self.git(&[
                    "checkout",
                    "--force",
                    "--detach",
                    "FETCH_HEAD",
                ])));
            }
        }
        self.submodules(steps);
    }

    /// Adds what fetches exactly the version.
    fn fetch(&self, steps: &mut Steps) {
        let mut words = vec!["fetch".to_owned(), "--force".to_owned()];
        if let Some(depth) = self.given.int("depth") {
            words.extend(["--depth".to_owned(), depth.to_string()]);
        }
        words.extend([
            self.remote.clone(),
            self.given
                .some("refspec")
                .unwrap_or_else(|| self.version.clone()),
        ]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        steps.actions.push(Action::Exec(self.git(&words)));
    }

    fn submodules(&self, steps: &mut Steps) {
        if self.given.flag("recursive") && !self.given.flag("bare") {
            steps.actions.push(Action::Exec(self.git(&[
                "submodule",
                "update",
                "--init",
                "--recursive",
            ])));
        }
    }

    /// Adds what brings a clone to the version.
    fn update(&self, steps: &mut Steps, (commit, kind): (&str, Kind)) {
        steps.actions.push(Action::Exec(self.git(&[
            "remote",
            "set-url",
            &self.remote,
            &self.repo,
        ])));
        self.fetch(steps);
        if self.given.flag("bare") {
            return;
        }
        if kind == Kind::Branch {
            steps.actions.push(Action::Exec(self.git(&[
                "checkout",
                "--force",
                "-B",
                &self.version,
                commit,
            ])));
        } else if kind == Kind::Head {
            steps
                .actions
                .push(Action::Exec(self.git(&["reset", "--hard", commit])));
        } else {
            steps.actions.push(Action::Exec(
                self.git(&["checkout", "--force", "--detach", commit]),
            ));
        }
        self.submodules(steps);
    }
}

/// What kind of name a version is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Head,
    Branch,
    Tag,
    Commit,
    Reference,
}

/// git's own words.
fn failed(what: &str, answer: &Executed) -> Failure {
    let words = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
    Failure::msg(format!("{what}: {words}"))
        .with("rc", answer.code)
        .with("stderr", words)
}

impl Recipe for Git {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = vec![self.refs()];
        if let Some(dest) = &self.dest {
            probes.extend([stat_through(dest), stat(&self.marker(dest))]);
        }
        probes
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        let Some(dest) = &self.dest else {
            return Ok(Vec::new());
        };
        Ok(if seen.stat(&self.marker(dest))?.is_some() {
            vec![self.head(), self.dirty()]
        } else {
            Vec::new()
        })
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        let (commit, kind) = self.wanted(seen)?;
        steps.set("after", commit.as_str());
        steps.set("remote_url_changed", false);
        let Some(dest) = self
            .dest
            .as_deref()
            .filter(|_| self.given.choice("clone") != Some(false))
        else {
            return Ok(steps.or_reason("only asks for the version"));
        };
        if seen.stat(&self.marker(dest))?.is_none() {
            steps.set("before", serde_json::Value::Null);
            steps.diff.changes.push(Change::new(dest, "", &commit));
            self.clone_it(&mut steps, dest, kind);
            return Ok(steps);
        }
        let answer = seen.executed(&self.head())?;
        if answer.code != 0 {
            return Err(failed("Could not determine the current version", answer));
        }
        let now = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        steps.set("before", now.as_str());
        let dirty = !seen.executed(&self.dirty())?.stdout.is_empty() && !self.given.flag("bare");
        if dirty && !self.given.flag("force") {
            return Err(Failure::msg(format!(
                "Local modifications exist in the destination: {dest} (force=no)."
            ))
            .help("`force: true` throws them away"));
        }
        if self.given.choice("update") == Some(false) {
            steps.set("after", now.as_str());
            return Ok(steps.or_reason("not updated, as asked"));
        }
        if now != commit || dirty {
            steps.diff.changes.push(Change::new(dest, &now, &commit));
            self.update(&mut steps, (&commit, kind));
        }
        Ok(steps.or_reason("it is at that version already"))
    }
}
