//! Actions of the host protocol, carried out on the model with the effects and words of the real
//! posix layer.

use std::time::Duration;

use bytes::Bytes;

use super::linking::{Kind, link};
use super::process::{Process, Stop};
use super::tree::{Content, Errno, Follow, Time, join, parent_and_name};
use crate::connection::{Action, Attributes, Exec, Executed, PackageAction, UnitAction};

/// How an action ended.
pub enum Failed {
    /// The host's words.
    Refused(String),
    /// It did not end.
    Stopped(Stop),
}

impl From<Stop> for Failed {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

type Acted = Result<Executed, Failed>;

/// Adds the path to the kernel's words.
pub(super) fn at(path: &str) -> impl Fn(Errno) -> Failed + '_ {
    move |error| Failed::Refused(format!("{path}: {error}"))
}

/// Carries out an action.
#[expect(clippy::too_many_lines, reason = "one case of a table per line")]
pub fn act(process: &mut Process<'_>, action: Action) -> Acted {
    match action {
        Action::WriteFile {
            path,
            content,
            attributes,
            validate,
            backup,
        } => {
            let write = Write {
                path,
                content: Content::new(content),
                attributes,
                backup,
            };
            write_file(process, &write, validate.as_deref())?;
        }
        Action::CopyFile {
            from,
            to,
            attributes,
            backup,
        } => {
            let content = process.read(&from).map_err(at(&from))?;
            let write = Write {
                path: to,
                content,
                attributes,
                backup,
            };
            write_file(process, &write, None)?;
            keep_time(process, &from, &write.path)?;
        }
        Action::MakeDirectory { path, attributes } => make_directory(process, &path, &attributes)?,
        Action::SetAttributes {
            path,
            attributes,
            recurse,
            follow,
        } => {
            let follow = if follow { Follow::Link } else { Follow::No };
            set_attributes(process, &path, &attributes, follow)?;
            if recurse {
                recurse_attributes(process, &path, &attributes)?;
            }
        }
        Action::Link { path, target, hard } => {
            link(
                process,
                &path,
                &target,
                if hard { Kind::Hard } else { Kind::Symbolic },
            )?;
        }
        Action::Touch { path, mtime, atime } => touch(process, &path, (mtime, atime))?,
        Action::Remove { path } => remove(process, &path)?,
        Action::Unpack {
            archive,
            into,
            options,
        } => return unpack(process, [archive, into], options),
        Action::Exec(exec) => return execute(process, exec),
        Action::Package(action) => return package(process, action),
        Action::Unit { name, action } => return unit(process, &name, action),
        Action::Sysctl { name, value } => {
            let argv = [
                "sysctl".to_owned(),
                "-w".to_owned(),
                format!("{name}={value}"),
            ];
            return refuse_nonzero(execute(process, Exec::new(argv))?);
        }
        Action::Download {
            url,
            path,
            digest,
            attributes,
            headers: _,
        } => {
            let content = super::arrive::download(process, &url, digest.as_ref())?;
            write_file(process, &Write::new((path, content), attributes), None)?;
        }
        Action::Upload {
            file,
            path,
            digest: (algorithm, hex),
            attributes,
        } => {
            let content = super::arrive::upload(process, &file, (&algorithm, &hex))?;
            write_file(process, &Write::new((path, content), attributes), None)?;
        }
        Action::With { env, action } => {
            process.env.extend(env);
            return act(process, *action);
        }
        Action::Reboot {
            command: _,
            post_delay,
        } => {
            let now = process.now();
            process.host.reboot(now);
            process.spend(super::host::BOOT_TIME + Duration::from_secs(post_delay))?;
        }
    }
    Ok(Executed::default())
}

struct Write {
    path: String,
    content: Content,
    attributes: Attributes,
    backup: Option<String>,
}

impl Write {
    fn new((path, content): (String, Content), attributes: Attributes) -> Self {
        Self {
            path,
            content,
            attributes,
            backup: None,
        }
    }
}

/// What the real layer calls its temporary files, and clears away when their owner is gone.
const TEMPORARY: &str = ".nautes-install.";

/// Temporary file, attributes, fsync, validation, backup, rename; nothing is left if it is
/// refused. A link at the path is replaced, not followed.
fn write_file(
    process: &mut Process<'_>,
    write: &Write,
    validate: Option<&str>,
) -> Result<(), Failed> {
    let caller = process.caller.clone();
    let path = write.path.as_str();
    let place = process
        .host
        .tree
        .walk(&caller, path, Follow::No)
        .map_err(at(path))?;
    let here = place.ino.and_then(|ino| process.host.tree.inode(ino));
    if here.is_some_and(|node| matches!(node.body, super::tree::Body::Directory(_))) {
        return Err(at(path)(Errno::IsDirectory));
    }
    let (parent, _) = parent_and_name(path);
    let parent = parent.to_owned();
    clear_leftovers(process, &parent);
    let temporary = join(&parent, &format!("{TEMPORARY}{}.new", process.pid));
    process
        .write(&temporary, write.content.clone())
        .map_err(at(path))?;
    let finish = finish_write(process, write, &temporary, validate);
    if finish.is_err() {
        let _ = process.files().remove_one(&temporary);
    }
    finish?;
    for synced in [Some(path), write.backup.as_deref()].into_iter().flatten() {
        process.host.sync_path(synced);
    }
    Ok(())
}

