//! What every run has in common: reports, journal, lock, signals, recap, exit code.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use super::cli::{Output, RunArgs};
use super::gates::Gates;
use super::load::{self, Loaded};
use super::shared::Console;
use super::{Ended, Failed, world};
use crate::diagnostic::{Colour, Diagnostic, ExitCode};
use crate::event::{self, Event, Sink};
use crate::execute::{self, Ahead, Hosts, Job, Keeper, Mode, Options, Report, Shared, World};
use crate::input::{Json, Var};
use crate::inventory;
use crate::report::{Detail, JsonLines, Lines, Live, Out, Tally, recap};
use crate::state::{Journal, Sealed};

/// One run, ready to go.
pub struct Launch<'a> {
    /// The verb.
    pub verb: &'a str,
    /// The user's options.
    pub args: &'a RunArgs,
    /// Whether hosts are changed.
    pub mode: Mode,
    /// Whether differences are shown.
    pub diff: bool,
    /// What was read.
    pub loaded: &'a Loaded,
    /// What to run.
    pub jobs: Vec<Job>,
}

/// How a run ended, for the exit code.
pub struct Went {
    /// What the engine says.
    pub report: Report,
    /// Counts.
    pub tally: Arc<Tally>,
    /// Whether hosts were changed.
    pub mode: Mode,
}

