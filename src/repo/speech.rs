//! How git speaks: what it complains about, paths as it reads them, objects as it prints them.

use std::collections::BTreeMap;

use super::git::Ran;
use super::problem;
use crate::diagnostic::Diagnostic;

/// How much of git's complaint an error shows.
const LINES: usize = 8;

/// Git's answer, with its last lines.
pub fn failed(args: &[&str], ran: &Ran) -> Diagnostic {
    let verb = args.first().copied().unwrap_or_default();
    let lines: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let mut error = problem(
        "repo/git",
        format!("`git {verb}` failed (exit {})", ran.code),
    );
    for line in &lines[lines.len().saturating_sub(LINES)..] {
        error = error.why(line.trim_start_matches("remote:").trim());
    }
    let said = ran.stderr.as_str();
    let help = if said.contains("Host key verification failed") {
        "the server shows another host key than the one that was read: see who answers there"
    } else if [
        "Permission denied",
        "not allowed to push",
        "have permission to",
    ]
    .iter()
    .any(|words| said.contains(words))
    {
        "the deploy key must be in the project's settings, with the right to push"
    } else {
        "see whether the repository's address is right and answers, then run again"
    };
    error.help(help)
}

/// A path as fast-import reads it.
pub fn quoted(path: &str) -> String {
    let mut out = String::from("\"");
    for c in path.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The objects of `cat-file --batch`, by id.
pub fn batch(mut bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes = &bytes[end + 1..];
        let mut words = head.split(' ');
        let (id, kind, size) = (words.next(), words.next(), words.next());
        let size: Option<usize> = size.and_then(|size| size.parse().ok());
        let (Some(id), Some("blob"), Some(size)) = (id, kind, size) else {
            continue;
        };
        let Some(content) = bytes.get(..size) else {
            break;
        };
        found.insert(id.to_owned(), content.to_vec());
        bytes = bytes.get(size + 1..).unwrap_or_default();
    }
    found
}
