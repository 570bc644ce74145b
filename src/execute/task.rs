//! One task on its hosts: which of them, how many at once, over which items, and what is kept.

use std::sync::Arc;

use futures::stream::{self, StreamExt};

use crate::event::{Event, Status};
use crate::input::{Json, Node, Var};
use crate::playbook::{Loop, LoopKind, Task};

use super::conditions::seconds;
use super::course::PlayRun;
use super::failure::{self, Stop};
use super::host::HostState;
use super::loops::{AllItems, extended_loop, flattened, kind_of, whole};
use super::result::Ended;
use super::scope::Scope;

/// How a task went on all its hosts.
#[derive(Default)]
pub struct Went {
    /// Hosts that go on.
    pub alive: Vec<Arc<HostState>>,
    /// Hosts on which it failed.
    pub failed: Vec<Arc<HostState>>,
    /// Hosts that were lost.
    pub lost: Vec<Arc<HostState>>,
    /// Whether a failure of one is a failure of all.
    pub fatal: bool,
}

/// Whether a rescue follows a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Net {
    /// A rescue follows.
    Rescue,
    /// Nothing follows.
    None,
}

impl PlayRun<'_> {
    /// Runs a task on hosts, side by side.
    pub async fn task(&self, task: &Task, hosts: &[Arc<HostState>], net: Net) -> Went {
        let mut went = Went::default();
        let Some(first) = hosts.first() else {
            return went;
        };
        let scope = self.scope(task, first);
        let once = self
            .flag(task.keywords.run_once.as_ref(), &scope)
            .await
            .ok()
            .flatten()
            .unwrap_or_default();
        // One wait is one for all.
        let once = once || super::builtin::short(&task.module) == "pause";
        let places = if once { &hosts[..1] } else { hosts };
        self.run.world.sink.emit(&Event::TaskStart {
            component: self.component.clone(),
            task: self.name_of(task, &scope),
            handler: self.in_handler,
            hosts: places.iter().map(|host| host.name.clone()).collect(),
        });
        let throttle = self
            .number(task.keywords.throttle.as_ref(), &scope)
            .await
            .ok()
            .flatten();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates"
        )]
        let at_once = throttle
            .filter(|n| *n >= 1.0)
            .map_or(self.run.options.forks, |n| n as usize)
            .max(1);
        let ends: Vec<(Arc<HostState>, Ended)> = stream::iter(places.iter().cloned())
            .map(|host| async move {
                let ended = self.on_host(task, &host, net).await;
                (host, ended)
            })
            .buffered(at_once)
            .collect()
            .await;
        let fatal = self
            .flag(task.keywords.any_errors_fatal.as_ref(), &scope)
            .await
            .ok()
            .flatten();
        went.fatal = fatal.unwrap_or_default() && ends.iter().any(|(_, ended)| ended.is_failure());
        self.share(once, (&ends, hosts), &mut went, task);
        went
    }

    /// Sorts the hosts by how it went; with `run_once` all share the first one's result.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    fn share(
        &self,
        once: bool,
        (ends, hosts): (&[(Arc<HostState>, Ended)], &[Arc<HostState>]),
        went: &mut Went,
        task: &Task,
    ) {
        for host in hosts {
            let own = ends.iter().find(|(place, _)| place.name == host.name);
            let Some((_, ended)) = own.or(if once { ends.first() } else { None }) else {
                continue;
            };
            if own.is_none() {
                self.register(task, host, ended);
                self.share_facts(task, host, ended);
            }
            match ended.status {
                Status::Failed | Status::Rescued => went.failed.push(host.clone()),
                Status::Unreachable => went.lost.push(host.clone()),
                _ => went.alive.push(host.clone()),
            }
        }
    }

    /// The task on one host, all items of its loop.
    async fn on_host(&self, task: &Task, host: &Arc<HostState>, net: Net) -> Ended {
        let scope = self.scope(task, host);
        let started = self.run.world.clock.elapsed();
        let (mut ended, scopes) = match &task.repeat {
            None => (self.item(task, &scope).await, vec![scope.clone()]),
            Some(_) => self.over_items(task, &scope).await,
        };
        ended = self.forgive(task, (ended, net), &scope).await;
        self.register(task, host, &ended);
        for scope in &scopes {
            self.notify(task, scope, &ended).await;
        }
        self.count(host, &ended);
        if ended.lost {
            self.settle_loss(task, &scope, &mut ended).await;
            host.lose();
        }
        let duration = self.run.world.clock.elapsed().saturating_sub(started);
        let result = self.told(task, &scope, &ended, None).await;
        self.tell(
            result,
            u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        );
        if ended.status == Status::Rescued {
            let name = self.name_of(task, &scope);
            self.remember_failure(&host.name, (&name, &task.module, &ended.result));
        }
        if ended.is_failure() {
            let name = self.name_of(task, &scope);
            let mut told = failure::diagnostic(task, (&name, &host.name), &ended);
            if told.code == "connection/lost" {
                told = told.why(self.autopsy(task, started, &scope).await);
            }
            self.failed(told);
        }
        ended
    }

    /// A failure that is to be ignored, or that a rescue takes care of, is not the host's end.
    async fn forgive(&self, task: &Task, (mut ended, net): (Ended, Net), scope: &Scope) -> Ended {
        let ignored = match ended.status {
            Status::Failed => self.flag(task.keywords.ignore_errors.as_ref(), scope).await,
            Status::Unreachable => {
                self.flag(task.keywords.ignore_unreachable.as_ref(), scope)
                    .await
            }
            _ => return ended,
        };
        match (ignored, net) {
            (Ok(Some(true)), _) => {
                ended.status = Status::Ignored;
                ended.lost = false;
            }
            (_, Net::Rescue) if ended.status == Status::Failed => ended.status = Status::Rescued,
            _ => {}
        }
        ended.marked()
    }

    /// Every item of the loop in turn; the whole is what the worst of them is. With it the scopes of
    /// the items that were not skipped: what a loop notifies may name its item.
    async fn over_items(&self, task: &Task, scope: &Scope) -> (Ended, Vec<Scope>) {
        let scopes = match self.items(task, scope).await {
            Ok(scopes) => scopes,
            // A loop over something undefined behind a false condition is skipped, as in Ansible.
            Err(stop) => match self.holds(&task.keywords.when, scope).await {
                Ok(false) => {
                    let skipped = Ended::new(Status::Skipped, "");
                    return (skipped.because("its condition is false"), Vec::new());
                }
                _ => return (stop.ended(), Vec::new()),
            },
        };
        if scopes.is_empty() {
            let mut ended =
                Ended::new(Status::Skipped, "").because("there is nothing to loop over");
            ended
                .result
                .insert("results".to_owned(), Json::Array(Vec::new()));
            return (ended, Vec::new());
        }
        let pause = self
            .number(task.loop_control.pause.as_ref(), scope)
            .await
            .ok()
            .flatten();
        let mut ends = Vec::new();
        let mut seen = Vec::new();
        let count = scopes.len();
        for (index, scope) in scopes.into_iter().enumerate() {
            let mut ended = self.one_item(task, &scope).await;
            if ended.status != Status::Skipped {
                seen.push(scope.clone());
            }
            let broken = match self.breaks(task, (&scope, &ended)).await {
                Ok(broken) => broken,
                Err(stop) => {
                    ended = stop.ended();
                    true
                }
            };
            let last = broken || self.is_end(task, (&scope, &ended)).await;
            ends.push(ended);
            if last {
                break;
            }
            if let Some(pause) = pause
                && index + 1 < count
            {
                self.run.world.clock.sleep(seconds(pause)).await;
            }
        }
        (whole(ends), seen)
    }

    /// Whether a lost host ends the loop: not if that is to be ignored, for the next item may be for
    /// another one (`delegate_to: "{{ item }}"`).
    async fn is_end(&self, task: &Task, (scope, ended): (&Scope, &Ended)) -> bool {
        let ignored = task.keywords.ignore_unreachable.as_ref();
        ended.lost && !matches!(self.flag(ignored, scope).await, Ok(Some(true)))
    }

    /// One item, told under its label.
    async fn one_item(&self, task: &Task, scope: &Scope) -> Ended {
        let name = loop_var(task);
        let mut ended = self.item(task, scope).await;
        ended.result.insert(name.clone(), local(scope, &name));
        ended
            .result
            .insert("ansible_loop_var".to_owned(), name.as_str().into());
        let label = match self.label(task, scope).await {
            Ok(label) => label,
            Err(stop) => {
                let mut wrong = stop.ended();
                wrong.result.insert(name.clone(), local(scope, &name));
                ended = wrong;
                "?".to_owned()
            }
        };
        let told = self.told(task, scope, &ended, Some(label)).await;
        self.tell(told, 0);
        ended
    }

    /// Whether `break_when` ends the loop behind this item.
    async fn breaks(&self, task: &Task, (scope, ended): (&Scope, &Ended)) -> Result<bool, Stop> {
        let conditions = &task.loop_control.break_when;
        if conditions.is_empty() {
            return Ok(false);
        }
        let scope = self.with_result(task, scope, ended);
        self.holds(conditions, &scope).await
    }

    /// The scopes of the loop's items.
    async fn items(&self, task: &Task, scope: &Scope) -> Result<Vec<Scope>, Stop> {
        loop {
            match self.known_items(task, scope) {
                Ok(scopes) => return Ok(scopes),
                Err(stop) => self.supply(stop, scope).await?,
            }
        }
    }

    /// What a loop goes over.
    fn list(&self, repeat: &Loop, scope: &Scope) -> Result<Vec<Json>, Stop> {
        let items = match &repeat.kind {
            LoopKind::Lookup(name) => self.run.lookup(name, &repeat.items, scope)?,
            _ => self.run.render(&repeat.items, scope)?,
        };
        match items {
            Json::Array(items) if repeat.kind == LoopKind::Items => Ok(flattened(items)),
            Json::Array(items) => Ok(items),
            // `with_items` takes one value for a list of one.
            one if repeat.kind == LoopKind::Items => Ok(flattened(vec![one])),
            other => Err(crate::diagnostic::Diagnostic::error(
                "playbook/wrong-type",
                format!("a loop needs a list, this is {}", kind_of(&other)),
            )
            .at(&repeat.items.span)
            .help("make it a list: `dict2items` for a mapping, `[x]` for one value")
            .into()),
        }
    }

    /// The scopes of the loop's items, if they are known without asking anything. Without a loop:
    /// the task's own.
    pub fn known_items(&self, task: &Task, scope: &Scope) -> Result<Vec<Scope>, Stop> {
        let Some(repeat) = &task.repeat else {
            return Ok(vec![scope.clone()]);
        };
        let items = self.list(repeat, scope)?;
        let name = loop_var(task);
        let index_var = task.loop_control.index_var.as_ref().and_then(Node::as_str);
        let said = |node: &Option<Node>, default| match node {
            None => Ok(default),
            Some(node) => self
                .run
                .render(node, scope)
                .map(|value| super::conditions::truth(&value).unwrap_or(default)),
        };
        let extended = said(&task.loop_control.extended, false)?;
        let all = if said(&task.loop_control.extended_allitems, true)? {
            AllItems::Told
        } else {
            AllItems::Kept
        };
        Ok(items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let mut scope = scope.with(&name, Var::Data(item.clone()));
                scope.local.insert(
                    "ansible_loop_var".to_owned(),
                    Var::Data(name.as_str().into()),
                );
                if let Some(index_var) = index_var {
                    scope
                        .local
                        .insert(index_var.to_owned(), Var::Data(index.into()));
                    let name = Var::Data(index_var.into());
                    scope.local.insert("ansible_index_var".to_owned(), name);
                }
                if extended {
                    scope.local.insert(
                        "ansible_loop".to_owned(),
                        Var::Data(extended_loop(&items, index, all)),
                    );
                }
                scope
            })
            .collect())
    }

    /// What to show of an item.
    async fn label(&self, task: &Task, scope: &Scope) -> Result<String, Stop> {
        let label = self.text(task.loop_control.label.as_ref(), scope).await?;
        Ok(
            label.unwrap_or_else(|| match local(scope, &loop_var(task)) {
                Json::String(text) => text,
                other => other.to_string(),
            }),
        )
    }

    /// Keeps the result under its registered name.
    fn register(&self, task: &Task, host: &HostState, ended: &Ended) {
        let Some(name) = task.register.as_ref().and_then(Node::as_str) else {
            return;
        };
        let value = match &ended.until {
            Some(until) => Var::Unknown(until.clone()),
            None if ended.blind => Var::Unknown(format!("`{}` has run", task.module).into()),
            None => Var::Data(Json::Object(ended.result.clone())),
        };
        self.play.registered.set(&host.name, name, value);
    }

    /// Facts that a task with `run_once` set are facts of all hosts.
    fn share_facts(&self, task: &Task, host: &Arc<HostState>, ended: &Ended) {
        let own = task.keywords.delegate_facts.is_none();
        let facts = ended.result.get("ansible_facts").and_then(Json::as_object);
        if own && super::builtin::short(&task.module) == "set_fact" {
            for (name, value) in facts.into_iter().flatten() {
                let value = Var::Data(value.clone());
                self.play.registered.set(&host.name, name, value);
            }
        }
    }

    /// Wakes the handlers of a task that changed something.
    async fn notify(&self, task: &Task, scope: &Scope, ended: &Ended) {
        if !ended.flag("changed") {
            return;
        }
        for node in &task.notify {
            let value = match self.render(node, scope).await {
                Ok(value) => value,
                Err(stop) => {
                    let told = (task.module.as_str(), scope.host.name.as_str());
                    self.failed(failure::diagnostic(task, told, &stop.ended()));
                    continue;
                }
            };
            let names = match value {
                Json::Array(items) => items,
                one => vec![one],
            };
            for name in names.iter().filter_map(Json::as_str) {
                if !self.wake(&scope.host.name, name) {
                    self.failed(failure::unknown_handler(task, name));
                }
            }
        }
    }

    /// What to call a task in messages.
    pub fn name_of(&self, task: &Task, scope: &Scope) -> String {
        match &task.keywords.name {
            None => task.module.clone(),
            Some(node) => match self.run.render(node, scope) {
                Ok(Json::String(text)) => text,
                _ => node.as_str().unwrap_or(&task.module).to_owned(),
            },
        }
    }
}

/// The name of a loop's variable.
pub fn loop_var(task: &Task) -> String {
    task.loop_control
        .loop_var
        .as_ref()
        .and_then(Node::as_str)
        .unwrap_or("item")
        .to_owned()
}

/// The value of a variable that only a scope has.
pub fn local(scope: &Scope, name: &str) -> Json {
    match scope.local.get(name) {
        Some(Var::Data(value)) => value.clone(),
        _ => Json::Null,
    }
}
