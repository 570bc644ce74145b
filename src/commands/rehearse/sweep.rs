//! `rehearse sweep`: the job is killed once at every task boundary and run again from there; it must
//! end as if nothing had happened.
//!
//! The undisturbed run leaves a copy of the estate at each boundary: what a program killed there
//! would leave behind, requests under way on other hosts included. Each copy then gets a new run,
//! and one more that must find nothing to do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::stream::{self, StreamExt};

use crate::artifact::{Downloads, Sending};
use crate::commands::cli::{Output, RunArgs};
use crate::commands::load::Phase;
use crate::commands::shared::Console;
use crate::commands::up::Prepared;
use crate::commands::{Content, Ended, Failed, run, world};
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::event::{Event, Fan, Sink};
use crate::execute::{self, Keeper, Mode, Options, Report, Shared};
use crate::input::Json;
use crate::rehearsal::{Estate, RehearsedGit};
use crate::repo::{GitTransport, Workspace};

/// Runs side by side, each on a thread of its own.
const AT_ONCE: usize = 2;
/// Differences that are told of one boundary.
const TOLD: usize = 5;

/// What an estate is made of, by host and name.
type Described = BTreeMap<(String, String), String>;

/// A moment at which the job is killed.
struct Boundary {
    component: String,
    task: String,
    hosts: Vec<String>,
    estate: Estate,
    kept: Arc<Memory>,
}

/// The sealed store of a run, in memory: it is killed with what was kept by then.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<(String, String), Json>>);

impl Memory {
    fn values(&self) -> MutexGuard<'_, BTreeMap<(String, String), Json>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fork(&self) -> Arc<Self> {
        Arc::new(Self(Mutex::new(self.values().clone())))
    }
}

impl Keeper for Memory {
    fn kept(&self, component: &str, output: &str) -> Option<Json> {
        let key = (component.to_owned(), output.to_owned());
        self.values().get(&key).cloned()
    }

    fn keep(&self, component: &str, output: &str, value: &Json) -> Result<(), Box<Diagnostic>> {
        let key = (component.to_owned(), output.to_owned());
        self.values().insert(key, value.clone());
        Ok(())
    }

    fn forget(&self, component: &str, output: &str) -> Result<(), Box<Diagnostic>> {
        let key = (component.to_owned(), output.to_owned());
        self.values().remove(&key);
        Ok(())
    }
}

impl Boundary {
    fn name(&self) -> String {
        let hosts = match self.hosts.len() {
            0..=3 => self.hosts.join(", "),
            n => format!("{n} hosts"),
        };
        format!("{}: {} [{hosts}]", self.component, self.task)
    }
}

/// Copies the estate whenever a task begins.
struct Boundaries {
    estate: Estate,
    kept: Arc<Memory>,
    taken: Mutex<Vec<Boundary>>,
}

impl Sink for Boundaries {
    fn emit(&self, event: &Event) {
        if let Event::TaskStart {
            component,
            task,
            hosts,
            ..
        } = event
        {
            let boundary = Boundary {
                component: component.clone(),
                task: task.clone(),
                hosts: hosts.clone(),
                estate: self.estate.fork(),
                kept: self.kept.fork(),
            };
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.push(boundary);
        }
    }
}

/// What every run of a sweep needs.
struct Sweep {
    prepared: Prepared,
    options: Options,
    console: Arc<Console>,
    /// How the undisturbed run ends.
    expected: Described,
    /// The repositories of the undisturbed run.
    origin: Option<Workspace>,
    /// What two undisturbed runs make differently: keys, certificates, salts.
    chance: BTreeSet<(String, String)>,
}

/// What a run of the job works on.
struct Ground<'a> {
    estate: &'a Estate,
    kept: &'a Arc<Memory>,
    git: Arc<dyn GitTransport>,
}

