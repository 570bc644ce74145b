//! apt-get, apt-cache and apt-mark over the model's archive, with apt's words.

use std::time::Duration;

use super::super::packages::{Plan, Purge};
use super::super::process::{Ended, Process, Stop};
use super::super::tree::Time;
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[
    ("apt-get", apt_get),
    ("apt", apt_get),
    ("apt-cache", apt_cache),
    ("apt-mark", apt_mark),
    ("apt-config", |_| Ok(0)),
    ("add-apt-repository", |process| {
        Err(process.strange("repositories"))
    }),
];

const OPTIONS: [&str; 27] = [
    "-y",
    "-q",
    "-qq",
    "-f",
    "-s",
    "-o=",
    "-t=",
    "-d",
    "-m",
    "--yes",
    "--assume-yes",
    "--no-install-recommends",
    "--install-recommends",
    "--purge",
    "--auto-remove",
    "--autoremove",
    "--allow-downgrades",
    "--reinstall",
    "--allow-change-held-packages",
    "--only-upgrade",
    "--no-install-suggests",
    "--quiet",
    "--fix-broken",
    "--option=",
    "--default-release=",
    "--allow-unauthenticated",
    "--no-upgrade",
];

fn apt_get(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &OPTIONS)?;
    let Some((verb, names)) = args.operands.split_first() else {
        return Err(process.strange("apt-get without a verb"));
    };
    if !process.caller.is_root() {
        process.complain("E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)");
        process.complain("E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?");
        return Ok(100);
    }
    if let Some(code) = lock(process, &args)? {
        return Ok(code);
    }
    let code = match verb.as_str() {
        "update" => update(process)?,
        "install" => install(process, names)?,
        "remove" | "purge" => {
            let purge = verb == "purge" || args.has(&["--purge"]);
            remove(process, names, if purge { Purge::Yes } else { Purge::No })?
        }
        "upgrade" | "dist-upgrade" | "full-upgrade" => upgrade(process)?,
        "autoremove" => autoremove(process)?,
        "clean" | "autoclean" => 0,
        other => return Err(process.strange(other)),
    };
    let now = process.now();
    process.host.dpkg_busy = now;
    process.host.sync();
    Ok(code)
}

/// Waits for dpkg's lock as long as `DPkg::Lock::Timeout` says, by default not at all.
fn lock(process: &mut Process<'_>, args: &Args) -> Result<Option<i32>, Stop> {
    let patience = args
        .values(&["-o", "--option"])
        .filter_map(|option| {
            option
                .to_lowercase()
                .strip_prefix("dpkg::lock::timeout=")
                .map(ToOwned::to_owned)
        })
        .find_map(|seconds| seconds.parse::<i64>().ok())
        .unwrap_or(0);
    let wait = process.host.dpkg_busy.0.saturating_sub(process.now().0);
    let wait = Duration::from_nanos(wait);
    if wait.is_zero() {
        return Ok(None);
    }
    let most = u64::try_from(patience).map_or(Duration::MAX, Duration::from_secs);
    if wait <= most {
        process.spend(wait)?;
        return Ok(None);
    }
    process.spend(most)?;
    process.complain(
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)",
    );
    process.complain("E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?");
    Ok(Some(100))
}

fn update(process: &mut Process<'_>) -> Ended {
    process.spend(Duration::from_secs(3))?;
    let now = process.now();
    match process.host.fetch_lists(now) {
        Ok(errors) if errors.is_empty() => {
            process.say("Reading package lists...");
            Ok(0)
        }
        Ok(errors) => {
            for error in errors {
                process.complain(error);
            }
            Ok(100)
        }
        Err(error) => {
            process.complain(format!("E: Write error - write (28: {error})"));
            Ok(100)
        }
    }
}

