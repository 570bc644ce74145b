//! Programs about the machine: hostname, uname, date, sync, sleep, free, ip.

use super::super::date::Date;
use super::super::process::{Ended, Process};
use super::{Args, Table};
use std::time::{Duration, UNIX_EPOCH};

/// The table.
pub const PROGRAMS: Table = &[
    ("hostname", hostname),
    ("hostnamectl", hostnamectl),
    ("timedatectl", timedatectl),
    ("uname", uname),
    ("sync", sync),
    ("sleep", sleep),
    ("date", date),
    ("nproc", nproc),
    ("uptime", uptime),
    ("free", free),
    ("swapoff", |_| Ok(0)),
    ("swapon", |_| Ok(0)),
    ("ldconfig", |_| Ok(0)),
    ("update-ca-certificates", super::certificates::update),
    ("ip", ip),
];

fn hostname(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-f", "-s", "-I", "-i", "-d", "-b", "--fqdn"])?;
    if let Some(name) = args.operand(0).map(ToOwned::to_owned) {
        return set_hostname(process, &name);
    }
    let name = process.host.hostname();
    let text = match () {
        () if args.has(&["-I", "-i"]) => format!("{} ", process.host.profile.address),
        () if args.has(&["-s"]) => name.split('.').next().unwrap_or_default().to_owned(),
        () if args.has(&["-d"]) => name
            .split_once('.')
            .map_or(String::new(), |(_, d)| d.to_owned()),
        () => name,
    };
    process.say(text);
    Ok(0)
}

fn set_hostname(process: &mut Process<'_>, name: &str) -> Ended {
    if !process.caller.is_root() {
        return process.fail("you must be root to change the host name");
    }
    let now = process.now();
    match process.host.set_parameter("kernel.hostname", name, now) {
        Ok(()) => Ok(0),
        Err(error) => process.fail(error.to_string()),
    }
}

fn hostnamectl(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &["--static", "--transient", "--pretty", "--no-ask-password"],
    )?;
    let words: Vec<&str> = args.operands.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["set-hostname" | "hostname", name] => {
            let name = (*name).to_owned();
            if !process.caller.is_root() {
                process.complain(
                    "Could not set static hostname: Interactive authentication required.",
                );
                return Ok(1);
            }
            if !args.has(&["--transient"]) {
                let now = process.now();
                if let Err(error) = process.host.put("/etc/hostname", &format!("{name}\n"), now) {
                    process.complain(format!("Could not set static hostname: {error}"));
                    return Ok(1);
                }
            }
            set_hostname(process, &name)
        }
        [] | ["status"] if args.has(&["--static"]) => {
            let text = process.host.tree.text("/etc/hostname");
            process.out.extend_from_slice(text.as_bytes());
            Ok(0)
        }
        [] | ["status"] => {
            let text = process.host.tree.text("/etc/hostname");
            process.say(format!(" Static hostname: {}", text.trim()));
            process.say(format!(
                "          Kernel: Linux {}",
                process.host.profile.kernel
            ));
            Ok(0)
        }
        [other, ..] => Err(process.strange(other)),
    }
}

fn timedatectl(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-p=", "--value", "--property="])?;
    let words: Vec<&str> = args.operands.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["set-timezone", zone] => {
            let zone = (*zone).to_owned();
            let target = format!("/usr/share/zoneinfo/{zone}");
            let now = process.now();
            let mut root = process.host.root(now);
            let _ = root.remove_one("/etc/localtime");
            let done = root.symlink(&target, "/etc/localtime").map(|_| ());
            let done =
                done.and_then(|()| process.host.put("/etc/timezone", &format!("{zone}\n"), now));
            match done {
                Ok(()) => Ok(0),
                Err(error) => process.fail(error.to_string()),
            }
        }
        ["show"] if args.value(&["-p", "--property"]) == Some("NTPSynchronized") => {
            process.say(if args.has(&["--value"]) {
                "yes"
            } else {
                "NTPSynchronized=yes"
            });
            Ok(0)
        }
        ["show"] if args.value(&["-p", "--property"]) == Some("Timezone") => {
            let zone = process.host.tree.text("/etc/timezone");
            let prefix = if args.has(&["--value"]) {
                ""
            } else {
                "Timezone="
            };
            process.say(format!("{prefix}{}", zone.trim()));
            Ok(0)
        }
        other => Err(process.strange(&other.join(" "))),
    }
}

