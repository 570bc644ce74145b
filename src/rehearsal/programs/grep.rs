//! grep, and POSIX patterns as the regex crate writes them.

use fancy_regex::Regex;

use super::super::process::{Ended, Process};
use super::text::inputs;
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[("grep", grep), ("egrep", grep)];

/// A basic regular expression as an extended one.
pub fn extended(pattern: &str) -> String {
    let mut out = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(c @ ('(' | ')' | '{' | '}' | '+' | '?' | '|')) => out.push(c),
                Some(c) => out.extend(['\\', c]),
                None => out.push('\\'),
            },
            '(' | ')' | '{' | '}' | '+' | '?' | '|' => out.extend(['\\', letter]),
            other => out.push(other),
        }
    }
    out
}

/// POSIX classes are the same in both; a lone `{` is a letter.
pub(super) fn regex(pattern: &str, ignore_case: bool) -> Option<Regex> {
    let flags = if ignore_case { "(?i)" } else { "" };
    Regex::new(&format!("{flags}{pattern}")).ok()
}

#[expect(clippy::too_many_lines, reason = "one case of a table per line")]
fn grep(process: &mut Process<'_>) -> Ended {
    let known = [
        "-q", "-v", "-i", "-E", "-F", "-c", "-o", "-w", "-x", "-n", "-s", "-l", "-h", "-H", "-P",
        "-e=", "-m=", "--quiet",
    ];
    let args = Args::read(process, &known)?;
    let mut operands = args.operands.clone();
    let pattern = match args.value(&["-e"]) {
        Some(pattern) => pattern.to_owned(),
        None if operands.is_empty() => return process.fail("missing pattern"),
        None => operands.remove(0),
    };
    let mut source = if args.has(&["-F"]) {
        fancy_regex::escape(&pattern).into_owned()
    } else if args.has(&["-E", "-P"]) || process.name() == "egrep" {
        pattern.clone()
    } else {
        extended(&pattern)
    };
    if args.has(&["-w"]) {
        source = format!(r"\b(?:{source})\b");
    }
    if args.has(&["-x"]) {
        source = format!("^(?:{source})$");
    }
    let Some(regex) = regex(&source, args.has(&["-i"])) else {
        return process.fail(format!("invalid pattern {pattern}"));
    };
    let texts = match inputs(process, &operands) {
        Ok(texts) => texts,
        Err(code) => return Ok(code),
    };
    let several = texts.len() > 1 && !args.has(&["-h"]);
    let mut count = 0;
    for (name, text) in texts {
        for (at, line) in text.lines().enumerate() {
            if regex.is_match(line).unwrap_or(false) == args.has(&["-v"]) {
                continue;
            }
            count += 1;
            if args.has(&["-q", "--quiet", "-c", "-l"]) {
                continue;
            }
            let prefix = if several {
                format!("{name}:")
            } else {
                String::new()
            };
            let number = if args.has(&["-n"]) {
                format!("{}:", at + 1)
            } else {
                String::new()
            };
            if args.has(&["-o"]) {
                for found in regex.find_iter(line).flatten() {
                    process.say(format!("{prefix}{number}{}", found.as_str()));
                }
            } else {
                process.say(format!("{prefix}{number}{line}"));
            }
        }
        if args.has(&["-l"]) && count > 0 {
            process.say(name);
        }
    }
    if args.has(&["-c"]) {
        process.say(count.to_string());
    }
    Ok(i32::from(count == 0))
}
