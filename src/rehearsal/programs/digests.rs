//! Digests and comparisons: sha256sum and family, cmp.

use super::super::process::{Ended, Process};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[
    ("sha256sum", digest),
    ("sha512sum", digest),
    ("sha1sum", digest),
    ("md5sum", digest),
    ("cmp", cmp),
];

fn digest(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &[
            "-c",
            "-b",
            "--check",
            "--status",
            "--quiet",
            "--ignore-missing",
        ],
    )?;
    let algorithm = process.name().trim_end_matches("sum").to_owned();
    if args.has(&["-c", "--check"]) {
        return check(process, &args, &algorithm);
    }
    let mut code = 0;
    for operand in &args.operands {
        match process.read(operand) {
            Ok(content) => {
                let digest = content.digest(&algorithm).unwrap_or_default();
                process.say(format!("{digest}  {operand}"));
            }
            Err(error) => code = process.fail(format!("{operand}: {error}"))?,
        }
    }
    if args.operands.is_empty() {
        let content = super::super::tree::Content::new(process.stdin.clone());
        process.say(format!(
            "{}  -",
            content.digest(&algorithm).unwrap_or_default()
        ));
    }
    Ok(code)
}

fn check(process: &mut Process<'_>, args: &Args, algorithm: &str) -> Ended {
    let list = process
        .read_text(args.operand(0).unwrap_or("-"))
        .unwrap_or_default();
    let mut code = 0;
    for entry in list.lines() {
        let Some((wanted, path)) = entry.split_once(' ') else {
            continue;
        };
        let path = path.trim_start_matches([' ', '*']);
        let found = process
            .read(path)
            .ok()
            .and_then(|content| content.digest(algorithm));
        let good = found.as_deref() == Some(wanted);
        if !good {
            code = 1;
        }
        if !args.has(&["--status"]) {
            process.say(format!("{path}: {}", if good { "OK" } else { "FAILED" }));
        }
    }
    Ok(code)
}

fn cmp(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-s", "--silent", "--quiet"])?;
    let (a, b) = (
        args.operand(0).unwrap_or_default(),
        args.operand(1).unwrap_or_default(),
    );
    match (process.read(a), process.read(b)) {
        (Ok(one), Ok(two)) if one.bytes() == two.bytes() => Ok(0),
        (Ok(_), Ok(_)) => Ok(1),
        _ => Ok(2),
    }
}
