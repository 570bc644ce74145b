//! A bare repository in a private folder: what is fetched, made and pushed goes through it.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::access::Way;
use super::git::{Call, GitTransport, Ran, Workspace};
use super::problem;
use super::speech::{batch, failed, quoted};
use super::tree::{Entry, EntryKind, Tree};
use crate::diagnostic::Diagnostic;

/// The name and address of our commits.
const AUTHOR: (&str, &str) = ("nautes-install", "nautes-install@localhost");

/// Made for each use.
pub struct Store<'a> {
    git: &'a dyn GitTransport,
    folder: Workspace,
    deadline: Duration,
}

impl<'a> Store<'a> {
    /// An empty repository. Each run of git may take `deadline`.
    ///
    /// # Errors
    /// There is no git, or no folder for it.
    pub async fn new(git: &'a dyn GitTransport, deadline: Duration) -> Result<Self, Diagnostic> {
        let folder = git.workspace().map_err(|error| {
            problem("repo/unwritable", "there is no folder for git to work in")
                .why(error.to_string())
                .help("make room in the folder for temporary files")
        })?;
        let store = Self {
            git,
            folder,
            deadline,
        };
        store.ask(&["init", "--quiet", "--bare", "."]).await?;
        Ok(store)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file beside the repository, for git to read.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, name: &str, content: &[u8]) -> Result<(), Diagnostic> {
        self.folder.write(name, content).map_err(|error| {
            problem("repo/unwritable", "git's files cannot be written")
                .why(error.to_string())
                .help("make room in the folder for temporary files")
        })
    }

    /// Runs git and gives what it printed.
    ///
    /// # Errors
    /// It failed.
    pub async fn ask(&self, args: &[&str]) -> Result<String, Diagnostic> {
        let ran = self.run(args, (Vec::new(), &[])).await?;
        Ok(String::from_utf8_lossy(&ran.stdout).trim_end().to_owned())
    }

    async fn run(
        &self,
        args: &[&str],
        (input, environment): (Vec<u8>, &[(String, String)]),
    ) -> Result<Ran, Diagnostic> {
        let ran = self.try_run(args, (input, environment)).await?;
        if ran.code == 0 {
            return Ok(ran);
        }
        Err(failed(args, &ran))
    }

    /// Runs git, whatever its answer.
    ///
    /// # Errors
    /// It could not be run, or did not end.
    pub async fn try_run(
        &self,
        args: &[&str],
        (input, environment): (Vec<u8>, &[(String, String)]),
    ) -> Result<Ran, Diagnostic> {
        let call = Call {
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            at: self.folder(),
            input,
            environment,
            deadline: self.deadline,
        };
        self.git.run(&call).await.map_err(|error| {
            let verb = args.first().copied().unwrap_or_default();
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let help = if missing {
                "install git on the machine that runs nautes-install"
            } else {
                "see whether the remote answers, then run again"
            };
            problem("repo/git", format!("`git {verb}` did not run"))
                .why(error.to_string())
                .help(help)
        })
    }

    /// The commit that a branch of a remote is at; `None` if it is not there.
    ///
    /// # Errors
    /// The remote cannot be asked.
    pub async fn tip(&self, way: &Way, branch: &str) -> Result<Option<String>, Diagnostic> {
        let name = format!("refs/heads/{branch}");
        let args = ["ls-remote", "--", &way.url, &name];
        let ran = self.run(&args, (Vec::new(), &way.environment)).await?;
        let text = String::from_utf8_lossy(&ran.stdout);
        let line = text.lines().find(|line| line.ends_with(&name));
        Ok(line
            .and_then(|line| line.split_whitespace().next())
            .map(ToOwned::to_owned))
    }

    /// Fetches what a remote has under a name (a branch, a commit) into one of ours.
    ///
    /// # Errors
    /// It has no such thing, or cannot be asked.
    pub async fn fetch(
        &self,
        way: &Way,
        (from, to): (&str, &str),
        depth: Option<u32>,
    ) -> Result<(), Diagnostic> {
        let depth = depth.map(|depth| format!("--depth={depth}"));
        let spec = format!("+{from}:{to}");
        let mut args = vec!["fetch", "--quiet", "--no-tags"];
        args.extend(depth.as_deref());
        args.extend(["--", &way.url, &spec]);
        self.run(&args, (Vec::new(), &way.environment))
            .await
            .map(drop)
    }

