//! The host protocol as a contract: each behaviour is a function over any `Connection`. The same
//! functions run against this machine (here), real hosts over SSH (in the lab) and the
//! rehearsal's model; where two differ, the real host is right.

// The machinery of these tests may stop at the first surprise: that is a failed test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

mod accounts;
mod files;
mod kubernetes;

mod lab;
mod look;
mod place;
mod programs;
mod random;
mod together;
mod writes;

pub use place::{Behaviour, Place};

/// Every group with what it is about, and its behaviours by name.
fn groups() -> [(&'static str, Vec<(&'static str, Behaviour)>); 6] {
    [
        ("Looking", look::behaviours()),
        ("Writing files", writes::behaviours()),
        (
            "Directories, links, attributes, archives",
            files::behaviours(),
        ),
        ("Programs", programs::behaviours()),
        ("Users and groups", accounts::behaviours()),
        ("Requests side by side", together::behaviours()),
    ]
}

/// Every behaviour by name.
pub fn behaviours() -> Vec<(&'static str, Behaviour)> {
    groups().into_iter().flat_map(|(_, group)| group).collect()
}

#[test]
fn the_page_lists_every_behaviour() {
    let mut list = format!(
        "{} behaviours are shown on this machine, on real hosts and by the model:\n\n",
        behaviours().len()
    );
    for (title, group) in groups() {
        let names: Vec<String> = (group.iter())
            .map(|(name, _)| name.replace('_', " "))
            .collect();
        let line = format!("- {title} ({}): {}.\n", names.len(), names.join("; "));
        list.push_str(&line);
    }
    let page = include_str!("../../docs/rehearsal.md");
    assert!(
        page.contains(&list),
        "put this into docs/rehearsal.md:\n\n{list}"
    );
}

mod against_lab;
mod against_local;
mod against_model;
