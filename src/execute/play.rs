//! One play: its batches (`serial`), its sections, and the handlers that its tasks wake.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use indexmap::IndexSet;

use crate::connection::{Connection, Identity, Probe, Reply};
use crate::diagnostic::Diagnostic;
use crate::event::Event;
use crate::input::{Json, Kind, Node};
use crate::inventory::{Pattern, Vars};
use crate::playbook::{Keywords, Loader, Play, Step, Task};

use super::component::{JobState, Run};
use super::failure::Stop;
use super::host::HostState;
use super::scope::{PlayScope, Scope};
use super::steps::Walked;
use super::task::Net;

/// A play on one batch of its hosts.
pub struct PlayRun<'a> {
    /// The run.
    pub run: &'a Run,
    /// What the play's scopes share.
    pub play: Arc<PlayScope>,
    /// The component's name, empty for a plain playbook.
    pub component: String,
    /// Whether handlers are running.
    pub in_handler: bool,
    /// Variables given by an include around.
    pub include: Arc<Vars>,
    /// The play as written.
    pub written: &'a Play,
    /// Names of handlers to run, by host, in the order they were woken.
    pub woken: Arc<Mutex<IndexSet<(String, String)>>>,
    /// Hosts that `meta: end_host` sent home.
    pub left: Arc<Mutex<HashSet<String>>>,
}

impl Run {
    /// Runs a play; hosts that failed are taken out of the job.
    pub async fn play(&self, play: &Play, job: &mut JobState) {
        let (hosts, vars_files) = match self.prepare(play, job).await {
            Ok(prepared) => prepared,
            Err(stop) => {
                self.failed(self.stop_diagnostic(stop, play));
                job.stopped = true;
                return;
            }
        };
        let name = play
            .name
            .as_ref()
            .and_then(Node::as_str)
            .or(play.hosts.as_str())
            .unwrap_or("play");
        self.world.sink.emit(&Event::PlayStart {
            component: job.name.clone(),
            play: name.to_owned(),
            hosts: hosts.iter().map(|host| host.name.clone()).collect(),
        });
        let all: Vec<String> = hosts.iter().map(|host| host.name.clone()).collect();
        for batch in self.batches(play, hosts) {
            let scope = PlayScope {
                shared: self.shared.clone(),
                registered: job.registered.clone(),
                included: job.included.clone(),
                inputs: job.inputs.clone(),
                play_vars: play.keywords.vars.len(),
                files: vars_files.clone(),
                hosts: all.clone(),
                batch: batch.iter().map(|host| host.name.clone()).collect(),
                gather: play
                    .gather_facts
                    .as_ref()
                    .is_none_or(|node| node.kind != Kind::Bool(false)),
                directory: play.directory.display().to_string(),
            };
            let run = PlayRun {
                run: self,
                play: Arc::new(scope),
                component: job.name.clone(),
                in_handler: false,
                include: Arc::default(),
                written: play,
                woken: Arc::default(),
                left: Arc::default(),
            };
            let walked = run.sections(batch).await;
            job.failed
                .extend(walked.failed.iter().map(|host| host.name.clone()));
            if walked.stop {
                job.stopped |= walked.stop && !walked.failed.is_empty();
                break;
            }
        }
    }

    /// The hosts of a play and the variables of its files.
    async fn prepare(
        &self,
        play: &Play,
        job: &JobState,
    ) -> Result<(Vec<Arc<HostState>>, Vars), Stop> {
        let probe = self.bare_scope(play, job);
        let pattern = match self.render(&play.hosts, &probe)? {
            Json::String(text) => text,
            Json::Array(items) => items
                .iter()
                .filter_map(Json::as_str)
                .collect::<Vec<_>>()
                .join(":"),
            other => other.to_string(),
        };
        let pattern =
            Pattern::parse(&pattern).map_err(|error| Stop::from(error.at(&play.hosts.span)))?;
        let names = self.shared.hosts.inventory().select(&pattern);
        let hosts = names
            .into_iter()
            .filter(|name| {
                self.options
                    .limit
                    .as_ref()
                    .is_none_or(|limit| limit.contains(name))
            })
            .filter(|name| !job.failed.contains(name))
            .filter_map(|name| self.shared.hosts.get(&name))
            .filter(|host| !host.is_lost())
            .collect();
        let mut vars = Vars::new();
        let mut loader = Loader::new(self.world.files.as_ref());
        for node in &play.vars_files {
            let Json::String(name) = self.render(node, &probe)? else {
                continue;
            };
            vars.extend(loader.variables(&play.directory.join(name), &node.span));
        }
        match loader.errors.pop() {
            Some(error) => Err(error.into()),
            None => Ok((hosts, vars)),
        }
    }

    /// A scope without a host, for a play's own values.
    fn bare_scope(&self, play: &Play, job: &JobState) -> Scope {
        let shared = PlayScope {
            shared: self.shared.clone(),
            registered: job.registered.clone(),
            included: job.included.clone(),
            inputs: job.inputs.clone(),
            play_vars: play.keywords.vars.len(),
            files: Vars::new(),
            hosts: Vec::new(),
            batch: Vec::new(),
            gather: false,
            directory: play.directory.display().to_string(),
        };
        Scope {
            play: Arc::new(shared),
            host: self.shared.hosts.get_or_add("localhost"),
            task: Arc::new(play.keywords.vars.clone()),
            include: Arc::default(),
            local: Vars::new(),
        }
    }

