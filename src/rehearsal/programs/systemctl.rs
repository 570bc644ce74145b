//! systemctl and journalctl over the model's units.

use std::time::Duration;

use super::super::describe::unit_behaviour;
use super::super::process::{Ended, Process};
use super::super::tree::Errno;
use super::super::units::{Found, JobError, Phase, UnitFile, Wanted, failed_job, full_name};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[("systemctl", systemctl), ("journalctl", journalctl)];

const OPTIONS: [&str; 17] = [
    "--now",
    "--quiet",
    "-q",
    "--no-pager",
    "--no-block",
    "--no-legend",
    "--plain",
    "--full",
    "-l",
    "--all",
    "-p=",
    "--property=",
    "--value",
    "--type=",
    "--state=",
    "--system",
    "--force",
];

fn systemctl(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &OPTIONS)?;
    let Some((verb, names)) = args.operands.split_first() else {
        return Err(process.strange("systemctl without a verb"));
    };
    if changes(verb) && !process.caller.is_root() {
        process.complain("Failed to connect to bus: Interactive authentication required.");
        return Ok(1);
    }
    match verb.as_str() {
        "daemon-reload" | "daemon-reexec" => {
            process.host.reload_unit_files();
            process.spend(Duration::from_millis(300))?;
            Ok(0)
        }
        "is-system-running" => {
            let failed = process
                .host
                .units
                .all()
                .any(|(_, unit)| matches!(unit.phase, Phase::Failed(_)));
            process.say(if failed { "degraded" } else { "running" });
            Ok(i32::from(failed))
        }
        "list-unit-files" | "list-units" => list(process, verb),
        "reset-failed" if names.is_empty() => {
            let all: Vec<String> = process
                .host
                .units
                .all()
                .map(|(name, _)| name.clone())
                .collect();
            for name in all {
                reset(process, &name);
            }
            Ok(0)
        }
        _ if names.is_empty() => Err(process.strange("no unit named")),
        _ => {
            let mut code = 0;
            for name in names {
                let ended = one(process, verb, name, &args)?;
                // `is-active a b` is content with one of them.
                code = if code == 0 { ended } else { code };
            }
            Ok(code)
        }
    }
}

fn changes(verb: &str) -> bool {
    !verb.starts_with("is-")
        && !verb.starts_with("list-")
        && !["show", "status", "cat"].contains(&verb)
}

fn one(process: &mut Process<'_>, verb: &str, name: &str, args: &Args) -> Ended {
    let name = full_name(name);
    let job = match verb {
        "start" => start(process, &name)?,
        "stop" => stop(process, &name)?,
        "restart" | "reload-or-restart" | "try-restart" | "force-reload" => {
            if verb == "try-restart" && !is_up(process, &name) {
                Ok(())
            } else {
                let kept = process.host.find_unit(&name);
                restart(process, &name, kept)?
            }
        }
        "reload" => reload(process, &name),
        "enable" | "reenable" | "disable" | "mask" | "unmask" | "preset" => {
            return wanted(process, verb, &name, args);
        }
        "reset-failed" => {
            reset(process, &name);
            Ok(())
        }
        "kill" => {
            process.host.stop_unit(&name);
            Ok(())
        }
        _ => return look(process, verb, &name, args),
    };
    match job {
        Ok(()) => Ok(0),
        Err(JobError { text, code }) => {
            process.complain(text);
            Ok(code)
        }
    }
}

type Job = Result<Result<(), JobError>, super::super::process::Stop>;

