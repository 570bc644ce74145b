//! chmod, chown and chgrp.

use super::super::process::{Ended, Process};
use super::super::tree::{Body, Errno, Follow, join};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[("chmod", chmod), ("chown", chown), ("chgrp", chown)];

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
