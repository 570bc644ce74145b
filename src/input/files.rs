//! The controller's files and programs, behind traits: the rehearsal and the tests give their own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

/// The files of the machine that runs this program.
pub trait Files: Send + Sync {
    /// The bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// At most `len` bytes of a file from `offset` on; fewer only at its end.
    fn read_part(&self, path: &Path, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let whole = self.read(path)?;
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(whole.len());
        let end = start.saturating_add(len).min(whole.len());
        Ok(whole[start..end].to_vec())
    }
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

/// A file of this machine that is sent somewhere in pieces, so that its size does not count in
/// memory.
#[derive(Clone)]
pub struct LocalFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub len: u64,
    /// What reads it.
    pub files: Arc<dyn Files>,
}

/// The most bytes that [`LocalFile::piece`] gives at once.
const PIECE: usize = 256 << 10;

impl LocalFile {
    /// The bytes from `offset` on, as many as are read at once; empty at the end.
    ///
    /// # Errors
    /// It cannot be read, or is shorter than it was.
    pub fn piece(&self, offset: u64) -> io::Result<Bytes> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = left.min(PIECE);
        if wanted == 0 {
            return Ok(Bytes::new());
        }
        let piece = self.files.read_part(&self.path, offset, wanted)?;
        if piece.len() < wanted {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("`{}` is shorter than it was", self.path.display()),
            ));
        }
        Ok(piece.into())
    }
}

impl PartialEq for LocalFile {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, self.len) == (&other.path, other.len)
    }
}

impl std::fmt::Debug for LocalFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LocalFile({}, {} bytes)", self.path.display(), self.len)
    }
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