fn install(process: &mut Process<'_>, names: &[String]) -> Ended {
    let mut wanted = Vec::new();
    let mut removed = Vec::new();
    for name in names {
        if name.contains('/') {
            return Err(process.strange("a package file"));
        }
        match name.strip_suffix('-') {
            Some(name) => removed.push(name.to_owned()),
            None => wanted.push(name.trim_end_matches('+').to_owned()),
        }
    }
    process
        .say("Reading package lists...\nBuilding dependency tree...\nReading state information...");
    let lost = wanted.iter().find(|name| {
        let name = name.split(['=', ':']).next().unwrap_or(name);
        process.world.faults.lost_package(&process.host.name, name)
    });
    if let Some(name) = lost.cloned() {
        process.complain(format!("E: Unable to locate package {name}"));
        return Ok(100);
    }
    let plan = match process.host.plan_install(&wanted, &process.world.archive) {
        Ok(plan) => plan,
        Err(text) => {
            process.complain(text);
            return Ok(100);
        }
    };
    let held = plan.install.iter().any(|(offer, _)| {
        process
            .host
            .packages
            .get(&offer.name)
            .is_some_and(|p| p.held)
    });
    if held
        && !process
            .args()
            .iter()
            .any(|a| a == "--allow-change-held-packages")
    {
        process.complain(
            "E: Held packages were changed and -y was used without --allow-change-held-packages.",
        );
        return Ok(100);
    }
    let code = carry_out(process, &plan)?;
    for name in &wanted {
        let name = name.split(['=', ':']).next().unwrap_or(name);
        if let Some(package) = process.host.packages.change().get_mut(name) {
            package.auto = false;
        }
    }
    if code == 0 && !removed.is_empty() {
        return remove(process, &removed, Purge::No);
    }
    Ok(code)
}

/// Unpacks and configures; units that a package brings are enabled and started, as Debian does.
fn carry_out(process: &mut Process<'_>, plan: &Plan) -> Ended {
    let upgraded = plan
        .install
        .iter()
        .filter(|(offer, _)| process.host.packages.get(&offer.name).is_some())
        .count();
    let fresh: Vec<&str> = plan
        .install
        .iter()
        .map(|(offer, _)| offer.name.as_str())
        .collect();
    if !fresh.is_empty() {
        process.say(format!(
            "The following NEW packages will be installed:\n  {}",
            fresh.join(" ")
        ));
    }
    process.say(format!(
        "{upgraded} upgraded, {} newly installed, 0 to remove and 0 not upgraded.",
        plan.install.len() - upgraded
    ));
    if plan.install.is_empty() {
        return Ok(0);
    }
    let until = process
        .now()
        .0
        .saturating_add(Time::from(plan.duration()).0);
    process.host.dpkg_busy = Time(until);
    process.spend(Duration::from_secs(1) + plan.duration())?;
    for (offer, asked) in &plan.install {
        let now = process.now();
        match process.host.unpack(offer, *asked, now) {
            Ok(units) => {
                process.say(format!("Setting up {} ({}) ...", offer.name, offer.version));
                for unit in units {
                    start(process, &unit)?;
                }
            }
            Err(error) => {
                process.complain(format!(
                    "dpkg: error processing archive {} (--unpack):\n cannot copy extracted data: failed to write ({error})",
                    offer.name
                ));
                process.complain("E: Sub-process /usr/bin/dpkg returned an error code (1)");
                return Ok(100);
            }
        }
    }
    Ok(0)
}

fn start(process: &mut Process<'_>, unit: &str) -> Result<(), Stop> {
    let state = process.host.unit_file_state(unit);
    if state == "masked" || state == "static" {
        return Ok(());
    }
    for verb in ["enable", "restart"] {
        let argv = ["systemctl", verb, unit].map(ToOwned::to_owned).to_vec();
        process.run(argv, bytes::Bytes::new())?;
    }
    Ok(())
}

