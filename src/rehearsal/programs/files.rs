//! Programs that make, remove and fill files: mkdir, rm, touch, mktemp, tee, dd, truncate.

use super::super::process::{Ended, Process};
use super::super::tree::{Body, Content, Errno, Follow, Time, join};
use super::attributes::mode;
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[
    ("mkdir", mkdir),
    ("rm", rm),
    ("rmdir", rmdir),
    ("unlink", rmdir),
    ("touch", touch),
    ("mktemp", mktemp),
    ("tee", tee),
    ("dd", dd),
    ("truncate", truncate),
];

fn mkdir(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-p", "-m=", "-v", "--parents", "--mode="])?;
    let parents = args.has(&["-p", "--parents"]);
    let bits = args
        .value(&["-m", "--mode"])
        .map(|text| mode(text, 0o777, true).unwrap_or(0o755));
    let mut code = 0;
    for operand in &args.operands {
        let path = process.path(operand);
        let made = if parents {
            process
                .files()
                .make_directories(&path)
                .map(|made| !made.is_empty())
        } else {
            process.files().make_directory(&path, 0o777).map(|_| true)
        };
        let done = made.and_then(|made| match bits {
            Some(bits) if made => process.files().set_mode(&path, bits, Follow::Link),
            _ => Ok(()),
        });
        if let Err(error) = done {
            code = process.fail(format!(
                "cannot create directory \u{2018}{operand}\u{2019}: {error}"
            ))?;
        }
    }
    Ok(code)
}

fn rm(process: &mut Process<'_>) -> Ended {
    let known = [
        "-r",
        "-R",
        "-f",
        "-d",
        "-v",
        "-i",
        "--recursive",
        "--force",
        "--one-file-system",
        "--verbose",
    ];
    let args = Args::read(process, &known)?;
    let force = args.has(&["-f", "--force"]);
    let recursive = args.has(&["-r", "-R", "--recursive"]);
    let mut code = 0;
    for operand in &args.operands {
        let path = process.path(operand);
        let is_directory = matches!(
            process.host.tree.find(&process.caller, &path, Follow::No),
            Ok((_, node)) if matches!(node.body, Body::Directory(_))
        );
        let result = if is_directory && !recursive && !args.has(&["-d"]) {
            Err((operand.clone(), Errno::IsDirectory))
        } else {
            process.files().remove_all(&path)
        };
        match result {
            Err((_, Errno::NotFound | Errno::NotDirectory)) if force => {}
            Err((at, error)) => code = process.fail(format!("cannot remove '{at}': {error}"))?,
            Ok(()) => {}
        }
    }
    Ok(code)
}

fn rmdir(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["--ignore-fail-on-non-empty", "-p"])?;
    let mut code = 0;
    for operand in &args.operands {
        let path = process.path(operand);
        match process.files().remove_one(&path) {
            Err(Errno::NotEmpty) if args.has(&["--ignore-fail-on-non-empty"]) => {}
            Err(error) => code = process.fail(format!("failed to remove '{operand}': {error}"))?,
            Ok(()) => {}
        }
    }
    Ok(code)
}

fn touch(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &[
            "-a",
            "-m",
            "-c",
            "-d=",
            "-t=",
            "-h",
            "-r=",
            "--date=",
            "--no-create",
        ],
    )?;
    let now = process.now();
    let time = match args.value(&["-d", "--date"]) {
        Some(text) => match text.strip_prefix('@').and_then(|t| t.parse::<f64>().ok()) {
            Some(seconds) => Time::from_seconds(seconds),
            None => return Err(process.strange("--date")),
        },
        None => now,
    };
    let mut code = 0;
    for operand in &args.operands {
        let path = process.path(operand);
        let done = match process.host.tree.find(&process.caller, &path, Follow::Link) {
            Err(Errno::NotFound) if args.has(&["-c", "--no-create"]) => continue,
            Err(Errno::NotFound) => process.write(operand, Content::new("")),
            other => other.map(|_| ()),
        };
        let both = !args.has(&["-a"]) && !args.has(&["-m"]);
        let mtime = (both || args.has(&["-m"])).then_some(time);
        let atime = (both || args.has(&["-a"])).then_some(time);
        if let Err(error) = done.and_then(|()| process.files().set_times(&path, (mtime, atime))) {
            code = process.fail(format!("cannot touch '{operand}': {error}"))?;
        }
    }
    Ok(code)
}

