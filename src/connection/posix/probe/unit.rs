//! `Unit` for all units of a batch: one `systemctl show`, one block of properties per unit.

use std::collections::BTreeMap;

use super::super::super::{ConnectionError, Probe, Reply, UnitState};
use super::super::quote::words;
use super::super::script::{Answer, Script};
use super::{Asked, Replies};

fn asked<'a>(probes: &Asked<'a>) -> Vec<(usize, &'a str)> {
    let each = probes.iter().filter_map(|(at, probe)| match probe {
        Probe::Unit { name } => Some((*at, name.as_str())),
        _ => None,
    });
    each.collect()
}

/// systemctl takes some characters for patterns.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['*', '?', '[', '\n', '/'])
}

/// Writes the call.
pub fn compose(script: &mut Script, probes: &Asked<'_>) -> Result<(), ConnectionError> {
    let names: Vec<&str> = asked(probes).into_iter().map(|(_, n)| n).collect();
    if names.is_empty() {
        return Ok(());
    }
    let names = words(names.into_iter().filter(|n| is_name(n)))?;
    if names.is_empty() {
        script.line("e unit 0");
    } else {
        script.line(&format!("systemctl show --no-pager -- {names};e unit $?"));
    }
    Ok(())
}

/// Reads the answer.
pub fn parse(probes: &Asked<'_>, answer: &Answer, replies: &mut Replies) {
    let Ok(section) = answer.section("unit") else {
        return;
    };
    let text = section.text();
    let blocks: Vec<&str> = text
        .split("\n\n")
        .map(|block| block.trim_matches('\n'))
        .filter(|block| !block.is_empty())
        .collect();
    let units = asked(probes);
    let good = units.iter().filter(|(_, name)| is_name(name)).count();
    let mut blocks = blocks.iter().filter(|_| !section.cut);
    let fits = blocks.clone().count() == good;
    for (at, name) in units {
        replies[at] = Some(if !is_name(name) {
            Reply::Refused(format!("`{name}` is not a unit's name"))
        } else if let (true, Some(block)) = (fits, blocks.next()) {
            Reply::Unit(state(block))
        } else if section.code == "127" {
            Reply::Refused("systemd is not there: `systemctl` was not found".to_owned())
        } else {
            Reply::Refused(super::last_line(answer.errors("unit")))
        });
    }
}

fn state(block: &str) -> UnitState {
    let mut properties: BTreeMap<String, String> = BTreeMap::new();
    let mut last = String::new();
    for line in block.lines() {
        match line.split_once('=') {
            Some((key, value)) if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
                // A property may come twice (ExecStart=, Listen=): all values, line by line.
                let entry = properties.entry(key.to_owned()).or_default();
                if !entry.is_empty() {
                    entry.push('\n');
                }
                entry.push_str(value);
                key.clone_into(&mut last);
            }
            _ => {
                if let Some(value) = properties.get_mut(&last) {
                    value.push('\n');
                    value.push_str(line);
                }
            }
        }
    }
    let word = |key: &str| properties.get(key).cloned().unwrap_or_default();
    UnitState {
        load: word("LoadState"),
        active: word("ActiveState"),
        sub: word("SubState"),
        file: word("UnitFileState"),
        properties,
    }
}
