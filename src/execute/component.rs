//! Components side by side: each starts when what it needs is done; what needs a failed one is
//! blocked and says so.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::event::{ComponentStatus, Counts, Event, Spent, Traffic};
use crate::input::{Node, Var};

use super::host::Registered;
use super::own::Own;
use super::path::{self, Times};
use super::scope::Shared;
use super::world::{Job, Options, Unseen, View, World};

/// A run under way.
pub struct Run {
    /// The outside world.
    pub world: World,
    /// The user's options.
    pub options: Options,
    /// What all scopes share.
    pub shared: Arc<Shared>,
    errors: Mutex<Diagnostics>,
    /// Above 0: nothing new is started.
    pub stopping: Arc<AtomicU8>,
}

/// What one job carries from play to play.
pub struct JobState {
    /// The component's name.
    pub name: String,
    /// Its inputs.
    pub inputs: Option<Arc<Node>>,
    /// What becomes of what cannot be seen.
    pub unseen: Unseen,
    /// How it sees the inventory and others' outputs.
    pub view: Option<Arc<View>>,
    /// Registered and set variables.
    pub registered: Arc<Registered>,
    /// Variables of `include_vars`.
    pub included: Arc<Registered>,
    /// Hosts that its plays were for.
    pub hosts: HashSet<String>,
    /// Hosts that failed.
    pub failed: HashSet<String>,
    /// Whether no further play is to run.
    pub stopped: bool,
    /// What it brought about.
    pub own: Arc<Own>,
}

/// How a run went.
pub struct Report {
    /// How each host's tasks ended, in inventory order.
    pub hosts: IndexMap<String, Counts>,
    /// What crossed the wire, by host.
    pub traffic: IndexMap<String, Traffic>,
    /// How long each component took, and which of them the end waited for.
    pub spent: Vec<Spent>,
    /// What failed, in the order it happened.
    pub errors: Diagnostics,
    /// How each component ended.
    pub components: Vec<(String, ComponentStatus)>,
    /// Whether the user interrupted it.
    pub interrupted: bool,
    /// The outputs of the components that are done.
    pub outputs: IndexMap<String, Var>,
}

impl JobState {
    /// Nothing has happened yet.
    pub fn new(name: &str, inputs: Option<Arc<Node>>) -> Self {
        Self {
            name: name.to_owned(),
            inputs,
            unseen: Unseen::Fails,
            view: None,
            registered: Arc::default(),
            included: Arc::default(),
            hosts: HashSet::new(),
            failed: HashSet::new(),
            stopped: false,
            own: Arc::default(),
        }
    }
}

impl Run {
    /// A run, nothing done yet. `stopping` above 0 starts nothing new.
    pub fn new(
        world: World,
        options: Options,
        (shared, stopping): (Arc<Shared>, Arc<AtomicU8>),
    ) -> Self {
        Self {
            world,
            options,
            shared,
            errors: Mutex::default(),
            stopping,
        }
    }

    /// Notes a failure for the end of the run.
    pub fn failed(&self, diagnostic: Diagnostic) {
        if let Ok(mut errors) = self.errors.lock() {
            errors.push(diagnostic);
        }
    }

    /// Whether nothing new is to be started.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed) > 0
    }
}

/// Runs the jobs. `stopping` above 0 starts nothing new.
pub async fn run(
    world: World,
    options: Options,
    (shared, jobs, stopping): (Arc<Shared>, Vec<Job>, Arc<AtomicU8>),
) -> Report {
    let run = Run::new(world, options, (shared, stopping));
    let mut times = vec![None; jobs.len()];
    let ends = match run.fence().await {
        Ok(fence) => {
            let ends = run.jobs(&jobs, &mut times).await;
            if let Some(fence) = fence {
                fence.give_back().await;
            }
            ends
        }
        Err(taken) => {
            run.failed(taken);
            vec![None; jobs.len()]
        }
    };
    let components = jobs
        .iter()
        .zip(ends)
        .filter(|(job, _)| !job.name.is_empty())
        .map(|(job, status)| (job.name.clone(), status.unwrap_or(ComponentStatus::Skipped)))
        .collect();
    run.shared.hosts.close().await;
    Report {
        spent: path::spent(&jobs, &times),
        ..run.report(components)
    }
}

