//! Programs that change files: coreutils' mkdir, rm, cp, mv, chmod, chown, touch, install, …

use super::super::process::{Ended, Process};
use super::super::tree::{Access, Body, Content, Errno, Follow, Time, join, parent_and_name};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[
    ("mkdir", mkdir),
    ("rm", rm),
    ("rmdir", rmdir),
    ("unlink", rmdir),
    ("chmod", chmod),
    ("chown", chown),
    ("chgrp", chown),
    ("cp", cp),
    ("mv", mv),
    ("touch", touch),
    ("install", install),
    ("mktemp", mktemp),
    ("tee", tee),
    ("dd", dd),
    ("truncate", truncate),
];

/// A mode as chmod takes it, applied to what is there.
pub fn mode(text: &str, before: u32, directory: bool) -> Option<u32> {
    if let Ok(number) = u32::from_str_radix(text, 8) {
        return Some(number & 0o7777);
    }
    let mut mode = before;
    for clause in text.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let (who, rest) = clause.split_at(at);
        let (operator, letters) = rest.split_at(1);
        let who = if who.is_empty() || who.contains('a') {
            "ugo"
        } else {
            who
        };
        for class in who.chars() {
            let shift = match class {
                'u' => 6,
                'g' => 3,
                'o' => 0,
                _ => return None,
            };
            let mut bits = 0;
            for letter in letters.chars() {
                bits |= match letter {
                    'r' => 4 << shift,
                    'w' => 2 << shift,
                    'x' => 1 << shift,
                    'X' if directory || before & 0o111 != 0 => 1 << shift,
                    'X' => 0,
                    's' if class == 'u' => 0o4000,
                    's' if class == 'g' => 0o2000,
                    't' => 0o1000,
                    _ => return None,
                };
            }
            match operator {
                "+" => mode |= bits,
                "-" => mode &= !bits,
                _ => mode = (mode & !(7 << shift)) | bits,
            }
        }
    }
    Some(mode)
}

fn mkdir(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-p", "-m=", "-v", "--parents", "--mode="])?;
    let parents = args.has(&["-p", "--parents"]);
    let bits = args
        .value(&["-m", "--mode"])
        .map(|text| mode(text, 0o777, true).unwrap_or(0o755));
    let mut code = 0;
    for operand in &args.operands {
        let path = process.path(operand);
        let made = if parents {
            process
                .files()
                .make_directories(&path)
                .map(|made| !made.is_empty())
        } else {
            process.files().make_directory(&path, 0o777).map(|_| true)
        };
        let done = made.and_then(|made| match bits {
            Some(bits) if made => process.files().set_mode(&path, bits, Follow::Link),
            _ => Ok(()),
        });
        if let Err(error) = done {
            code = process.fail(format!(
                "cannot create directory \u{2018}{operand}\u{2019}: {error}"
            ))?;
        }
    }
    Ok(code)
}

fn rm(process: &mut Process<'_>) -> Ended {
    let known = [
        "-r",
        "-R",
        "-f",
        "-d",
        "-v",
        "-i",
        "--recursive",
        "--force",
        "--one-file-system",
        "--verbose",
    ];
    let args = Args::read(process, &known)?;
    let force = args.has(&["-f", "--force"]);
    let recursive = args.has(&["-r", "-R", "--recursive"]);
    let mut code = 0;
    for operand in &args.operands {
        let path = process.path(operand);
        let is_directory = matches!(
            process.host.tree.find(&process.caller, &path, Follow::No),
            Ok((_, node)) if matches!(node.body, Body::Directory(_))
        );
        let result = if is_directory && !recursive && !args.has(&["-d"]) {
            Err((operand.clone(), Errno::IsDirectory))
        } else {
            process.files().remove_all(&path)
        };
        match result {
            Err((_, Errno::NotFound | Errno::NotDirectory)) if force => {}
            Err((at, error)) => code = process.fail(format!("cannot remove '{at}': {error}"))?,
            Ok(()) => {}
        }
    }
    Ok(code)
}