    /// `serial`: the hosts in batches; the last size goes on.
    fn batches(&self, play: &Play, mut hosts: Vec<Arc<HostState>>) -> Vec<Vec<Arc<HostState>>> {
        let sizes: Vec<Json> = match play.serial.as_ref().map(Node::to_json) {
            None | Some(Json::Null) => return vec![hosts],
            Some(Json::Array(items)) => items,
            Some(one) => vec![one],
        };
        let total = hosts.len();
        let mut batches = Vec::new();
        let mut at = 0;
        while !hosts.is_empty() {
            let size = sizes
                .get(at.min(sizes.len().saturating_sub(1)))
                .map_or(total, |size| batch_size(size, total));
            let rest = hosts.split_off(size.min(hosts.len()));
            batches.push(std::mem::replace(&mut hosts, rest));
            at += 1;
        }
        batches
    }

    fn stop_diagnostic(&self, stop: Stop, play: &Play) -> Diagnostic {
        match stop {
            Stop::Wrong(diagnostic) => *diagnostic,
            Stop::Unknown(until) => Diagnostic::error(
                "playbook/unknown-hosts",
                format!("the hosts of this play are unknown until {until}"),
            )
            .at(&play.hosts.span)
            .help("use a group or a pattern that the inventory answers"),
            Stop::Module(failure) => {
                Diagnostic::error("task/failed", format!("{failure:?}")).at(&play.span)
            }
        }
    }
}

/// A number of hosts, or a share of them; at least one.
fn batch_size(size: &Json, total: usize) -> usize {
    let size = match size {
        Json::Number(number) => number
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(total),
        Json::String(text) => match text.trim().strip_suffix('%') {
            Some(share) => share
                .trim()
                .parse::<usize>()
                .map_or(total, |share| total * share / 100),
            None => text.trim().parse().unwrap_or(total),
        },
        _ => total,
    };
    size.max(1)
}

impl<'a> PlayRun<'a> {
    async fn sections(&self, hosts: Vec<Arc<HostState>>) -> Walked {
        let mut walked = Walked {
            alive: hosts,
            ..Walked::default()
        };
        for (_, steps) in &self.written.sections {
            let alive = std::mem::take(&mut walked.alive);
            let went = self.steps(steps, alive, Net::None).await;
            walked.alive = went.alive;
            walked.failed.extend(went.failed);
            walked.stop |= went.stop;
            if walked.stop {
                return walked;
            }
            let alive = std::mem::take(&mut walked.alive);
            let went = self.flush(alive).await;
            walked.alive = went.alive;
            walked.failed.extend(went.failed);
            walked.stop |= went.stop;
        }
        walked
    }

    /// Runs the handlers that were woken, in the order they are written; handlers may wake others.
    pub async fn flush(&self, hosts: Vec<Arc<HostState>>) -> Walked {
        let mut walked = Walked {
            alive: hosts,
            ..Walked::default()
        };
        for step in &self.written.handlers {
            let Step::Task(handler) = step else { continue };
            let called = self.calls(handler);
            let due: Vec<_> = walked
                .alive
                .iter()
                .filter(|host| self.take_woken(&host.name, &called))
                .cloned()
                .collect();
            if due.is_empty() {
                continue;
            }
            let inner = PlayRun {
                in_handler: true,
                ..self.again()
            };
            let went = inner
                .steps(std::slice::from_ref(step), due, Net::None)
                .await;
            walked
                .alive
                .retain(|host| !went.failed.iter().any(|other| other.name == host.name));
            walked.failed.extend(went.failed);
            walked.stop |= went.stop;
        }
        walked
    }

    /// Everything a handler is called: its name and what it listens to.
    fn calls(&self, handler: &Task) -> Vec<String> {
        let listen = handler
            .listen
            .iter()
            .filter_map(Node::as_str)
            .map(ToOwned::to_owned);
        handler
            .keywords
            .name
            .as_ref()
            .and_then(Node::as_str)
            .map(ToOwned::to_owned)
            .into_iter()
            .chain(listen)
            .collect()
    }

    /// Wakes a handler for a host.
    pub fn wake(&self, host: &str, name: &str) {
        if let Ok(mut woken) = self.woken.lock() {
            woken.insert((host.to_owned(), name.to_owned()));
        }
    }

    fn take_woken(&self, host: &str, called: &[String]) -> bool {
        let Ok(mut woken) = self.woken.lock() else {
            return false;
        };
        let before = woken.len();
        woken.retain(|(place, name)| place != host || !called.contains(name));
        woken.len() < before
    }

    /// Whether a host was sent home by `meta: end_host`.
    pub fn has_left(&self, host: &str) -> bool {
        self.left.lock().is_ok_and(|left| left.contains(host))
    }