fn clear_leftovers(process: &mut Process<'_>, directory: &str) {
    let names = process
        .host
        .tree
        .names(&process.caller, directory)
        .unwrap_or_default();
    for name in names {
        let owner = name
            .strip_prefix(TEMPORARY)
            .and_then(|rest| rest.split_once('.'));
        if owner.is_some_and(|(pid, _)| pid.parse::<u32>().is_ok()) {
            let _ = process.files().remove_one(&join(directory, &name));
        }
    }
}

fn finish_write(
    process: &mut Process<'_>,
    write: &Write,
    temporary: &str,
    validate: Option<&str>,
) -> Result<(), Failed> {
    let path = write.path.as_str();
    let before = process.host.tree.find(&process.caller, path, Follow::Link);
    let before = before.ok().map(|(_, node)| (node.mode, node.uid, node.gid));
    let mut wanted = write.attributes.clone();
    if let Some((mode, uid, gid)) = before {
        wanted.mode = wanted.mode.or(Some(mode));
        if process.caller.is_root() {
            wanted.owner = wanted.owner.or_else(|| Some(uid.to_string()));
            wanted.group = wanted.group.or_else(|| Some(gid.to_string()));
        }
    }
    wanted.mode = wanted.mode.or(Some(0o666 & !process.caller.umask));
    set_attributes(process, temporary, &wanted, Follow::No)?;
    if let Some(command) = validate {
        let quoted = format!("'{}'", temporary.replace('\'', "'\\''"));
        let (code, _, err) = process.run(
            vec![
                "sh".to_owned(),
                "-c".to_owned(),
                command.replace("%s", &quoted),
            ],
            Bytes::new(),
        )?;
        if code != 0 {
            let said = String::from_utf8_lossy(&err).into_owned();
            return Err(Failed::Refused(
                format!("{said}validation failed: exit code {code}")
                    .trim()
                    .to_owned(),
            ));
        }
    }
    if let (Some(backup), Some(_)) = (&write.backup, before) {
        super::programs::copy(
            &mut process.files(),
            [path, backup],
            Follow::Link,
            super::programs::Keep::Yes,
        )
        .map_err(at(backup))?;
    }
    process.files().rename(temporary, path).map_err(at(path))
}

fn remove(process: &mut Process<'_>, path: &str) -> Result<(), Failed> {
    let clean = path.trim_end_matches('/');
    let odd = !path.starts_with('/') || clean.is_empty();
    if odd || clean.split('/').any(|part| part == "." || part == "..") {
        return Err(Failed::Refused(format!(
            "`{path}` is not a path that can be removed"
        )));
    }
    match process.files().remove_all(clean) {
        Err((_, Errno::NotFound | Errno::NotDirectory)) | Ok(()) => Ok(()),
        Err((path, error)) => Err(Failed::Refused(format!(
            "rm: cannot remove '{path}': {error}"
        ))),
    }
}

fn make_directory(
    process: &mut Process<'_>,
    path: &str,
    attributes: &Attributes,
) -> Result<(), Failed> {
    let made = process.files().make_directories(path).map_err(at(path))?;
    for directory in made {
        set_attributes(process, &directory, attributes, Follow::Link)?;
    }
    Ok(())
}

fn set_attributes(
    process: &mut Process<'_>,
    path: &str,
    wanted: &Attributes,
    follow: Follow,
) -> Result<(), Failed> {
    let accounts = process.host.accounts();
    let owner = match &wanted.owner {
        Some(name) => Some(
            accounts
                .uid(name)
                .ok_or_else(|| Failed::Refused(format!("chown: invalid user: '{name}'")))?,
        ),
        None => None,
    };
    let group = match &wanted.group {
        Some(name) => Some(
            accounts
                .gid(name)
                .ok_or_else(|| Failed::Refused(format!("chgrp: invalid group: '{name}'")))?,
        ),
        None => None,
    };
    if owner.is_some() || group.is_some() {
        process
            .files()
            .set_owner(path, (owner, group), follow)
            .map_err(at(path))?;
    }
    if let Some(mode) = wanted.mode {
        process
            .files()
            .set_mode(path, mode, follow)
            .map_err(at(path))?;
    }
    Ok(())
}

fn recurse_attributes(
    process: &mut Process<'_>,
    path: &str,
    wanted: &Attributes,
) -> Result<(), Failed> {
    let below = match process.host.tree.below(&process.caller, path, None) {
        Err(Errno::NotDirectory | Errno::Loop | Errno::NotFound) => return Ok(()),
        below => below.map_err(at(path))?,
    };
    for (name, _, _) in below {
        set_attributes(process, &super::tree::join(path, &name), wanted, Follow::No)?;
    }
    Ok(())
}