fn rmdir(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["--ignore-fail-on-non-empty", "-p"])?;
    let mut code = 0;
    for operand in &args.operands {
        let path = process.path(operand);
        match process.files().remove_one(&path) {
            Err(Errno::NotEmpty) if args.has(&["--ignore-fail-on-non-empty"]) => {}
            Err(error) => code = process.fail(format!("failed to remove '{operand}': {error}"))?,
            Ok(()) => {}
        }
    }
    Ok(code)
}

/// The operands and, with `-R`, everything below them.
fn reach(process: &Process<'_>, operand: &str, recursive: bool) -> Vec<String> {
    let path = process.path(operand);
    let mut all = vec![path.clone()];
    if recursive {
        let below = process.host.tree.below(&process.caller, &path, None);
        all.extend(
            below
                .unwrap_or_default()
                .iter()
                .map(|(name, _, _)| join(&path, name)),
        );
    }
    all
}

fn chmod(process: &mut Process<'_>) -> Ended {
    // `chmod -x file`: the mode looks like an option.
    let all = process.args();
    let (options, operands): (Vec<String>, Vec<String>) = all
        .into_iter()
        .partition(|a| ["-R", "--recursive", "-f", "-v", "-c"].contains(&a.as_str()));
    let recursive = options.iter().any(|o| o == "-R" || o == "--recursive");
    let Some((wanted, paths)) = operands.split_first() else {
        return process.fail("missing operand");
    };
    let mut code = 0;
    for operand in paths {
        for path in reach(process, operand, recursive) {
            let done =
                match process.host.tree.find(&process.caller, &path, Follow::Link) {
                    Err(Errno::NotFound) if recursive && path != process.path(operand) => Ok(()),
                    Err(error) => Err(format!("cannot access '{operand}': {error}")),
                    Ok((_, node)) => {
                        match mode(wanted, node.mode, matches!(node.body, Body::Directory(_))) {
                            None => Err(format!("invalid mode: \u{2018}{wanted}\u{2019}")),
                            Some(bits) => {
                                process.files().set_mode(&path, bits, Follow::Link).map_err(
                                    |error| format!("changing permissions of '{operand}': {error}"),
                                )
                            }
                        }
                    }
                };
            if let Err(text) = done {
                code = process.fail(text)?;
            }
        }
    }
    Ok(code)
}

fn chown(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &[
            "-R",
            "--recursive",
            "-h",
            "--no-dereference",
            "-f",
            "-v",
            "-c",
        ],
    )?;
    let group_only = process.name() == "chgrp";
    let Some((wanted, paths)) = args.operands.split_first() else {
        return process.fail("missing operand");
    };
    let accounts = process.host.accounts();
    let (user, group) = match wanted.split_once([':', '.']) {
        _ if group_only => ("", Some(wanted.as_str())),
        Some((user, group)) => (user, Some(group)),
        None => (wanted.as_str(), None),
    };
    let uid = (!user.is_empty()).then(|| accounts.uid(user));
    let gid = match group {
        Some("") => Some(accounts.user(user).map(|u| u.gid)),
        Some(group) => Some(accounts.gid(group)),
        None => None,
    };
    if uid == Some(None) || gid == Some(None) {
        let kind = if uid == Some(None) { "user" } else { "group" };
        return process.fail(format!("invalid {kind}: \u{2018}{wanted}\u{2019}"));
    }
    let follow = if args.has(&["-h", "--no-dereference"]) {
        Follow::No
    } else {
        Follow::Link
    };
    let mut code = 0;
    for operand in paths {
        for path in reach(process, operand, args.has(&["-R", "--recursive"])) {
            let follow = if path == process.path(operand) {
                follow
            } else {
                Follow::No
            };
            let done = process
                .files()
                .set_owner(&path, (uid.flatten(), gid.flatten()), follow);
            if let Err(error) = done {
                code = process.fail(format!("changing ownership of '{operand}': {error}"))?;
            }
        }
    }
    Ok(code)
}

