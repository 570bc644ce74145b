//! Every slug in the sources has one sentence in docs/errors.md, and none is listed that is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What stands before the slash in slugs, besides the names of the rooms.
const PREFIXES: [&str; 5] = ["host", "manifest", "nautes", "settings", "task"];

/// What looks like a slug and is none: two notations of the filter `ipaddr`.
const NO_SLUGS: [&str; 1] = ["host/prefix"];

/// Rust sources below a directory, tests left out.
fn sources(directory: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs")
            && !name.ends_with("tests.rs")
            && name != "properties.rs"
        {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            found.push((path.display().to_string(), code.to_owned()));
        }
    }
}

/// String literals that have the form of a slug, with the literal that follows within a few lines
/// (mostly the message).
fn slugs_in(code: &str, rooms: &BTreeSet<String>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices('"') {
        let rest = &code[at + 1..];
        let Some(end) = rest.find('"') else { continue };
        let literal = &rest[..end];
        let Some((room, what)) = literal.split_once('/') else {
            continue;
        };
        let word = |s: &str| {
            s.starts_with(|c: char| c.is_ascii_lowercase())
                && s.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if word(room) && word(what) && rooms.contains(room) && !NO_SLUGS.contains(&literal) {
            let after: String = rest[end + 1..].chars().take(120).collect();
            let message = after.split('"').nth(1).unwrap_or("").to_owned();
            found.push((literal.to_owned(), message));
        }
    }
    found
}

fn rooms() -> BTreeSet<String> {
    fs::read_dir("src")
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .chain(PREFIXES.map(str::to_owned))
        .collect()
}

fn listed() -> BTreeSet<String> {
    fs::read_to_string("docs/errors.md")
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("- `")?.split_once("`: "))
        .filter(|(_, sentence)| sentence.len() > 10 && sentence.ends_with('.'))
        .map(|(slug, _)| slug.to_owned())
        .collect()
}

/// Every slug in the sources, with its message and file.
pub fn used() -> BTreeMap<String, (String, String)> {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let rooms = rooms();
    let mut used = BTreeMap::new();
    for (file, code) in &files {
        for (slug, message) in slugs_in(code, &rooms) {
            used.entry(slug).or_insert((message, file.clone()));
        }
    }
    used
}

#[test]
fn every_slug_is_listed_with_a_sentence_and_none_is_stale() {
    let used = used();
    assert!(
        used.contains_key("input/syntax"),
        "the search finds nothing: {used:?}"
    );
    let listed = listed();
    let mut report = String::new();
    for (slug, (message, file)) in used.iter().filter(|(slug, _)| !listed.contains(*slug)) {
        writeln!(report, "- `{slug}`: {message}.    (from {file})").unwrap();
    }
    if !report.is_empty() {
        report = format!(
            "add to docs/errors.md, each as one sentence that ends in a full stop:\n{report}"
        );
    }
    for slug in listed.iter().filter(|slug| !used.contains_key(*slug)) {
        writeln!(
            report,
            "remove from docs/errors.md (no source has it): {slug}"
        )
        .unwrap();
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn the_search_sees_slugs_and_nothing_else() {
    let rooms = BTreeSet::from(["plan".to_owned(), "task".to_owned()]);
    let code = r#"Diagnostic::error("plan/cycle", "a cycle"); "apps/v1"; "plan/b.yaml"; x => "task/failed","#;
    let found = slugs_in(code, &rooms);
    let slugs: Vec<&str> = found.iter().map(|(slug, _)| slug.as_str()).collect();
    assert_eq!(slugs, ["plan/cycle", "task/failed"]);
    assert_eq!(found[0].1, "a cycle");
}
