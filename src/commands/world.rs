//! The outside world of a run: the real one, or the simulated estate in its place.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::cli::RunArgs;
use super::load::{self, Loaded};
use super::shared::Console;
use super::{Content, Failed};
use crate::artifact::Downloads;
use crate::connection::Connector;
use crate::diagnostic::Diagnostic;
use crate::event::{Fan, Sink};
use crate::execute::World;
use crate::input::{Clock, Files, OsProcesses, Source, Span, SystemClock};
use crate::inventory::{Inventory, Pattern};
use crate::secret::Secret;
use crate::state::{Claim, Held, Lock};
use crate::template;

/// A program of ours (an executable inventory) may take this long.
const PROGRAM_DEADLINE: Duration = Duration::from_mins(1);

/// The world of a run, with what has to be done at its end.
pub struct Opened {
    /// What the engine gets.
    pub world: World,
    clock: SystemClock,
    rehearsal: Option<super::rehearse::Rehearsal>,
}

impl Opened {
    /// Real time since the run began.
    pub fn real_elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Keeps the estate; the simulated time that the run took, in a rehearsal.
    pub fn finish(&self) -> Result<Option<Duration>, Failed> {
        self.rehearsal
            .as_ref()
            .map(super::rehearse::Rehearsal::finish)
            .transpose()
    }
}

/// Opens the world that the user asked for.
pub fn open(
    args: &RunArgs,
    (loaded, console): (&Loaded, &Console),
    sink: Arc<dyn Sink>,
) -> Result<Opened, Failed> {
    let files: Arc<dyn Files> = Arc::new(Content::new());
    let rehearsal = args
        .rehearse
        .then(|| super::rehearse::open(args, loaded, &files))
        .transpose()?;
    let clock: Arc<dyn Clock> = match &rehearsal {
        Some(rehearsal) => rehearsal.clock(),
        None => Arc::new(SystemClock::new()),
    };
    let connector = match &rehearsal {
        Some(rehearsal) => rehearsal.connector(),
        None => super::reach::connector(console, (&files, &clock)),
    };
    let sink: Arc<dyn Sink> = match &rehearsal {
        Some(rehearsal) => Arc::new(Fan(vec![rehearsal.sink(), sink])),
        None => sink,
    };
    let source = match &rehearsal {
        Some(_) => super::rehearse::downloads(),
        None => super::downloads::network(clock.clone()),
    };
    let downloads = Arc::new(super::downloads::open(args, loaded, source)?);
    let outside = (connector, clock, downloads);
    let mut world = furnished((loaded, console), sink, outside);
    if let Some(rehearsal) = &rehearsal {
        world.git = rehearsal.git(world.git);
    }
    Ok(Opened {
        world,
        clock: SystemClock::new(),
        rehearsal,
    })
}

/// What the engine gets, around a connector, a clock and downloads.
pub fn furnished(
    (loaded, console): (&Loaded, &Console),
    sink: Arc<dyn Sink>,
    (connector, clock, downloads): (Arc<dyn Connector>, Arc<dyn Clock>, Arc<Downloads>),
) -> World {
    let files: Arc<dyn Files> = Arc::new(Content::new());
    let template = engine(files.clone(), (clock.clone(), loaded));
    World {
        connector,
        files,
        clock,
        sink,
        redactor: console.redactor.clone(),
        template,
        downloads,
        git: git(),
    }
}

/// Git on this machine.
pub fn git() -> Arc<dyn crate::repo::GitTransport> {
    let root = std::env::temp_dir();
    Arc::new(crate::repo::SystemGit::new(Arc::new(processes()), root))
}

/// The template engine over these files, clock and hosts.
pub fn engine(
    files: Arc<dyn Files>,
    (clock, loaded): (Arc<dyn Clock>, &Loaded),
) -> template::Engine {
    let inventory = loaded.inventory.clone();
    template::Engine::new(template::World {
        files,
        processes: Arc::new(processes()),
        clock,
        random: Arc::new(random),
        hosts: Arc::new(move |pattern| names_of(&inventory, pattern, None).unwrap_or_default()),
        search: Vec::new(),
    })
}

