//! Handlers: which of them a notification means, and running those that were woken.

use std::sync::Arc;

use crate::input::{Json, Node};
use crate::playbook::{Step, Task};

use super::course::PlayRun;
use super::host::HostState;
use super::scope::Scope;
use super::steps::Walked;
use super::task::Net;

impl PlayRun<'_> {
    /// Runs the handlers that were woken, in the order they are written; handlers may wake others.
    pub async fn flush(&self, hosts: Vec<Arc<HostState>>) -> Walked {
        let mut walked = Walked {
            alive: hosts,
            ..Walked::default()
        };
        for (index, (step, _)) in handlers_of(&self.written.handlers).into_iter().enumerate() {
            let due: Vec<_> = walked
                .alive
                .iter()
                .filter(|host| self.take_woken(&host.name, index))
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

    /// The handlers that a notification means, by their number: the last of that name, and every
    /// one that listens to it (of those with one name the last).
    fn meant(&self, notified: &str) -> Vec<usize> {
        let handlers = handlers_of(&self.written.handlers);
        let names: Vec<Option<String>> = handlers
            .iter()
            .map(|(_, handler)| self.handler_name(handler))
            .collect();
        let named = names
            .iter()
            .rposition(|name| name.as_deref() == Some(notified));
        let listening = handlers.iter().enumerate().filter(|(index, (_, handler))| {
            let name = &names[*index];
            let later = names.get(index + 1..).unwrap_or_default();
            let hidden = name.is_some() && later.contains(name);
            !hidden && self.listens(handler, notified)
        });
        let mut meant: Vec<usize> = listening.map(|(index, _)| index).chain(named).collect();
        meant.sort_unstable();
        meant.dedup();
        meant
    }

    fn listens(&self, handler: &Task, notified: &str) -> bool {
        handler
            .listen
            .iter()
            .any(|topic| self.said(topic, handler).as_deref() == Some(notified))
    }

    /// A handler's name, rendered with what its play says (no host's own variables, as in Ansible).
    fn handler_name(&self, handler: &Task) -> Option<String> {
        self.said(handler.keywords.name.as_ref()?, handler)
    }

    fn said(&self, node: &Node, handler: &Task) -> Option<String> {
        let text = node.as_str()?;
        if !text.contains("{{") {
            return Some(text.to_owned());
        }
        let nobody = self.run.shared.hosts.get_or_add("localhost");
        let scope = Scope::bare(self.play.clone(), nobody, &handler.keywords);
        match self.run.render(node, &scope) {
            Ok(Json::String(name)) => Some(name),
            _ => Some(text.to_owned()),
        }
    }

    /// Wakes the handlers that a notification means; whether there is one.
    pub fn wake(&self, host: &str, notified: &str) -> bool {
        let meant = self.meant(notified);
        if let Ok(mut woken) = self.woken.lock() {
            woken.extend(meant.iter().map(|index| (host.to_owned(), *index)));
        }
        !meant.is_empty()
    }

    fn take_woken(&self, host: &str, index: usize) -> bool {
        self.woken
            .lock()
            .is_ok_and(|mut woken| woken.remove(&(host.to_owned(), index)))
    }
}

/// The handlers of a list: each by itself, those of blocks too.
fn handlers_of(steps: &[Step]) -> Vec<(&Step, &Task)> {
    steps
        .iter()
        .flat_map(|step| match step {
            Step::Task(task) => vec![(step, task.as_ref())],
            Step::Block(block) => handlers_of(&block.block),
        })
        .collect()
}
