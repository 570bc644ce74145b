//! The course of a play on one batch of hosts: its sections, and the handlers that its tasks wake.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use crate::diagnostic::Diagnostic;
use crate::input::Json;
use crate::inventory::Vars;
use crate::playbook::Play;

use super::component::Run;
use super::host::HostState;
use super::result::Ended;
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
    /// Whether `meta` ended the play: what follows it still runs.
    pub ended: Arc<AtomicBool>,
    /// Whether that was for all of its batches.
    pub play_ended: Arc<AtomicBool>,
    /// Handlers to run, by host and number.
    pub woken: Arc<Mutex<HashSet<(String, usize)>>>,
    /// Hosts that `meta: end_host` sent home.
    pub left: Arc<Mutex<HashSet<String>>>,
}

impl<'a> PlayRun<'a> {
    /// A play on a batch, nothing done yet.
    pub fn new(run: &'a Run, (scope, component, written): (PlayScope, String, &'a Play)) -> Self {
        Self {
            run,
            play: Arc::new(scope),
            component,
            in_handler: false,
            include: Arc::default(),
            written,
            woken: Arc::default(),
            ended: Arc::default(),
            play_ended: Arc::default(),
            left: Arc::default(),
        }
    }

    /// Counts how a task ended on a host.
    pub fn count(&self, host: &HostState, ended: &Ended) {
        host.count(ended);
        self.play.own.count(ended);
    }

    /// Notes a failure for the end of the run.
    pub fn failed(&self, told: Diagnostic) {
        self.play.own.failed(&told);
        self.run.failed(told);
    }

    /// Runs the play's sections, handlers after each.
    pub async fn sections(&self, hosts: Vec<Arc<HostState>>) -> Walked {
        let mut walked = Walked {
            alive: hosts,
            ..Walked::default()
        };
        let forced = self.forces_handlers(&walked.alive).await;
        for (_, steps) in &self.written.sections {
            let alive = std::mem::take(&mut walked.alive);
            let went = self.steps(steps, alive, Net::None).await;
            walked.alive = went.alive;
            walked.failed.extend(went.failed);
            walked.stop |= went.stop;
            if forced {
                let fallen = walked.failed.iter().filter(|host| !host.is_lost());
                // They stay failed, whatever their handlers do.
                self.flush(fallen.cloned().collect()).await;
            }
            if walked.stop && !forced {
                return walked;
            }
            let alive = std::mem::take(&mut walked.alive);
            let went = self.flush(alive).await;
            walked.alive = went.alive;
            walked.failed.extend(went.failed);
            walked.stop |= went.stop;
            if walked.stop {
                return walked;
            }
        }
        walked
    }

    /// `force_handlers`: handlers run on hosts that failed, too.
    async fn forces_handlers(&self, hosts: &[Arc<HostState>]) -> bool {
        let (Some(node), Some(first)) = (&self.written.force_handlers, hosts.first()) else {
            return false;
        };
        let scope = Scope::bare(self.play.clone(), first.clone(), &self.written.keywords);
        let said = self.flag(Some(node), &scope).await;
        said.ok().flatten().unwrap_or_default()
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
            ended: self.ended.clone(),
            play_ended: self.play_ended.clone(),
            left: self.left.clone(),
        }
    }

    /// `max_fail_percentage`: too many failed hosts stop the play.
    pub fn check_share(&self, walked: &mut Walked) {
        let Some(node) = &self.written.max_fail_percentage else {
            return;
        };
        let nobody = self.run.shared.hosts.get_or_add("localhost");
        let scope = Scope::bare(self.play.clone(), nobody, &self.written.keywords);
        let limit = match self.run.render(node, &scope) {
            Ok(Json::Number(number)) => number.as_f64(),
            Ok(Json::String(text)) => text.trim().trim_end_matches('%').trim().parse().ok(),
            _ => None,
        };
        // What is no number stops at the first failure: nobody asked to go on.
        let limit: f64 = limit.unwrap_or(0.0);
        let total = self.play.batch.len().max(1) as f64;
        walked.stop |= walked.failed.len() as f64 * 100.0 / total > limit;
    }
}
