//! Programs about links, paths and names: ln, readlink, realpath, basename, dirname, pwd, which.

use super::super::process::{Ended, Process};
use super::super::tree::{Body, Follow, join, parent_and_name};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[
    ("ln", ln),
    ("readlink", readlink),
    ("realpath", realpath),
    ("basename", basename),
    ("dirname", dirname),
    ("pwd", pwd),
    ("which", which),
];

fn ln(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &[
            "-s",
            "-f",
            "-n",
            "-T",
            "-v",
            "-r",
            "--symbolic",
            "--force",
            "--no-dereference",
        ],
    )?;
    let (target, at) = match args.operands.as_slice() {
        [target] => (target.clone(), parent_and_name(target).1.to_owned()),
        [target, at] => (target.clone(), at.clone()),
        _ => return Err(process.strange("several targets")),
    };
    let mut path = process.path(&at);
    let follow = if args.has(&["-n", "-T", "--no-dereference"]) {
        Follow::No
    } else {
        Follow::Link
    };
    if let Ok((_, node)) = process.host.tree.find(&process.caller, &path, follow)
        && matches!(node.body, Body::Directory(_))
    {
        path = join(&path, parent_and_name(&target).1);
    }
    if args.has(&["-f", "--force"]) {
        let _ = process.files().remove_one(&path);
    }
    let symbolic = args.has(&["-s", "--symbolic"]);
    let made = if symbolic {
        process.files().symlink(&target, &path).map(|_| ())
    } else {
        let target = process.path(&target);
        process.files().hard_link(&target, &path)
    };
    match made {
        Ok(()) => Ok(0),
        Err(error) => {
            let kind = if symbolic { "symbolic" } else { "hard" };
            process.fail(format!("failed to create {kind} link '{at}': {error}"))
        }
    }
}

fn readlink(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-f", "-e", "-m", "-n", "-q"])?;
    let Some(operand) = args.operand(0) else {
        return process.fail("missing operand");
    };
    let path = process.path(operand);
    if args.has(&["-f", "-e", "-m"]) {
        return real(process, &path, args.has(&["-e"]));
    }
    match process.host.tree.find(&process.caller, &path, Follow::No) {
        Ok((_, node)) => match node.body.clone() {
            Body::Link(target) => {
                process.say(target);
                Ok(0)
            }
            _ => Ok(1),
        },
        Err(_) => Ok(1),
    }
}

fn realpath(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-e", "-m", "-q", "-s"])?;
    let path = process.path(args.operand(0).unwrap_or_default());
    real(process, &path, args.has(&["-e"]))
}

fn real(process: &mut Process<'_>, path: &str, must_exist: bool) -> Ended {
    if must_exist && !process.exists(path) {
        return process.fail(format!("{path}: No such file or directory"));
    }
    match process.host.tree.real_path(&process.caller, path) {
        Ok(real) => {
            process.say(real);
            Ok(0)
        }
        Err(error) => process.fail(format!("{path}: {error}")),
    }
}

fn basename(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    let name = args.first().map_or("", |path| parent_and_name(path).1);
    let suffix = args.get(1).map_or("", String::as_str);
    let name = name
        .strip_suffix(suffix)
        .filter(|n| !n.is_empty())
        .unwrap_or(name)
        .to_owned();
    process.say(name);
    Ok(0)
}

fn dirname(process: &mut Process<'_>) -> Ended {
    for path in process.args() {
        let parent = if path.contains('/') {
            parent_and_name(&path).0
        } else {
            "."
        };
        process.say(parent);
    }
    Ok(0)
}

fn pwd(process: &mut Process<'_>) -> Ended {
    let cwd = process.cwd.clone();
    process.say(cwd);
    Ok(0)
}

fn which(process: &mut Process<'_>) -> Ended {
    let mut code = 0;
    for name in process.args() {
        match super::super::exec::locate(process, &name) {
            Ok(path) => process.say(path),
            Err(_) => code = 1,
        }
    }
    Ok(code)
}