/// The names of the hosts of a pattern.
pub fn names_of(
    inventory: &Inventory,
    pattern: &str,
    limit: Option<&Pattern>,
) -> Result<Vec<String>, Diagnostic> {
    let source = Source::new("(pattern)", pattern);
    let place = Span {
        source,
        start: 0,
        end: pattern.len(),
    };
    let pattern = Pattern::parse(pattern, &place)?;
    let selection = inventory.select(&pattern, limit)?;
    Ok(selection
        .hosts
        .iter()
        .map(|host| host.name.clone())
        .collect())
}

/// Programs on this machine.
pub fn processes() -> OsProcesses {
    OsProcesses {
        deadline: PROGRAM_DEADLINE,
    }
}

/// Random bytes from the OS's generator.
fn random(buffer: &mut [u8]) {
    use ring::rand::SecureRandom;
    // ring fails only where the OS has no generator; zeros would be worse than an end.
    if ring::rand::SystemRandom::new().fill(buffer).is_err() {
        std::process::exit(crate::diagnostic::ExitCode::Bug as i32);
    }
}

/// The password for sudo, from a file or asked for.
pub fn become_password(
    args: &RunArgs,
    console: &Console,
) -> Result<Option<Secret<String>>, Failed> {
    if let Some(path) = &args.become_password_file {
        return load::secret_file(path, console, &Content::new()).map(Some);
    }
    if args.ask_become_password {
        return console
            .ask_secret("password for sudo")
            .map(Some)
            .map_err(|error| Failed::from(*error));
    }
    Ok(None)
}

/// Takes the lock of a state directory.
pub fn lock(state: &Path, verb: &str) -> Result<Lock, Box<Diagnostic>> {
    let files: Arc<dyn Files> = Arc::new(Content::new());
    let now = SystemTime::now();
    let held = Held {
        owner: owner(),
        pid: std::process::id(),
        since: now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        verb: verb.to_owned(),
    };
    Lock::take(&files, state, &held, &claim)
}

/// User and machine, as far as the environment tells.
fn owner() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{user}@{}", host.trim())
}

/// What names a run's owner on a host: user, machine and state directory.
pub fn holder(state: &Path) -> String {
    format!("{}:{}", owner(), absolute(state).display())
}

/// Asks the kernel for a file's lock; the text goes into it once it is ours.
fn claim(path: &Path, text: &[u8]) -> io::Result<Claim> {
    use std::io::Write;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    for _ in 0..100 {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(Claim::Taken),
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
        // The run before us removes its file as it ends: a lock on that one would be nobody's.
        let ours = file.metadata()?;
        if !std::fs::metadata(path).is_ok_and(|there| there.ino() == ours.ino()) {
            continue;
        }
        file.set_len(0)?;
        file.write_all(text)?;
        return Ok(Claim::Ours(Box::new(file)));
    }
    Ok(Claim::Taken) // by one short run after the other
}

/// A new journal file; its name sorts by time.
pub fn journal_file(folder: &Path, verb: &str) -> io::Result<(PathBuf, std::fs::File)> {
    use std::os::unix::fs::OpenOptionsExt;
    Content::new().make_directory(folder)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let path = folder.join(format!(
        "{}-{verb}-{}.jsonl",
        now.as_millis(),
        std::process::id()
    ));
    let file = std::fs::OpenOptions::new()
        .create_new(true)
        .append(true)
        .mode(0o600)
        .open(&path)?;
    Ok((path, file))
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        result = tokio::signal::ctrl_c() => if result.is_err() { std::future::pending::<()>().await },
        _ = terminate.recv() => {}
    }
}

/// A path that does not depend on the current folder.
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::lock;

    #[test]
    fn a_state_directory_has_one_run_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = lock(dir.path(), "up").unwrap();
        let refused = lock(dir.path(), "up").err().unwrap();
        assert_eq!(refused.code, "state/locked");
        assert!(refused.why[0].contains(&std::process::id().to_string()));
        drop(first);
        assert!(!dir.path().join("lock").exists());
        lock(dir.path(), "up").unwrap();
    }

    #[test]
    fn a_file_that_a_dead_run_left_holds_nobody_up() {
        let dir = tempfile::tempdir().unwrap();
        let me = std::process::id(); // alive, but without the lock: a number that was given again
        let left = format!(r#"{{"owner":"root@here","pid":{me},"since":99999999999,"verb":"up"}}"#);
        std::fs::write(dir.path().join("lock"), left).unwrap();
        lock(dir.path(), "up").unwrap();
    }
}
