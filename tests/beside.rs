//! Components beside one another on the same hosts, on the simulated estate: each answers for what it
//! did itself, and one that is not done on every host of its is not done.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod desk;

use std::collections::BTreeMap;

use desk::Desk;
use serde_json::Value;

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/beside");
const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/beside/inventory.yaml");

/// How each component ended, and the exit code.
fn up(desk: &Desk, more: &[&str]) -> (BTreeMap<String, String>, i32) {
    let (text, code) = desk.run("up", &[&["--output", "json"], more].concat());
    let events = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ends = events.filter(|event| event["event"] == "component_end");
    let word = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
    let ends = ends.map(|event| (word(&event, "component"), word(&event, "status")));
    (ends.collect(), code)
}

#[test]
fn each_answers_for_what_it_did() {
    let desk = Desk::at(INVENTORY, &["--content", FILES, "--rehearse"]);
    let (first, code) = up(&desk, &[]);
    assert_eq!((code, first["still"].as_str()), (0, "ok"), "{first:?}");
    assert_eq!(first["busy"], "changed");
    assert_eq!(first["half"], "changed");
    let (second, _) = up(&desk, &[]);
    assert_eq!(second["busy"], "changed", "a command does not know");
    assert_eq!((&*second["still"], &*second["half"]), ("ok", "ok"));
}

#[test]
fn what_misses_a_host_is_not_done() {
    let desk = Desk::at(INVENTORY, &["--content", FILES, "--rehearse"]);
    let (ends, code) = up(&desk, &["--fault", "two:link-down"]);
    assert_eq!(ends["half"], "failed", "{ends:?}");
    assert_eq!((&*ends["still"], &*ends["busy"]), ("ok", "changed"));
    assert_ne!(code, 0);
}
