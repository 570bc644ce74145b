//! Answering from descriptions, and carrying out what they say happens.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::super::host::Host;
use super::super::process::{Ended, Process, Stop};
use super::super::programs;
use super::super::tree::{Body, Content, Errno, Follow, Time, parent_and_name};
use super::super::units::{Behaviour, UnitFile, Wanted};
use super::{Command, Condition, Effects};

/// The answer of the last description that matches; `None` if there is none.
pub fn answer(process: &mut Process<'_>) -> Option<Ended> {
    let line = process.argv.join(" ");
    let described = process.world.described.clone();
    let stdin = String::from_utf8_lossy(&process.stdin).into_owned();
    let now = process.now();
    let command = described.commands.iter().rev().find(|command| {
        command.pattern.is_match(&line).unwrap_or(false)
            && command.when.holds(process.host, now)
            && command
                .when
                .stdin
                .as_ref()
                .is_none_or(|text| stdin.contains(text))
    })?;
    Some(carry_out(process, command, &line))
}

fn carry_out(process: &mut Process<'_>, command: &Command, line: &str) -> Ended {
    process.spend(seconds(command.seconds))?;
    let fill = |text: &str| match command.pattern.captures(line) {
        Ok(Some(found)) => (0..found.len()).rev().fold(text.to_owned(), |text, at| {
            let group = found.get(at).map_or("", |m| m.as_str());
            text.replace(&format!("${at}"), group)
        }),
        _ => text.to_owned(),
    };
    let (out, err) = (fill(&command.stdout), fill(&command.stderr));
    process.out.extend_from_slice(out.as_bytes());
    process.err.extend_from_slice(err.as_bytes());
    if let Err(error) = effects(process, &command.effects)? {
        process.complain(format!("{}: {error}", process.name().to_owned()));
        return Ok(1);
    }
    Ok(command.code)
}

/// Carries out what a description says happens; the inner error is the host's refusal.
fn effects(process: &mut Process<'_>, effects: &Effects) -> Result<Result<(), Errno>, Stop> {
    let now = process.now();
    if let Err(error) = process.host.put_effects(effects, now) {
        return Ok(Err(error));
    }
    for (verb, names) in [
        ("enable", &effects.enable),
        ("stop", &effects.stop),
        ("start", &effects.start),
    ] {
        for name in names {
            let argv = ["systemctl", verb, name].map(ToOwned::to_owned).to_vec();
            let (_, _, err) = process.run(argv, bytes::Bytes::new())?;
            process.err.extend(err);
        }
    }
    Ok(Ok(()))
}

/// What a description (or a simulated daemon) says of a unit's start; its services come to life.
pub fn unit_behaviour(process: &mut Process<'_>, file: &UnitFile) -> Result<Behaviour, Errno> {
    let now = process.now();
    let (mut behaviour, mut serves) = match programs::node_unit(process, file) {
        Some(known) => known?,
        None => (process.host.behaviour(file), BTreeMap::new()),
    };
    let described = process.world.described.clone();
    let found = described
        .units
        .iter()
        .rev()
        .find(|unit| unit.unit == file.name && unit.when.holds(process.host, now));
    if let Some(unit) = found {
        let services = process.world.services.clone();
        let tree = &process.host.tree;
        let reads = |path: &str| tree.exists(path).then(|| tree.text(path).into_bytes());
        let at = unit.serves.iter();
        let at = at.map(|(port, kind)| (services.port(kind, *port, &reads), kind.clone()));
        let at: BTreeMap<u16, String> = at.collect();
        behaviour.start = unit.seconds.map(seconds).or(behaviour.start);
        behaviour.fails = unit.fails.clone().or(behaviour.fails);
        for port in unit.ports.iter().chain(at.keys()) {
            if !behaviour.ports.contains(port) {
                behaviour.ports.push(*port);
            }
        }
        serves.extend(at);
        if behaviour.fails.is_none() {
            process.host.put_effects(&unit.effects, now)?;
        }
    }
    let name = process.host.name.clone();
    if let Some(why) = process.world.faults.unit_failure(&name, &file.name) {
        behaviour.fails = Some(why);
    }
    if behaviour.fails.is_none() {
        behaviour.fails = process.world.start_services(process.host, &serves, now)?;
    }
    if behaviour.fails.is_none() {
        process.host.remember_unit(file, &behaviour);
        process.host.remember_services(&file.name, &serves);
    }
    Ok(behaviour)
}

