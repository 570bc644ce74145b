//! Tasks that are read when their turn comes: `include_tasks`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::event::Status;
use crate::input::{Json, Node, Var};
use crate::inventory::Vars;
use crate::playbook::{Keywords, Loader, Task};

use super::course::PlayRun;
use super::failure::{self, Stop};
use super::host::HostState;
use super::result::Ended;
use super::task::{Net, Went};

/// The hosts that include the same file with the same variables.
struct Group {
    path: PathBuf,
    vars: Vars,
    key: String,
    hosts: Vec<Arc<HostState>>,
}

/// What one item of the task includes on a host.
struct Inclusion {
    /// The file; `None` if its condition is false.
    path: Option<PathBuf>,
    vars: Vars,
    /// Equal for hosts that see the same.
    key: String,
    /// The loop variable's name and the item.
    item: Option<(String, Json)>,
}

impl PlayRun<'_> {
    /// Reads the file for each host and runs its steps; hosts that name the same file go together.
    pub async fn include_tasks(&self, task: &Task, hosts: Vec<Arc<HostState>>, net: Net) -> Went {
        let mut went = Went::default();
        let mut groups: Vec<Group> = Vec::new();
        for host in hosts {
            match self.included_files(task, &host).await {
                Ok(files) => {
                    self.tell_included(task, &host, &files).await;
                    if files.iter().all(|file| file.path.is_none()) {
                        went.alive.push(host);
                        continue;
                    }
                    for file in files {
                        gather(&mut groups, file, &host);
                    }
                }
                Err(stop) => self.include_failed(task, (host, stop), &mut went),
            }
        }
        for group in groups {
            let hosts: Vec<_> = group
                .hosts
                .iter()
                .filter(|host| !went.failed.iter().any(|f| f.name == host.name))
                .cloned()
                .collect();
            match self.read_steps(&group.path, &self.include_keywords(task)) {
                Ok(steps) => {
                    let mut include = (*self.include).clone();
                    include.extend(group.vars);
                    let inner = PlayRun {
                        include: Arc::new(include),
                        ..self.again()
                    };
                    let walked = inner.steps(&steps, hosts, net).await;
                    went.failed.extend(walked.failed);
                    went.alive
                        .retain(|host| !went.failed.iter().any(|f| f.name == host.name));
                    for host in walked.alive {
                        if !went.alive.iter().any(|other| other.name == host.name) {
                            went.alive.push(host);
                        }
                    }
                    went.fatal |= walked.stop;
                }
                Err(stop) => {
                    let Some(host) = hosts.first() else { continue };
                    self.include_failed(task, (host.clone(), stop), &mut went);
                    went.failed.extend(hosts.into_iter().skip(1));
                }
            }
        }
        went
    }

    /// What the included steps inherit: what the play and the blocks around say, and `apply`.
    fn include_keywords(&self, task: &Task) -> Keywords {
        let around = &self.written.keywords;
        let applied = task.args.get("apply");
        let applied = applied.map(|node| self.run.loader().applied(node));
        let inherited = Keywords {
            name: None,
            when: Vec::new(),
            tags: Vec::new(),
            run_once: None,
            delegate_to: None,
            ..task.keywords.clone().inside(&Keywords {
                name: None,
                vars: Vec::new(),
                ..around.clone()
            })
        };
        match applied {
            Some(applied) => applied.inside(&inherited),
            None => inherited,
        }
    }

    pub fn include_failed(
        &self,
        task: &Task,
        (host, stop): (Arc<HostState>, Stop),
        went: &mut Went,
    ) {
        let ended = stop.ended();
        self.count(&host, &ended);
        if ended.status == Status::Unknown {
            went.alive.push(host);
            return;
        }
        self.failed(failure::diagnostic(
            task,
            (&task.module, &host.name),
            &ended,
        ));
        went.failed.push(host);
    }

    /// The files that a host includes: one, or one for each item of the loop.
    async fn included_files(
        &self,
        task: &Task,
        host: &Arc<HostState>,
    ) -> Result<Vec<Inclusion>, Stop> {
        let mut files = Vec::new();
        let scope = self.scope(task, host);
        for scope in self.known_items(task, &scope)? {
            let item = task.repeat.as_ref().map(|_| {
                let name = super::task::loop_var(task);
                let value = super::task::local(&scope, &name);
                (name, value)
            });
            let mut file = Inclusion {
                path: None,
                vars: scope.local.clone(),
                key: String::new(),
                item,
            };
            if self.holds(&task.keywords.when, &scope).await? {
                let args = self.args(task, &scope).await?;
                let name = args.get("file").and_then(Json::as_str);
                for (name, node) in &task.keywords.vars {
                    let value = self.render(node, &scope).await?;
                    file.vars.insert(name.clone(), Var::Data(value));
                }
                let seen: Vec<_> = file.vars.iter().map(|(k, v)| (k, data(v))).collect();
                file.key = format!("{seen:?}");
                file.path = Some(self.find(task, name.unwrap_or_default(), "tasks"));
            }
            files.push(file);
        }
        Ok(files)
    }

    /// Tells and counts the inclusion itself, as Ansible does.
    async fn tell_included(&self, task: &Task, host: &Arc<HostState>, files: &[Inclusion]) {
        let scope = self.scope(task, host);
        let end = |file: &Inclusion| match &file.path {
            Some(path) => {
                let mut ended = Ended::new(Status::Ok, "");
                let path = path.display().to_string();
                ended.result.insert("include".to_owned(), path.into());
                ended
            }
            None => Ended::new(Status::Skipped, "").because("its condition is false"),
        };
        let ended = match (&task.repeat, files) {
            (None, [file, ..]) => end(file),
            _ => super::loops::whole(
                files
                    .iter()
                    .map(|file| {
                        let mut ended = end(file);
                        if let Some((name, value)) = &file.item {
                            ended.result.insert(name.clone(), value.clone());
                            let name = name.as_str().into();
                            ended.result.insert("ansible_loop_var".to_owned(), name);
                        }
                        ended
                    })
                    .collect(),
            ),
        };
        let told = self.told(task, &scope, &ended, None).await;
        self.tell(told, 0);
        // Each item that includes something counts, as in Ansible.
        let included = files.iter().filter(|file| file.path.is_some()).count();
        for _ in 0..included.max(1) {
            self.count(host, &ended);
        }
    }

    /// A file named in a task: beside its file, in the folder for its kind, or beside the play.
    pub fn find(&self, task: &Task, name: &str, folder: &str) -> PathBuf {
        let beside = &task.directory;
        let play = Path::new(&self.play.directory);
        [
            beside.join(name),
            beside.join(folder).join(name),
            play.join(folder).join(name),
            play.join(name),
        ]
        .into_iter()
        .find(|path| self.run.world.files.kind(path).is_some())
        .unwrap_or_else(|| beside.join(name))
    }
}

