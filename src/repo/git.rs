//! The real program `git`, behind a trait: the rehearsal gives its own remotes, tests local ones.
//!
//! Arguments are lists; what is secret reaches git in files that only the user can read (`access`);
//! nothing of the user's git configuration counts.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::tree::Tree;

use crate::input::Processes;

/// One run of git.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Its arguments.
    pub args: Vec<String>,
    /// Where it runs.
    pub at: &'a Path,
    /// What it reads.
    pub input: Vec<u8>,
    /// Variables of its environment; no secrets.
    pub environment: &'a [(String, String)],
    /// After this long it is ended.
    pub deadline: Duration,
}

/// How git ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its exit code, -1 if a signal ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it complained about.
    pub stderr: String,
}

/// Runs git, and says where remotes are.
#[async_trait]
pub trait GitTransport: Send + Sync {
    /// Runs git to its end. That it failed is an answer; an error is that it did not run.
    async fn run(&self, call: &Call<'_>) -> io::Result<Ran>;

    /// A repository of this machine that stands in for an address.
    fn stand_in(&self, _address: &str) -> Option<PathBuf> {
        None
    }

    /// What stands in for a template at an address: a rehearsal fetches nothing.
    fn template(&self, _address: &str) -> Option<Tree> {
        None
    }

    /// A new folder that only the user can enter; it goes with its value.
    fn workspace(&self) -> io::Result<Workspace>;
}

/// A folder that goes with its value.
#[derive(Debug)]
pub struct Workspace(PathBuf);

impl Workspace {
    /// A new folder below `root`.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn below(root: &Path) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        static NEXT: AtomicU64 = AtomicU64::new(0);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)?;
        loop {
            let nth = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = root.join(format!("nautes-install-git-{}-{nth}", std::process::id()));
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                // One that a run with our number left behind.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it, which only the user can read.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt;
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.0.join(name))?;
        file.write_all(content)
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // What cannot be removed lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The git of this machine.
pub struct SystemGit {
    processes: Arc<dyn Processes>,
    root: PathBuf,
}

/// Variables that git and ssh get from this program's environment: where programs and agents are,
/// and how the network is left.
const INHERITED: [&str; 14] = [
    "PATH",
    "SSH_AUTH_SOCK",
    "TMPDIR",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "GIT_TRACE",
];

impl SystemGit {
    /// Git without any environment, for runs that need none; its folders are temporary files.
    pub fn none() -> Arc<dyn GitTransport> {
        let processes = Arc::new(crate::input::MemoryProcesses::default());
        Arc::new(Self::new(processes, PathBuf::from("/tmp")))
    }

    /// Git with this program's environment; folders for its work are made below `root`.
    pub fn new(processes: Arc<dyn Processes>, root: PathBuf) -> Self {
        Self { processes, root }
    }
}

#[async_trait]
impl GitTransport for SystemGit {
    async fn run(&self, call: &Call<'_>) -> io::Result<Ran> {
        let mut command = Command::new(program(self.processes.environment("PATH")));
        command.args(&call.args).current_dir(call.at).env_clear();
        for name in INHERITED {
            if let Some(value) = self.processes.environment(name) {
                command.env(name, value);
            }
        }
        // Neither the machine's nor the user's configuration, and no question to a terminal.
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("HOME", call.at)
            .env("XDG_CONFIG_HOME", call.at)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ADVICE", "0")
            .env("LC_ALL", "C")
            .envs(call.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let (input, deadline) = (call.input.clone(), call.deadline);
        // On a thread of its own: a rehearsal's clock stands still meanwhile, and git's time is real.
        let ended = tokio::task::spawn_blocking(move || to_its_end(command, input, deadline)).await;
        ended.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    fn workspace(&self) -> io::Result<Workspace> {
        Workspace::below(&self.root)
    }
}

/// Where git is. Named by its path it is started without a copy of this process' page tables, which
/// takes longer than git itself where a sweep holds hundreds of estates: with a `PATH` of its own and
/// a bare name, `std::process` forks.
fn program(path: Option<String>) -> PathBuf {
    let path = path.unwrap_or_default();
    let mut folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let found = folders.find_map(|folder| {
        let file = folder.join("git");
        file.is_file().then_some(file)
    });
    found.unwrap_or_else(|| PathBuf::from("git"))
}

/// Feeds and drains all three streams at once, so that none blocks another.
fn to_its_end(mut command: Command, input: Vec<u8>, deadline: Duration) -> io::Result<Ran> {
    let until = Instant::now() + deadline;
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not want to hear the end says so with its exit code.
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let stdout = drained(child.stdout.take());
    let stderr = drained(child.stderr.take());
    let mut said = None;
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            let what = format!("git did not end within {} s", deadline.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, what));
        }
        if said.is_some() {
            std::thread::sleep(pause);
        } else if let Ok(bytes) = stdout.recv_timeout(pause) {
            // It closed its output: its end is a moment away.
            said = Some(bytes);
            pause = Duration::from_micros(250);
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let left = until.saturating_duration_since(Instant::now());
    let text = stderr.recv_timeout(left).unwrap_or_default();
    Ok(Ran {
        code: status.code().unwrap_or(-1),
        stdout: match said {
            Some(bytes) => bytes,
            None => stdout.recv_timeout(left).unwrap_or_default(),
        },
        stderr: String::from_utf8_lossy(&text).into_owned(),
    })
}

fn drained<R: Read + Send + 'static>(stream: Option<R>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read before an error is what git said.
            let _ = stream.read_to_end(&mut bytes);
        }
        // Nobody listens any more when the deadline has passed.
        let _ = sender.send(bytes);
    });
    receiver
}