/// Where `cp` and `mv` put something: into a directory, or at a name.
fn destination(process: &Process<'_>, source: &str, target: &str, into: bool) -> String {
    let target = process.path(target);
    let is_directory = matches!(
        process.host.tree.find(&process.caller, &target, Follow::Link),
        Ok((_, node)) if matches!(node.body, Body::Directory(_))
    );
    if into && is_directory {
        join(&target, parent_and_name(source).1)
    } else {
        target
    }
}

fn cp(process: &mut Process<'_>) -> Ended {
    let known = [
        "-r",
        "-R",
        "-a",
        "-p",
        "-f",
        "-n",
        "-u",
        "-v",
        "-L",
        "-P",
        "-d",
        "-T",
        "--preserve=",
        "--no-clobber",
        "--recursive",
        "--archive",
        "--force",
        "-t=",
    ];
    let args = Args::read(process, &known)?;
    let mut operands = args.operands.clone();
    let Some(target) = args
        .value(&["-t"])
        .map(ToOwned::to_owned)
        .or_else(|| operands.pop())
    else {
        return process.fail("missing file operand");
    };
    let keep = if args.has(&["-a", "-p", "--archive", "--preserve"]) {
        Keep::Yes
    } else {
        Keep::No
    };
    let recursive = args.has(&["-r", "-R", "-a", "--recursive", "--archive"]);
    let mut code = 0;
    for source in operands {
        let from = process.path(&source);
        let to = destination(process, &source, &target, !args.has(&["-T"]));
        if args.has(&["-n", "--no-clobber"]) && process.exists(&to) {
            continue;
        }
        let follow = if recursive { Follow::No } else { Follow::Link };
        let result = match process.host.tree.find(&process.caller, &from, follow) {
            Ok((_, node)) if matches!(node.body, Body::Directory(_)) && !recursive => {
                code = process.fail(format!("-r not specified; omitting directory '{source}'"))?;
                continue;
            }
            Ok(_) => copy(&mut process.files(), [&from, &to], follow, keep),
            Err(error) => {
                code = process.fail(format!("cannot stat '{source}': {error}"))?;
                continue;
            }
        };
        if let Err(error) = result {
            code = process.fail(format!("cannot create regular file '{target}': {error}"))?;
        }
    }
    Ok(code)
}

/// Whether a copy has the original's owner, mode and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// As `cp -p`.
    Yes,
    /// As `cp`.
    No,
}

/// Copies a file, a link or a directory with everything below.
pub fn copy(
    access: &mut Access<'_>,
    [from, to]: [&str; 2],
    follow: Follow,
    keep: Keep,
) -> Result<(), Errno> {
    let (_, node) = access.tree.find(access.caller, from, follow)?;
    let node = node.clone();
    let existed = access.tree.find(access.caller, to, Follow::Link).is_ok();
    match &node.body {
        Body::File(_) => {
            let content = access.tree.read(access.caller, from)?;
            access.write(to, content)?;
        }
        Body::Link(target) => {
            if access.tree.find(access.caller, to, Follow::No).is_ok() {
                access.remove_one(to)?;
            }
            access.symlink(target, to)?;
        }
        Body::Directory(entries) => {
            if !existed {
                access.make_directory(to, 0o777)?;
            }
            for name in entries.keys() {
                copy(
                    access,
                    [&join(from, name), &join(to, name)],
                    Follow::No,
                    keep,
                )?;
            }
        }
        Body::Other => {
            access.make_other(to, node.mode)?;
        }
    }
    if matches!(node.body, Body::Link(_)) {
        return Ok(());
    }
    if keep == Keep::Yes {
        if access.caller.is_root() {
            access.set_owner(to, (Some(node.uid), Some(node.gid)), Follow::No)?;
        }
        access.set_mode(to, node.mode, Follow::No)?;
        return access.set_times(to, (Some(node.mtime), Some(node.atime)));
    }
    if existed {
        return Ok(());
    }
    let bits = node.mode & !access.caller.umask & 0o777;
    access.set_mode(to, bits, Follow::No)
}