/// Puts a host to those that include the same.
fn gather(groups: &mut Vec<Group>, file: Inclusion, host: &Arc<HostState>) {
    let Some(path) = file.path else { return };
    let same = groups
        .iter_mut()
        .find(|group| group.path == path && group.key == file.key);
    match same {
        Some(group) => group.hosts.push(host.clone()),
        None => groups.push(Group {
            path,
            vars: file.vars,
            key: file.key,
            hosts: vec![host.clone()],
        }),
    }
}

fn data(var: &Var) -> String {
    match var {
        Var::Data(value) => value.to_string(),
        Var::Written(node) => node.span.to_string(),
        Var::Scope(_) | Var::Unknown(_) => String::new(),
    }
}

impl Loader<'_> {
    /// The variables of a file: a mapping of names.
    pub fn variables(&mut self, path: &Path, span: &crate::input::Span) -> Vars {
        let Some(node) = self.document(path, Some(span)) else {
            return Vars::new();
        };
        match &node.kind {
            crate::input::Kind::Map(entries) => entries
                .iter()
                .map(|(key, value): &(Node, Node)| (key.key_text(), Var::from(value.clone())))
                .collect(),
            crate::input::Kind::Null => Vars::new(),
            _ => {
                self.errors.push(
                    crate::diagnostic::Diagnostic::error(
                        "playbook/wrong-type",
                        format!(
                            "a file of variables must be a mapping, this is {}",
                            node.type_name()
                        ),
                    )
                    .at(&node.span)
                    .help("write `name: value` lines"),
                );
                Vars::new()
            }
        }
    }
}
