//! Text tools: echo, printf, head, tail, wc, base64, seq.

use base64::Engine;

use super::super::process::{Ended, Process};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[
    ("echo", echo),
    ("printf", printf),
    ("head", head),
    ("tail", head),
    ("wc", wc),
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

/// The texts of the operands, or stdin.
pub(super) fn inputs(
    process: &mut Process<'_>,
    operands: &[String],
) -> Result<Vec<(String, String)>, i32> {
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
