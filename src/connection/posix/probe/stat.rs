//! `Stat` and `RealPath` for all paths of a batch: the shell's own tests sort them, then one
//! `stat`, one `readlink` and one program per kind of digest look at what is there.

use std::collections::BTreeMap;

use super::super::super::{ConnectionError, EntryKind, FileStat, Probe, Reply};
use super::super::quote;
use super::super::script::{Answer, Function, Script};
use super::{Asked, CHUNK, MISSING, PICK, Replies, denied, lines};

/// `st LABEL FOLLOWED DIGESTS PATH…`: the first FOLLOWED paths are looked at through a link.
/// Flags: `l` a link itself, `f u o` a readable file, an unreadable one, another thing,
/// `F U O` the same at the end of a link, `0` nothing, `x` not to be known.
static STAT: Function = Function {
    name: "st",
    text: r#"F="%f %u %g %s %Y %X %Z %i %d %h %y|%x|%z${nl}%U${nl}%G"
sv(){ case $y in s)stat -c "$F" -- "$@";;t)stat -L -c "$F" -- "$@";;r)readlink -z -- "$@";;*)"${y}sum" -- "$@";;esac 2>/dev/null;}
st(){ q=$1;k=$2;z=$3;shift 3;f=;i=0;v(){ sv "$@";};for p do i=$((i+1));if [ -L "$p" ];then if [ $i -gt $k ];then c=l;elif [ -f "$p" ];then [ -r "$p" ]&&c=F||c=U;elif [ -e "$p" ];then c=O;elif n "$p";then c=0;else c=x;fi
elif [ -f "$p" ];then [ -r "$p" ]&&c=f||c=u;elif [ -e "$p" ];then c=o;elif n "$p";then c=0;else c=x;fi;f=$f$c;done
printf %s "$f";o "$q" 0;y=s;pk lfuo "$@";o "${q}s" $?;y=t;pk FUO "$@";o "${q}t" $?;y=r;pk l "$@";o "${q}r" $?
for y in $z;do pk fF "$@";o "$q$y" $?;done;}"#,
    needs: &[&MISSING, &PICK],
};

/// One call of `st`.
struct Group<'a> {
    digests: &'a [&'static str],
    /// Position, path; those to follow first.
    paths: Vec<(usize, &'a str)>,
    followed: usize,
}

/// Groups by digests asked for, in chunks.
fn groups<'a>(probes: &Asked<'a>) -> Vec<Group<'a>> {
    let mut by: BTreeMap<&[&'static str], Vec<(bool, usize, &str)>> = BTreeMap::new();
    for (at, probe) in probes {
        if let Probe::Stat {
            path,
            follow,
            digests,
        } = probe
        {
            by.entry(digests).or_default().push((!follow, *at, path));
        }
    }
    let mut groups = Vec::new();
    for (digests, mut paths) in by {
        paths.sort_unstable();
        for chunk in paths.chunks(CHUNK) {
            groups.push(Group {
                digests,
                paths: chunk.iter().map(|(_, at, path)| (*at, *path)).collect(),
                followed: chunk.iter().filter(|(direct, ..)| !direct).count(),
            });
        }
    }
    groups
}

fn real_paths<'a>(probes: &Asked<'a>) -> Vec<(usize, &'a str)> {
    let each = probes.iter().filter_map(|(at, probe)| match probe {
        Probe::RealPath { path } => Some((*at, path.as_str())),
        _ => None,
    });
    each.collect()
}

/// Writes the calls.
pub fn compose(script: &mut Script, probes: &Asked<'_>) -> Result<(), ConnectionError> {
    for (number, group) in groups(probes).iter().enumerate() {
        script.uses(&STAT);
        let mut line = format!(
            "st s{number} {} {}",
            group.followed,
            quote::quote(&group.digests.join(" "))?
        );
        for (_, path) in &group.paths {
            line.push(' ');
            line.push_str(&quote::path(path)?);
        }
        script.line(&line);
    }
    for (number, chunk) in real_paths(probes).chunks(CHUNK).enumerate() {
        let mut line = "readlink -mz --".to_owned();
        for (_, path) in chunk {
            line.push(' ');
            line.push_str(&quote::path(path)?);
        }
        script.line(&format!("{line};o rp{number} $?"));
    }
    Ok(())
}

/// Reads the answers; what does not add up stays unanswered.
pub fn parse(probes: &Asked<'_>, answer: &Answer, replies: &mut Replies) {
    for (number, group) in groups(probes).iter().enumerate() {
        if let Some(found) = parse_group(group, &format!("s{number}"), answer) {
            for ((at, _), reply) in group.paths.iter().zip(found) {
                replies[*at] = Some(reply);
            }
        }
    }
    for (number, chunk) in real_paths(probes).chunks(CHUNK).enumerate() {
        let Ok(section) = answer.section(&format!("rp{number}")) else {
            continue;
        };
        let found: Vec<&[u8]> = section.data.split(|b| *b == 0).collect();
        if section.code == "0" && found.len() == chunk.len() + 1 {
            for ((at, _), path) in chunk.iter().zip(found) {
                let path = String::from_utf8_lossy(path).into_owned();
                replies[*at] = Some(Reply::RealPath(path));
            }
        }
    }
}