impl Launch<'_> {
    /// Runs the jobs with everything around them.
    pub async fn go(self, console: &Arc<Console>) -> Result<Went, Failed> {
        let state = load::state_directory(self.args, &self.loaded.tenant);
        let _lock = (self.mode == Mode::Apply)
            .then(|| world::lock(&state, self.verb))
            .transpose()
            .map_err(|e| Failed::from(*e))?;
        let tally = Arc::new(Tally::default());
        let journal = if self.mode == Mode::Apply {
            Some(Arc::new(open_journal(&state, self.verb, console)?))
        } else {
            None
        };
        let gates = Arc::new(Gates::default());
        let sink = self.sinks(console, (&tally, journal.as_ref()));
        let sink: Arc<dyn Sink> = Arc::new(event::Fan(vec![gates.clone(), sink]));
        let world = world::open(self.args, (self.loaded, console), sink.clone())?;
        let begun = world.real_elapsed();
        sink.emit(&Event::Start {
            schema: event::SCHEMA,
            verb: self.verb.to_owned(),
            tenant: self.loaded.tenant.clone(),
            check: self.mode == Mode::Check,
            rehearsal: self.args.rehearse,
        });
        let report = self.execute(&world, console, &state).await?;
        let simulated = world.finish()?;
        let mut kept = Vec::new();
        if self.mode == Mode::Apply {
            let place = (state.as_path(), self.loaded.tenant.as_str());
            kept = gates.keep(place, console).map_err(|e| Failed::from(*e))?;
            for path in kept.iter().filter(|_| console.output == Output::Text) {
                console.say(&format!("what was checked is in {path}"));
            }
        }
        let downloads = &world.world.downloads;
        if self.mode == Mode::Apply {
            super::downloads::keep(downloads, (self.args, self.loaded), console);
        } else if console.output == Output::Text {
            super::downloads::tell_open(downloads, console);
        }
        let last = Event::Recap {
            hosts: report.hosts.clone(),
            changed: tally.changed(),
            failed: tally.failed() + tally.unreachable(),
            unknown: tally.unknown(),
            duration_ms: millis(world.real_elapsed().saturating_sub(begun)),
            simulated_ms: simulated.map(millis),
            components: report.spent.clone(),
            traffic: report.traffic.clone(),
            gates: kept,
        };
        self.close(console, (&report, &last, journal.as_deref()));
        sink.emit(&last);
        Ok(Went {
            report,
            tally,
            mode: self.mode,
        })
    }

    async fn execute(
        &self,
        opened: &world::Opened,
        console: &Arc<Console>,
        state: &Path,
    ) -> Result<Report, Failed> {
        let mut options = options((self.verb, self.mode), (self.args, self.loaded), console)?;
        // What only happens on this machine is guarded by the lock of its state directory.
        let mut plays = self.jobs.iter().flat_map(|job| job.plays.iter());
        let reaches_hosts = plays.any(|play| play.hosts.as_str() != Some("localhost"));
        if self.mode == Mode::Apply && self.verb != "play" && reaches_hosts {
            options.holder = Some(world::holder(state));
        }
        let mut shared = shared(self.loaded, self.mode, state);
        let identities = super::identity::read(self.args, console)?;
        let given = &mut shared.given;
        given.insert(super::identity::NAME.to_owned(), Var::Data(identities));
        let rotated = self.args.rotated.iter().cloned().collect();
        given.insert(super::rotate::NAME.to_owned(), Var::Data(rotated));
        shared.told = told(self.args, self.diff);
        shared.kept = Some(Arc::new(Kept::open(state, console)?));
        let shared = Arc::new(shared);
        let stopping = Arc::new(AtomicU8::new(0));
        let world: World = opened.world.clone();
        let work = execute::run(
            world,
            options,
            (shared, self.jobs.clone(), stopping.clone()),
        );
        let work = async {
            if self.args.rehearse {
                super::rehearse::alone(work).await
            } else {
                Ok(work.await)
            }
        };
        tokio::select! {
            report = work => report,
            () = interrupted_twice(stopping, console.clone()) => Err(Failed { errors: Vec::new(), code: ExitCode::Interrupted }),
        }
    }

    fn sinks(
        &self,
        console: &Arc<Console>,
        (tally, journal): (&Arc<Tally>, Option<&Arc<Journal>>),
    ) -> Arc<dyn Sink> {
        let detail = Detail {
            verbosity: self.args.verbose,
            diff: self.diff,
            colour: console.colour() == Colour::Coloured,
        };
        let redactor = console.redactor.clone();
        let mut sinks: Vec<Arc<dyn Sink>> = vec![tally.clone()];
        sinks.push(match (console.output, console.is_terminal()) {
            (Output::Json, _) => Arc::new(JsonLines {
                out: Out::new(std::io::stdout()),
                redactor,
            }),
            (Output::Text, true) => Arc::new(Live::new(redactor, detail)),
            (Output::Text, false) => Arc::new(Lines {
                out: Out::new(std::io::stdout()),
                redactor,
                detail,
            }),
        });
        if let Some(journal) = journal {
            sinks.push(journal.clone());
        }
        Arc::new(event::Fan(sinks))
    }

    /// Tells the causes and, for people, the recap and where the journal is.
    fn close(
        &self,
        console: &Console,
        (report, last, journal): (&Report, &Event, Option<&Journal>),
    ) {
        if console.output == Output::Text {
            console.data(&format!("{}\n", recap(last).join("\n")));
        }
        console.errors(&report.errors);
        let Some(journal) = journal else { return };
        if let Some(error) = journal.lost() {
            console.errors(&[Diagnostic::error(
                "state/journal-lost",
                "the journal is not complete",
            )
            .why(error)
            .help("free space in the state directory before the next run")]);
        }
        if !report.errors.is_empty() && console.output == Output::Text {
            console.say(&format!("the whole run is in {}", journal.path().display()));
        }
    }
}

/// The engine's options.
pub fn options(
    (verb, mode): (&str, Mode),
    (args, loaded): (&RunArgs, &Loaded),
    console: &Console,
) -> Result<Options, Failed> {
    Ok(Options {
        verb: verb.to_owned(),
        tenant: loaded.tenant.clone(),
        mode,
        rehearsal: args.rehearse,
        ahead: Ahead::Batch,
        forks: args.forks.max(1),
        tags: args.tags.clone(),
        skip_tags: args.skip_tags.clone(),
        limit: loaded.limit.clone(),
        timeout: Duration::from_secs(args.task_timeout),
        holder: None,
        become_password: world::become_password(args, console)?,
        vault_passwords: loaded.vault_passwords.clone(),
    })
}

