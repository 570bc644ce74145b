//! Tools that order and cut lines: sort, uniq, tr, cut.

use super::super::process::{Ended, Process};
use super::text::inputs;
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[("sort", sort), ("uniq", uniq), ("tr", tr), ("cut", cut)];

fn sort(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-u", "-r", "-n", "-V", "-k=", "-t="])?;
    let Ok(texts) = inputs(process, &args.operands) else {
        return Ok(2);
    };
    let mut lines: Vec<String> = texts
        .iter()
        .flat_map(|(_, t)| t.lines())
        .map(ToOwned::to_owned)
        .collect();
    if args.has(&["-k"]) {
        return Err(process.strange("-k"));
    }
    if args.has(&["-n"]) {
        let number = |line: &String| {
            line.trim()
                .split(|c: char| !c.is_ascii_digit())
                .next()
                .and_then(|n| n.parse::<u64>().ok())
                .unwrap_or(0)
        };
        lines.sort_by_key(number);
    } else if args.has(&["-V"]) {
        lines.sort_by(|a, b| super::super::packages::compare(a, b));
    } else {
        lines.sort();
    }
    if args.has(&["-u"]) {
        lines.dedup();
    }
    if args.has(&["-r"]) {
        lines.reverse();
    }
    for line in lines {
        process.say(line);
    }
    Ok(0)
}

fn uniq(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &[])?;
    let texts = inputs(process, &args.operands).unwrap_or_default();
    let mut lines: Vec<&str> = texts.iter().flat_map(|(_, t)| t.lines()).collect();
    lines.dedup();
    for line in lines {
        process.say(line);
    }
    Ok(0)
}

/// `a-z` and `\n` spelled out.
fn set(text: &str) -> Vec<char> {
    let text = text
        .replace("[:upper:]", "A-Z")
        .replace("[:lower:]", "a-z")
        .replace("[:digit:]", "0-9")
        .replace("[:alnum:]", "A-Za-z0-9")
        .replace("[:space:]", " \t\n\r")
        .replace("\\n", "\n")
        .replace("\\t", "\t");
    let letters: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        if at + 2 < letters.len() && letters[at + 1] == '-' {
            out.extend(letters[at]..=letters[at + 2]);
            at += 3;
        } else {
            out.push(letters[at]);
            at += 1;
        }
    }
    out
}

fn tr(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-d", "-s", "-c", "-C"])?;
    let from = set(args.operand(0).unwrap_or_default());
    let to = set(args.operand(1).unwrap_or_default());
    let complement = args.has(&["-c", "-C"]);
    let text = process.read_text("-").unwrap_or_default();
    let mut out = String::new();
    for letter in text.chars() {
        let at = from.iter().position(|c| *c == letter);
        let hit = at.is_some() != complement;
        if !hit {
            out.push(letter);
        } else if args.has(&["-d"]) {
        } else if to.is_empty() {
            if !(args.has(&["-s"]) && out.ends_with(letter)) {
                out.push(letter);
            }
        } else {
            let new = at
                .and_then(|at| to.get(at))
                .or(to.last())
                .copied()
                .unwrap_or(letter);
            if !(args.has(&["-s"]) && out.ends_with(new)) {
                out.push(new);
            }
        }
    }
    process.out.extend_from_slice(out.as_bytes());
    Ok(0)
}

fn cut(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-d=", "-f=", "-c=", "-s"])?;
    let list = args.value(&["-f", "-c"]).unwrap_or("1").to_owned();
    let wanted = move |n: usize| {
        list.split(',').any(|part| match part.split_once('-') {
            Some((from, to)) => {
                n >= from.parse().unwrap_or(1) && n <= to.parse().unwrap_or(usize::MAX)
            }
            None => part.parse() == Ok(n),
        })
    };
    let delimiter = args.value(&["-d"]).unwrap_or("\t").to_owned();
    let texts = inputs(process, &args.operands).unwrap_or_default();
    for (_, text) in texts {
        for line in text.lines() {
            let (fields, glue): (Vec<String>, &str) = if args.has(&["-c"]) {
                (line.chars().map(String::from).collect(), "")
            } else if !line.contains(&delimiter) {
                (vec![], "")
            } else {
                (
                    line.split(&delimiter).map(ToOwned::to_owned).collect(),
                    &delimiter,
                )
            };
            if fields.is_empty() {
                process.say(line);
                continue;
            }
            let kept: Vec<String> = fields
                .into_iter()
                .enumerate()
                .filter(|(at, _)| wanted(at + 1))
                .map(|(_, field)| field)
                .collect();
            process.say(kept.join(glue));
        }
    }
    Ok(0)
}