fn parse_group(group: &Group<'_>, label: &str, answer: &Answer) -> Option<Vec<Reply>> {
    let flags = &answer.section(label).ok()?.data;
    if flags.len() != group.paths.len() {
        return None;
    }
    let count = |of: &[u8]| flags.iter().filter(|f| of.contains(f)).count();
    let part = |suffix: &str| answer.section(&format!("{label}{suffix}")).ok();
    let mut direct = records(&part("s")?.data, count(b"lfuo"))?.into_iter();
    let mut through = records(&part("t")?.data, count(b"FUO"))?.into_iter();
    let targets: Vec<&[u8]> = part("r")?.data.split(|b| *b == 0).collect();
    if count(b"l") + 1 != targets.len() {
        return None;
    }
    let mut targets = targets.into_iter();
    let mut digests = Vec::new();
    for name in group.digests {
        digests.push((*name, digest_lines(&part(name)?.data, count(b"fF"))?));
    }
    let mut nth = 0;
    let mut found = Vec::new();
    for (flag, (_, path)) in flags.iter().zip(&group.paths) {
        let mut stat = match flag {
            b'0' => {
                found.push(Reply::Stat(None));
                continue;
            }
            b'x' => {
                found.push(denied(path));
                continue;
            }
            b'F' | b'U' | b'O' => through.next()?,
            _ => direct.next()?,
        };
        if *flag == b'l' {
            stat.target = Some(String::from_utf8_lossy(targets.next()?).into_owned());
        }
        if matches!(flag, b'f' | b'F') {
            for (name, lines) in &digests {
                stat.digests
                    .insert((*name).to_owned(), lines.get(nth)?.clone());
            }
            nth += 1;
        }
        found.push(Reply::Stat(Some(Box::new(stat))));
    }
    Some(found)
}

/// Exactly `count` records of three lines.
fn records(data: &[u8], count: usize) -> Option<Vec<FileStat>> {
    let all: Vec<&[u8]> = lines(data).collect();
    if all.len() != count * 3 {
        return None;
    }
    all.chunks(3).map(record).collect()
}

/// One record: numbers, owner, group.
pub fn record(lines: &[&[u8]]) -> Option<FileStat> {
    let numbers = std::str::from_utf8(lines.first()?).ok()?;
    let mut words = numbers.splitn(11, ' ');
    let raw = u32::from_str_radix(words.next()?, 16).ok()?;
    let uid: u32 = words.next()?.parse().ok()?;
    let gid: u32 = words.next()?.parse().ok()?;
    let size = words.next()?.parse().ok()?;
    let whole = [words.next()?, words.next()?, words.next()?];
    let inode = words.next()?.parse().ok()?;
    let device = words.next()?.parse().ok()?;
    let links = words.next()?.parse().ok()?;
    let human: Vec<&str> = words.next()?.split('|').collect();
    let time = |at: usize| seconds(whole[at], human.get(at).copied().unwrap_or(""));
    Some(FileStat {
        kind: match raw & 0o170_000 {
            0o100_000 => EntryKind::File,
            0o040_000 => EntryKind::Directory,
            0o120_000 => EntryKind::Link,
            _ => EntryKind::Other,
        },
        mode: raw & 0o7777,
        uid,
        gid,
        owner: name(lines.get(1)?, uid),
        group: name(lines.get(2)?, gid),
        size,
        mtime: time(0)?,
        atime: time(1)?,
        ctime: time(2)?,
        inode,
        device,
        links,
        target: None,
        digests: BTreeMap::new(),
    })
}

/// An account's name, or its number where the host knows none.
pub fn name(text: &[u8], number: u32) -> String {
    match String::from_utf8_lossy(text).into_owned() {
        text if text.is_empty() || text == "UNKNOWN" => number.to_string(),
        text => text,
    }
}

/// Whole seconds, with the fraction of `2026-11-21 10:40:52.123456789 +0000` where it is printed.
fn seconds(whole: &str, human: &str) -> Option<f64> {
    let fraction = human
        .split_once('.')
        .map_or("", |(_, rest)| rest.split(' ').next().unwrap_or(""));
    let digits = fraction.chars().all(|c| c.is_ascii_digit());
    let fraction = if digits { fraction } else { "" };
    format!("{whole}.{fraction}0").parse().ok()
}

/// The first word of each line, `count` of them; names in the rest are escaped to one line.
fn digest_lines(data: &[u8], count: usize) -> Option<Vec<String>> {
    let all: Option<Vec<String>> = lines(data).map(digest).collect();
    all.filter(|all| all.len() == count)
}

/// A digest from a line of `sha256sum` and its kin; a leading `\` says that the name is escaped.
pub fn digest(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let word = text.strip_prefix('\\').unwrap_or(&text);
    let word = word.split([' ', '\n']).next()?;
    let hex = word.len() >= 32 && word.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| word.to_ascii_lowercase())
}