fn start(process: &mut Process<'_>, name: &str) -> Job {
    let order = match process.host.start_order(name) {
        Ok(order) => order,
        Err(error) => return Ok(Err(error)),
    };
    let last = order.len().saturating_sub(1);
    for (at, file) in order.into_iter().enumerate() {
        let file = process.host.unit_in_memory(file);
        if process
            .host
            .units
            .get(&file.name)
            .is_some_and(super::super::units::Loaded::is_up)
        {
            continue;
        }
        if let Err(error) = run_unit(process, &file)? {
            if at < last {
                let text = format!(
                    "A dependency job for {name} failed. See 'journalctl -xe' for details."
                );
                return Ok(Err(JobError { text, code: 1 }));
            }
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// Starts one unit: a oneshot's program runs, others behave as described.
fn run_unit(process: &mut Process<'_>, file: &UnitFile) -> Job {
    let mut behaviour = match unit_behaviour(process, file) {
        Ok(behaviour) => behaviour,
        Err(error) => {
            behaviour_failed(process, file, &error.to_string());
            return Ok(Err(failed_job(&file.name)));
        }
    };
    let oneshot = file.get("Service", "Type").as_deref() == Some("oneshot");
    if oneshot && behaviour.fails.is_none() {
        for command in file.all("Service", "ExecStart") {
            let lenient = command.starts_with('-');
            let line = command.trim_start_matches(['-', '@', ':', '+', '!']);
            if line.starts_with("/usr/lib/systemd/") || line.starts_with("/lib/systemd/") {
                continue;
            }
            let argv: Vec<String> = line.split_whitespace().map(ToOwned::to_owned).collect();
            let argv = super::super::shell::split_words(line).unwrap_or(argv);
            let (code, out, err) = process.run(argv, bytes::Bytes::new())?;
            let said = String::from_utf8_lossy(&out).into_owned() + &String::from_utf8_lossy(&err);
            behaviour.log.extend(said.lines().map(ToOwned::to_owned));
            if code != 0 && !lenient {
                behaviour.fails = Some(format!(
                    "systemd[1]: {}: Main process exited, code=exited, status={code}",
                    file.name
                ));
                break;
            }
        }
    }
    let now = process.now();
    match process.host.start_unit(file, behaviour, now) {
        Ok(wait) => {
            process.spend(wait)?;
            Ok(Ok(()))
        }
        Err(error) => {
            process.spend(Duration::from_secs(1))?;
            Ok(Err(error))
        }
    }
}

fn behaviour_failed(process: &mut Process<'_>, file: &UnitFile, why: &str) {
    let now = process.now();
    let behaviour = super::super::units::Behaviour {
        fails: Some(why.to_owned()),
        ..Default::default()
    };
    let _ = process.host.start_unit(file, behaviour, now);
}

fn stop(process: &mut Process<'_>, name: &str) -> Job {
    if process.host.find_unit(name) == Found::Nothing && process.host.units.get(name).is_none() {
        let text = format!("Failed to stop {name}: Unit {name} not loaded.");
        return Ok(Err(JobError { text, code: 5 }));
    }
    if process.host.stop_unit(name) {
        process.spend(Duration::from_millis(300))?;
    }
    Ok(Ok(()))
}

fn restart(process: &mut Process<'_>, name: &str, found: Found) -> Job {
    // The text in memory counts until daemon-reload, also for a restart.
    let file = match found {
        Found::File(file) => Some(process.host.unit_in_memory(file)),
        _ => None,
    };
    if let Some(file) = &file
        && process.host.units.get(&file.name).is_some()
    {
        process.host.stop_unit(name);
        process.spend(Duration::from_millis(300))?;
        return run_unit(process, file);
    }
    start(process, name)
}

fn reload(process: &mut Process<'_>, name: &str) -> Result<(), JobError> {
    let error = |text: String| Err(JobError { text, code: 1 });
    match process.host.find_unit(name) {
        Found::Nothing => error(format!("Failed to reload {name}: Unit {name} not found.")),
        Found::File(file)
            if file.get("Service", "ExecReload").is_none() && name != "ssh.service" =>
        {
            error(format!(
                "Failed to reload {name}: Job type reload is not applicable for unit {name}."
            ))
        }
        _ if !is_up(process, name) => error(format!("{name} is not active, cannot reload.")),
        _ => Ok(()),
    }
}

fn is_up(process: &Process<'_>, name: &str) -> bool {
    let now = process.now();
    ["active", "activating"].contains(&process.host.unit(name, now).active.as_str())
}

fn reset(process: &mut Process<'_>, name: &str) {
    let failed = process
        .host
        .units
        .get(name)
        .is_some_and(|unit| matches!(unit.phase, Phase::Failed(_)));
    if failed {
        process.host.units.forget(name);
    }
}

fn wanted(process: &mut Process<'_>, verb: &str, name: &str, args: &Args) -> Ended {
    let found = process.host.find_unit(name);
    if found == Found::Nothing && verb != "mask" && verb != "unmask" {
        let verb = if verb == "disable" {
            "disable"
        } else {
            "enable"
        };
        process.complain(format!(
            "Failed to {verb} unit: Unit file {name} does not exist."
        ));
        return Ok(1);
    }
    if matches!(found, Found::Masked(_)) && verb == "enable" {
        process.complain(format!(
            "Failed to enable unit: Unit file /etc/systemd/system/{name} is masked."
        ));
        return Ok(1);
    }
    let now = process.now();
    let done = match verb {
        "disable" => process.host.set_wanted(name, Wanted::No, now),
        "mask" => process.host.set_masked(name, Wanted::Yes, now),
        "unmask" => process.host.set_masked(name, Wanted::No, now),
        _ => process.host.set_wanted(name, Wanted::Yes, now),
    };
    match done {
        Ok(said) => {
            if !args.has(&["--quiet", "-q"]) {
                for line in said {
                    process.complain(line);
                }
            }
        }
        Err(error) => {
            let text = match error {
                Errno::Exists => format!("File /etc/systemd/system/{name} already exists."),
                other => other.to_string(),
            };
            process.complain(format!("Failed to {verb} unit: {text}"));
            return Ok(1);
        }
    }
    process.host.reload_unit_files();
    process.spend(Duration::from_millis(300))?;
    match (args.has(&["--now"]), verb) {
        (true, "enable") => one(process, "start", name, args),
        (true, "disable" | "mask") => one(process, "stop", name, args),
        _ => Ok(0),
    }
}

#[expect(clippy::too_many_lines, reason = "one case of a table per line")]
fn look(process: &mut Process<'_>, verb: &str, name: &str, args: &Args) -> Ended {
    let now = process.now();
    let state = process.host.unit(name, now);
    let quiet = args.has(&["--quiet", "-q"]);
    match verb {
        "is-active" => {
            if !quiet {
                process.say(&state.active);
            }
            Ok(if state.active == "active" { 0 } else { 3 })
        }
        "is-failed" => {
            if !quiet {
                process.say(&state.active);
            }
            Ok(i32::from(state.active != "failed"))
        }
        "is-enabled" if state.load == "not-found" => {
            process.complain(format!(
                "Failed to get unit file state for {name}: No such file or directory"
            ));
            Ok(1)
        }
        "is-enabled" => {
            if !quiet {
                process.say(&state.file);
            }
            Ok(i32::from(
                !["enabled", "static", "alias"].contains(&state.file.as_str()),
            ))
        }
        "show" => {
            let wanted: Vec<String> = args
                .values(&["-p", "--property"])
                .flat_map(|list| list.split(',').map(ToOwned::to_owned).collect::<Vec<_>>())
                .collect();
            for (key, value) in &state.properties {
                if wanted.is_empty() || wanted.contains(key) {
                    let line = if args.has(&["--value"]) {
                        value.clone()
                    } else {
                        format!("{key}={value}")
                    };
                    process.say(line);
                }
            }
            Ok(0)
        }
        "status" => {
            let description = state
                .properties
                .get("Description")
                .cloned()
                .unwrap_or_default();
            process.say(format!("\u{25cf} {name} - {description}"));
            process.say(format!("     Loaded: {} ({})", state.load, state.file));
            process.say(format!("     Active: {} ({})", state.active, state.sub));
            Ok(match (state.load.as_str(), state.active.as_str()) {
                ("not-found", _) => 4,
                (_, "active") => 0,
                _ => 3,
            })
        }
        "cat" => {
            if let Found::File(file) = process.host.find_unit(name) {
                process.say(format!("# {}", file.path));
                process.out.extend_from_slice(file.text.as_bytes());
                Ok(0)
            } else {
                process.complain(format!("No files found for {name}."));
                Ok(1)
            }
        }
        other => Err(process.strange(other)),
    }
}

fn list(process: &mut Process<'_>, verb: &str) -> Ended {
    let now = process.now();
    for name in process.host.unit_names() {
        let state = process.host.unit(&name, now);
        if verb == "list-unit-files" {
            process.say(format!("{name} {} -", state.file));
        } else if state.active != "inactive" {
            process.say(format!(
                "{name} {} {} {}",
                state.load, state.active, state.sub
            ));
        }
    }
    Ok(0)
}

fn journalctl(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &[
            "-u=",
            "-n=",
            "--lines=",
            "--output=",
            "--no-pager",
            "-e",
            "-x",
            "-b",
            "-o=",
            "--since=",
            "-q",
            "--unit=",
            "-k",
            "-r",
        ],
    )?;
    let unit = args.value(&["-u", "--unit"]).map(full_name);
    let mut lines: Vec<String> = process
        .host
        .units
        .all()
        .filter(|(name, _)| unit.as_ref().is_none_or(|unit| unit == *name))
        .flat_map(|(_, unit)| unit.log.clone())
        .collect();
    let count = args
        .value(&["-n", "--lines"])
        .and_then(|n| n.parse().ok())
        .unwrap_or(usize::MAX);
    let skip = lines.len().saturating_sub(count);
    if lines.is_empty() {
        lines.push("-- No entries --".to_owned());
    }
    // `cat` shows the messages alone, without who wrote them.
    let bare = args.value(&["-o", "--output"]) == Some("cat");
    for line in lines.into_iter().skip(skip) {
        let message = line.split_once("]: ").filter(|_| bare);
        process.say(message.map_or(line.as_str(), |(_, message)| message));
    }
    Ok(0)
}
