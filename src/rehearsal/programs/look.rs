//! Programs that look at files: cat, ls, stat, find, df, du, mountpoint.

use super::super::date::Date;
use super::super::host::file_stat;
use super::super::process::{Ended, Process};
use super::super::tree::{Body, Caller, Follow, Inode, join};
use super::{Args, Table};
use std::time::{Duration, UNIX_EPOCH};

/// The table.
pub const PROGRAMS: Table = &[
    ("cat", cat),
    ("ls", ls),
    ("stat", stat),
    ("find", find),
    ("df", df),
    ("du", du),
    ("mountpoint", mountpoint),
];

fn cat(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-n", "-A"])?;
    let operands = if args.operands.is_empty() {
        vec!["-".to_owned()]
    } else {
        args.operands
    };
    let mut code = 0;
    for operand in operands {
        if operand == "-" {
            let bytes = process.stdin.clone();
            process.out.extend_from_slice(&bytes);
            continue;
        }
        match process.read(&operand) {
            Ok(content) => process.out.extend_from_slice(content.bytes()),
            Err(error) => code = process.fail(format!("{operand}: {error}"))?,
        }
    }
    Ok(code)
}

/// `drwxr-xr-x`.
fn mode_text(node: &Inode) -> String {
    let kind = match node.body {
        Body::File(_) => '-',
        Body::Directory(_) => 'd',
        Body::Link(_) => 'l',
        Body::Other => 'c',
    };
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = node.mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (node.mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

fn ls(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &["-l", "-a", "-A", "-1", "-d", "-h", "-R", "-n", "-t", "-r"],
    )?;
    let operands = if args.operands.is_empty() {
        vec![".".to_owned()]
    } else {
        args.operands.clone()
    };
    let mut code = 0;
    for operand in &operands {
        let path = process.path(operand);
        let found = process
            .host
            .tree
            .find(&process.caller, &path, Follow::Link)
            .map(|(_, n)| n.clone());
        let node = match found {
            Ok(node) => node,
            Err(error) => {
                process.complain(format!("ls: cannot access '{operand}': {error}"));
                code = 2;
                continue;
            }
        };
        if !matches!(node.body, Body::Directory(_)) || args.has(&["-d"]) {
            line(process, &node, operand, &args);
            continue;
        }
        match process.host.tree.names(&process.caller, &path) {
            Ok(names) => {
                for name in names {
                    if name.starts_with('.') && !args.has(&["-a", "-A"]) {
                        continue;
                    }
                    let at = join(&path, &name);
                    let node = process
                        .host
                        .tree
                        .find(&process.caller, &at, Follow::No)
                        .map(|(_, n)| n.clone());
                    if let Ok(node) = node {
                        line(process, &node, &name, &args);
                    }
                }
            }
            Err(error) => {
                process.complain(format!("ls: cannot open directory '{operand}': {error}"));
                code = 2;
            }
        }
    }
    Ok(code)
}

fn line(process: &mut Process<'_>, node: &Inode, name: &str, args: &Args) {
    if !args.has(&["-l", "-n"]) {
        process.say(name);
        return;
    }
    let accounts = process.host.accounts();
    let date = Date::from(UNIX_EPOCH + Duration::from_nanos(node.mtime.0));
    let arrow = match &node.body {
        Body::Link(target) => format!(" -> {target}"),
        _ => String::new(),
    };
    process.say(format!(
        "{} {} {} {} {} {} {} {name}{arrow}",
        mode_text(node),
        node.links,
        accounts.user_name(node.uid),
        accounts.group_name(node.gid),
        node.size(),
        date.day_text(),
        &date.time_text()[..5],
    ));
}

fn stat(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-c=", "-L", "--format=", "--printf=", "-f"])?;
    let Some(format) = args
        .value(&["-c", "--format", "--printf"])
        .map(ToOwned::to_owned)
    else {
        return Err(process.strange("stat without -c"));
    };
    let follow = if args.has(&["-L"]) {
        Follow::Link
    } else {
        Follow::No
    };
    let accounts = process.host.accounts();
    let mut code = 0;
    for operand in &args.operands {
        let path = process.path(operand);
        let found = process.host.tree.find(&process.caller, &path, follow);
        let (ino, node) = match found {
            Ok((ino, node)) => (ino, node.clone()),
            Err(error) => {
                code = process.fail(format!("cannot statx '{operand}': {error}"))?;
                continue;
            }
        };
        let stat = file_stat(ino, &node, &accounts);
        let kind = match node.body {
            Body::File(_) if stat.size == 0 => "regular empty file",
            Body::File(_) => "regular file",
            Body::Directory(_) => "directory",
            Body::Link(_) => "symbolic link",
            Body::Other => "character special file",
        };
        let text = [
            ("%a", format!("{:o}", stat.mode)),
            ("%A", mode_text(&node)),
            ("%u", stat.uid.to_string()),
            ("%g", stat.gid.to_string()),
            ("%U", stat.owner.clone()),
            ("%G", stat.group.clone()),
            ("%s", stat.size.to_string()),
            ("%Y", (node.mtime.0 / 1_000_000_000).to_string()),
            ("%i", stat.inode.to_string()),
            ("%h", stat.links.to_string()),
            ("%F", kind.to_owned()),
            ("%n", operand.clone()),
            ("\\n", "\n".to_owned()),
        ]
        .iter()
        .fold(format.clone(), |text, (from, to)| text.replace(from, to));
        process.say(text);
    }
    Ok(code)
}

#[expect(clippy::too_many_lines, reason = "one case of a table per line")]
fn find(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    let split = args
        .iter()
        .position(|a| a.starts_with('-'))
        .unwrap_or(args.len());
    let (roots, tests) = args.split_at(split);
    let get = |key: &str| {
        tests
            .iter()
            .position(|t| t == key)
            .and_then(|at| tests.get(at + 1).cloned())
    };
    let known = [
        "-name",
        "-type",
        "-maxdepth",
        "-mindepth",
        "-path",
        "-print",
        "-delete",
    ];
    if let Some(other) = tests
        .iter()
        .find(|t| t.starts_with('-') && !known.contains(&t.as_str()))
    {
        return Err(process.strange(other));
    }
    let depth = get("-maxdepth").and_then(|n| n.parse().ok());
    let roots = if roots.is_empty() {
        vec![".".to_owned()]
    } else {
        roots.to_vec()
    };
    let mut hits = Vec::new();
    for root in roots {
        let path = process.path(&root);
        let below = match process.host.tree.below(&process.caller, &path, depth) {
            Ok(below) => below,
            Err(error) => {
                process.complain(format!("find: \u{2018}{root}\u{2019}: {error}"));
                return Ok(1);
            }
        };
        for (name, _, node) in below {
            let last = name.rsplit('/').next().unwrap_or(&name);
            let kind = match node.body {
                Body::File(_) => "f",
                Body::Directory(_) => "d",
                Body::Link(_) => "l",
                Body::Other => "c",
            };
            let named =
                get("-name").is_none_or(|glob| super::super::shell::glob_matches(&glob, last));
            let typed = get("-type").is_none_or(|wanted| wanted == kind);
            if named && typed {
                hits.push(format!("{}/{name}", root.trim_end_matches('/')));
            }
        }
    }
    if tests.iter().any(|t| t == "-delete") {
        for hit in hits.iter().rev() {
            let path = process.path(hit);
            let _ = process.files().remove_one(&path);
        }
        return Ok(0);
    }
    for hit in hits {
        process.say(hit);
    }
    Ok(0)
}

fn df(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &["-h", "-k", "-P", "-m", "-B=", "--output=", "-T", "-i"],
    )?;
    let (total, used) = (process.host.tree.capacity, process.host.tree.used());
    let left = total.saturating_sub(used);
    if let Some(column) = args.value(&["--output"]) {
        let unit = if args.value(&["-B"]) == Some("1") {
            1
        } else {
            1024
        };
        let column = column.to_owned();
        process.say("Avail");
        process.say((if column == "avail" { left } else { total } / unit).to_string());
        return Ok(0);
    }
    let unit = if args.has(&["-m"]) { 1 << 20 } else { 1024 };
    let percent = used * 100 / total.max(1);
    process.say("Filesystem     1K-blocks      Used Available Use% Mounted on");
    process.say(format!(
        "/dev/vda1 {} {} {} {percent}% /",
        total / unit,
        used / unit,
        left / unit
    ));
    Ok(0)
}

fn du(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-s", "-h", "-k", "-b", "-m", "-x"])?;
    for operand in &args.operands {
        let path = process.path(operand);
        let below = process
            .host
            .tree
            .below(&Caller::root(), &path, None)
            .unwrap_or_default();
        let bytes: u64 = below.iter().map(|(_, _, node)| node.size()).sum();
        let unit = if args.has(&["-b"]) { 1 } else { 1024 };
        process.say(format!("{}\t{operand}", bytes.div_ceil(unit)));
    }
    Ok(0)
}

fn mountpoint(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-q"])?;
    Ok(i32::from(
        !["/", "/proc", "/sys", "/run", "/dev"].contains(&args.operand(0).unwrap_or_default()),
    ))
}
