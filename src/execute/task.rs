//! One task on its hosts: which of them, how many at once, over which items, and what is kept.

use std::sync::Arc;

use futures::stream::{self, StreamExt};

use crate::event::{self, Event, Status};
use crate::input::{Json, Kind, Node, Var};
use crate::playbook::{LoopKind, Task};

use super::course::PlayRun;
use super::failure::{self, Stop};
use super::host::HostState;
use super::loops::{extended_loop, flattened, kind_of, whole};
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
        let mut ended = match &task.repeat {
            None => self.item(task, &scope).await,
            Some(_) => self.over_items(task, &scope).await,
        };
        ended = self.forgive(task, (ended, net), &scope).await;
        self.register(task, host, &ended);
        self.notify(task, &scope, &ended).await;
        host.count(&ended);
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
            self.remember_failure(&host.name, (&name, &ended.result));
        }
        if ended.is_failure() {
            let name = self.name_of(task, &scope);
            let mut told = failure::diagnostic(task, (&name, &host.name), &ended);
            if told.code == "connection/lost" {
                told = told.why(self.autopsy(task, started, &scope).await);
            }
            self.run.failed(told);
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

    /// Every item of the loop in turn; the whole is what the worst of them is.
    async fn over_items(&self, task: &Task, scope: &Scope) -> Ended {
        let scopes = match self.items(task, scope).await {
            Ok(scopes) => scopes,
            // A loop over something undefined behind a false condition is skipped, as in Ansible.
            Err(stop) => match self.holds(&task.keywords.when, scope).await {
                Ok(false) => {
                    return Ended::new(Status::Skipped, "").because("its condition is false");
                }
                _ => return stop.ended(),
            },
        };
        if scopes.is_empty() {
            let mut ended =
                Ended::new(Status::Skipped, "").because("there is nothing to loop over");
            ended
                .result
                .insert("results".to_owned(), Json::Array(Vec::new()));
            return ended;
        }
        let name = loop_var(task);
        let pause = self
            .number(task.loop_control.pause.as_ref(), scope)
            .await
            .ok()
            .flatten();
        let mut ends = Vec::new();
        let count = scopes.len();
        for (index, scope) in scopes.into_iter().enumerate() {
            let mut ended = self.item(task, &scope).await;
            ended.result.insert(name.clone(), local(&scope, &name));
            ended
                .result
                .insert("ansible_loop_var".to_owned(), name.as_str().into());
            let label = self.label(task, &scope).await;
            let lost = ended.lost;
            let told = self.told(task, &scope, &ended, Some(label)).await;
            self.tell(told, 0);
            ends.push(ended);
            if lost {
                break;
            }
            if let Some(pause) = pause
                && index + 1 < count
            {
                self.run
                    .world
                    .clock
                    .sleep(std::time::Duration::from_secs_f64(pause))
                    .await;
            }
        }
        whole(ends)
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

    /// The scopes of the loop's items, if they are known without asking anything. Without a loop:
    /// the task's own.
    pub fn known_items(&self, task: &Task, scope: &Scope) -> Result<Vec<Scope>, Stop> {
        let Some(repeat) = &task.repeat else {
            return Ok(vec![scope.clone()]);
        };
        let items = match &repeat.kind {
            LoopKind::Lookup(name) => self.run.lookup(name, &repeat.items, scope)?,
            _ => self.run.render(&repeat.items, scope)?,
        };
        let Json::Array(items) = items else {
            return Err(crate::diagnostic::Diagnostic::error(
                "playbook/wrong-type",
                format!("a loop needs a list, this is {}", kind_of(&items)),
            )
            .at(&repeat.items.span)
            .help("make it a list: `dict2items` for a mapping, `[x]` for one value")
            .into());
        };
        let items = if repeat.kind == LoopKind::Items {
            flattened(items)
        } else {
            items
        };
        let name = loop_var(task);
        let index_var = task.loop_control.index_var.as_ref().and_then(Node::as_str);
        let extended = task
            .loop_control
            .extended
            .as_ref()
            .is_some_and(|node| node.kind == Kind::Bool(true));
        let count = items.len();
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
                }
                if extended {
                    scope.local.insert(
                        "ansible_loop".to_owned(),
                        Var::Data(extended_loop(&items, index, count)),
                    );
                }
                scope
            })
            .collect())
    }

    /// What to show of an item.
    async fn label(&self, task: &Task, scope: &Scope) -> String {
        let label = self
            .text(task.loop_control.label.as_ref(), scope)
            .await
            .ok()
            .flatten();
        label.unwrap_or_else(|| match local(scope, &loop_var(task)) {
            Json::String(text) => text,
            other => other.to_string(),
        })
    }

    /// The event of a task's end, censored where the task says so.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    pub async fn told(
        &self,
        task: &Task,
        scope: &Scope,
        ended: &Ended,
        item: Option<String>,
    ) -> event::TaskResult {
        let hidden = self
            .flag(task.keywords.no_log.as_ref(), scope)
            .await
            .ok()
            .flatten()
            .unwrap_or_default();
        let delegated = self
            .text(task.keywords.delegate_to.as_ref(), scope)
            .await
            .ok()
            .flatten();
        let censored = "the output has been hidden due to the fact that 'no_log: true' was specified for this result";
        let (msg, result, diff) = if hidden {
            self.hide(&ended.result);
            (
                String::new(),
                serde_json::json!({ "censored": censored, "changed": ended.flag("changed") }),
                Vec::new(),
            )
        } else {
            self.hide_keys(ended);
            (
                if ended.msg().is_empty() {
                    ended.note.clone()
                } else {
                    ended.msg()
                },
                Json::Object(ended.result.clone()),
                ended.diff.clone(),
            )
        };
        event::TaskResult {
            component: self.component.clone(),
            task: self.name_of(task, scope),
            module: task.module.clone(),
            host: scope.host.name.clone(),
            delegated,
            status: ended.status,
            item: item.map(|label| {
                if hidden {
                    "(item hidden by no_log)".to_owned()
                } else {
                    label
                }
            }),
            msg,
            diff,
            result,
            place: task.span.to_string(),
            duration_ms: 0,
        }
    }

    /// What a `no_log` task printed or kept is a secret wherever else it turns up.
    fn hide(&self, result: &serde_json::Map<String, Json>) {
        for name in ["stdout", "stderr", "content", "json", "ansible_facts"] {
            if let Some(value) = result.get(name) {
                each_text(value, &mut |text| {
                    if text.len() >= 8 {
                        self.run.world.redactor.add(text);
                    }
                });
            }
        }
    }

    /// Private keys are secret whether the task says so or not.
    fn hide_keys(&self, ended: &Ended) {
        let mut learn = |text: &str| self.run.world.redactor.add_private_keys(text);
        for value in ended.result.values() {
            each_text(value, &mut learn);
        }
        for change in &ended.diff {
            learn(&change.before);
            learn(&change.after);
        }
    }

    pub fn tell(&self, mut result: event::TaskResult, duration_ms: u64) {
        result.duration_ms = duration_ms;
        self.run
            .world
            .sink
            .emit(&Event::TaskResult(Box::new(result)));
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
            let Ok(value) = self.render(node, scope).await else {
                continue;
            };
            let names = match value {
                Json::Array(items) => items,
                one => vec![one],
            };
            for name in names.iter().filter_map(Json::as_str) {
                if !self.answers(name) {
                    self.run.failed(failure::unknown_handler(task, name));
                }
                self.wake(&scope.host.name, name);
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

/// Every text in a value.
fn each_text(value: &Json, see: &mut impl FnMut(&str)) {
    match value {
        Json::String(text) => see(text),
        Json::Array(items) => items.iter().for_each(|item| each_text(item, see)),
        Json::Object(map) => map.values().for_each(|value| each_text(value, see)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