fn remove(process: &mut Process<'_>, names: &[String], purge: Purge) -> Ended {
    let mut count = 0;
    for name in names {
        let known =
            process.host.packages.0.contains_key(name) || process.world.archive.get(name).is_some();
        if !known {
            process.complain(format!("E: Unable to locate package {name}"));
            return Ok(100);
        }
        let listed = process.host.packages.0.get(name).cloned();
        let Some(listed) = listed.filter(|p| !p.removed || purge == Purge::Yes) else {
            process.say(format!("Package '{name}' is not installed, so not removed"));
            continue;
        };
        if listed.held {
            process.complain("E: Held packages were changed and -y was used without --allow-change-held-packages.");
            return Ok(100);
        }
        let units: Vec<String> = process
            .world
            .archive
            .get(name)
            .map(|offer| offer.units.keys().cloned().collect())
            .unwrap_or_default();
        let now = process.now();
        let done = process
            .host
            .remove_units(&units, now)
            .and_then(|()| process.host.remove_package(name, purge, now));
        if let Err(error) = done {
            process.complain(format!(
                "dpkg: error processing package {name} (--remove): {error}"
            ));
            return Ok(100);
        }
        count += 1;
        process.spend(Duration::from_secs(2))?;
        process.say(format!("Removing {name} ({}) ...", listed.version));
    }
    process.say(format!(
        "0 upgraded, 0 newly installed, {count} to remove and 0 not upgraded."
    ));
    Ok(0)
}

fn upgrade(process: &mut Process<'_>) -> Ended {
    let names: Vec<String> = process
        .host
        .packages
        .all()
        .filter(|(_, package)| !package.held)
        .map(|(name, _)| name.clone())
        .collect();
    match process.host.plan_install(&names, &process.world.archive) {
        Ok(plan) => carry_out(process, &plan),
        Err(text) => {
            process.complain(text);
            Ok(100)
        }
    }
}

fn autoremove(process: &mut Process<'_>) -> Ended {
    let archive = process.world.archive.clone();
    let host = &process.host;
    let needed: Vec<String> = host
        .packages
        .all()
        .filter_map(|(name, _)| archive.get(name))
        .flat_map(|offer| offer.depends.clone())
        .collect();
    let unused: Vec<String> = host
        .packages
        .all()
        .filter(|(name, package)| package.auto && !needed.contains(name))
        .map(|(name, _)| name.clone())
        .collect();
    remove(process, &unused, Purge::No)
}

fn apt_cache(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    match args
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["policy", name] => {
            let state = process.host.package(name, &process.world.archive);
            if state.installed.is_none() && state.candidate.is_none() {
                return Ok(0);
            }
            let none = || "(none)".to_owned();
            process.say(format!("{name}:"));
            process.say(format!(
                "  Installed: {}",
                state.installed.unwrap_or_else(none)
            ));
            process.say(format!(
                "  Candidate: {}",
                state.candidate.unwrap_or_else(none)
            ));
            Ok(0)
        }
        ["madison", name] => {
            if let Some(offer) = process.world.archive.get(name).cloned()
                && process.host.lists_name(&offer)
            {
                for version in std::iter::once(&offer.version).chain(&offer.older) {
                    process.say(format!("{name} | {version} | simulated"));
                }
            }
            Ok(0)
        }
        other => Err(process.strange(&other.join(" "))),
    }
}

fn apt_mark(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-y", "-q"])?;
    let Some((verb, names)) = args.operands.split_first() else {
        return Err(process.strange("apt-mark without a verb"));
    };
    if verb == "showhold" {
        let held: Vec<String> = process
            .host
            .packages
            .all()
            .filter(|(_, p)| p.held)
            .map(|(n, _)| n.clone())
            .collect();
        for name in held {
            process.say(name);
        }
        return Ok(0);
    }
    for name in names {
        let Some(package) = process.host.packages.change().get_mut(name) else {
            process.complain(format!("E: Unable to locate package {name}"));
            return Ok(100);
        };
        match verb.as_str() {
            "hold" => package.held = true,
            "unhold" => package.held = false,
            "auto" => package.auto = true,
            "manual" => package.auto = false,
            other => return Err(process.strange(other)),
        }
        process.say(format!("{name} set on {verb}."));
    }
    Ok(0)
}