fn mktemp(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-d", "-q", "-u", "-p=", "-t", "--tmpdir="])?;
    let template = args.operand(0).unwrap_or("tmp.XXXXXXXXXX").to_owned();
    let words = [
        process.host.name.as_str(),
        &process.now().0.to_string(),
        &process.host.tree.used().to_string(),
    ];
    let digits = super::super::host::identifier(&words);
    let head = template.trim_end_matches('X');
    let name = format!("{head}{}", &digits[..(template.len() - head.len()).min(32)]);
    let directory = args.value(&["-p", "--tmpdir"]).unwrap_or("/tmp").to_owned();
    let path = if args.operands.is_empty() {
        join(&directory, &name)
    } else {
        process.path(&name)
    };
    let mut files = process.files();
    let made = if args.has(&["-d"]) {
        files.make_directory(&path, 0o700)
    } else {
        files
            .write(&path, Content::new(""))
            .and_then(|ino| files.set_mode(&path, 0o600, Follow::No).map(|()| ino))
    };
    match made {
        Ok(_) => {
            process.say(&path);
            Ok(0)
        }
        Err(error) => process.fail(format!(
            "failed to create file via template \u{2018}{template}\u{2019}: {error}"
        )),
    }
}

fn tee(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-a", "--append"])?;
    let bytes = process.stdin.clone();
    process.out.extend_from_slice(&bytes);
    let mut code = 0;
    for operand in &args.operands {
        let path = process.path(operand);
        let done = if args.has(&["-a", "--append"]) {
            process.files().append(&path, &bytes)
        } else {
            process.files().write(&path, Content::new(bytes.clone()))
        };
        if let Err(error) = done {
            code = process.fail(format!("{operand}: {error}"))?;
        }
    }
    Ok(code)
}

fn dd(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    let get = |key: &str| {
        args.iter()
            .find_map(|a| a.strip_prefix(key)?.strip_prefix('='))
            .map(ToOwned::to_owned)
    };
    let number = |text: Option<String>| text.and_then(|t| size(&t));
    let bytes = number(get("bs")).unwrap_or(512) * number(get("count")).unwrap_or(1);
    let Some(path) = get("of") else {
        return Err(process.strange("dd without of="));
    };
    let content = match get("if").as_deref() {
        Some("/dev/zero" | "/dev/urandom") => Content::standing_in(
            "zeros",
            super::super::tree::StandIn {
                len: bytes,
                digests: std::collections::BTreeMap::new(),
            },
        ),
        Some(source) => match process.read(source) {
            Ok(content) => content,
            Err(error) => return process.fail(format!("failed to open '{source}': {error}")),
        },
        None => Content::new(process.stdin.clone()),
    };
    match process.write(&path, content) {
        Ok(()) => Ok(0),
        Err(error) => process.fail(format!("error writing '{path}': {error}")),
    }
}

/// `4096`, `10M`, `1G` as bytes.
fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" => 1,
        "k" | "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        _ => return None,
    };
    Some(digits.parse::<u64>().ok()? * unit)
}

fn truncate(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-s=", "--size="])?;
    let wanted = args.value(&["-s", "--size"]).and_then(size).unwrap_or(0);
    for operand in &args.operands {
        let mut bytes = process
            .read(operand)
            .map(|c| c.bytes().to_vec())
            .unwrap_or_default();
        bytes.resize(usize::try_from(wanted).unwrap_or(0), 0);
        if let Err(error) = process.write(operand, Content::new(bytes)) {
            return process.fail(format!("cannot open '{operand}' for writing: {error}"));
        }
    }
    Ok(0)
}
