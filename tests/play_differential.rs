//! Playbooks end task for task as under ansible-playbook: `tests/plays/*.json` is what it did,
//! written by `tests/plays/generate.py`. Differences we keep are named in [`DIFFERENCES`].

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::{Map, Value, json};

/// Where we differ on purpose: playbook, task, and why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "checkmode",
        "unguarded",
        "what a command would print is not known: it is not made up",
    ),
    (
        "checkmode",
        "guarded",
        "one sentence in both modes, where Ansible says `Would not run` in check mode",
    ),
    (
        "checkmode",
        "seen",
        "what comes of a command that was not run is unknown, not skipped",
    ),
    (
        "checkmode",
        "command is skipped",
        "what a command would print is not known: it is not made up",
    ),
    (
        "throttle",
        "pause is once",
        "the time it took, to a hundredth",
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plays")
}

/// What can be compared of a module's result.
fn said(result: &Value) -> Map<String, Value> {
    ["msg", "stdout"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), result.get(key)?.clone())))
        .collect()
}

fn status(result: &Value) -> &'static str {
    let is = |key: &str| result.get(key) == Some(&Value::Bool(true));
    match () {
        () if is("skipped") => "skipped",
        () if is("failed") => "failed",
        () if is("changed") => "changed",
        () => "ok",
    }
}

/// One task's end as the recorder writes it.
fn entry(event: &Value) -> Value {
    let result = &event["result"];
    // Ansible calls a failure that a `rescue` takes care of a failure.
    let state = match event["status"].as_str() {
        Some("rescued") => "failed",
        other => other.unwrap_or_default(),
    };
    let mut entry = json!({"task": event["task"], "status": state});
    let fields = match result["results"].as_array() {
        Some(items) => {
            let items: Vec<Value> = items
                .iter()
                .map(|item| {
                    let variable = item["ansible_loop_var"].as_str().unwrap_or("item");
                    let mut one = said(item);
                    one.insert("item".to_owned(), item[variable].clone());
                    one.insert("status".to_owned(), status(item).into());
                    Value::Object(one)
                })
                .collect();
            Map::from_iter([("results".to_owned(), Value::Array(items))])
        }
        None => said(result),
    };
    entry.as_object_mut().unwrap().extend(fields);
    entry
}

struct Seen {
    failed: bool,
    hosts: BTreeMap<String, Vec<Value>>,
    recap: BTreeMap<String, Value>,
}

fn ours(name: &str) -> Seen {
    let path = folder().join(format!("{name}.yml"));
    let text = std::fs::read_to_string(path).unwrap();
    let first = text.lines().next().unwrap_or_default();
    let more = first.strip_prefix("# args:").unwrap_or_default();
    let state = tempfile::tempdir().unwrap();
    let output = Command::cargo_bin("nautes-install")
        .unwrap()
        .current_dir(folder())
        .args([
            "play",
            "-i",
            "inventory.yaml",
            "--output",
            "json",
            "--state",
        ])
        .arg(state.path())
        .arg(format!("{name}.yml"))
        .args(more.split_whitespace())
        .output()
        .unwrap();
    let mut seen = Seen {
        failed: !output.status.success(),
        hosts: BTreeMap::new(),
        recap: BTreeMap::new(),
    };
    // Where this checkout lies is none of the comparison's business; `generate.py` leaves it out, too.
    let here = format!("{}/", folder().display());
    let stdout = String::from_utf8(output.stdout).unwrap();
    for line in stdout.replace(&here, "./").lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        match event["event"].as_str() {
            Some("task_result") if event.get("item").is_none() => {
                let host = event["host"].as_str().unwrap().to_owned();
                seen.hosts.entry(host).or_default().push(entry(&event));
            }
            Some("recap") => {
                for (host, counts) in event["hosts"].as_object().unwrap() {
                    let mut counts = counts.clone();
                    let failed = counts.as_object_mut().unwrap().remove("failed").unwrap();
                    counts["failures"] = failed;
                    seen.recap.insert(host.clone(), counts);
                }
            }
            _ => {}
        }
    }
    seen
}

fn theirs(name: &str) -> Seen {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let hosts = value["hosts"].as_object().unwrap();
    let recap = value["recap"].as_object().unwrap();
    Seen {
        failed: value["failed"] == true,
        hosts: hosts
            .iter()
            .map(|(host, tasks)| (host.clone(), tasks.as_array().unwrap().clone()))
            .collect(),
        recap: recap.iter().map(|(h, c)| (h.clone(), c.clone())).collect(),
    }
}

/// The words of a failure are each program's own; that it failed, and where, is compared.
fn without_words(mut entry: Value) -> Value {
    let failed = matches!(
        entry["status"].as_str(),
        Some("failed" | "ignored" | "unreachable")
    );
    let own = failed
        && entry["task"]
            .as_str()
            .is_some_and(|task| !task.ends_with('!'));
    if own {
        entry.as_object_mut().unwrap().remove("msg");
    }
    if let Some(items) = entry.get_mut("results").and_then(Value::as_array_mut) {
        for item in items {
            if item["status"] == "failed" {
                item.as_object_mut().unwrap().remove("msg");
            }
        }
    }
    entry
}

fn is_known(name: &str, task: &Value) -> bool {
    DIFFERENCES
        .iter()
        .any(|(playbook, known, _)| *playbook == name && task["task"] == *known)
}

/// Everything that differs, a line each.
fn differences(name: &str) -> String {
    let (ours, theirs) = (ours(name), theirs(name));
    let mut found = String::new();
    if ours.failed != theirs.failed {
        let _ = writeln!(found, "{name}: ends with failed={} there", theirs.failed);
    }
    let hosts: BTreeSet<&String> = theirs.hosts.keys().chain(ours.hosts.keys()).collect();
    for host in hosts {
        let nothing = Vec::new();
        let here = ours.hosts.get(host).unwrap_or(&nothing);
        let there = theirs.hosts.get(host).unwrap_or(&nothing);
        for index in 0..here.len().max(there.len()) {
            let (here, there) = (here.get(index), there.get(index));
            let same = here.cloned().map(without_words) == there.cloned().map(without_words);
            if !same && !there.or(here).is_some_and(|task| is_known(name, task)) {
                let text =
                    |side: Option<&Value>| side.map_or("nothing".to_owned(), Value::to_string);
                let _ = writeln!(
                    found,
                    "{name}: {host} task {index}\n  ansible: {}\n  ours:    {}",
                    text(there),
                    text(here)
                );
                break;
            }
        }
        let there = theirs.recap.get(host).and_then(Value::as_object);
        let here = ours.recap.get(host).unwrap_or(&Value::Null);
        let alike = there.is_some_and(|there| there.iter().all(|(key, count)| here[key] == *count));
        // A host that did nothing is in neither recap, or in ours with zeros.
        let idle = there.is_none()
            && (here.as_object()).is_none_or(|counts| counts.values().all(|count| *count == 0));
        if !alike && !idle {
            let there = theirs.recap.get(host);
            let _ = writeln!(
                found,
                "{name}: {host}'s recap\n  ansible: {there:?}\n  ours:    {here}"
            );
        }
    }
    found
}

#[test]
fn playbooks_end_as_under_ansible() {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".yml").map(ToOwned::to_owned))
        .collect();
    names.sort();
    assert!(names.len() >= 19, "only {} playbooks", names.len());
    let found: String = names.iter().map(|name| differences(name)).collect();
    assert!(found.is_empty(), "\n{found}");
}
