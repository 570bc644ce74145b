//! `List`: one `find` per directory, its records separated by NUL bytes.

use std::collections::BTreeMap;

use super::super::super::{ConnectionError, Entry, EntryKind, FileStat, Probe, Reply};
use super::super::quote;
use super::super::script::{Answer, Script};
use super::{Asked, Replies, last_line, stat};

const FORMAT: &str = r"%y %m %U %G %s %T@ %A@ %C@ %i %D %n\0%u\0%g\0%P\0%l\0";

/// The `-maxdepth` of a listing.
pub fn depth_option(depth: Option<u32>) -> String {
    depth.map_or_else(String::new, |d| format!(" -maxdepth {d}"))
}

/// Writes the calls.
pub fn compose(script: &mut Script, probes: &Asked<'_>) -> Result<(), ConnectionError> {
    for (at, probe) in probes {
        if let Probe::List { path, depth } = probe {
            let path = quote::path(path)?;
            let depth = depth_option(*depth);
            script.uses(&super::MISSING);
            script.line(&format!(
                "if [ -d {path} ];then find -H {path} -mindepth 1{depth} -printf '{FORMAT}';e l{at} $?;elif n {path};then e l{at} no;else e l{at} denied;fi"
            ));
        }
    }
    Ok(())
}

/// Reads the answers; what does not add up stays unanswered.
pub fn parse(probes: &Asked<'_>, answer: &Answer, replies: &mut Replies) {
    for (at, probe) in probes {
        let Probe::List { path, .. } = probe else {
            continue;
        };
        let label = format!("l{at}");
        let Ok(section) = answer.section(&label) else {
            continue;
        };
        let said = answer.errors(&label);
        replies[*at] = match section.code.as_str() {
            "no" => Some(Reply::List(None)),
            "denied" => Some(super::denied(path)),
            "0" if !section.cut => entries(&section.data).map(|list| Reply::List(Some(list))),
            _ if section.cut => Some(Reply::Refused(format!("{path}: too many entries to list"))),
            _ if is_denial(said) => Some(Reply::Refused(last_line(said))),
            _ => None,
        };
    }
}

/// Whether find could not look into a part; a file that vanished meanwhile is not that.
pub fn is_denial(said: &[u8]) -> bool {
    String::from_utf8_lossy(said).contains("ermission denied")
}

fn entries(data: &[u8]) -> Option<Vec<Entry>> {
    let mut fields: Vec<&[u8]> = data.split(|b| *b == 0).collect();
    if fields.pop() != Some(b"".as_slice()) || !fields.len().is_multiple_of(5) {
        return None;
    }
    let mut list: Vec<Entry> = fields.chunks(5).map(entry).collect::<Option<_>>()?;
    list.sort_by(|a, b| a.path.cmp(&b.path));
    Some(list)
}

fn entry(fields: &[&[u8]]) -> Option<Entry> {
    let mut words = std::str::from_utf8(fields[0]).ok()?.split(' ');
    let kind = match words.next()? {
        "f" => EntryKind::File,
        "d" => EntryKind::Directory,
        "l" => EntryKind::Link,
        _ => EntryKind::Other,
    };
    let mode = u32::from_str_radix(words.next()?, 8).ok()? & 0o7777;
    let (uid, gid) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Entry {
        path: String::from_utf8_lossy(fields[3]).into_owned(),
        stat: FileStat {
            kind,
            mode,
            uid,
            gid,
            owner: stat::name(fields[1], uid),
            group: stat::name(fields[2], gid),
            size: words.next()?.parse().ok()?,
            mtime: words.next()?.parse().ok()?,
            atime: words.next()?.parse().ok()?,
            ctime: words.next()?.parse().ok()?,
            inode: words.next()?.parse().ok()?,
            device: words.next()?.parse().ok()?,
            links: words.next()?.parse().ok()?,
            target: (kind == EntryKind::Link)
                .then(|| String::from_utf8_lossy(fields[4]).into_owned()),
            digests: BTreeMap::new(),
        },
    })
}
