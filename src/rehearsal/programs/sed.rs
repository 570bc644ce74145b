//! sed: `s`, `d` and `p` with addresses.

use fancy_regex::Regex;

use super::super::process::{Ended, Process};
use super::super::tree::Content;
use super::grep::{extended, regex};
use super::text::inputs;
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[("sed", sed)];

/// One sed command: `s`, `d` or `p`, with an optional line or pattern address.
struct Edit {
    address: Option<Address>,
    verb: Verb,
}

enum Address {
    Line(usize),
    Last,
    Pattern(Regex),
}

enum Verb {
    Substitute {
        pattern: Regex,
        with: String,
        all: bool,
    },
    Delete,
    Print,
}

fn sed(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-n", "-E", "-r", "-i", "-e=", "--in-place"])?;
    let mut operands = args.operands.clone();
    let mut scripts: Vec<String> = args.values(&["-e"]).map(ToOwned::to_owned).collect();
    if scripts.is_empty() && !operands.is_empty() {
        scripts.push(operands.remove(0));
    }
    let mut edits = Vec::new();
    for script in &scripts {
        for command in script.split(['\n']).flat_map(split_commands) {
            match parse_edit(command.trim(), args.has(&["-E", "-r"])) {
                Some(edit) => edits.push(edit),
                None => return Err(process.strange(&command)),
            }
        }
    }
    let texts = match inputs(process, &operands) {
        Ok(texts) => texts,
        Err(code) => return Ok(code),
    };
    for (name, text) in texts {
        let edited = apply(&edits, &text, args.has(&["-n"]));
        if args.has(&["-i", "--in-place"]) {
            if let Err(error) = process.write(&name, Content::new(edited)) {
                return process.fail(format!("couldn't open file {name}: {error}"));
            }
        } else {
            process.out.extend_from_slice(edited.as_bytes());
        }
    }
    Ok(0)
}

/// Splits at `;` outside of an `s` command.
fn split_commands(line: &str) -> Vec<String> {
    let trimmed = line.trim();
    if trimmed.contains(['s', 'y']) && trimmed.matches(['/', '|', '#', ',']).count() >= 3 {
        return vec![trimmed.to_owned()];
    }
    trimmed
        .split(';')
        .filter(|c| !c.trim().is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

fn parse_edit(command: &str, is_extended: bool) -> Option<Edit> {
    let translate = |p: &str| {
        if is_extended {
            p.to_owned()
        } else {
            extended(p)
        }
    };
    let (address, rest) = if let Some(rest) = command.strip_prefix('/') {
        let end = rest.find('/')?;
        let pattern = regex(&translate(&rest[..end]), false)?;
        (Some(Address::Pattern(pattern)), &rest[end + 1..])
    } else if let Some(rest) = command.strip_prefix('$') {
        (Some(Address::Last), rest)
    } else {
        let digits = command.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let line = command[..digits].parse().ok().map(Address::Line);
        (line, &command[digits..])
    };
    let verb = match rest.trim().split_at_checked(1)? {
        ("d", "") => Verb::Delete,
        ("p", "") => Verb::Print,
        ("s", rest) => {
            let mut letters = rest.chars();
            let delimiter = letters.next()?;
            let parts = split_unescaped(letters.as_str(), delimiter);
            let [pattern, with, flags] = parts.as_slice() else {
                return None;
            };
            let pattern = regex(&translate(pattern), flags.contains(['i', 'I']))?;
            Verb::Substitute {
                pattern,
                with: with.clone(),
                all: flags.contains('g'),
            }
        }
        _ => return None,
    };
    Some(Edit { address, verb })
}

fn split_unescaped(text: &str, delimiter: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let at = parts.len() - 1;
        match letter {
            '\\' => match letters.next() {
                Some(c) if c == delimiter => parts[at].push(c),
                Some(c) => parts[at].extend(['\\', c]),
                None => parts[at].push('\\'),
            },
            c if c == delimiter => parts.push(String::new()),
            c => parts[at].push(c),
        }
    }
    parts
}

fn apply(edits: &[Edit], text: &str, quiet: bool) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    'lines: for (at, line) in lines.iter().enumerate() {
        let mut line = (*line).to_owned();
        let mut printed = String::new();
        for edit in edits {
            let here = match &edit.address {
                None => true,
                Some(Address::Line(n)) => *n == at + 1,
                Some(Address::Last) => at + 1 == lines.len(),
                Some(Address::Pattern(pattern)) => pattern.is_match(&line).unwrap_or(false),
            };
            match &edit.verb {
                _ if !here => {}
                Verb::Delete => continue 'lines,
                Verb::Print => printed.push_str(&format!("{line}\n")),
                Verb::Substitute { pattern, with, all } => {
                    line = substitute(pattern, &line, with, *all);
                }
            }
        }
        out.push_str(&printed);
        if !quiet {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

fn substitute(pattern: &Regex, line: &str, with: &str, all: bool) -> String {
    let expand = |found: &fancy_regex::Captures<'_>| {
        let group = |n: usize| found.get(n).map_or("", |m| m.as_str());
        let mut out = String::new();
        let mut letters = with.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '&' => out.push_str(group(0)),
                '\\' => match letters.next() {
                    Some(c) if c.is_ascii_digit() => out.push_str(group(c as usize - '0' as usize)),
                    Some('n') => out.push('\n'),
                    Some(c) => out.push(c),
                    None => {}
                },
                other => out.push(other),
            }
        }
        out
    };
    let limit = usize::from(!all);
    pattern.replacen(line, limit, expand).into_owned()
}