/// Kills the job everywhere.
pub async fn sweep(args: &RunArgs, console: &Arc<Console>) -> Ended {
    let args = RunArgs {
        rehearse: true,
        ..args.clone()
    };
    let prepared = Prepared::new(&args, Phase::Install, console)?;
    let begin = first_estate(&prepared)?;
    let options = run::options(
        ("up", Mode::Apply),
        (&prepared.args, &prepared.loaded),
        console,
    )?;
    let mut sweep = Sweep {
        prepared,
        options,
        console: console.clone(),
        expected: Described::new(),
        origin: None,
        chance: BTreeSet::new(),
    };
    let boundaries = sweep.undisturbed(&begin).await?;
    let total = boundaries.len();
    let sweep = Arc::new(sweep);
    let went = stream::iter(boundaries)
        .map(|boundary| {
            let sweep = sweep.clone();
            async move { Ok((boundary.name(), sweep.resume(&boundary).await?)) }
        })
        .buffered(AT_ONCE);
    let mut went = std::pin::pin!(went);
    let mut converged = 0;
    while let Some(joined) = went.next().await {
        let (name, wrong) = joined.map_err(|error: Failed| error)?;
        converged += usize::from(wrong.is_empty());
        tell(console, &name, &wrong);
    }
    match console.output {
        Output::Text => console.say(&format!(
            "killed at {total} task boundaries: {converged} converged, {} did not",
            total - converged
        )),
        Output::Json => console.data(&format!(
            "{}\n",
            serde_json::json!({"event": "sweep", "boundaries": total, "converged": converged})
        )),
    }
    Ok(if converged == total {
        ExitCode::Done
    } else {
        ExitCode::Failed
    })
}

/// Bare hosts, or those of the estate that the user names.
fn first_estate(prepared: &Prepared) -> Result<Estate, Failed> {
    if prepared.args.estate.is_some() {
        let files: Arc<dyn crate::input::Files> = Arc::new(Content::new());
        return Ok(super::open(&prepared.args, &prepared.loaded, &files)?.estate);
    }
    let estate = Estate::new(prepared.args.seed)
        .map_err(|why| Diagnostic::error("rehearsal/unreadable", "no estate").why(why))?;
    super::furnish(&estate, &prepared.args, &prepared.loaded)?;
    Ok(estate)
}

fn tell(console: &Console, name: &str, wrong: &[String]) {
    match console.output {
        Output::Text if wrong.is_empty() => console.data(&format!("ok     {name}\n")),
        Output::Text => {
            let text = format!("FAILED {name}\n    {}\n", wrong.join("\n    "));
            console.data(&console.redactor.redact(&text));
        }
        Output::Json => {
            let line = serde_json::json!({"event": "boundary", "boundary": name, "wrong": wrong});
            console.data(&format!("{}\n", console.redactor.redact(&line.to_string())));
        }
    }
}