impl super::Described {
    /// The entries of an archive whose stand-in says this.
    pub fn archive(&self, stand_in: &str) -> Option<Vec<(String, u32, Body)>> {
        let found = self
            .archives
            .iter()
            .rev()
            .find(|a| stand_in.contains(&a.unpack))?;
        let entry = |(path, value): (&String, &Value)| {
            let field = |key: &str| value.get(key).and_then(Value::as_str);
            let text = value
                .as_str()
                .or_else(|| field("content"))
                .unwrap_or_default();
            let mode = field("mode").and_then(|mode| u32::from_str_radix(mode, 8).ok());
            let body = Body::File(Content::new(text.to_owned()));
            (path.clone(), mode.unwrap_or(0o755), body)
        };
        Some(found.files.iter().map(entry).collect())
    }
}

fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.max(0.0)).unwrap_or_default()
}

impl Condition {
    /// Whether it is so on this host.
    pub fn holds(&self, host: &Host, now: Time) -> bool {
        self.exists
            .as_ref()
            .is_none_or(|path| host.tree.exists(path))
            && self
                .absent
                .as_ref()
                .is_none_or(|path| !host.tree.exists(path))
            && self
                .active
                .as_ref()
                .is_none_or(|name| host.unit(name, now).active == "active")
    }
}

impl Host {
    /// Files, directories and unit files of a description.
    pub fn put_effects(&mut self, effects: &Effects, now: Time) -> Result<(), Errno> {
        for path in &effects.directories {
            self.root(now).make_directories(path)?;
        }
        for (path, value) in &effects.files {
            self.put_described(path, value, now)?;
        }
        for (name, text) in &effects.units {
            self.put(&format!("/etc/systemd/system/{name}"), text, now)?;
            if text.is_empty() {
                self.set_wanted(name, Wanted::No, now)?;
            }
        }
        Ok(())
    }

    /// A file as descriptions write it: text, `{content, mode, owner, group}`, null to remove.
    pub fn put_described(&mut self, path: &str, value: &Value, now: Time) -> Result<(), Errno> {
        if value.is_null() {
            return match self.root(now).remove_all(path) {
                Err((_, error)) if error != Errno::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let field = |key: &str| value.get(key).and_then(Value::as_str);
        let text = value
            .as_str()
            .or_else(|| field("content"))
            .unwrap_or_default();
        let (parent, _) = parent_and_name(path);
        let accounts = self.accounts();
        let owner = field("owner").and_then(|name| accounts.uid(name));
        let group = field("group").and_then(|name| accounts.gid(name));
        let mode = field("mode").and_then(|mode| u32::from_str_radix(mode, 8).ok());
        let mut access = self.root(now);
        access.make_directories(parent)?;
        access.write(path, Content::new(text.to_owned()))?;
        access.set_owner(path, (owner, group), Follow::Link)?;
        match mode {
            Some(mode) => access.set_mode(path, mode, Follow::Link),
            None => Ok(()),
        }
    }

    /// Keeps a unit's behaviour for the next boot.
    fn remember_unit(&mut self, file: &UnitFile, behaviour: &Behaviour) {
        let units = self
            .memory
            .entry("units")
            .or_insert_with(|| Value::Object(serde_json::Map::new()));
        units[&file.name] = serde_json::json!({
            "ports": behaviour.ports,
            "seconds": behaviour.start.map(|start| start.as_secs_f64()),
        });
    }
}
