//! test and `[`.

use super::super::process::{Ended, Process};
use super::super::tree::{Body, Follow, Inode, Wish};
use super::Table;

/// The table.
pub const PROGRAMS: Table = &[("test", test), ("[", test)];

fn test(process: &mut Process<'_>) -> Ended {
    let mut words = process.args();
    if process.name() == "[" && words.pop().as_deref() != Some("]") {
        process.complain("[: missing `]'");
        return Ok(2);
    }
    match evaluate(process, &words) {
        Some(true) => Ok(0),
        Some(false) => Ok(1),
        None => {
            process.complain(format!("test: unknown expression: {}", words.join(" ")));
            Ok(2)
        }
    }
}

/// The expressions of `test`; `None` is a syntax error.
fn evaluate(process: &Process<'_>, words: &[String]) -> Option<bool> {
    if let Some(at) = words.iter().position(|w| w == "-o") {
        return Some(evaluate(process, &words[..at])? || evaluate(process, &words[at + 1..])?);
    }
    if let Some(at) = words.iter().position(|w| w == "-a").filter(|at| *at > 0) {
        return Some(evaluate(process, &words[..at])? && evaluate(process, &words[at + 1..])?);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Some(false),
        ["!", rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(|w| (*w).to_owned()).collect();
            Some(!evaluate(process, &rest)?)
        }
        [word] => Some(!word.is_empty()),
        ["-n", word] => Some(!word.is_empty()),
        ["-z", word] => Some(word.is_empty()),
        [operator, path] if operator.starts_with('-') => file_test(process, operator, path),
        [a, "=" | "==", b] => Some(a == b),
        [a, "!=", b] => Some(a != b),
        [a, operator, b] => {
            let (a, b) = (a.trim().parse::<i64>().ok()?, b.trim().parse::<i64>().ok()?);
            match *operator {
                "-eq" => Some(a == b),
                "-ne" => Some(a != b),
                "-lt" => Some(a < b),
                "-le" => Some(a <= b),
                "-gt" => Some(a > b),
                "-ge" => Some(a >= b),
                _ => None,
            }
        }
        _ => None,
    }
}

fn file_test(process: &Process<'_>, operator: &str, path: &str) -> Option<bool> {
    let at = process.path(path);
    let follow = if ["-L", "-h"].contains(&operator) {
        Follow::No
    } else {
        Follow::Link
    };
    let node = process
        .host
        .tree
        .find(&process.caller, &at, follow)
        .ok()
        .map(|(_, node)| node);
    let is = |check: &dyn Fn(&Inode) -> bool| Some(node.is_some_and(check));
    match operator {
        "-e" => Some(node.is_some()),
        "-f" => is(&|n| matches!(n.body, Body::File(_))),
        "-d" => is(&|n| matches!(n.body, Body::Directory(_))),
        "-L" | "-h" => is(&|n| matches!(n.body, Body::Link(_))),
        "-S" | "-p" | "-b" | "-c" => is(&|n| matches!(n.body, Body::Other)),
        "-s" => is(&|n| n.size() > 0),
        "-r" => is(&|n| n.allows(&process.caller, Wish::Read)),
        "-w" => is(&|n| n.allows(&process.caller, Wish::Write)),
        "-x" => is(&|n| n.allows(&process.caller, Wish::Pass)),
        "-t" => Some(false),
        _ => None,
    }
}
