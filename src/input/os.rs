//! The machine's own files and programs: the one place that touches them directly.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::{FileKind, Files, Processes};

/// How many names are tried for a temporary file before giving up: more than runs that could
/// have been killed in the middle of a write and left one behind.
const NAMES: u32 = 1000;

/// How much of a failed program's stderr goes into the error, in bytes from its end.
const TAIL: usize = 2000;

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFiles;

impl Files for OsFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn read_part(&self, path: &Path, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut part = Vec::with_capacity(len);
        file.take(len as u64).read_to_end(&mut part)?;
        Ok(part)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let seen = fs::metadata(path).ok()?;
        Some(if seen.is_dir() {
            FileKind::Directory
        } else if seen.permissions().mode() & 0o111 != 0 {
            FileKind::Executable
        } else {
            FileKind::File
        })
    }

    fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        // A link stays a link: its target is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let (temporary, mut file) = temporary(&directory, &path, mode)?;
        let written = file
            .set_permissions(fs::Permissions::from_mode(mode))
            .and_then(|()| file.write_all(content))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&temporary, &path));
        if let Err(error) = written {
            // The write failed; the temporary file matters less than saying why.
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        File::open(directory)?.sync_all()
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }
}

/// A new file beside `path`, never readable by more people than `mode` says.
fn temporary(directory: &Path, path: &Path, mode: u32) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for attempt in 0..NAMES {
        let candidate = directory.join(format!(".{name}.new{attempt}"));
        let opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode & 0o600)
            .open(&candidate);
        match opened {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => return Ok((candidate, file)),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!("`{}` is full of temporary files", directory.display()),
    ))
}

/// The programs of this machine.
#[derive(Clone, Copy, Debug)]
pub struct OsProcesses {
    /// After this long a program is killed and counts as failed.
    pub deadline: Duration,
}

impl Default for OsProcesses {
    /// Five minutes: an executable inventory asks an API, git clones a repository.
    fn default() -> Self {
        Self {
            deadline: Duration::from_mins(5),
        }
    }
}

impl Processes for OsProcesses {
    fn run(&self, program: &Path, args: &[&str], cwd: Option<&Path>) -> io::Result<Vec<u8>> {
        let until = Instant::now() + self.deadline;
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(cwd) = cwd {
            command.current_dir(cwd);
        }
        let mut child = command.spawn()?;
        let stdout = drain(child.stdout.take());
        let stderr = drain(child.stderr.take());
        let name = program.display();
        let Some(status) = wait(&mut child, until)? else {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("`{name}` did not end within {} s", self.deadline.as_secs()),
            ));
        };
        let left = until.saturating_duration_since(Instant::now());
        let printed = stdout.recv_timeout(left).unwrap_or_else(|_| Ok(Vec::new()));
        if status.success() {
            return printed;
        }
        let said = stderr
            .recv_timeout(left)
            .unwrap_or_else(|_| Ok(Vec::new()))?;
        let said = String::from_utf8_lossy(&said[said.len().saturating_sub(TAIL)..]).into_owned();
        Err(io::Error::other(format!(
            "`{name}` failed ({status}): {}",
            said.trim()
        )))
    }

    fn environment(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// Reads a pipe to its end in its own thread, so that a full pipe never blocks the program.
fn drain<R: Read + Send + 'static>(pipe: Option<R>) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes));
        // Nobody listens any more when the deadline has passed.
        let _ = sender.send(read.map(|_| bytes));
    });
    receiver
}

/// Waits for the end; `None` if it had to be killed at the deadline.
fn wait(child: &mut Child, until: Instant) -> io::Result<Option<std::process::ExitStatus>> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