    /// The same play once more, to change something in it.
    pub fn again(&self) -> PlayRun<'a> {
        PlayRun {
            run: self.run,
            play: self.play.clone(),
            component: self.component.clone(),
            in_handler: self.in_handler,
            include: self.include.clone(),
            written: self.written,
            woken: self.woken.clone(),
            left: self.left.clone(),
        }
    }

    /// `max_fail_percentage`: too many failed hosts stop the play.
    pub fn check_share(&self, walked: &mut Walked) {
        let Some(node) = &self.written.max_fail_percentage else {
            return;
        };
        let limit = match node.to_json() {
            Json::Number(number) => number.as_f64().unwrap_or(100.0),
            _ => return,
        };
        let total = self.play.batch.len().max(1) as f64;
        walked.stop |= walked.failed.len() as f64 * 100.0 / total > limit;
    }

    /// The scope of a task on a host.
    pub fn scope(&self, task: &Task, host: &Arc<HostState>) -> Scope {
        Scope {
            play: self.play.clone(),
            host: host.clone(),
            task: Arc::new(task.keywords.vars.clone()),
            include: self.include.clone(),
            local: Vars::new(),
        }
    }

    /// The connection to a host, made at its first use.
    pub async fn connect(
        &self,
        host: &Arc<HostState>,
        scope: &Scope,
    ) -> Result<Arc<dyn Connection>, Stop> {
        if let Some(connection) = host.connected() {
            return Ok(connection);
        }
        let scope = if host.name == scope.host.name {
            scope.clone()
        } else {
            scope.on(host.clone())
        };
        let vars = self.connection_vars(&scope).await?;
        let connector = &self.run.world.connector;
        Ok(host
            .connection(|| connector.connect(&host.name, &vars))
            .await?)
    }

    /// Every `ansible_*` variable of a host that says how to reach it, rendered.
    async fn connection_vars(&self, scope: &Scope) -> Result<serde_json::Map<String, Json>, Stop> {
        use crate::input::Variables;
        let mut vars = serde_json::Map::new();
        for name in scope.names() {
            let is_fact = name
                .strip_prefix("ansible_")
                .is_none_or(super::result::is_fact);
            if is_fact || name.starts_with("ansible_become") {
                continue;
            }
            if let Some(value) = self.variable(&name, scope).await? {
                if name.contains("pass")
                    && let Json::String(text) = &value
                {
                    self.run.world.redactor.add(text);
                }
                vars.insert(name, value);
            }
        }
        Ok(vars)
    }

    /// Gathers the facts of a host.
    pub async fn gather(&self, host: &Arc<HostState>, scope: &Scope) -> Result<(), Stop> {
        let connection = self.connect(host, scope).await?;
        let mut replies = connection
            .probe(&Identity::default(), &[Probe::Facts])
            .await?;
        match replies.pop() {
            Some(Reply::Facts(facts)) => {
                if let Ok(mut known) = host.facts.write() {
                    *known = Some(Arc::new(facts));
                }
                Ok(())
            }
            _ => Err(Stop::msg(format!("`{}` did not tell its facts", host.name))),
        }
    }

    /// The environment of a task, if it is known: all levels, the innermost wins.
    pub fn known_environment(
        &self,
        task: &Task,
        scope: &Scope,
    ) -> Result<BTreeMap<String, String>, Stop> {
        let mut environment = BTreeMap::new();
        for node in &task.keywords.environment {
            let Json::Object(map) = self.run.render(node, scope)? else {
                continue;
            };
            environment.extend(map.into_iter().map(|(name, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), ToOwned::to_owned);
                (name, text)
            }));
        }
        Ok(environment)
    }

    /// Steps of a file that `include_tasks` names.
    pub fn read_steps(&self, path: &Path, outer: &Keywords) -> Result<Vec<Step>, Stop> {
        let mut loader = Loader::new(self.run.world.files.as_ref());
        let steps = loader.included(path, outer);
        match loader.errors.into_iter().next() {
            Some(error) => Err(error.into()),
            None => Ok(steps),
        }
    }
}

impl Run {
    /// Renders a value as a task on the first host of a play would see it.
    pub async fn evaluate(&self, node: &Node, play: &Play, job: &JobState) -> Result<Json, Stop> {
        let (hosts, files) = self.prepare(play, job).await?;
        let names: Vec<String> = hosts.iter().map(|host| host.name.clone()).collect();
        let host = hosts
            .first()
            .cloned()
            .unwrap_or_else(|| self.shared.hosts.get_or_add("localhost"));
        let scope = PlayScope {
            shared: self.shared.clone(),
            registered: job.registered.clone(),
            included: job.included.clone(),
            inputs: job.inputs.clone(),
            play_vars: play.keywords.vars.len(),
            files,
            hosts: names.clone(),
            batch: names,
            gather: true,
            directory: play.directory.display().to_string(),
        };
        let run = PlayRun {
            run: self,
            play: Arc::new(scope),
            component: job.name.clone(),
            in_handler: false,
            include: Arc::default(),
            written: play,
            woken: Arc::default(),
            left: Arc::default(),
        };
        let scope = run.output_scope(&host);
        run.render(node, &scope).await
    }
}