fn uname(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-a", "-s", "-n", "-r", "-m", "-p", "-v", "-o"])?;
    let (release, machine) = (
        process.host.profile.kernel.clone(),
        process.host.profile.architecture.clone(),
    );
    let all = args.has(&["-a"]);
    let mut words = Vec::new();
    let parts = [
        ("-s", "Linux".to_owned()),
        ("-n", process.host.hostname()),
        ("-r", release),
        ("-v", "#1 SMP simulated".to_owned()),
        ("-m", machine),
        ("-o", "GNU/Linux".to_owned()),
    ];
    for (option, text) in parts {
        if all || args.has(&[option]) {
            words.push(text);
        }
    }
    if words.is_empty() {
        words.push("Linux".to_owned());
    }
    process.say(words.join(" "));
    Ok(0)
}

fn sync(process: &mut Process<'_>) -> Ended {
    process.host.sync();
    Ok(0)
}

fn sleep(process: &mut Process<'_>) -> Ended {
    for text in process.args() {
        match super::wrap::duration(&text) {
            Some(duration) => process.spend(duration)?,
            None => return process.fail(format!("invalid time interval \u{2018}{text}\u{2019}")),
        }
    }
    Ok(0)
}

fn date(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &["-u", "-d=", "-I", "-Iseconds", "--utc", "--iso-8601"],
    )?;
    let now = process.now();
    let since = Duration::from_nanos(now.0);
    let at = Date::from(UNIX_EPOCH + since);
    let format = args.operand(0).unwrap_or("+%a %F %T UTC").to_owned();
    if args.has(&["-d"]) {
        return Err(process.strange("-d"));
    }
    let text = [
        ("%s", since.as_secs().to_string()),
        ("%N", format!("{:09}", since.subsec_nanos())),
        ("%F", at.day_text()),
        ("%T", at.time_text()),
        ("%Y", at.year.to_string()),
        ("%m", format!("{:02}", at.month)),
        ("%d", format!("{:02}", at.day)),
        ("%H", format!("{:02}", at.hour)),
        ("%M", format!("{:02}", at.minute)),
        ("%S", format!("{:02}", at.second)),
        ("%a", at.weekday()[..3].to_owned()),
        ("%Z", "UTC".to_owned()),
        ("%z", "+0000".to_owned()),
    ]
    .iter()
    .fold(format[1..].to_owned(), |text, (from, to)| {
        text.replace(from, to)
    });
    process.say(text);
    Ok(0)
}

fn nproc(process: &mut Process<'_>) -> Ended {
    let text = process.host.profile.cpus.to_string();
    process.say(text);
    Ok(0)
}

fn uptime(process: &mut Process<'_>) -> Ended {
    let since = Date::from(UNIX_EPOCH + Duration::from_nanos(process.host.booted.0));
    if process.args() != ["-s"] {
        return Err(process.strange("uptime without -s"));
    }
    process.say(format!("{} {}", since.day_text(), since.time_text()));
    Ok(0)
}

fn free(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-m", "-b", "-k", "-h"])?;
    let unit = if args.has(&["-m"]) { 1 } else { 1024 };
    let total = process.host.profile.memory_mb * unit;
    process.say("               total        used        free      shared  buff/cache   available");
    process.say(format!(
        "Mem: {total:>15} {:>11} {:>11} 0 0 {:>11}",
        total / 10,
        total * 8 / 10,
        total * 9 / 10
    ));
    process.say("Swap:              0           0           0");
    Ok(0)
}

fn ip(process: &mut Process<'_>) -> Ended {
    let line = process.args().join(" ");
    let address = process.host.profile.address.clone();
    if line.contains("route get") || line.contains("route show default") || line == "route" {
        process.say(format!("default via 10.255.255.254 dev eth0 src {address}"));
        return Ok(0);
    }
    if line.contains("addr") {
        process.say(format!(
            "2: eth0    inet {address}/16 brd 10.255.255.255 scope global eth0"
        ));
        return Ok(0);
    }
    Err(process.strange(&line))
}
