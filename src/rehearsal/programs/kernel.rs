//! sysctl, modprobe, lsmod.

use super::super::process::{Ended, Process};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[
    ("sysctl", sysctl),
    ("modprobe", modprobe),
    ("rmmod", modprobe),
    ("lsmod", lsmod),
];

fn sysctl(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &[
            "-w", "-n", "-e", "-q", "-a", "-p", "--system", "--load", "-b", "--values", "--ignore",
        ],
    )?;
    let now = process.now();
    let quiet = args.has(&["-q"]);
    let mut wanted: Vec<(String, String)> = Vec::new();
    let mut code = 0;
    if args.has(&["--system"]) {
        wanted = process.host.configured_parameters();
    } else if args.has(&["-p", "--load"]) {
        let path = args.operand(0).unwrap_or("/etc/sysctl.conf").to_owned();
        let text = match process.read_text(&path) {
            Ok(text) => text,
            Err(error) => {
                process.complain(format!("sysctl: cannot open \"{path}\": {error}"));
                return Ok(1);
            }
        };
        wanted = text
            .lines()
            .filter(|line| !line.trim_start().starts_with(['#', ';']))
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
    } else {
        for operand in &args.operands {
            match operand.split_once('=') {
                Some((name, value)) => wanted.push((name.to_owned(), value.to_owned())),
                None => code |= show_parameter(process, operand, &args),
            }
        }
    }
    for (name, value) in wanted {
        if !process.caller.is_root() {
            process.complain(format!("sysctl: permission denied on key \"{name}\""));
            return Ok(255);
        }
        match process.host.set_parameter(&name, &value, now) {
            Ok(()) if quiet => {}
            Ok(()) => process.say(format!("{name} = {value}")),
            Err(_) if args.has(&["-e", "--ignore"]) => {}
            Err(error) => {
                let path = super::super::host::Host::parameter_path(&name);
                process.complain(format!("sysctl: cannot stat {path}: {error}"));
                code = 1;
            }
        }
    }
    Ok(code)
}

fn show_parameter(process: &mut Process<'_>, name: &str, args: &Args) -> i32 {
    match process.host.parameter(name) {
        Some(value) if args.has(&["-n", "--values"]) => process.say(value),
        Some(value) => process.say(format!("{name} = {value}")),
        None if args.has(&["-e", "--ignore"]) => {}
        None => {
            let path = super::super::host::Host::parameter_path(name);
            process.complain(format!(
                "sysctl: cannot stat {path}: No such file or directory"
            ));
            return 255;
        }
    }
    0
}

fn modprobe(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-a", "-r", "-q", "-n", "--first-time", "-v"])?;
    if !process.caller.is_root() {
        return process.fail("ERROR: could not insert module: Operation not permitted");
    }
    let now = process.now();
    let remove = args.has(&["-r"]) || process.name() == "rmmod";
    let count = if args.has(&["-a"]) {
        args.operands.len()
    } else {
        1
    };
    for name in args.operands.iter().take(count) {
        let done = if remove {
            process.host.unload_module(name, now)
        } else {
            process.host.load_module(name, now)
        };
        if done.is_err() {
            let kernel = process.host.profile.kernel.clone();
            return process.fail(format!(
                "FATAL: Module {name} not found in directory /lib/modules/{kernel}"
            ));
        }
    }
    Ok(0)
}

fn lsmod(process: &mut Process<'_>) -> Ended {
    process.say("Module                  Size  Used by");
    for name in process.host.modules.clone() {
        process.say(format!("{name:<23} 16384  0"));
    }
    Ok(0)
}
