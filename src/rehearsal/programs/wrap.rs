//! Programs that run programs: sh, env, sudo, timeout, nohup, xargs, true and false.

use std::time::Duration;

use bytes::Bytes;

use super::super::process::{Ended, Process, Stop};
use super::super::shell;
use super::Table;

/// The table.
pub const PROGRAMS: Table = &[
    ("sh", sh),
    ("bash", sh),
    ("dash", sh),
    ("env", env),
    ("printenv", printenv),
    ("sudo", sudo),
    ("runuser", sudo),
    ("timeout", timeout),
    ("flock", flock),
    ("nohup", plain),
    ("nice", plain),
    ("setsid", plain),
    ("xargs", xargs),
    ("true", |_| Ok(0)),
    (":", |_| Ok(0)),
    ("false", |_| Ok(1)),
];

fn sh(process: &mut Process<'_>) -> Ended {
    let mut args = process.args();
    let mut options = String::new();
    while let Some(first) = args.first().filter(|a| a.starts_with('-') && a.len() > 1) {
        options.push_str(&first[1..]);
        args.remove(0);
        if options.contains('o') {
            options = options.replace('o', "");
            if !args.is_empty() && args[0] == "pipefail" {
                args.remove(0);
            }
        }
        if options.contains('c') {
            break;
        }
    }
    if options.contains('c') {
        let Some(script) = (!args.is_empty()).then(|| args.remove(0)) else {
            return process.fail("-c requires an argument");
        };
        let script = if options.contains('e') {
            format!("set -e\n{script}")
        } else {
            script
        };
        let rest = args.get(1..).unwrap_or_default().to_vec();
        return shell::script(process, &script, &rest);
    }
    let text = if let Some(path) = args.first() {
        match process.read_text(path) {
            Ok(text) => text,
            Err(error) => {
                let line = format!("sh: 0: cannot open {path}: {error}");
                process.complain(line);
                return Ok(127);
            }
        }
    } else {
        let text = process.read_text("-").unwrap_or_default();
        process.stdin = Bytes::new();
        text
    };
    let rest = args.get(1..).unwrap_or_default().to_vec();
    shell::script(process, &text, &rest)
}

fn env(process: &mut Process<'_>) -> Ended {
    let mut args = process.args();
    while let Some(first) = args.first().cloned() {
        match (first.as_str(), first.split_once('=')) {
            ("-i", _) => process.env.clear(),
            (_, Some((name, value))) => {
                process.env.insert(name.to_owned(), value.to_owned());
            }
            _ => break,
        }
        args.remove(0);
    }
    if args.is_empty() {
        for (name, value) in process.env.clone() {
            process.say(format!("{name}={value}"));
        }
        return Ok(0);
    }
    process.become_program(args)
}

fn printenv(process: &mut Process<'_>) -> Ended {
    let name = process.args().first().cloned().unwrap_or_default();
    match process.env.get(&name).cloned() {
        Some(value) => {
            process.say(value);
            Ok(0)
        }
        None => Ok(1),
    }
}

/// `sudo -u USER …` inside a command; only root may, or who may become root without a password.
fn sudo(process: &mut Process<'_>) -> Ended {
    let mut args = process.args();
    let mut user = "root".to_owned();
    while let Some(first) = args.first().cloned().filter(|a| a.starts_with('-')) {
        args.remove(0);
        match first.as_str() {
            "-u" if !args.is_empty() => user = args.remove(0),
            "-n" | "-H" | "-E" | "-i" => {}
            "--" => break,
            other => return Err(process.strange(other)),
        }
    }
    if !process.caller.is_root() {
        let who = crate::connection::Identity {
            user: Some(user.clone()),
            password: None,
        };
        if process.user != process.host.profile.login || process.host.identity(&who).is_err() {
            process.complain("sudo: a password is required");
            return Ok(1);
        }
    }
    let Some(caller) = process.host.accounts().caller(&user) else {
        process.complain(format!("sudo: unknown user {user}"));
        return Ok(1);
    };
    let before = (
        std::mem::replace(&mut process.caller, caller),
        std::mem::replace(&mut process.user, user),
    );
    let ended = process.become_program(args);
    (process.caller, process.user) = before;
    ended
}

fn timeout(process: &mut Process<'_>) -> Ended {
    let mut args = process.args();
    while args.first().is_some_and(|a| a.starts_with('-')) {
        let option = args.remove(0);
        if ["-k", "-s"].contains(&option.as_str()) && !args.is_empty() {
            args.remove(0);
        }
    }
    if args.is_empty() {
        return process.fail("missing operand");
    }
    let Some(wanted) = duration(&args.remove(0)) else {
        return process.fail("invalid time interval");
    };
    let outer = process.limit;
    process.limit = outer.min(process.spent.saturating_add(wanted));
    let ended = process.become_program(args);
    let inner = process.limit;
    process.limit = outer;
    match ended {
        Err(Stop::Killed) if inner < outer => Ok(124),
        other => other,
    }
}

/// `5`, `5s`, `2m`, `1h`.
pub fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(digits.parse::<f64>().ok()? * unit).ok()
}

/// `flock -w 10 FILE PROGRAM…`: a simulated program runs in one step, so nobody else has the file.
fn flock(process: &mut Process<'_>) -> Ended {
    let mut args = process.args();
    while args.first().is_some_and(|a| a.starts_with('-')) {
        let option = args.remove(0);
        match option.as_str() {
            "-w" | "-E" if !args.is_empty() => {
                args.remove(0);
            }
            "-n" | "-x" | "-s" => {}
            other => return Err(process.strange(other)),
        }
    }
    if args.len() < 2 {
        return process.fail("requires a file and a program");
    }
    let path = args.remove(0);
    if !process.exists(&path)
        && let Err(error) = process.write(&path, super::super::tree::Content::new(""))
    {
        return process.fail(format!("cannot open lock file {path}: {error}"));
    }
    process.become_program(args)
}

fn plain(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    process.become_program(args)
}

fn xargs(process: &mut Process<'_>) -> Ended {
    let mut argv = process.args();
    let keep_empty = argv.first().is_none_or(|a| a != "-r");
    if !keep_empty {
        argv.remove(0);
    }
    if argv.first().is_some_and(|a| a.starts_with('-')) {
        return Err(process.strange(&argv[0]));
    }
    let words = process.read_text("-").unwrap_or_default();
    let words: Vec<String> = words.split_whitespace().map(ToOwned::to_owned).collect();
    if words.is_empty() && !keep_empty {
        return Ok(0);
    }
    if argv.is_empty() {
        argv.push("echo".to_owned());
    }
    argv.extend(words);
    process.become_program(argv)
}
