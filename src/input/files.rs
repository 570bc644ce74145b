//! The controller's files and programs, behind traits: the rehearsal and the tests give their own.

use std::io;
use std::path::{Path, PathBuf};

/// The files of the machine that runs this program.
pub trait Files: Send + Sync {
    /// The bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The names in a directory, sorted.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// What is at a path, links followed.
    fn kind(&self, path: &Path) -> Option<FileKind>;
    /// Writes a file whole (temporary file, fsync, rename); `mode` is its permission bits.
    fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()>;
    /// Makes a directory and its parents, private to the user.
    fn make_directory(&self, path: &Path) -> io::Result<()>;
    /// Removes a file; not there is fine.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The path with links resolved, if it exists.
    fn real_path(&self, path: &Path) -> io::Result<PathBuf>;
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file that may not be executed.
    File,
    /// A regular file that may.
    Executable,
    /// A directory.
    Directory,
}

/// Programs on the machine that runs this program (an executable inventory, git).
pub trait Processes: Send + Sync {
    /// Runs a program to its end and gives its stdout; a non-zero exit is an error with stderr.
    fn run(&self, program: &Path, args: &[&str], cwd: Option<&Path>) -> io::Result<Vec<u8>>;
    /// An environment variable of this program (`lookup('env', …)`).
    fn environment(&self, name: &str) -> Option<String>;
}
