//! tar and unzip: plain ustar inside the model (nothing is compressed), and stand-ins of
//! downloaded archives, whose files a description lists.

use super::super::process::{Ended, Process};
use super::super::tree::{Body, Content, Errno, Follow, join, parent_and_name};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[("tar", tar), ("unzip", unzip)];

const BLOCK: usize = 512;

fn tar(process: &mut Process<'_>) -> Ended {
    let mut words = process.args();
    // The old style: `tar xzf`.
    if let Some(first) = words.first_mut().filter(|w| !w.starts_with('-')) {
        *first = format!("-{first}");
    }
    let known = [
        "-c",
        "-x",
        "-t",
        "-z",
        "-J",
        "-j",
        "-v",
        "-p",
        "-f=",
        "-C=",
        "-a",
        "--zstd",
        "--strip-components=",
        "--no-same-owner",
        "--same-owner",
        "--overwrite",
        "--directory=",
        "--file=",
        "--gzip",
        "--extract",
        "--no-same-permissions",
        "--keep-newer-files",
        "--exclude=",
    ];
    let args = Args::parse(&words, &known).map_err(|option| process.strange(&option))?;
    let directory = args.value(&["-C", "--directory"]).unwrap_or(".").to_owned();
    let archive = args.value(&["-f", "--file"]).unwrap_or("-").to_owned();
    if args.has(&["-c"]) {
        return create(process, &args, [&archive, &directory]);
    }
    let strip = args
        .value(&["--strip-components"])
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let entries = match open(process, &archive) {
        Ok(entries) => entries,
        Err(ended) => return ended,
    };
    if args.has(&["-t"]) {
        for (name, _, _) in entries {
            process.say(name);
        }
        return Ok(0);
    }
    if !process.exists(&directory) {
        process.complain(format!(
            "tar: {directory}: Cannot open: No such file or directory"
        ));
        return Ok(2);
    }
    extract(process, entries, (&directory, strip), &args.operands)
}

fn unzip(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-q", "-o", "-d=", "-n", "-j", "-Z", "-1"])?;
    let archive = args.operand(0).unwrap_or_default().to_owned();
    let directory = args.value(&["-d"]).unwrap_or(".").to_owned();
    let lists = args.has(&["-Z"]);
    match open(process, &archive) {
        Ok(entries) if lists => {
            for (name, _, _) in entries {
                process.say(name);
            }
            Ok(0)
        }
        Ok(entries) => extract(process, entries, (&directory, 0), &[]),
        Err(ended) => ended,
    }
}

type Entry = (String, u32, Body);

/// The entries of an archive in the tree; the error is the whole program's end.
fn open(process: &mut Process<'_>, archive: &str) -> Result<Vec<Entry>, Ended> {
    let content = match process.read(archive) {
        Ok(content) => content,
        Err(error) => {
            process.complain(format!("tar (child): {archive}: Cannot open: {error}"));
            process.complain("tar: Error is not recoverable: exiting now");
            return Err(Ok(2));
        }
    };
    if content.stand_in().is_some() || content.bytes().starts_with(b"stand-in for ") {
        let text = String::from_utf8_lossy(content.bytes()).into_owned();
        return match process.world.described.archive(&text) {
            Some(entries) => Ok(entries),
            None => Err(Err(process.strange(&format!(
                "the files in this archive ({}); describe them with an entry `unpack`",
                text.trim()
            )))),
        };
    }
    read(content.bytes()).ok_or_else(|| {
        process.complain("tar: This does not look like a tar archive");
        process.complain("tar: Exiting with failure status due to previous errors");
        Ok(2)
    })
}

fn extract(
    process: &mut Process<'_>,
    entries: Vec<Entry>,
    (directory, strip): (&str, usize),
    only: &[String],
) -> Ended {
    for (name, mode, body) in entries {
        let name = name.trim_start_matches("./");
        let wanted = |o: &String| name == o || name.starts_with(&format!("{o}/"));
        if !only.is_empty() && !only.iter().any(wanted) {
            continue;
        }
        let rest: Vec<&str> = name
            .split('/')
            .filter(|n| !n.is_empty())
            .skip(strip)
            .collect();
        if rest.is_empty() || rest.contains(&"..") {
            continue;
        }
        let base = process.path(directory);
        let path = join(&base, &rest.join("/"));
        if let Err(error) = place(process, &path, (mode, body)) {
            process.complain(format!("tar: {name}: Cannot open: {error}"));
            return Ok(2);
        }
    }
    Ok(0)
}