/// Gives a copy the modification time of what it is a copy of.
fn keep_time(process: &mut Process<'_>, from: &str, to: &str) -> Result<(), Failed> {
    let caller = process.caller.clone();
    let place = process.host.tree.walk(&caller, from, Follow::Link);
    let ino = place.map_err(at(from))?.ino;
    match ino.and_then(|ino| process.host.tree.inode(ino)) {
        Some(node) => {
            let times = (Some(node.mtime), None);
            process.files().set_times(to, times).map_err(at(to))
        }
        None => Ok(()),
    }
}

type Times = (Option<Option<f64>>, Option<Option<f64>>);

fn touch(process: &mut Process<'_>, path: &str, (mtime, atime): Times) -> Result<(), Failed> {
    if !process.exists(path) {
        // The shell's noclobber: what is made must be new, and not behind a link.
        let name = process.host.tree.find(&process.caller, path, Follow::No);
        if name.is_ok() {
            return Err(at(path)(Errno::Exists));
        }
        process
            .write(path, Content::new(Bytes::new()))
            .map_err(at(path))?;
    }
    let now = process.now();
    let time = |wanted: Option<Option<f64>>| wanted.map(|at| at.map_or(now, Time::from_seconds));
    process
        .files()
        .set_times(path, (time(mtime), time(atime)))
        .map_err(at(path))
}

fn unpack(process: &mut Process<'_>, [archive, into]: [String; 2], options: Vec<String>) -> Acted {
    let caller = process.caller.clone();
    if process.host.tree.names(&caller, &into).is_err() {
        return Err(Failed::Refused(format!("{into}: No such directory")));
    }
    let mut argv = if archive.ends_with(".zip") {
        vec![
            "unzip".to_owned(),
            "-o".to_owned(),
            archive,
            "-d".to_owned(),
            into,
        ]
    } else {
        vec![
            "tar".to_owned(),
            "-x".to_owned(),
            "-f".to_owned(),
            archive,
            "-C".to_owned(),
            into,
        ]
    };
    argv.extend(options);
    refuse_nonzero(execute(process, Exec::new(argv))?)
}

/// Runs a program for the host protocol.
pub fn execute(process: &mut Process<'_>, exec: Exec) -> Acted {
    if let Some(cwd) = &exec.cwd {
        let caller = process.caller.clone();
        match process.host.tree.find(&caller, cwd, Follow::Link) {
            Ok(_) => process.cwd.clone_from(cwd),
            Err(error) => return Err(Failed::Refused(format!("cd: {cwd}: {error}"))),
        }
    }
    process.env.extend(exec.env);
    if let Some(umask) = exec.umask {
        process.caller.umask = umask;
    }
    let limit = exec
        .output_limit
        .map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let (code, mut stdout, mut stderr) = process.run(exec.argv, exec.stdin.unwrap_or_default())?;
    for output in [&mut stdout, &mut stderr] {
        if output.len() > limit {
            output.truncate(limit);
            output.extend_from_slice(b"\n[output cut: longer than its limit]\n");
        }
    }
    Ok(Executed {
        code,
        stdout,
        stderr,
    })
}

fn refuse_nonzero(executed: Executed) -> Acted {
    if executed.code == 0 {
        return Ok(executed);
    }
    Err(Failed::Refused(
        String::from_utf8_lossy(&executed.stderr).trim().to_owned(),
    ))
}

fn package(process: &mut Process<'_>, action: PackageAction) -> Acted {
    let (verb, options, names) = match action {
        PackageAction::Update => ("update".to_owned(), Vec::new(), Vec::new()),
        PackageAction::Install { names, options } => ("install".to_owned(), options, names),
        PackageAction::Remove { names, options } => ("remove".to_owned(), options, names),
        PackageAction::Whole { verb, options } => (verb, options, Vec::new()),
    };
    if let Some(odd) = names.iter().find(|n| n.is_empty() || n.starts_with('-')) {
        return Err(Failed::Refused(format!("`{odd}` is not a package's name")));
    }
    let mut argv = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=60"]
        .map(ToOwned::to_owned)
        .to_vec();
    argv.extend(options);
    argv.push(verb);
    argv.push("--".to_owned());
    argv.extend(names);
    let mut exec = Exec::new(argv);
    exec.env
        .insert("DEBIAN_FRONTEND".to_owned(), "noninteractive".to_owned());
    execute(process, exec)
}

fn unit(process: &mut Process<'_>, name: &str, action: UnitAction) -> Acted {
    let verb = match action {
        UnitAction::Start => "start",
        UnitAction::Stop => "stop",
        UnitAction::Restart => "restart",
        UnitAction::Reload => "reload",
        UnitAction::Enable => "enable",
        UnitAction::Disable => "disable",
        UnitAction::Mask => "mask",
        UnitAction::Unmask => "unmask",
        UnitAction::DaemonReload => "daemon-reload",
        UnitAction::DaemonReexec => "daemon-reexec",
        UnitAction::ResetFailed => "reset-failed",
    };
    let mut argv = vec!["systemctl".to_owned(), verb.to_owned()];
    if !verb.starts_with("daemon-") {
        argv.push(name.to_owned());
    }
    execute(process, Exec::new(argv))
}
