//! `tenant_repo`: a template with its values and our changes, in a repository of the tenant's GitLab.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::registry::{Built, boxed};
use super::{Change, Context, Diff, Failure, Given, Module, Outcome, Site};
use crate::chart::Rewrites;
use crate::connection::{Reader, forward_through};
use crate::diagnostic::Diagnostics;
use crate::input::{Clock, FileKind, Json, MemoryProcesses, Table, Variables};
use crate::repo::{
    Desk, Outlook, Overlay, Place, Prefer, Remote, Setting, Source, Ssh, Target, Tree, Wanted,
    render,
};
use crate::secret::Secret;
use crate::template::{Engine, World};

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, context: &Context<'_>) -> Built {
    match name {
        "tenant_repo" => boxed(TenantRepo::new(given, context)?),
        _ => Ok(None),
    }
}

/// How long one run of git may take: a first clone over a slow line, shorter than a task's deadline.
const DEADLINE: Duration = Duration::from_mins(5);

/// The module.
pub struct TenantRepo {
    desk: Desk,
    source: Source,
    overlay: Option<PathBuf>,
    variables: Option<BTreeMap<String, Json>>,
    rewrites: Rewrites,
    address: String,
    branch: String,
    prefer: Prefer,
    key: Option<Secret<String>>,
    host_keys: Vec<String>,
    clock: Arc<dyn Clock>,
}

/// What was seen.
pub struct Seen {
    wanted: Wanted,
    outlook: Outlook,
}

impl TenantRepo {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let directory = given
            .some("directory")
            .map(PathBuf::from)
            .unwrap_or_default();
        let template = given.string("template");
        let source = Source::parse(&template, (context.files.as_ref(), &directory));
        let images = given
            .get("images")
            .and_then(Json::as_object)
            .into_iter()
            .flatten();
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let variables = given.get("variables").and_then(Json::as_object);
        let variables = variables.map(|all| {
            all.iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        });
        Ok(Self {
            desk: Desk {
                git: context.git.clone(),
                files: context.files.clone(),
                clock: context.clock.clone(),
                deadline: DEADLINE,
            },
            source: source.map_err(|error| Failure::from(vec![error]))?,
            overlay: given
                .some("overlay")
                .map(|name| folder(&name, context))
                .transpose()?,
            variables,
            rewrites: Rewrites::new(images.map(|(from, to)| (from.clone(), text(to)))),
            address: given.string("address"),
            branch: given.string("branch"),
            prefer: match given.text("conflict") {
                Some("ours") => Prefer::Ours,
                Some("theirs") => Prefer::Theirs,
                _ => Prefer::Nobody,
            },
            key: given.some("deploy_key").map(Secret::new),
            host_keys: given.list("host_keys"),
            clock: context.clock.clone(),
        })
    }

    /// What the repository is to hold.
    async fn wanted(&self) -> Result<Wanted, Diagnostics> {
        let template = self
            .source
            .open(&self.desk)
            .await
            .map_err(|error| vec![error])?;
        let (mut tree, origin) = (template.tree, template.origin);
        let engine = self.engine();
        let values = self.variables.clone().unwrap_or_default();
        let variables: Arc<dyn Variables> = Arc::new(Table(values));
        if self.variables.is_some() {
            tree = render((&tree, &origin), &engine, &variables)?;
        }
        let mut kept = Vec::new();
        if let Some(folder) = &self.overlay {
            let setting = Setting {
                engine: &engine,
                variables: &variables,
                images: &|image| self.rewrites.target(image),
                targets: template.targets,
            };
            let overlay = Overlay::read(self.desk.files.as_ref(), folder)?;
            kept = overlay.apply(&mut tree, &setting)?.kept;
        }
        Ok(Wanted { tree, kept, origin })
    }

    /// Templates of the repository see their variables and nothing of this machine.
    fn engine(&self) -> Engine {
        Engine::new(World {
            files: self.desk.files.clone(),
            processes: Arc::new(MemoryProcesses::default()),
            clock: self.clock.clone(),
            random: Arc::new(|buffer| buffer.fill(0)),
            hosts: Arc::new(|_| Vec::new()),
            search: Vec::new(),
        })
    }

    /// The repository as it is reached from the task's host; the way is open as long as the forward.
    async fn target(
        &self,
        at: &Reader<'_>,
    ) -> Result<(Target, Option<crate::connection::Forward>), Failure> {
        let mut remote = Remote {
            address: self.address.clone(),
            ssh: None,
        };
        let place = Place::parse(&self.address);
        let mut open = None;
        if let Some(place) = place.filter(|_| self.desk.git.stand_in(&self.address).is_none()) {
            let key = self.key.clone().ok_or_else(|| {
                Failure::msg("an address over SSH needs `deploy_key`")
                    .help("give the private key as text")
            })?;
            let way = forward_through(at.dialler(), &place.host, place.port).await;
            let way = way.map_err(|error| {
                Failure::msg(format!("no port of this machine is free: {error}"))
            })?;
            remote.ssh = Some(Ssh {
                key,
                host_keys: self.host_keys.clone(),
                at: Some(way.address()),
            });
            open = Some(way);
        }
        let target = Target {
            remote,
            branch: self.branch.clone(),
            prefer: self.prefer,
        };
        Ok((target, open))
    }
}

