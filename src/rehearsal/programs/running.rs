//! What runs and listens, and how to end it: ss, pgrep, kill, reboot.

use super::super::process::{Ended, Process, Stop};
use super::super::units::Phase;
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[
    ("reboot", reboot),
    ("shutdown", reboot),
    ("poweroff", reboot),
    ("ss", ss),
    ("pgrep", pgrep),
    ("kill", kill),
];

fn reboot(process: &mut Process<'_>) -> Ended {
    if !process.caller.is_root() {
        return process.fail("Operation not permitted");
    }
    let now = process.now();
    process.host.reboot(now);
    if process.name() == "poweroff" || process.args().iter().any(|a| a == "-h" || a == "-P") {
        process.host.power = super::super::host::Power::Off;
    }
    Err(Stop::Gone)
}

fn ss(process: &mut Process<'_>) -> Ended {
    let now = process.now();
    let mut lines = Vec::new();
    for (name, unit) in process.host.units.all() {
        if unit.phase == Phase::Running && unit.ready <= now {
            for port in &unit.ports {
                let program = name.trim_end_matches(".service");
                lines.push(format!(
                    "LISTEN 0 4096 0.0.0.0:{port} 0.0.0.0:* users:((\"{program}\",pid={},fd=3))",
                    unit.pid
                ));
            }
        }
    }
    if !process
        .args()
        .iter()
        .any(|a| a.starts_with('-') && a.contains('H'))
    {
        process.say("State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process");
    }
    for line in lines {
        process.say(line);
    }
    Ok(0)
}

fn pgrep(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-x", "-f"])?;
    let wanted = args.operand(0).unwrap_or_default().to_owned();
    let pids: Vec<u32> = process
        .host
        .units
        .all()
        .filter(|(name, unit)| unit.phase == Phase::Running && name.starts_with(&wanted))
        .map(|(_, unit)| unit.pid)
        .collect();
    for pid in &pids {
        process.say(pid.to_string());
    }
    Ok(i32::from(pids.is_empty()))
}

fn kill(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    let (signal, pids): (Vec<&String>, Vec<&String>) =
        args.iter().partition(|a| a.starts_with('-'));
    let signal = signal
        .first()
        .map_or(15, |s| super::super::shell::signal(s));
    let mut code = 0;
    for pid in pids {
        let unit = process
            .host
            .units
            .all()
            .find(|(_, u)| u.phase == Phase::Running && u.pid.to_string() == *pid);
        match unit.map(|(name, _)| name.clone()) {
            Some(name) if signal == 9 || signal == 15 => {
                process.host.stop_unit(&name);
            }
            Some(_) => {}
            None => {
                process.complain(format!("kill: ({pid}) - No such process"));
                code = 1;
            }
        }
    }
    Ok(code)
}