    /// Pushes a commit to a branch, without force. `false`: somebody pushed in the meantime.
    ///
    /// # Errors
    /// The push failed.
    pub async fn push(
        &self,
        way: &Way,
        (commit, branch): (&str, &str),
    ) -> Result<bool, Diagnostic> {
        let spec = format!("{commit}:refs/heads/{branch}");
        let args = ["push", "--porcelain", "--", &way.url, &spec];
        let ran = self.try_run(&args, (Vec::new(), &way.environment)).await?;
        if ran.code == 0 {
            return Ok(true);
        }
        let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &ran.stderr;
        let late = [
            "[rejected]",
            "fetch first",
            "non-fast-forward",
            "cannot lock ref",
        ];
        if late.iter().any(|word| said.contains(word)) {
            return Ok(false);
        }
        Err(failed(
            &["push"],
            &Ran {
                stderr: said,
                ..ran
            },
        ))
    }

    /// The files of a commit. What is no file of text and bytes (a submodule) is left out.
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn read(&self, commit: &str) -> Result<Tree, Diagnostic> {
        let ran = self
            .run(
                &["ls-tree", "-r", "-z", "--full-tree", commit],
                (Vec::new(), &[]),
            )
            .await?;
        let mut wanted = Vec::new();
        for line in ran.stdout.split(|byte| *byte == 0) {
            let Ok(line) = std::str::from_utf8(line) else {
                continue;
            };
            let Some((about, path)) = line.split_once('\t') else {
                continue;
            };
            let mut words = about.split(' ');
            let (mode, _, id) = (words.next(), words.next(), words.next());
            if let (Some(kind), Some(id)) = (mode.and_then(EntryKind::of_mode), id) {
                wanted.push((path.to_owned(), kind, id.to_owned()));
            }
        }
        let ids: String = wanted.iter().map(|(_, _, id)| format!("{id}\n")).collect();
        let ran = self
            .run(&["cat-file", "--batch"], (ids.into_bytes(), &[]))
            .await?;
        let mut blobs = batch(&ran.stdout);
        let found = wanted.into_iter().filter_map(|(path, kind, id)| {
            let content = blobs.get_mut(&id)?.clone();
            Some((path, Entry { content, kind }))
        });
        Ok(found.collect())
    }

    /// Makes git's tree of files: those of `from` with the differences to `tree`, or `tree` alone.
    ///
    /// # Errors
    /// Git refuses it.
    pub async fn write(
        &self,
        tree: &Tree,
        from: Option<(&str, &Tree)>,
    ) -> Result<String, Diagnostic> {
        let mut stream = b"reset refs/scratch\n".to_vec();
        stream.extend_from_slice(b"commit refs/scratch\ncommitter x <x> 0 +0000\ndata 0\n");
        match from {
            Some((commit, there)) => {
                stream.extend_from_slice(format!("from {commit}\n").as_bytes());
                let gone = there.paths().filter(|path| tree.get(path).is_none());
                for path in gone {
                    stream.extend_from_slice(format!("D {}\n", quoted(path)).as_bytes());
                }
            }
            None => stream.extend_from_slice(b"deleteall\n"),
        }
        let same = |path: &str, entry: &Entry| {
            from.is_some_and(|(_, there)| there.get(path) == Some(entry))
        };
        for (path, entry) in tree.iter().filter(|(path, entry)| !same(path, entry)) {
            let mode = entry.kind.mode();
            let size = entry.content.len();
            let head = format!("M {mode} inline {}\ndata {size}\n", quoted(path));
            stream.extend_from_slice(head.as_bytes());
            stream.extend_from_slice(&entry.content);
            stream.push(b'\n');
        }
        stream.extend_from_slice(b"done\n");
        let args = [
            "fast-import",
            "--quiet",
            "--force",
            "--done",
            "--date-format=raw",
        ];
        self.run(&args, (stream, &[])).await?;
        self.ask(&["rev-parse", "--verify", "refs/scratch^{tree}"])
            .await
    }

    /// Makes a commit.
    ///
    /// # Errors
    /// Git refuses it.
    pub async fn commit(
        &self,
        tree: &str,
        parents: &[&str],
        (message, when): (&str, SystemTime),
    ) -> Result<String, Diagnostic> {
        let mut args = vec!["commit-tree", tree];
        for parent in parents {
            args.extend(["-p", parent]);
        }
        let seconds = when
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        // With `@` git takes any number of seconds, also those of a clock that starts at none.
        let date = format!("@{seconds} +0000");
        let mut environment = Vec::new();
        for who in ["AUTHOR", "COMMITTER"] {
            environment.push((format!("GIT_{who}_NAME"), AUTHOR.0.to_owned()));
            environment.push((format!("GIT_{who}_EMAIL"), AUTHOR.1.to_owned()));
            environment.push((format!("GIT_{who}_DATE"), date.clone()));
        }
        let input = message.as_bytes().to_vec();
        let ran = self.run(&args, (input, &environment)).await?;
        Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned())
    }
}
