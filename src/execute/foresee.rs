//! Speculative observation: what the coming tasks will ask is asked now, in one batch.
//!
//! A task whose arguments are known already is built and asked which probes it will need; tasks
//! that depend on what an earlier task registers are left alone. Whatever changes later makes the
//! answers it touches stale (see `connection::Answers`), so the worst case is a question asked
//! twice, never an old answer used. What is still expected of those is asked again together with
//! the change itself, so that a run that changes everything pays one round trip a change. Names that lead through links are resolved in the same batch.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::connection::{Connection, Identity, Probe, Touch};
use crate::input::Node;
use crate::playbook::{Step, Task};

use super::course::PlayRun;
use super::host::HostState;
use super::scope::Scope;
use super::world::Ahead;

/// How many coming tasks are looked at: enough for a long play, little enough to stay free.
const FARTHEST: usize = 200;

impl PlayRun<'_> {
    /// If the first of these steps needs something that was not asked, asks it together with what
    /// the steps behind it will need on this host.
    pub async fn look_ahead(&self, steps: &[Step], host: &Arc<HostState>) {
        if self.run.options.ahead == Ahead::Never {
            host.answers.forget(&Touch::Everything);
            return;
        }
        let mut tasks = Vec::new();
        flatten(steps, &mut tasks);
        let mut made: BTreeSet<String> = BTreeSet::new();
        let mut wanted: HashMap<Option<String>, (Identity, Vec<Probe>)> = HashMap::new();
        let mut expected = Vec::new();
        for (index, task) in tasks.iter().take(FARTHEST).enumerate() {
            let fresh = self.foreseen(task, host, &made).await;
            if let Some((who, probes)) = fresh {
                expected.extend(probes.iter().map(|probe| (who.user.clone(), probe.clone())));
                let missing: Vec<Probe> = probes
                    .into_iter()
                    .filter(|probe| host.answers.get(who.user.as_deref(), probe).is_none())
                    .collect();
                if index == 0 && missing.is_empty() {
                    return;
                }
                let entry = wanted
                    .entry(who.user.clone())
                    .or_insert_with(|| (who, Vec::new()));
                for probe in missing {
                    if !entry.1.contains(&probe) {
                        entry.1.push(probe);
                    }
                }
            } else if index == 0 {
                return;
            }
            made.extend(
                task.register
                    .as_ref()
                    .and_then(Node::as_str)
                    .map(ToOwned::to_owned),
            );
            made.extend(facts_set(task));
        }
        host.answers.expect(expected);
        let Some(first) = tasks.first() else { return };
        // A host that cannot be reached is found by the task itself, which says so in its place.
        let scope = self.scope(first, host);
        let Ok(connection) = self.connect(host, &scope).await else {
            return;
        };
        for (who, probes) in wanted
            .into_values()
            .filter(|(_, probes)| !probes.is_empty())
        {
            ask(&connection, (host, &who), probes).await;
        }
    }

    /// The probes of a task on its own host, if everything it needs is known by now.
    async fn foreseen(
        &self,
        task: &Task,
        host: &Arc<HostState>,
        made: &BTreeSet<String>,
    ) -> Option<(Identity, Vec<Probe>)> {
        if task.keywords.delegate_to.is_some() || task.keywords.connection.is_some() {
            return None;
        }
        let nodes = [
            Some(&task.args),
            task.more_args.as_ref(),
            task.repeat.as_ref().map(|r| &r.items),
        ];
        let template = &self.run.world.template;
        let values = nodes
            .into_iter()
            .flatten()
            .flat_map(|node| template.needs(node));
        let conditions = task
            .keywords
            .when
            .iter()
            .flat_map(|node| template.condition_needs(node));
        if values.chain(conditions).any(|name| made.contains(&name)) {
            return None;
        }
        let scope = self.scope(task, host);
        let mut probes = Vec::new();
        let mut who = None;
        for scope in self.known_items(task, &scope).ok()? {
            if !self.known_conditions(task, &scope)? {
                continue;
            }
            let args = self.known_args(task, &scope)?;
            let identity = self.identity(task, (&scope, host)).await.ok()?;
            let environment = self.known_environment(task, &scope).ok()?;
            let runnable = self.build(task, (args, &environment), &scope).ok()?;
            probes.extend(runnable.foresee());
            who = Some(identity);
        }
        Some((who?, probes))
    }

    /// Whether the task's conditions hold, if that is known without asking anything.
    fn known_conditions(&self, task: &Task, scope: &Scope) -> Option<bool> {
        for condition in &task.keywords.when {
            if !self.run.condition(condition, scope).ok()? {
                return Some(false);
            }
        }
        Some(true)
    }
}

/// Asks and keeps the answers. What cannot be asked is found by the task itself.
async fn ask(
    connection: &Arc<dyn Connection>,
    (host, who): (&HostState, &Identity),
    mut probes: Vec<Probe>,
) {
    probes.extend(crate::connection::ways(&probes));
    let asked = host.answers.changes();
    if let Ok(replies) = connection.probe(who, &probes).await {
        for answer in probes.into_iter().zip(replies) {
            host.answers.put(who.user.as_deref(), answer, asked);
        }
    }
}

/// The tasks of a list in the order they run if nothing fails.
fn flatten<'a>(steps: &'a [Step], into: &mut Vec<&'a Task>) {
    for step in steps {
        if into.len() >= FARTHEST {
            return;
        }
        match step {
            Step::Task(task) => into.push(task),
            Step::Block(block) => {
                flatten(&block.block, into);
                flatten(&block.always, into);
            }
        }
    }
}

/// Names that a `set_fact` or `include_vars` defines (any, for the latter).
fn facts_set(task: &Task) -> Vec<String> {
    match super::builtin::short(&task.module) {
        "set_fact" => task
            .args
            .as_map()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.key_text())
            .collect(),
        _ => Vec::new(),
    }
}
