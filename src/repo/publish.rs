//! Rendered files meet the repository: fetched, merged by three ways, shown, pushed, read back.
//!
//! What was rendered last is found in the history itself: each rendering is a commit of its own
//! whose message names its tree, and every push to the branch merges the newest of them. So nothing
//! is lost with this machine, and `git log` of the branch tells the whole story:
//!
//! ```text
//!   main   ── R1 ── people, API server ── M2 ── …      M2 merges what is there with R2
//!               \_______________________ R2 ‾
//! ```

use std::sync::Arc;
use std::time::Duration;

use super::access::{Remote, Way};
use super::git::GitTransport;
use super::lines::{Prefer, settle};
use super::merge::Sides;
use super::outlook::Outlook;
use super::problem;
use super::store::Store;
use super::tree::Tree;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Clock, Files};

/// What names a rendering's tree in its message.
const TRAILER: &str = "Nautes-Install-Render: ";
/// Where the remote's branch is kept.
const THEIRS: &str = "refs/remotes/there";
/// How often a push is tried again when somebody else pushed in the meantime.
const TRIES: usize = 4;

/// What the repository is to hold.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The files.
    pub tree: Tree,
    /// Files that belong to somebody else once they are there.
    pub kept: Vec<String>,
    /// What they were made of, for the commit: `tenant-repo-template at fcd185b`.
    pub origin: String,
}

/// Where it is.
#[derive(Clone)]
pub struct Target {
    /// The repository.
    pub remote: Remote,
    /// Its branch.
    pub branch: String,
    /// Who wins where both changed the same lines.
    pub prefer: Prefer,
}

/// What a run needs of this machine.
#[derive(Clone)]
pub struct Desk {
    /// Git.
    pub git: Arc<dyn GitTransport>,
    /// Files.
    pub files: Arc<dyn Files>,
    /// Dates of commits, waits.
    pub clock: Arc<dyn Clock>,
    /// How long a run of git may take.
    pub deadline: Duration,
}

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The commit that the branch is at now.
    pub commit: String,
    /// Whether that is a new one.
    pub changed: bool,
}

impl Desk {
    /// Fetches the branch and merges; the remote stays as it is.
    ///
    /// # Errors
    /// The remote cannot be asked.
    pub async fn look(&self, wanted: &Wanted, target: &Target) -> Result<Outlook, Diagnostics> {
        let store = Store::new(self.git.as_ref(), self.deadline)
            .await
            .map_err(one)?;
        let way = self.way(&store, &target.remote).map_err(one)?;
        self.outlook(&store, (&way, wanted), target)
            .await
            .map_err(one)
    }

    /// Pushes what is wanted and reads the remote back. A conflict is an error that shows it.
    ///
    /// # Errors
    /// A conflict; the push failed; the remote holds something else afterwards.
    pub async fn push(&self, wanted: &Wanted, target: &Target) -> Result<Pushed, Diagnostics> {
        let store = Store::new(self.git.as_ref(), self.deadline)
            .await
            .map_err(one)?;
        let way = self.way(&store, &target.remote).map_err(one)?;
        for _ in 0..TRIES {
            let outlook = self
                .outlook(&store, (&way, wanted), target)
                .await
                .map_err(one)?;
            if !outlook.conflicts.is_empty() {
                return Err(outlook.told(&target.branch));
            }
            if let (true, Some(commit)) = (outlook.is_same, &outlook.at) {
                return Ok(Pushed {
                    commit: commit.clone(),
                    changed: false,
                });
            }
            let (commit, tree) = self.commit(&store, wanted, &outlook).await.map_err(one)?;
            if store
                .push(&way, (&commit, &target.branch))
                .await
                .map_err(one)?
            {
                self.read_back(target, (&commit, &tree))
                    .await
                    .map_err(one)?;
                return Ok(Pushed {
                    commit,
                    changed: true,
                });
            }
            self.clock.sleep(Duration::from_secs(2)).await;
        }
        let what = format!(
            "`{}` did not hold still: each push came too late",
            target.branch
        );
        Err(vec![
            problem("repo/not-pushed", what)
                .why(format!(
                    "somebody else pushed {TRIES} times in the meantime"
                ))
                .help("run again when nobody registers clusters"),
        ])
    }

    fn way(&self, store: &Store<'_>, remote: &Remote) -> Result<Way, Diagnostic> {
        match self.git.stand_in(&remote.address) {
            Some(path) => Ok(Way {
                url: path.display().to_string(),
                environment: Vec::new(),
            }),
            None => remote.way(self.files.as_ref(), store.folder()),
        }
    }