/// Where the changes of this name lie: beside the playbooks.
fn folder(name: &str, context: &Context<'_>) -> Result<PathBuf, Failure> {
    let inside = Path::new("templates").join(name).join("overlay");
    let near = context
        .search
        .iter()
        .flat_map(|dir| [dir.join(&inside), dir.join("..").join(&inside)]);
    let mut all = std::iter::once(PathBuf::from(name)).chain(near);
    let found = all.find(|path| context.files.kind(path) == Some(FileKind::Directory));
    found.ok_or_else(|| {
        Failure::msg(format!("there is no overlay `{name}`"))
            .help("`tenant-repo` and `cluster-templates` are built in")
    })
}

#[async_trait]
impl Module for TenantRepo {
    type Seen = Seen;

    async fn observe(&self, at: &Reader<'_>) -> Result<Seen, Failure> {
        let wanted = self.wanted().await.map_err(Failure::from)?;
        let (target, _open) = self.target(at).await?;
        let outlook = self
            .desk
            .look(&wanted, &target)
            .await
            .map_err(Failure::from)?;
        Ok(Seen { wanted, outlook })
    }

    fn diff(&self, seen: &Seen) -> Result<Diff, Failure> {
        let outlook = &seen.outlook;
        if !outlook.conflicts.is_empty() {
            return Err(outlook.told(&self.branch).into());
        }
        let mut diff = Diff::default();
        if let Some(commit) = &outlook.at {
            diff.result
                .insert("commit".to_owned(), commit.clone().into());
        }
        diff.result
            .insert("files".to_owned(), outlook.after.len().into());
        diff.result
            .insert("same".to_owned(), outlook.is_same.into());
        if outlook.is_same {
            diff.reason = Some(format!("`{}` holds it already", self.branch));
        } else if outlook.before == Tree::default() {
            let after = format!("{} files of {}", outlook.after.len(), seen.wanted.origin);
            diff.changes.push(Change::new(
                format!("branch {}", self.branch),
                String::new(),
                after,
            ));
        } else {
            let files = outlook.changes().into_iter();
            diff.changes.extend(files.map(|(path, before, after)| {
                Change::new(path.to_owned(), before.to_owned(), after.to_owned())
            }));
            if diff.changes.is_empty() {
                // The files are there, but not in the history that the next run starts from.
                let after = format!("history with {}", seen.wanted.origin);
                diff.changes.push(Change::new(
                    format!("branch {}", self.branch),
                    String::new(),
                    after,
                ));
            }
        }
        Ok(diff)
    }

    async fn apply(&self, at: &Site<'_>, seen: Seen, _: &Diff) -> Result<Outcome, Failure> {
        let (target, _open) = self.target(&at.reader()).await?;
        let pushed = self
            .desk
            .push(&seen.wanted, &target)
            .await
            .map_err(Failure::from)?;
        let mut outcome = Outcome::default();
        outcome
            .result
            .insert("commit".to_owned(), pushed.commit.into());
        outcome.changed = Some(pushed.changed);
        Ok(outcome)
    }
}