/// What all scopes share.
pub fn shared(loaded: &Loaded, mode: Mode, state: &Path) -> Shared {
    Shared {
        hosts: Hosts::new(loaded.inventory.clone()),
        outputs: std::sync::RwLock::default(),
        given: loaded.given(&world::absolute(state)),
        told: inventory::Vars::new(),
        mode,
        kept: None,
    }
}

/// What playbooks may ask about the command line, under Ansible's names.
fn told(args: &RunArgs, diff: bool) -> inventory::Vars {
    let words = |list: &[String]| {
        list.iter()
            .flat_map(|tags| tags.split(','))
            .collect::<Json>()
    };
    let wanted = if args.tags.is_empty() {
        serde_json::json!(["all"])
    } else {
        words(&args.tags)
    };
    let mut told = vec![
        ("ansible_diff_mode", Json::from(diff)),
        ("ansible_verbosity", Json::from(args.verbose)),
        ("ansible_forks", Json::from(args.forks)),
        ("ansible_run_tags", wanted),
        ("ansible_skip_tags", words(&args.skip_tags)),
        (
            "ansible_inventory_sources",
            args.source.inventory.iter().cloned().collect(),
        ),
    ];
    if let Some(limit) = &args.source.limit {
        told.push(("ansible_limit", limit.as_str().into()));
    }
    told.into_iter()
        .map(|(name, value)| (name.to_owned(), Var::Data(value)))
        .collect()
}

/// The sealed store, for the engine.
pub struct Kept(Sealed);

impl Kept {
    /// Opens the store of a state directory.
    ///
    /// # Errors
    /// It cannot be read, or its key is another.
    pub fn open(state: &Path, console: &Console) -> Result<Self, Failed> {
        let files = Arc::new(super::Content::new());
        Sealed::open(files, state, console.redactor.clone())
            .map(Self)
            .map_err(|error| Failed::from(*error))
    }
}

impl Keeper for Kept {
    fn kept(&self, component: &str, output: &str) -> Option<Json> {
        self.0.get(component, output)
    }

    fn keep(&self, component: &str, output: &str, value: &Json) -> Result<(), Box<Diagnostic>> {
        self.0.keep(component, output, value)
    }

    fn forget(&self, component: &str, output: &str) -> Result<(), Box<Diagnostic>> {
        self.0.forget(component, output)
    }
}

/// The exit code of a run.
pub fn exit_code(went: &Went) -> Ended {
    let report = &went.report;
    let codes: Vec<&str> = report.errors.iter().map(|error| error.code).collect();
    // A request that was under way when the host was lost may have been carried out.
    let touched = went.mode == Mode::Apply
        && (went.tally.changed() > 0 || codes.contains(&"connection/lost"));
    let refused = [
        "connection/unreachable",
        "connection/untrusted",
        "connection/become",
    ];
    Ok(match () {
        () if report.interrupted => ExitCode::Interrupted,
        () if codes.is_empty() && went.tally.failed() == 0 => ExitCode::Done,
        () if touched => ExitCode::Failed,
        () if codes.iter().all(|code| refused.contains(code)) => ExitCode::Unreachable,
        () if went.tally.failed() == 0 && went.tally.unreachable() == 0 => ExitCode::BadInput,
        () => ExitCode::Failed,
    })
}

fn open_journal(state: &Path, verb: &str, console: &Console) -> Result<Journal, Failed> {
    let folder = state.join("journal");
    world::journal_file(&folder, verb)
        .map(|(path, file)| Journal::new(path, Box::new(file), console.redactor.clone()))
        .map_err(|error| {
            Diagnostic::error(
                "state/unwritable",
                format!("cannot write the journal in `{}`", folder.display()),
            )
            .why(error.to_string())
            .help("choose another place with `--state DIR`, or make it writable")
            .into()
        })
}

/// The first Ctrl-C (or SIGTERM) starts nothing new, the second ends at once.
async fn interrupted_twice(stopping: Arc<AtomicU8>, console: Arc<Console>) {
    loop {
        world::signal().await;
        if stopping.fetch_add(1, Ordering::Relaxed) > 0 {
            return;
        }
        console.say(
            "stopping: what runs is finished, nothing new is started; once more to stop at once",
        );
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
