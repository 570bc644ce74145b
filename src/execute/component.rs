//! Components side by side: each starts when what it needs is done; what needs a failed one is
//! blocked and says so.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use futures::stream::{FuturesUnordered, StreamExt};
use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::event::{ComponentStatus, Counts, Event, Spent, Traffic};
use crate::input::{Node, Var};

use super::host::Registered;
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
    /// Hosts that failed.
    pub failed: HashSet<String>,
    /// Whether no further play is to run.
    pub stopped: bool,
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
            failed: HashSet::new(),
            stopped: false,
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

    fn error_count(&self) -> usize {
        self.errors.lock().map_or(0, |errors| errors.len())
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
                    let begun = self.world.clock.elapsed();
                    running.push(async move { (index, begun, self.job(job).await) });
                }
            }
            match running.next().await {
                Some((index, begun, status)) => {
                    times[index] = Some((begun, self.world.clock.elapsed()));
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

    async fn job(&self, job: &Job) -> ComponentStatus {
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
        let changed = Arc::new(AtomicBool::new(false));
        let before = self.changes();
        let errors = self.error_count();
        for play in job.plays.iter() {
            if state.stopped || self.is_stopping() {
                break;
            }
            self.play(play, &mut state).await;
        }
        changed.store(self.changes() > before, Ordering::Relaxed);
        let lost = self.error_count() > errors && (state.stopped || !state.failed.is_empty());
        let status = match () {
            () if lost
                || !state.failed.is_empty()
                || state.stopped
                || self.lost_any(job, errors) =>
            {
                ComponentStatus::Failed
            }
            () if self.outputs(job, &state).await.is_err() => ComponentStatus::Failed,
            () if changed.load(Ordering::Relaxed) => ComponentStatus::Changed,
            () => ComponentStatus::Ok,
        };
        if !job.name.is_empty() {
            let duration = self.world.clock.elapsed().saturating_sub(begun);
            self.world.sink.emit(&Event::ComponentEnd {
                component: job.name.clone(),
                status,
                because: None,
                duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            });
        }
        status
    }

    /// Whether a host was lost while the job ran: a component on a lost host is not done.
    fn lost_any(&self, job: &Job, errors: usize) -> bool {
        !job.name.is_empty()
            && self.errors.lock().is_ok_and(|all| {
                all[errors..]
                    .iter()
                    .any(|e| e.code.starts_with("connection/"))
            })
    }

    fn changes(&self) -> u32 {
        self.shared
            .hosts
            .recap()
            .values()
            .map(|counts| counts.changed)
            .sum()
    }
}
