//! The rooms table of the design, checked: which room may name which.

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

use std::collections::BTreeMap;
use std::path::Path;

/// What each room may import. *Leaves* are `input`, `diagnostic`, `secret`, `event`.
fn doors() -> BTreeMap<&'static str, Vec<&'static str>> {
    let leaves = ["input", "diagnostic", "secret", "event"];
    let with = |more: &[&'static str]| {
        leaves
            .iter()
            .copied()
            .chain(more.iter().copied())
            .collect::<Vec<_>>()
    };
    BTreeMap::from([
        // The redactor is needed to draw a diagnostic, the tree to say where.
        ("diagnostic", vec!["input", "secret"]),
        ("input", vec![]),
        ("secret", vec![]),
        ("event", vec!["secret"]),
        ("inventory", with(&[])),
        ("playbook", with(&[])),
        ("template", with(&[])),
        ("artifact", with(&[])),
        ("chart", with(&["artifact"])),
        ("plan", with(&["inventory", "playbook", "template"])),
        ("connection", with(&[])),
        ("cluster", with(&["connection"])),
        ("service", with(&["connection"])),
        ("repo", with(&["template", "connection"])),
        // Signatures (names, arguments, types) are data of `playbook`; a module reads its own.
        (
            "modules",
            with(&[
                "connection",
                "cluster",
                "service",
                "repo",
                "chart",
                "template",
                "artifact",
                "playbook",
            ]),
        ),
        // `inventory` for hosts and their variables: the design's `inventory::Host`.
        (
            "execute",
            with(&[
                "plan",
                "playbook",
                "template",
                "modules",
                "connection",
                "inventory",
            ]),
        ),
        ("state", with(&[])),
        ("report", with(&[])),
        ("rehearsal", with(&["connection", "artifact", "repo"])),
    ])
}

fn rust_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a text names with `crate::<room>`, also inside braces (`crate::{input, secret}`).
fn named(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' | ':' if depth == 1 && (!word.is_empty() && c != ':' || word.len() > 1) => {
                        rooms.push(std::mem::take(&mut word));
                    }
                    c if depth == 1 && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ => {}
                }
                if depth == 0 {
                    rooms.push(word);
                    break;
                }
            }
        } else {
            rooms.push(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    rooms
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let doors = doors();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (room, allowed) in &doors {
        let folder = root.join(room);
        if !folder.is_dir() {
            continue;
        }
        let mut files = Vec::new();
        rust_files(&folder, &mut files);
        for file in files {
            seen += 1;
            let text = std::fs::read_to_string(&file).unwrap();
            for name in named(&text) {
                let is_room = doors.contains_key(name.as_str()) || name == "commands";
                if is_room && name != *room && !allowed.contains(&name.as_str()) {
                    wrong.push(format!(
                        "{}: `{room}` may not import `{name}`",
                        file.display()
                    ));
                }
            }
        }
    }
    assert!(seen > 50, "only {seen} files were looked at");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_is_a_room_of_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(
                doors().contains_key(name) || name == "commands",
                "`{name}` is no room of the table"
            );
        }
    }
}

#[test]
fn main_is_short_and_every_file_says_why_it_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let main = std::fs::read_to_string(root.join("main.rs")).unwrap();
    assert!(main.lines().count() <= 40);
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("//!"),
            "{} does not say why it exists",
            file.display()
        );
        let lines = text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines", file.display());
    }
}