fn mv(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &["-f", "-n", "-v", "-T", "-u", "--force", "--no-clobber"],
    )?;
    let Some((target, sources)) = args.operands.split_last() else {
        return process.fail("missing file operand");
    };
    let mut code = 0;
    for source in sources {
        let (from, to) = (
            process.path(source),
            destination(process, source, target, !args.has(&["-T"])),
        );
        if args.has(&["-n", "--no-clobber"]) && process.exists(&to) {
            continue;
        }
        if let Err(error) = process.files().rename(&from, &to) {
            code = process.fail(match error {
                Errno::NotFound => format!("cannot stat '{source}': {error}"),
                _ => format!("cannot move '{source}' to '{target}': {error}"),
            })?;
        }
    }
    Ok(code)
}

fn touch(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &[
            "-a",
            "-m",
            "-c",
            "-d=",
            "-t=",
            "-h",
            "-r=",
            "--date=",
            "--no-create",
        ],
    )?;
    let now = process.now();
    let time = match args.value(&["-d", "--date"]) {
        Some(text) => match text.strip_prefix('@').and_then(|t| t.parse::<f64>().ok()) {
            Some(seconds) => Time::from_seconds(seconds),
            None => return Err(process.strange("--date")),
        },
        None => now,
    };
    let mut code = 0;
    for operand in &args.operands {
        let path = process.path(operand);
        let done = match process.host.tree.find(&process.caller, &path, Follow::Link) {
            Err(Errno::NotFound) if args.has(&["-c", "--no-create"]) => continue,
            Err(Errno::NotFound) => process.write(operand, Content::new("")),
            other => other.map(|_| ()),
        };
        let both = !args.has(&["-a"]) && !args.has(&["-m"]);
        let mtime = (both || args.has(&["-m"])).then_some(time);
        let atime = (both || args.has(&["-a"])).then_some(time);
        if let Err(error) = done.and_then(|()| process.files().set_times(&path, (mtime, atime))) {
            code = process.fail(format!("cannot touch '{operand}': {error}"))?;
        }
    }
    Ok(code)
}

#[expect(clippy::too_many_lines, reason = "one case of a table per line")]
fn install(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &[
            "-d",
            "-D",
            "-m=",
            "-o=",
            "-g=",
            "-v",
            "-T",
            "-t=",
            "--mode=",
            "--owner=",
            "--group=",
            "--directory",
        ],
    )?;
    let accounts = process.host.accounts();
    let owner = args
        .value(&["-o", "--owner"])
        .and_then(|name| accounts.uid(name));
    let group = args
        .value(&["-g", "--group"])
        .and_then(|name| accounts.gid(name));
    let bits = args
        .value(&["-m", "--mode"])
        .and_then(|text| mode(text, 0o755, true))
        .unwrap_or(0o755);
    let mut operands = args.operands.clone();
    let mut made = Vec::new();
    if args.has(&["-d", "--directory"]) {
        for operand in &operands {
            let path = process.path(operand);
            if let Err(error) = process.files().make_directories(&path) {
                return process.fail(format!("cannot create directory '{operand}': {error}"));
            }
            made.push(path);
        }
    } else {
        let Some(target) = args
            .value(&["-t"])
            .map(ToOwned::to_owned)
            .or_else(|| operands.pop())
        else {
            return process.fail("missing file operand");
        };
        for source in &operands {
            let to = destination(process, source, &target, !args.has(&["-T"]));
            if args.has(&["-D"]) {
                let _ = process.files().make_directories(parent_and_name(&to).0);
            }
            let from = process.path(source);
            if let Err(error) = copy(&mut process.files(), [&from, &to], Follow::Link, Keep::No) {
                return process.fail(format!("cannot install '{source}': {error}"));
            }
            made.push(to);
        }
    }
    for path in made {
        let mut files = process.files();
        let done = files
            .set_mode(&path, bits, Follow::Link)
            .and_then(|()| files.set_owner(&path, (owner, group), Follow::Link));
        if let Err(error) = done {
            return process.fail(format!("cannot change ownership of '{path}': {error}"));
        }
    }
    Ok(0)
}

