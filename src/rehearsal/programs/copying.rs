//! cp, mv and install.

use super::super::process::{Ended, Process};
use super::super::tree::{Body, Errno, Follow, join, parent_and_name};
use super::attributes::mode;
use super::copy_tree::{Copying, Keep, copy};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[("cp", cp), ("mv", mv), ("install", install)];

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

/// The options of cp; one with `=` takes a value.
const CP: [&str; 18] = [
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

fn cp(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &CP)?;
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
        match process.host.tree.find(&process.caller, &from, follow) {
            Ok((_, node)) if matches!(node.body, Body::Directory(_)) && !recursive => {
                code = process.fail(format!("-r not specified; omitting directory '{source}'"))?;
                continue;
            }
            Ok(_) => {}
            Err(error) => {
                code = process.fail(format!("cannot stat '{source}': {error}"))?;
                continue;
            }
        }
        let mut copying = Copying {
            access: process.files(),
            keep,
            refused: Vec::new(),
            made: None,
        };
        copying.one([&from, &to], follow);
        for refused in copying.refused {
            code = process.fail(refused)?;
        }
    }
    Ok(code)
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
        if are_same(process, &from, &to) {
            code = process.fail(format!("'{source}' and '{target}' are the same file"))?;
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

/// What mv does not move: one file's two names, and a link to the file that it leads to.
pub fn are_same(process: &Process<'_>, from: &str, to: &str) -> bool {
    let find = |path: &str, follow: Follow| {
        let found = process.host.tree.find(&process.caller, path, follow);
        found.ok().map(|(ino, _)| ino)
    };
    let there = find(to, Follow::No);
    there.is_some()
        && [Follow::No, Follow::Link]
            .into_iter()
            .any(|follow| find(from, follow) == there)
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