impl Sweep {
    /// Runs the job twice from the beginning: for the boundaries, and to know what chance decides.
    async fn undisturbed(&mut self, begin: &Estate) -> Result<Vec<Boundary>, Failed> {
        let (first, second) = (begin.fork(), begin.fork());
        self.origin = Some(self.space()?);
        let kept = Arc::new(Memory::default());
        let boundaries = Arc::new(Boundaries {
            estate: first.clone(),
            kept: kept.clone(),
            taken: Mutex::default(),
        });
        let ground = Ground {
            estate: &first,
            kept: &kept,
            git: self.repositories(&first, self.origin.as_ref(), None),
        };
        let report = self.up(&ground, boundaries.clone()).await?;
        if !report.errors.is_empty() {
            return Err(Failed {
                errors: report.errors,
                code: ExitCode::Failed,
            });
        }
        let other = Arc::new(Memory::default());
        let space = self.space()?;
        let ground = Ground {
            estate: &second,
            kept: &other,
            git: self.repositories(&second, Some(&space), None),
        };
        self.up(&ground, Arc::new(Fan(Vec::new()))).await?;
        self.expected = first.described();
        let again = second.described();
        self.chance = self
            .expected
            .iter()
            .filter(|(name, what)| again.get(*name).is_some_and(|other| other != *what))
            .map(|(name, _)| name.clone())
            .collect();
        let mut taken = boundaries
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *taken))
    }

    /// Goes on from a copy of the estate; what is wrong at the end.
    async fn resume(&self, from: &Boundary) -> Result<Vec<String>, Failed> {
        let space = self.space()?;
        let ground = Ground {
            estate: &from.estate,
            kept: &from.kept,
            git: self.repositories(&from.estate, Some(&space), self.origin.as_ref()),
        };
        let report = self.up(&ground, Arc::new(Fan(Vec::new()))).await?;
        if let Some(error) = report.errors.first() {
            return Ok(vec![
                format!("the next run fails: {}", error.what),
                error.why.join("; "),
            ]);
        }
        let mut wrong = self.differences(&from.estate.described());
        let again = self.up(&ground, Arc::new(Fan(Vec::new()))).await?;
        let changed: u32 = again.hosts.values().map(|counts| counts.changed).sum();
        if changed > 0 || !again.errors.is_empty() {
            wrong.push(format!("one more run still changes {changed} things"));
            wrong.extend(again.errors.first().map(|error| error.what.clone()));
        }
        Ok(wrong)
    }

    fn differences(&self, found: &Described) -> Vec<String> {
        let names: BTreeSet<_> = self.expected.keys().chain(found.keys()).collect();
        let mut wrong = Vec::new();
        for name in names {
            let (expected, there) = (self.expected.get(name), found.get(name));
            let (host, thing) = name;
            match (expected, there) {
                (Some(_), None) => wrong.push(format!("{host}: {thing} is missing")),
                (None, Some(_)) => wrong.push(format!("{host}: {thing} is left over")),
                (Some(a), Some(b)) if !self.alike(name, (a, b)) => {
                    wrong.push(format!("{host}: {thing} is `{b}`, not `{a}`"));
                }
                _ => {}
            }
        }
        let more = wrong.len().saturating_sub(TOLD);
        wrong.truncate(TOLD);
        if more > 0 {
            wrong.push(format!("and {more} more"));
        }
        wrong
    }

    /// Equal, or equal but for a content that chance decides.
    fn alike(&self, name: &(String, String), (a, b): (&str, &str)) -> bool {
        let attributes = |text: &str| text.rsplit_once(' ').map(|(head, _)| head.to_owned());
        a == b || (self.chance.contains(name) && attributes(a) == attributes(b))
    }

    /// One run of the job on an estate.
    async fn up(&self, ground: &Ground<'_>, sink: Arc<dyn Sink>) -> Result<Report, Failed> {
        let (estate, kept) = (ground.estate, ground.kept);
        let sink = Arc::new(Fan(vec![Arc::new(super::Tasks(estate.clone())), sink]));
        let mut world = world::furnished(
            (&self.prepared.loaded, &self.console),
            sink,
            (
                Arc::new(estate.connector()),
                Arc::new(estate.clock()),
                Arc::new(Downloads::new(super::downloads(), Sending::WhereNeeded)),
            ),
        );
        world.git = ground.git.clone();
        let mut shared = run::shared(&self.prepared.loaded, Mode::Apply, Self::state());
        shared.kept = Some(kept.clone());
        let shared: Arc<Shared> = Arc::new(shared);
        let jobs = self.prepared.jobs.clone();
        let stopping = Arc::new(AtomicU8::new(0));
        let options = self.options.clone();
        super::alone(execute::run(world, options, (shared, jobs, stopping))).await
    }

    /// A folder for repositories: nothing real is ever pushed to.
    fn space(&self) -> Result<Workspace, Failed> {
        let space = world::git().workspace().map_err(|error| {
            Diagnostic::error(
                "rehearsal/unwritable",
                "there is no folder for repositories",
            )
            .why(error.to_string())
            .help("make room in the folder for temporary files")
        })?;
        Ok(space)
    }

    /// The repositories of an estate in a folder; a copy of an estate begins with what it had.
    fn repositories(
        &self,
        estate: &Estate,
        space: Option<&Workspace>,
        origin: Option<&Workspace>,
    ) -> Arc<dyn GitTransport> {
        let folder = |space: &Workspace| space.path().join("git");
        let git = RehearsedGit::new(world::git(), space.map(folder).unwrap_or_default(), estate);
        Arc::new(match origin {
            Some(origin) => git.copied_from(&folder(origin)),
            None => git,
        })
    }

    /// Where the simulated controller keeps its files; an absolute path, the same in every run.
    fn state() -> &'static Path {
        Path::new("/root/.nautes-install")
    }
}
