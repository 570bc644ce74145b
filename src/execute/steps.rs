//! Lists of steps: every host takes the same step before any takes the next (Ansible's linear
//! strategy), blocks catch failures, always runs in any case.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};

use crate::input::Var;
use crate::playbook::{Block, Step, Task};

use super::builtin;
use super::course::PlayRun;
use super::host::HostState;
use super::task::{Net, Went};

/// How a list of steps went.
#[derive(Default)]
pub struct Walked {
    /// Hosts that go on.
    pub alive: Vec<Arc<HostState>>,
    /// Hosts on which a task failed.
    pub failed: Vec<Arc<HostState>>,
    /// Whether the whole play is to stop.
    pub stop: bool,
}

impl PlayRun<'_> {
    /// Takes the steps one by one.
    pub fn steps<'a>(
        &'a self,
        steps: &'a [Step],
        hosts: Vec<Arc<HostState>>,
        net: Net,
    ) -> BoxFuture<'a, Walked> {
        async move {
            let mut walked = Walked {
                alive: hosts,
                ..Walked::default()
            };
            for (index, step) in steps.iter().enumerate() {
                walked
                    .alive
                    .retain(|host| !host.is_lost() && !self.has_left(&host.name));
                if walked.alive.is_empty() || walked.stop || self.run.is_stopping() {
                    walked.stop |= self.run.is_stopping();
                    break;
                }
                match step {
                    Step::Block(block) => self.block(block, &mut walked, net).await,
                    Step::Task(task) => self.step(task, (steps, index), &mut walked, net).await,
                }
            }
            walked
        }
        .boxed()
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    async fn step(
        &self,
        task: &Task,
        (steps, index): (&[Step], usize),
        walked: &mut Walked,
        net: Net,
    ) {
        if !self.is_tagged(task) {
            return;
        }
        let hosts = std::mem::take(&mut walked.alive);
        let went = match builtin::short(&task.module) {
            "meta" => self.meta(task, hosts, &mut walked.stop).await,
            "include_tasks" => self.include_tasks(task, hosts, net).await,
            _ => {
                let coming = &steps[index..];
                stream::iter(hosts.iter().cloned())
                    .map(|host| async move { self.look_ahead(coming, &host).await })
                    .buffer_unordered(self.run.options.forks)
                    .collect::<()>()
                    .await;
                self.task(task, &hosts, net).await
            }
        };
        self.take_in((went, net), walked);
    }

    fn take_in(&self, (went, net): (Went, Net), walked: &mut Walked) {
        for host in &went.lost {
            host.lose();
        }
        if went.fatal {
            walked.stop = true;
            walked.failed.extend(went.alive);
        } else {
            walked.alive.extend(went.alive);
        }
        if net == Net::None
            && let Ok(mut fallen) = self.play.fallen.write()
        {
            let gone = went.failed.iter().chain(&went.lost);
            fallen.extend(gone.map(|host| host.name.clone()));
        }
        walked.failed.extend(went.failed);
        self.check_share(walked);
    }

    /// A block: what fails in it goes to its rescue; always runs for everyone.
    async fn block(&self, block: &Block, walked: &mut Walked, net: Net) {
        let inner = if block.rescue.is_empty() {
            net
        } else {
            Net::Rescue
        };
        let hosts = std::mem::take(&mut walked.alive);
        let mut went = self.steps(&block.block, hosts, inner).await;
        if !block.rescue.is_empty() && !went.failed.is_empty() {
            let hurt = std::mem::take(&mut went.failed);
            went.stop = false;
            let rescued = self.steps(&block.rescue, hurt, net).await;
            went.alive.extend(rescued.alive);
            went.failed.extend(rescued.failed);
            went.stop |= rescued.stop;
        }
        if !block.always.is_empty() {
            let everyone: Vec<_> = went.alive.iter().chain(&went.failed).cloned().collect();
            let last = self.steps(&block.always, everyone, net).await;
            went.alive
                .retain(|host| !last.failed.iter().any(|other| other.name == host.name));
            for host in last.failed {
                if !went.failed.iter().any(|other| other.name == host.name) {
                    went.failed.push(host);
                }
            }
        }
        let order = |hosts: &mut Vec<Arc<HostState>>| {
            hosts.sort_by_key(|host| self.play.batch.iter().position(|name| *name == host.name));
        };
        order(&mut went.alive);
        walked.alive = went.alive;
        walked.failed.extend(went.failed);
        walked.stop |= went.stop;
    }

    /// Remembers what failed where, for `ansible_failed_task` in a rescue.
    pub fn remember_failure(
        &self,
        host: &str,
        (task, module, result): (&str, &str, &serde_json::Map<String, serde_json::Value>),
    ) {
        let name = serde_json::json!({ "name": task, "action": module });
        self.play
            .registered
            .set(host, "ansible_failed_task", Var::Data(name));
        let result = serde_json::Value::Object(result.clone());
        self.play
            .registered
            .set(host, "ansible_failed_result", Var::Data(result));
    }
}
