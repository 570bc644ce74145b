//! From a command line to whoever answers it: a description, a simulated program, a script in the
//! tree. What nobody answers is an error that says how to describe it.

use super::process::{Ended, Process, Stop};
use super::tree::{Body, Caller, Errno, Follow, Wish, join};
use super::{describe, programs, shell};

/// Programs that call programs that call programs: deeper is a loop.
const DEEPEST: u32 = 40;

/// Runs a process to its end.
pub fn run(process: &mut Process<'_>) -> Ended {
    process.world.started.add(process);
    if process.depth > DEEPEST {
        process.complain("sh: fork: Resource temporarily unavailable");
        return Ok(254);
    }
    if let Some(answer) = describe::answer(process) {
        return answer;
    }
    let Some(asked) = process.argv.first().cloned() else {
        return Ok(0);
    };
    let path = match locate(process, &asked) {
        Ok(path) => path,
        Err(Errno::NotFound) => return not_found(process, &asked),
        Err(error) => {
            process.complain(format!("sh: 1: {asked}: {error}"));
            return Ok(126);
        }
    };
    if let Some(ended) = script(process, &path) {
        return ended;
    }
    match programs::find(path.rsplit('/').next().unwrap_or(&path)) {
        Some(program) => program(process),
        None => Err(undescribed(process)),
    }
}

/// The program's path, as `execvp` finds it.
pub fn locate(process: &Process<'_>, name: &str) -> Result<String, Errno> {
    let candidates: Vec<String> = if name.contains('/') {
        vec![process.path(name)]
    } else {
        let path = process
            .env
            .get("PATH")
            .map_or(super::process::PATH, String::as_str);
        path.split(':')
            .map(|directory| join(directory, name))
            .collect()
    };
    let mut result = Err(Errno::NotFound);
    for candidate in candidates {
        match process
            .host
            .tree
            .find(&process.caller, &candidate, Follow::Link)
        {
            Ok((_, node)) if matches!(node.body, Body::Directory(_)) => result = Err(Errno::Denied),
            Ok((_, node)) if node.allows(&process.caller, Wish::Pass) => {
                return process
                    .host
                    .tree
                    .real_path(&Caller::root(), &candidate)
                    .map(|real| {
                        // A link keeps its own name: `[` and busybox-like programs look at it.
                        if programs::find(real.rsplit('/').next().unwrap_or("")).is_some() {
                            real
                        } else {
                            candidate
                        }
                    });
            }
            Ok(_) => result = Err(Errno::Denied),
            Err(_) => {}
        }
    }
    result
}

/// A missing program is the host's own error if we know that it would be missing there too.
fn not_found(process: &mut Process<'_>, asked: &str) -> Ended {
    let name = asked.rsplit('/').next().unwrap_or(asked).to_owned();
    let known = programs::find(&name).is_some() || process.world.archive.bringing(&name).is_some();
    if known || asked.contains('/') {
        process.complain(format!("sh: 1: exec: {asked}: not found"));
        return Ok(127);
    }
    Err(undescribed(process))
}

/// A script in the tree is run if its interpreter is a shell.
fn script(process: &mut Process<'_>, path: &str) -> Option<Ended> {
    let content = match process.host.tree.find(&Caller::root(), path, Follow::Link) {
        Ok((_, node)) => match &node.body {
            Body::File(content) if content.stand_in().is_none() => content.clone(),
            _ => return None,
        },
        Err(_) => return None,
    };
    let text = std::str::from_utf8(content.bytes()).ok()?;
    let first = text.lines().next()?.strip_prefix("#!")?;
    let interpreter = first
        .split_whitespace()
        .find(|word| !word.ends_with("/env"))?;
    match interpreter.rsplit('/').next()? {
        "sh" | "bash" | "dash" => {
            let args = process.args();
            Some(shell::script(process, text, &args))
        }
        _ => Some(Err(undescribed(process))),
    }
}

/// The error that names the command and how to describe it.
pub fn undescribed(process: &Process<'_>) -> Stop {
    let line = process.argv.join(" ");
    let shown: String = line.chars().take(200).collect();
    let first = process.argv.first().map_or("", String::as_str);
    let second = process.argv.get(1).filter(|word| !word.starts_with('-'));
    let pattern = match second {
        Some(second) => format!("^{first} {second}\\b"),
        None => format!("^{first}\\b"),
    };
    Stop::Undescribed(format!(
        "the rehearsal has no description of the command `{shown}` (asked on `{}`); describe it in \
         the component's `rehearsal:` list: {{ command: '{pattern}', stdout: '…', seconds: 1 }}",
        process.host.name
    ))
}
