//! A program that runs on a simulated host: what it is given, what it prints, how long it takes.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::host::Host;
use super::tree::{Access, Caller, Content, Errno, Follow, Time, join};
use super::world::World;

/// The search path of a login and of sudo.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Why a program did not come to its own end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its deadline passed.
    Killed,
    /// Nobody described what it does; the text says how to.
    Undescribed(String),
    /// Its host rebooted or went off under it.
    Gone,
}

/// A running program.
pub struct Process<'a> {
    /// Where it runs.
    pub host: &'a mut Host,
    /// Everything else on the estate (this host is not in it while its program runs).
    pub world: &'a mut World,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Working directory.
    pub cwd: String,
    /// What it reads.
    pub stdin: Bytes,
    /// Name of its user.
    pub user: String,
    /// Its user as the kernel sees it.
    pub caller: Caller,
    /// What it printed.
    pub out: Vec<u8>,
    /// What it printed on stderr.
    pub err: Vec<u8>,
    /// When it was started.
    pub started: Time,
    /// Simulated time it took until now.
    pub spent: Duration,
    /// When it is killed.
    pub limit: Duration,
    /// Its number.
    pub pid: u32,
    /// How deep programs call programs.
    pub depth: u32,
}

/// How a program ended: its exit code, or why it did not.
pub type Ended = Result<i32, Stop>;

impl Process<'_> {
    /// Its arguments, without the program's name.
    pub fn args(&self) -> Vec<String> {
        self.argv.iter().skip(1).cloned().collect()
    }

    /// Its name, without the directory.
    pub fn name(&self) -> &str {
        let path = self.argv.first().map_or("", String::as_str);
        path.rsplit('/').next().unwrap_or(path)
    }

    /// The host's time now.
    pub fn now(&self) -> Time {
        Time(self.started.0.saturating_add(Time::from(self.spent).0))
    }

    /// Lets simulated time pass.
    pub fn spend(&mut self, duration: Duration) -> Result<(), Stop> {
        self.spent = self.spent.saturating_add(duration);
        if self.spent > self.limit {
            self.spent = self.limit;
            return Err(Stop::Killed);
        }
        Ok(())
    }

    /// Prints a line.
    pub fn say(&mut self, line: impl AsRef<str>) {
        self.out.extend_from_slice(line.as_ref().as_bytes());
        self.out.push(b'\n');
    }

    /// Prints a line on stderr.
    pub fn complain(&mut self, line: impl AsRef<str>) {
        self.err.extend_from_slice(line.as_ref().as_bytes());
        self.err.push(b'\n');
    }

    /// Prints `name: text` on stderr and gives exit code 1.
    pub fn fail(&mut self, text: impl AsRef<str>) -> Ended {
        let line = format!("{}: {}", self.name(), text.as_ref());
        self.complain(line);
        Ok(1)
    }

    /// An absolute path from an argument.
    pub fn path(&self, argument: &str) -> String {
        join(&self.cwd, argument)
    }

    /// The tree in this program's hands.
    pub fn files(&mut self) -> Access<'_> {
        let now = self.now();
        Access {
            tree: &mut self.host.tree,
            caller: &self.caller,
            now,
        }
    }

    /// A file's content.
    pub fn read(&self, argument: &str) -> Result<Content, Errno> {
        self.host.tree.read(&self.caller, &self.path(argument))
    }

    /// A file's content as text, stdin for `-`.
    pub fn read_text(&self, argument: &str) -> Result<String, Errno> {
        let bytes = match argument {
            "-" => self.stdin.clone(),
            "/dev/null" => Bytes::new(),
            _ => self.read(argument)?.bytes().clone(),
        };
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes a file in place.
    pub fn write(&mut self, argument: &str, content: Content) -> Result<(), Errno> {
        let path = self.path(argument);
        self.files().write(&path, content).map(|_| ())
    }

    /// Whether something is there, links followed.
    pub fn exists(&self, argument: &str) -> bool {
        let path = self.path(argument);
        self.host
            .tree
            .find(&self.caller, &path, Follow::Link)
            .is_ok()
    }

    /// Runs another program to its end; its output is given back, its time is ours.
    pub fn run(
        &mut self,
        argv: Vec<String>,
        stdin: Bytes,
    ) -> Result<(i32, Vec<u8>, Vec<u8>), Stop> {
        let pid = self.host.units.new_pid();
        let mut child = Process {
            pid,
            host: &mut *self.host,
            world: &mut *self.world,
            argv,
            env: self.env.clone(),
            cwd: self.cwd.clone(),
            stdin,
            user: self.user.clone(),
            caller: self.caller.clone(),
            out: Vec::new(),
            err: Vec::new(),
            started: self.started,
            spent: self.spent,
            limit: self.limit,
            depth: self.depth + 1,
        };
        let ended = super::exec::run(&mut child);
        let (out, err, spent) = (child.out, child.err, child.spent);
        self.spent = spent;
        match ended {
            Ok(code) => Ok((code, out, err)),
            Err(stop) => {
                // What it printed until then is the evidence.
                self.out.extend(out);
                self.err.extend(err);
                Err(stop)
            }
        }
    }

    /// Runs another program in this one's place: its output is ours.
    pub fn become_program(&mut self, argv: Vec<String>) -> Ended {
        let stdin = self.stdin.clone();
        let (code, out, err) = self.run(argv, stdin)?;
        self.out.extend(out);
        self.err.extend(err);
        Ok(code)
    }
}
