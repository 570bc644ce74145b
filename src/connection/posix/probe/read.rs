//! `Read` for all files of a batch: one `stat` for their sizes, one `cat` for their bytes.

use std::collections::BTreeMap;

use super::super::super::{ConnectionError, Probe, Reply};
use super::super::quote;
use super::super::script::{Answer, Function, Script};
use super::{Asked, CHUNK, MISSING, PICK, Replies, denied, lines};

/// `rd LABEL LIMIT PATH…`. Flags: `f` readable, `0` no such file, `x` not to be read.
static READ: Function = Function {
    name: "rd",
    text: r#"rv(){ s=$(stat -L -c %s -- "$@");printf %s "$s";o "${q}s" 0;s=$s$nl;for p do shift;c=${s%%"$nl"*};s=${s#*"$nl"};[ "$c" -le "$m" ]&&set -- "$@" "$p";done;[ $# = 0 ]||cat -- "$@";}
rd(){ q=$1;m=$2;shift 2;f=;v(){ rv "$@";};for p do if [ -f "$p" ];then [ -r "$p" ]&&c=f||c=x;elif n "$p";then c=0;else c=x;fi;f=$f$c;done;printf %s "$f";o "$q" 0;pk f "$@";o "${q}c" $?;}"#,
    needs: &[&MISSING, &PICK],
};

type Group<'a> = (u64, Vec<(usize, &'a str)>);

fn groups<'a>(probes: &Asked<'a>) -> Vec<Group<'a>> {
    let mut by: BTreeMap<u64, Vec<(usize, &str)>> = BTreeMap::new();
    for (at, probe) in probes {
        if let Probe::Read { path, limit } = probe {
            // Files of the kernel have no size: they are read one by one.
            if !path.starts_with("/proc/") && !path.starts_with("/sys/") {
                by.entry(*limit).or_default().push((*at, path));
            }
        }
    }
    let mut groups = Vec::new();
    for (limit, paths) in by {
        for chunk in paths.chunks(CHUNK) {
            groups.push((limit, chunk.to_vec()));
        }
    }
    groups
}

/// Writes the calls.
pub fn compose(script: &mut Script, probes: &Asked<'_>) -> Result<(), ConnectionError> {
    for (number, (limit, paths)) in groups(probes).iter().enumerate() {
        script.uses(&READ);
        let mut line = format!("rd r{number} {limit}");
        for (_, path) in paths {
            line.push(' ');
            line.push_str(&quote::path(path)?);
        }
        script.line(&line);
        let room = limit.saturating_mul(paths.len() as u64);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        script.limits.keep = script.limits.keep.max(room.min(256 << 20));
    }
    Ok(())
}

/// Reads the answers; what does not add up stays unanswered.
pub fn parse(probes: &Asked<'_>, answer: &Answer, replies: &mut Replies) {
    for (number, group) in groups(probes).iter().enumerate() {
        if let Some(found) = parse_group(group, &format!("r{number}"), answer) {
            for ((at, _), reply) in group.1.iter().zip(found) {
                replies[*at] = Some(reply);
            }
        }
    }
}

fn parse_group((limit, paths): &Group<'_>, label: &str, answer: &Answer) -> Option<Vec<Reply>> {
    let flags = &answer.section(label).ok()?.data;
    if flags.len() != paths.len() {
        return None;
    }
    let mut sizes = Vec::new();
    if flags.contains(&b'f') {
        for line in lines(&answer.section(&format!("{label}s")).ok()?.data) {
            sizes.push(std::str::from_utf8(line).ok()?.parse::<u64>().ok()?);
        }
    }
    let mut sizes = sizes.into_iter();
    let mut rest = answer.section(&format!("{label}c")).ok()?.data.as_slice();
    let mut found = Vec::new();
    for (flag, (_, path)) in flags.iter().zip(paths) {
        found.push(match flag {
            b'f' => match sizes.next()? {
                size if size > *limit => Reply::TooLarge(size),
                size => {
                    let (bytes, more) = rest.split_at_checked(usize::try_from(size).ok()?)?;
                    rest = more;
                    Reply::Content(Some(bytes.to_vec()))
                }
            },
            b'0' => Reply::Content(None),
            _ => denied(path),
        });
    }
    (rest.is_empty() && sizes.next().is_none()).then_some(found)
}
