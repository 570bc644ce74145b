//! Git in a rehearsal: the real program, with repositories below the estate's directory in place of
//! remote ones, and small stand-ins for the templates that a real run fetches.
//!
//! What was pushed is part of the estate: its Argo CD reads it, and a copy of the estate goes on with
//! what its original had at that moment.

mod remote;
mod template;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

pub use remote::{Offer, Remote, Remotes};

use super::estate::Estate;
use crate::repo::{Call, Entry, GitTransport, Place, Ran, Tree, Workspace, unpacked};

/// The branch that projects begin with.
const BRANCH: &str = "main";

/// Git whose remotes are folders.
pub struct RehearsedGit {
    git: Arc<dyn GitTransport>,
    folder: PathBuf,
    estate: Estate,
    origin: Option<PathBuf>,
}

impl RehearsedGit {
    /// Repositories of an estate below this folder, which are made when they are asked for.
    pub fn new(git: Arc<dyn GitTransport>, folder: PathBuf, estate: &Estate) -> Self {
        Self {
            git,
            folder,
            estate: estate.clone(),
            origin: None,
        }
    }

    /// The repositories of the estate that this one was copied from: what they held then is here, too.
    #[must_use]
    pub fn copied_from(mut self, origin: &Path) -> Self {
        self.origin = Some(origin.to_owned());
        self
    }

    /// The repository that a call is about.
    fn own(&self, call: &Call<'_>) -> Option<PathBuf> {
        let paths = call.args.iter().map(PathBuf::from);
        let mut own = paths.filter(|path| path.starts_with(&self.folder));
        own.next()
    }

    /// What a repository is called on the estate: `HOST/PATH`.
    fn name(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.folder).unwrap_or(path);
        inside.display().to_string()
    }

    async fn quietly(&self, call: &Call<'_>, args: &[&str]) -> io::Result<Ran> {
        let call = Call {
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            input: Vec::new(),
            environment: &[],
            ..call.clone()
        };
        self.git.run(&call).await
    }

    /// Makes the repository that a call is about, as GitLab has made the project.
    async fn made(&self, call: &Call<'_>, path: &Path) -> io::Result<()> {
        if path.exists() {
            return Ok(());
        }
        let target = path.display().to_string();
        let known = self.estate.remote(&self.name(path));
        let origin = self.origin.as_ref().map(|all| all.join(self.name(path)));
        let Some((remote, origin)) = known.zip(origin.filter(|path| path.exists())) else {
            let init = [
                "init",
                "--quiet",
                "--bare",
                "--initial-branch",
                BRANCH,
                "--",
            ];
            let args = [&init[..], &[&target]].concat();
            return self.quietly(call, &args).await.map(drop);
        };
        let origin = origin.display().to_string();
        let clone = ["clone", "--quiet", "--bare", "--shared", "--"];
        let args = [&clone[..], &[&origin, &target]].concat();
        self.quietly(call, &args).await?;
        let branch = format!("refs/heads/{BRANCH}");
        let args = ["--git-dir", &target, "update-ref", &branch, &remote.commit];
        self.quietly(call, &args).await.map(drop)
    }

    /// The estate learns what a repository holds now.
    async fn note(&self, call: &Call<'_>, path: &Path, commit: &str) -> io::Result<()> {
        let name = self.name(path);
        if (self.estate.remote(&name)).is_some_and(|known| known.commit == commit) {
            return Ok(());
        }
        let at = path.display().to_string();
        let args = [
            "--git-dir",
            &at,
            "archive",
            "--format=tar",
            "--prefix=x/",
            commit,
        ];
        let tar = self.quietly(call, &args).await?;
        let tree = unpacked(&tar.stdout)?;
        self.estate.note_remote(&name, Remote::new(commit, &tree));
        Ok(())
    }
}

#[async_trait]
impl GitTransport for RehearsedGit {
    async fn run(&self, call: &Call<'_>) -> io::Result<Ran> {
        let Some(path) = self.own(call) else {
            return self.git.run(call).await;
        };
        self.made(call, &path).await?;
        let mut ran = self.git.run(call).await?;
        let verb = call.args.iter().find(|arg| !arg.starts_with('-'));
        let tip = match verb.map(String::as_str) {
            Some("ls-remote") => String::from_utf8_lossy(&ran.stdout).into_owned(),
            Some("push") if ran.code == 0 => {
                let at = path.display().to_string();
                let args = ["--git-dir", &at, "show-ref", "--heads", BRANCH];
                let shown = self.quietly(call, &args).await?;
                String::from_utf8_lossy(&shown.stdout).replace(' ', "\t")
            }
            _ => String::new(),
        };
        let branch = format!("\trefs/heads/{BRANCH}");
        let mut lines = tip.lines();
        if let Some(commit) = lines.find_map(|line| line.strip_suffix(&branch)) {
            self.note(call, &path, commit).await?;
        }
        ran.stderr = ran.stderr.replace(&self.folder.display().to_string(), "");
        Ok(ran)
    }

    fn stand_in(&self, address: &str) -> Option<PathBuf> {
        let place = Place::parse(address)?;
        let path = place.path.trim_start_matches('/');
        let plain = path.split('/').all(|part| !part.is_empty() && part != "..");
        plain.then(|| self.folder.join(&place.host).join(path))
    }

    fn template(&self, address: &str) -> Option<Tree> {
        if !address.contains("://") || address.starts_with("file://") {
            return None;
        }
        if !address.contains("cluster-templates") {
            return Some(template::tenant());
        }
        let mut tree = Tree::default();
        // Nobody in the rehearsal reads these templates; they have a file of upstream's name.
        let rules = "# stands in for the templates of clusters\n";
        tree.insert("clusterignorerule.yaml", Entry::plain(rules));
        Some(tree)
    }

    fn workspace(&self) -> io::Result<Workspace> {
        self.git.workspace()
    }
}