fn place(process: &mut Process<'_>, path: &str, (mode, body): (u32, Body)) -> Result<(), Errno> {
    let mut files = process.files();
    files.make_directories(parent_and_name(path).0)?;
    match body {
        Body::Directory(_) => {
            files.make_directories(path)?;
        }
        Body::Link(target) => {
            let _ = files.remove_one(path);
            files.symlink(&target, path)?;
            return Ok(());
        }
        Body::File(content) => {
            // tar unlinks first: a running program's file is not written into.
            let _ = files.remove_one(path);
            files.write(path, content)?;
        }
        Body::Other => return Ok(()),
    }
    files.set_mode(path, mode, Follow::No)
}

fn create(process: &mut Process<'_>, args: &Args, [archive, directory]: [&str; 2]) -> Ended {
    let base = process.path(directory);
    let mut bytes = Vec::new();
    for operand in &args.operands {
        let top = join(&base, operand);
        let mut names = vec![operand.clone()];
        let below = process
            .host
            .tree
            .below(&process.caller, &top, None)
            .unwrap_or_default();
        names.extend(below.iter().map(|(name, _, _)| format!("{operand}/{name}")));
        for name in names {
            let path = join(&base, &name);
            match process.host.tree.find(&process.caller, &path, Follow::No) {
                Ok((_, node)) => write(&mut bytes, &name, (node.mode, &node.body)),
                Err(error) => {
                    process.complain(format!("tar: {name}: Cannot stat: {error}"));
                    return Ok(2);
                }
            }
        }
    }
    bytes.extend([0; 2 * BLOCK]);
    if archive == "-" {
        process.out.extend(bytes);
        return Ok(0);
    }
    match process.write(archive, Content::new(bytes)) {
        Ok(()) => Ok(0),
        Err(error) => {
            process.complain(format!("tar (child): {archive}: Cannot open: {error}"));
            Ok(2)
        }
    }
}

fn write(bytes: &mut Vec<u8>, name: &str, (mode, body): (u32, &Body)) {
    let (kind, content, link) = match body {
        Body::File(content) => (b'0', content.bytes().to_vec(), ""),
        Body::Directory(_) => (b'5', Vec::new(), ""),
        Body::Link(target) => (b'2', Vec::new(), target.as_str()),
        Body::Other => return,
    };
    let mut header = [0_u8; BLOCK];
    let mut put = |at: usize, text: &[u8], most: usize| {
        let text = &text[..text.len().min(most)];
        header[at..at + text.len()].copy_from_slice(text);
    };
    put(0, name.as_bytes(), 100);
    put(100, format!("{mode:07o}").as_bytes(), 7);
    put(124, format!("{:011o}", content.len()).as_bytes(), 11);
    put(156, &[kind], 1);
    put(157, link.as_bytes(), 100);
    put(257, b"ustar", 5);
    bytes.extend(header);
    bytes.extend(&content);
    bytes.resize(bytes.len().div_ceil(BLOCK) * BLOCK, 0);
}

fn read(bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(header) = bytes.get(at..at + BLOCK) {
        if header[0] == 0 {
            return Some(entries);
        }
        if &header[257..262] != b"ustar" {
            return None;
        }
        let text = |from: usize, to: usize| -> String {
            let field = &header[from..to];
            let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
            String::from_utf8_lossy(&field[..end]).into_owned()
        };
        let size = usize::from_str_radix(text(124, 135).trim(), 8).ok()?;
        let mode = u32::from_str_radix(text(100, 107).trim(), 8).ok()?;
        let content = bytes.get(at + BLOCK..at + BLOCK + size)?;
        let body = match header[156] {
            b'0' => Body::File(Content::new(content.to_vec())),
            b'5' => Body::Directory(std::collections::BTreeMap::new()),
            b'2' => Body::Link(text(157, 257)),
            _ => Body::Other,
        };
        entries.push((text(0, 100), mode, body));
        at += BLOCK + size.div_ceil(BLOCK) * BLOCK;
    }
    (!entries.is_empty()).then_some(entries)
}
