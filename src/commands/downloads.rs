//! The downloads of a run: where this machine fetches from, what is locked, what is locked anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Content;
use super::Failed;
use super::cli::RunArgs;
use super::load::{Loaded, estate_directory};
use crate::artifact::{
    ArtifactSource, Downloads, FolderSource, Frozen, HttpSource, LOCK_FILE, LockFile, Proxies,
    Sending,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Clock, Files, OsProcesses, Processes, Source};

/// The downloads of a run. Without settings (a plain playbook) nothing is locked.
///
/// # Errors
/// The lock file cannot be read.
pub fn open(
    args: &RunArgs,
    loaded: &Loaded,
    source: Arc<dyn ArtifactSource>,
) -> Result<Downloads, Failed> {
    let sending = if loaded.artifacts.push {
        Sending::Always
    } else {
        Sending::WhereNeeded
    };
    let source = behind(args.artifacts.as_deref(), source)?;
    let downloads = Downloads::new(source, sending);
    if loaded.components.is_empty() {
        return Ok(downloads);
    }
    let lock = read(&place(args, &loaded.tenant))?;
    let frozen = if args.locked { Frozen::Yes } else { Frozen::No };
    let mirror = loaded.artifacts.mirror.clone();
    Ok(downloads.locked_by(lock, (mirror, frozen)))
}

/// A source behind the folder of `--artifacts`, if there is one.
///
/// # Errors
/// The folder has no index, or a wrong one.
pub fn behind(
    folder: Option<&Path>,
    source: Arc<dyn ArtifactSource>,
) -> Result<Arc<dyn ArtifactSource>, Diagnostics> {
    let files: Arc<dyn Files> = Arc::new(Content::new());
    Ok(match folder {
        Some(folder) => Arc::new(FolderSource::open(folder, &files, source)?),
        None => source,
    })
}

/// The network, with a cache for this user.
pub fn network(clock: Arc<dyn Clock>) -> Arc<dyn ArtifactSource> {
    let processes = super::world::processes();
    let proxies = Proxies {
        // Upper-case HTTP_PROXY is not read: a web server's environment may hold a visitor's.
        http: first(&processes, &["http_proxy", "all_proxy", "ALL_PROXY"]),
        https: first(
            &processes,
            &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        ),
        none: first(&processes, &["no_proxy", "NO_PROXY"]),
    };
    let cache = first(&processes, &["XDG_CACHE_HOME"]).map_or_else(
        || {
            let home = first(&processes, &["HOME"]).unwrap_or_else(|| "/tmp".to_owned());
            PathBuf::from(home).join(".cache")
        },
        PathBuf::from,
    );
    let files: Arc<dyn Files> = Arc::new(Content::new());
    let cache = cache.join("nautes-install");
    Arc::new(HttpSource::new(cache, (files, clock), proxies))
}

fn first(processes: &OsProcesses, names: &[&str]) -> Option<String> {
    let mut values = names.iter().filter_map(|name| processes.environment(name));
    values.find(|value| !value.is_empty())
}

/// Where the lock of a tenant's downloads is.
fn place(args: &RunArgs, tenant: &str) -> PathBuf {
    match &args.lock {
        Some(path) => path.clone(),
        None if args.rehearse => estate_directory(args, tenant).join(LOCK_FILE),
        None => PathBuf::from(LOCK_FILE),
    }
}

/// Reads a lock file; one that is not there locks nothing.
pub fn read(path: &Path) -> Result<LockFile, Diagnostics> {
    match Content::new().read(path) {
        Ok(bytes) => LockFile::parse(&Source::new(
            path.display().to_string(),
            String::from_utf8_lossy(&bytes),
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(LockFile::default()),
        Err(error) => Err(vec![
            Diagnostic::error(
                "artifact/bad-lock",
                format!("`{}` cannot be read", path.display()),
            )
            .why(error.to_string())
            .help("make it readable, or name another file with `--lock FILE`"),
        ]),
    }
}

/// Reads the lock where it is looked for by default, for `validate`.
pub fn check() -> Diagnostics {
    read(Path::new(LOCK_FILE)).err().unwrap_or_default()
}

/// Writes what this run verified to the lock, and says so.
pub fn keep(
    downloads: &Downloads,
    (args, loaded): (&RunArgs, &Loaded),
    console: &super::shared::Console,
) {
    let learned = downloads.learned();
    if learned.is_empty() {
        return;
    }
    let path = place(args, &loaded.tenant);
    let written = read(&path)
        .map_err(|found| found.first().map_or_else(String::new, |d| d.what.clone()))
        .and_then(|mut lock| {
            let before = lock.clone();
            lock.merge(&learned);
            if lock == before {
                return Ok(false);
            }
            let written = Content::new().write(&path, lock.text().as_bytes(), 0o644);
            written.map(|()| true).map_err(|error| error.to_string())
        });
    match written {
        Ok(false) => {}
        Ok(true) if console.output == super::cli::Output::Text => console.say(&format!(
            "digests of new downloads are locked in {}",
            path.display()
        )),
        Ok(true) => {}
        Err(why) => console.errors(&[Diagnostic::warning(
            "artifact/lock-unwritable",
            format!("cannot write `{}`", path.display()),
        )
        .why(why)
        .why("the downloads were verified; their digests are not locked")
        .help(
            "make it writable or name another file with `--lock FILE`: the next run locks them",
        )]),
    }
}

/// What a plan says of downloads that are not locked.
pub fn tell_open(downloads: &Downloads, console: &super::shared::Console) {
    for url in downloads.open() {
        console.say(&format!(
            "not locked yet: {url} (`up` locks its digest in {LOCK_FILE} once it is verified)"
        ));
    }
}
