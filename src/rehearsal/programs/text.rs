//! Text tools for pipelines: echo, printf, grep, sed, head, tail, wc, sort, uniq, tr, cut, base64.

use base64::Engine;
use fancy_regex::Regex;

use super::super::process::{Ended, Process};
use super::super::tree::Content;
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[
    ("echo", echo),
    ("printf", printf),
    ("grep", grep),
    ("egrep", grep),
    ("sed", sed),
    ("head", head),
    ("tail", head),
    ("wc", wc),
    ("sort", sort),
    ("uniq", uniq),
    ("tr", tr),
    ("cut", cut),
    ("base64", base64),
    ("seq", seq),
];

fn echo(process: &mut Process<'_>) -> Ended {
    let mut args = process.args();
    let newline = args.first().is_none_or(|first| first != "-n");
    if args
        .first()
        .is_some_and(|first| first == "-n" || first == "-e")
    {
        args.remove(0);
    }
    process.out.extend_from_slice(args.join(" ").as_bytes());
    if newline {
        process.out.push(b'\n');
    }
    Ok(0)
}

fn printf(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    let Some((format, mut rest)) = args.split_first().map(|(f, r)| (f.clone(), r.to_vec())) else {
        return process.fail("missing operand");
    };
    let mut out = Vec::new();
    loop {
        let before = rest.len();
        let mut letters = format.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => escape(&mut letters, &mut out),
                '%' => match letters.next() {
                    Some('%') | None => out.push(b'%'),
                    Some('s' | 'd' | 'b' | 'q') => {
                        if !rest.is_empty() {
                            out.extend(rest.remove(0).into_bytes());
                        }
                    }
                    Some(other) => return Err(process.strange(&format!("%{other}"))),
                },
                other => out.extend(other.to_string().into_bytes()),
            }
        }
        if rest.is_empty() || rest.len() == before {
            break;
        }
    }
    process.out.extend(out);
    Ok(0)
}

/// `\n`, `\t`, `\NNN` in octal; anything else is itself.
fn escape(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut Vec<u8>) {
    let mut octal: Option<u32> = None;
    for _ in 0..3 {
        let Some(digit) = letters.peek().and_then(|c| c.to_digit(8)) else {
            break;
        };
        octal = Some(octal.unwrap_or(0) * 8 + digit);
        letters.next();
    }
    match octal {
        Some(value) => out.push(u8::try_from(value & 0xff).unwrap_or(0)),
        None => match letters.next() {
            Some('n') => out.push(b'\n'),
            Some('t') => out.push(b'\t'),
            Some('r') => out.push(b'\r'),
            Some(other) => out.extend(other.to_string().into_bytes()),
            None => out.push(b'\\'),
        },
    }
}

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
fn regex(pattern: &str, ignore_case: bool) -> Option<Regex> {
    let flags = if ignore_case { "(?i)" } else { "" };
    Regex::new(&format!("{flags}{pattern}")).ok()
}

/// The texts of the operands, or stdin.
fn inputs(process: &mut Process<'_>, operands: &[String]) -> Result<Vec<(String, String)>, i32> {
    if operands.is_empty() {
        return Ok(vec![(
            "-".to_owned(),
            process.read_text("-").unwrap_or_default(),
        )]);
    }
    let mut texts = Vec::new();
    for operand in operands {
        if operand == "/dev/zero" || operand == "/dev/urandom" {
            texts.push((operand.clone(), "\0".repeat(1 << 20)));
            continue;
        }
        match process.read_text(operand) {
            Ok(text) => texts.push((operand.clone(), text)),
            Err(error) => {
                let line = format!("{}: {operand}: {error}", process.name());
                process.complain(line);
                return Err(2);
            }
        }
    }
    Ok(texts)
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

fn head(process: &mut Process<'_>) -> Ended {
    let mut words = process.args();
    // `head -5` is `head -n 5`.
    for word in &mut words {
        if word.len() > 1 && word[1..].chars().all(|c| c.is_ascii_digit()) && word.starts_with('-')
        {
            *word = format!("-n{}", &word[1..]);
        }
    }
    let args =
        Args::parse(&words, &["-n=", "-c=", "-q"]).map_err(|option| process.strange(&option))?;
    let last = process.name() == "tail";
    let Ok(texts) = inputs(process, &args.operands) else {
        return Ok(1);
    };
    for (_, text) in texts {
        if let Some(count) = args.value(&["-c"]).and_then(|n| n.parse::<usize>().ok()) {
            let bytes = text.as_bytes();
            let part = if last {
                &bytes[bytes.len().saturating_sub(count)..]
            } else {
                &bytes[..count.min(bytes.len())]
            };
            process.out.extend_from_slice(part);
            continue;
        }
        let wanted = args.value(&["-n"]).unwrap_or("10").to_owned();
        let lines: Vec<&str> = text.lines().collect();
        let count: usize = wanted.trim_start_matches(['+', '-']).parse().unwrap_or(10);
        let range = match (last, wanted.chars().next()) {
            (true, Some('+')) => count.saturating_sub(1).min(lines.len())..lines.len(),
            (true, _) => lines.len().saturating_sub(count)..lines.len(),
            (false, Some('-')) => 0..lines.len().saturating_sub(count),
            (false, _) => 0..count.min(lines.len()),
        };
        for line in &lines[range] {
            process.say(line);
        }
    }
    Ok(0)
}

fn wc(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-l", "-c", "-w"])?;
    let Ok(texts) = inputs(process, &args.operands) else {
        return Ok(1);
    };
    for (name, text) in texts {
        let counts = [
            ("-l", text.matches('\n').count()),
            ("-w", text.split_whitespace().count()),
            ("-c", text.len()),
        ];
        let any = counts.iter().any(|(option, _)| args.has(&[option]));
        let mut words: Vec<String> = counts
            .iter()
            .filter(|(option, _)| !any || args.has(&[option]))
            .map(|(_, count)| count.to_string())
            .collect();
        if name != "-" {
            words.push(name);
        }
        process.say(words.join(" "));
    }
    Ok(0)
}

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

fn base64(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-d", "-w=", "--decode", "--wrap=", "-i"])?;
    let texts = inputs(process, &args.operands).unwrap_or_default();
    let engine = base64::engine::general_purpose::STANDARD;
    for (_, text) in texts {
        if args.has(&["-d", "--decode"]) {
            let compact: String = text.split_whitespace().collect();
            match engine.decode(compact) {
                Ok(bytes) => process.out.extend(bytes),
                Err(_) => return process.fail("invalid input"),
            }
        } else {
            let coded = engine.encode(text);
            if args.value(&["-w", "--wrap"]) == Some("0") {
                process.out.extend_from_slice(coded.as_bytes());
            } else {
                for chunk in coded.as_bytes().chunks(76) {
                    process.out.extend_from_slice(chunk);
                    process.out.push(b'\n');
                }
            }
        }
    }
    Ok(0)
}

fn seq(process: &mut Process<'_>) -> Ended {
    let numbers: Vec<i64> = process
        .args()
        .iter()
        .filter_map(|n| n.parse().ok())
        .collect();
    let (from, to) = match numbers.as_slice() {
        [to] => (1, *to),
        [from, to] => (*from, *to),
        _ => return Err(process.strange("three operands")),
    };
    for n in from..=to {
        process.say(n.to_string());
    }
    Ok(0)
}