impl Run {
    /// Runs the jobs; how each ended.
    async fn jobs(&self, jobs: &[Job], times: &mut [Times]) -> Vec<Option<ComponentStatus>> {
        let mut ends: Vec<Option<ComponentStatus>> = vec![None; jobs.len()];
        let mut running = FuturesUnordered::new();
        let mut started = vec![false; jobs.len()];
        loop {
            for (index, job) in jobs.iter().enumerate() {
                let ready =
                    !started[index] && job.after.iter().all(|before| ends[*before].is_some());
                if !ready {
                    continue;
                }
                started[index] = true;
                let bad = job.after.iter().find(|before| {
                    !matches!(
                        ends[**before],
                        Some(ComponentStatus::Ok | ComponentStatus::Changed)
                    )
                });
                if let Some(bad) = bad {
                    ends[index] = Some(self.not_started(job, Some(&jobs[*bad].name)));
                } else if self.is_stopping() {
                    ends[index] = Some(self.not_started(job, None));
                } else {
                    running.push(async move { (index, self.job(job).await) });
                }
            }
            match running.next().await {
                Some((index, (status, took))) => {
                    times[index] = Some(took);
                    ends[index] = Some(status);
                }
                None if started.iter().all(|started| *started) => break,
                None => {}
            }
        }
        drop(running);
        ends
    }

    fn report(&self, components: Vec<(String, ComponentStatus)>) -> Report {
        Report {
            hosts: self.shared.hosts.recap(),
            spent: Vec::new(),
            traffic: self.shared.hosts.traffic(),
            errors: self
                .errors
                .lock()
                .map(|mut errors| std::mem::take(&mut *errors))
                .unwrap_or_default(),
            components,
            interrupted: self.is_stopping(),
            outputs: self
                .shared
                .outputs
                .read()
                .map(|outputs| outputs.clone())
                .unwrap_or_default(),
        }
    }

    fn not_started(&self, job: &Job, because: Option<&String>) -> ComponentStatus {
        let status = if because.is_some() {
            ComponentStatus::Blocked
        } else {
            ComponentStatus::Skipped
        };
        if !job.name.is_empty() {
            let because = because.map(|name| format!("`{name}` is not done"));
            self.world.sink.emit(&Event::ComponentEnd {
                component: job.name.clone(),
                status,
                because,
                duration_ms: 0,
            });
        }
        status
    }

    async fn job(&self, job: &Job) -> (ComponentStatus, (Duration, Duration)) {
        let begun = self.world.clock.elapsed();
        if !job.name.is_empty() {
            self.world.sink.emit(&Event::ComponentStart {
                component: job.name.clone(),
                title: job.title.clone(),
            });
        }
        let mut state = JobState::new(&job.name, job.inputs.clone());
        state.unseen = job.unseen;
        state.view.clone_from(&job.view);
        for play in job.plays.iter() {
            if state.stopped || self.is_stopping() {
                break;
            }
            self.play(play, &mut state).await;
        }
        // Whoever lost a host: what is not done everywhere is not done.
        let gone = || state.hosts.iter().any(|name| self.is_gone(name));
        let partial = !job.name.is_empty() && (state.own.has_lost() || gone());
        let status = match () {
            () if !state.failed.is_empty() || state.stopped || partial => ComponentStatus::Failed,
            () if self.left(job, &state).await.is_err() => ComponentStatus::Failed,
            () if state.own.has_changed() => ComponentStatus::Changed,
            () => ComponentStatus::Ok,
        };
        let ended = self.world.clock.elapsed();
        if !job.name.is_empty() {
            let duration = ended.saturating_sub(begun);
            self.world.sink.emit(&Event::ComponentEnd {
                component: job.name.clone(),
                status,
                because: None,
                duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            });
        }
        (status, (begun, ended))
    }
}