    async fn outlook(
        &self,
        store: &Store<'_>,
        (way, wanted): (&Way, &Wanted),
        target: &Target,
    ) -> Result<Outlook, Diagnostic> {
        let Some(at) = store.tip(way, &target.branch).await? else {
            return Ok(Outlook {
                at: None,
                before: Tree::default(),
                after: wanted.tree.clone(),
                is_same: false,
                conflicts: Vec::new(),
                base: None,
            });
        };
        let branch = format!("refs/heads/{}", target.branch);
        store.fetch(way, (&branch, THEIRS), None).await?;
        let at = store
            .ask(&["rev-parse", "--verify", &format!("{THEIRS}^{{commit}}")])
            .await
            .unwrap_or(at);
        let before = store.read(&at).await?;
        let base = last_rendering(store, &at).await?;
        let rendered = match &base {
            Some(commit) => store.read(commit).await?,
            // GitLab's first commit (a README) is nobody's work.
            None if store.ask(&["rev-list", "--count", &at]).await? == "1" => before.clone(),
            None => Tree::default(),
        };
        let ours = settled(&wanted.tree, (&rendered, &wanted.kept));
        let first = if base.is_none() {
            union(&before, &ours, &rendered)
        } else {
            ours
        };
        let sides = Sides {
            base: &rendered,
            ours: &first,
            theirs: &before,
        };
        let (after, conflicts) = settle(store, sides.merge(&wanted.kept), target.prefer).await?;
        let is_same = after == before && base.is_some() && rendered == first;
        Ok(Outlook {
            at: Some(at),
            before,
            after,
            is_same,
            conflicts,
            base,
        })
    }

    /// Makes the rendering's commit, and the one that merges it into what is there.
    async fn commit(
        &self,
        store: &Store<'_>,
        wanted: &Wanted,
        outlook: &Outlook,
    ) -> Result<(String, String), Diagnostic> {
        let when = self.clock.now();
        let tree = store.write(&wanted.tree, None).await?;
        let message = format!(
            "Render {}\n\nWhat nautes-install made of the template. The next run merges with it as the base: keep it in\nthe history.\n\n{TRAILER}{tree}\n",
            wanted.origin
        );
        let base: Vec<&str> = outlook.base.as_deref().into_iter().collect();
        let rendering = store.commit(&tree, &base, (&message, when)).await?;
        let Some(at) = &outlook.at else {
            return Ok((rendering, tree));
        };
        let tree = store
            .write(&outlook.after, Some((at, &outlook.before)))
            .await?;
        let message = format!(
            "Take over {}\n\nMerged by nautes-install with what was there.\n",
            wanted.origin
        );
        let commit = store
            .commit(&tree, &[at, &rendering], (&message, when))
            .await?;
        Ok((commit, tree))
    }

    /// Fetches the branch anew and compares what it holds.
    async fn read_back(
        &self,
        target: &Target,
        (commit, tree): (&str, &str),
    ) -> Result<(), Diagnostic> {
        let store = Store::new(self.git.as_ref(), self.deadline).await?;
        let way = self.way(&store, &target.remote)?;
        let branch = format!("refs/heads/{}", target.branch);
        store.fetch(&way, (&branch, THEIRS), Some(1)).await?;
        let found = store
            .ask(&["rev-parse", &format!("{THEIRS}^{{tree}}")])
            .await?;
        if found == tree {
            return Ok(());
        }
        // Somebody may have pushed on top already: then ours is in the history.
        let whole = "refs/remotes/whole";
        store.fetch(&way, (&branch, whole), None).await?;
        let args = ["merge-base", "--is-ancestor", commit, whole];
        if store.try_run(&args, (Vec::new(), &[])).await?.code == 0 {
            return Ok(());
        }
        let what = format!(
            "`{}` holds something else than what was pushed",
            target.branch
        );
        Err(problem("repo/not-pushed", what)
            .why(format!("its tree is {found}, pushed was {tree}"))
            .help("see what the server's hooks do to a push"))
    }
}

/// The newest commit of the history that is a rendering of ours and still what its message says.
async fn last_rendering(store: &Store<'_>, at: &str) -> Result<Option<String>, Diagnostic> {
    let grep = format!("--grep=^{TRAILER}");
    let format = "--format=%H%n%T%n%B%x00";
    let text = store
        .ask(&["log", "--topo-order", &grep, format, at])
        .await?;
    Ok(text.split('\0').find_map(|commit| {
        let mut lines = commit.trim_start().lines();
        let (id, tree) = (lines.next()?, lines.next()?);
        let mut named = lines.filter_map(|line| line.strip_prefix(TRAILER));
        named
            .any(|named| named.trim() == tree)
            .then(|| id.to_owned())
    }))
}

/// What is wanted, with the files that are somebody else's as they were rendered first.
fn settled(tree: &Tree, (rendered, kept): (&Tree, &[String])) -> Tree {
    let mut tree = tree.clone();
    for path in kept {
        if let Some(entry) = rendered.get(path) {
            tree.insert(path.clone(), entry.clone());
        }
    }
    tree
}

/// The first time nothing of what is there goes: what the template lacks is somebody's.
fn union(before: &Tree, ours: &Tree, base: &Tree) -> Tree {
    let mut all = ours.clone();
    for (path, entry) in before.iter() {
        if ours.get(path).is_none() && base.get(path).is_some() {
            all.insert(path, entry.clone());
        }
    }
    all
}

fn one(error: Diagnostic) -> Diagnostics {
    vec![error]
}