fn mktemp(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-d", "-q", "-u", "-p=", "-t", "--tmpdir="])?;
    let template = args.operand(0).unwrap_or("tmp.XXXXXXXXXX").to_owned();
    let words = [
        process.host.name.as_str(),
        &process.now().0.to_string(),
        &process.host.tree.used().to_string(),
    ];
    let digits = super::super::host::identifier(&words);
    let head = template.trim_end_matches('X');
    let name = format!("{head}{}", &digits[..(template.len() - head.len()).min(32)]);
    let directory = args.value(&["-p", "--tmpdir"]).unwrap_or("/tmp").to_owned();
    let path = if args.operands.is_empty() {
        join(&directory, &name)
    } else {
        process.path(&name)
    };
    let mut files = process.files();
    let made = if args.has(&["-d"]) {
        files.make_directory(&path, 0o700)
    } else {
        files
            .write(&path, Content::new(""))
            .and_then(|ino| files.set_mode(&path, 0o600, Follow::No).map(|()| ino))
    };
    match made {
        Ok(_) => {
            process.say(&path);
            Ok(0)
        }
        Err(error) => process.fail(format!(
            "failed to create file via template \u{2018}{template}\u{2019}: {error}"
        )),
    }
}

fn tee(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-a", "--append"])?;
    let bytes = process.stdin.clone();
    process.out.extend_from_slice(&bytes);
    let mut code = 0;
    for operand in &args.operands {
        let path = process.path(operand);
        let done = if args.has(&["-a", "--append"]) {
            process.files().append(&path, &bytes)
        } else {
            process.files().write(&path, Content::new(bytes.clone()))
        };
        if let Err(error) = done {
            code = process.fail(format!("{operand}: {error}"))?;
        }
    }
    Ok(code)
}

fn dd(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    let get = |key: &str| {
        args.iter()
            .find_map(|a| a.strip_prefix(key)?.strip_prefix('='))
            .map(ToOwned::to_owned)
    };
    let number = |text: Option<String>| text.and_then(|t| size(&t));
    let bytes = number(get("bs")).unwrap_or(512) * number(get("count")).unwrap_or(1);
    let Some(path) = get("of") else {
        return Err(process.strange("dd without of="));
    };
    let content = match get("if").as_deref() {
        Some("/dev/zero" | "/dev/urandom") => Content::standing_in(
            "zeros",
            super::super::tree::StandIn {
                len: bytes,
                digests: std::collections::BTreeMap::new(),
            },
        ),
        Some(source) => match process.read(source) {
            Ok(content) => content,
            Err(error) => return process.fail(format!("failed to open '{source}': {error}")),
        },
        None => Content::new(process.stdin.clone()),
    };
    match process.write(&path, content) {
        Ok(()) => Ok(0),
        Err(error) => process.fail(format!("error writing '{path}': {error}")),
    }
}

/// `4096`, `10M`, `1G` as bytes.
fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" => 1,
        "k" | "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        _ => return None,
    };
    Some(digits.parse::<u64>().ok()? * unit)
}

fn truncate(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-s=", "--size="])?;
    let wanted = args.value(&["-s", "--size"]).and_then(size).unwrap_or(0);
    for operand in &args.operands {
        let mut bytes = process
            .read(operand)
            .map(|c| c.bytes().to_vec())
            .unwrap_or_default();
        bytes.resize(usize::try_from(wanted).unwrap_or(0), 0);
        if let Err(error) = process.write(operand, Content::new(bytes)) {
            return process.fail(format!("cannot open '{operand}' for writing: {error}"));
        }
    }
    Ok(0)
}
