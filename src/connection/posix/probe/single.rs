//! The plain way for what the grouped way could not answer: one path at a time, with nothing
//! beyond POSIX and `stat -c` (busybox has both). Slower, and right on hosts without GNU tools.

use super::super::super::{ConnectionError, Entry, FileStat, Probe, Reply};
use super::super::quote;
use super::super::script::{Answer, Function, Script};
use super::list::depth_option;
use super::{Asked, MISSING, Replies, denied, last_line, lines, stat};

/// `s1 LABEL -L|-P DIGESTS PATH`.
static ONE: Function = Function {
    name: "s1",
    text: r#"F="%f %u %g %s %Y %X %Z %i %d %h %y|%x|%z${nl}%U${nl}%G"
s1(){ if [ "$2" = -L ]&&[ -e "$4" ];then stat -L -c "$F" "$4";r=$?;elif [ "$2" = -P ]&&{ [ -e "$4" ]||[ -L "$4" ];};then stat -c "$F" "$4";r=$?;elif n "$4";then r=no;else r=denied;fi 2>/dev/null;e "$1" $r;[ "$r" = 0 ]||return 0
if [ -L "$4" ]&&[ "$2" = -P ];then readlink -n "$4";o "$1r" $?;elif [ -f "$4" ]&&[ -r "$4" ];then for y in $3;do "${y}sum" <"$4";o "$1$y" $?;done;fi;}"#,
    needs: &[&MISSING],
};

/// Writes the requests.
pub fn compose(probes: &Asked<'_>) -> Result<Script, ConnectionError> {
    let mut script = Script::default();
    for (at, probe) in probes {
        match probe {
            Probe::Stat {
                path,
                follow,
                digests,
            } => {
                script.uses(&ONE);
                let how = if *follow { "-L" } else { "-P" };
                let digests = quote::quote(&digests.join(" "))?;
                let path = quote::path(path)?;
                script.line(&format!("s1 s{at} {how} {digests} {path}"));
            }
            Probe::RealPath { path } => {
                let path = quote::path(path)?;
                // busybox wants all but the last part to exist; a link may lead to where it does not.
                script.line(&format!(
                    "p={path};t=;k=0;while ! r=$(readlink -f \"$p\" 2>/dev/null&&printf x);do if [ -L \"$p\" ]&&[ $k -lt 40 ];then k=$((k+1));y=$(readlink \"$p\");case $y in /*)p=$y;;*)p=${{p%/*}}/$y;;esac;continue;fi;t=/${{p##*/}}$t;p=${{p%/*}};[ -n \"$p\" ]||{{ r=x;break;}};done;r=${{r%x}};printf %s \"${{r%\"$nl\"}}$t\";o rp{at} 0"
                ));
            }
            Probe::Read { path, limit } => {
                let path = quote::path(path)?;
                script.uses(&MISSING);
                script.line(&format!(
                    "if [ -f {path} ];then head -c {} <{path};r=$?;e r{at} $r;stat -L -c %s {path};o r{at}s 0;elif n {path};then e r{at} no;else e r{at} denied;fi",
                    limit.saturating_add(1)
                ));
                let room = usize::try_from(limit.saturating_add(1)).unwrap_or(usize::MAX);
                script.limits.keep = script.limits.keep.max(room.min(256 << 20));
            }
            Probe::List { path, depth } => {
                let path = quote::path(path)?;
                let depth = depth_option(*depth);
                script.uses(&MISSING);
                script.line(&format!(
                    "if [ -d {path} ];then find -H {path} -mindepth 1{depth} -exec /bin/sh -c 'F=$1;shift;for p do s=$(stat -c \"$F\" \"$p\")||continue;l=;[ -L \"$p\" ]&&l=$(readlink \"$p\");printf \"%s\\0%s\\0%s\\0\" \"$s\" \"$p\" \"$l\";done' sh \"%f %u %g %s %Y %X %Z %i %d %h %y|%x|%z${{nl}}%U${{nl}}%G\" {{}} +;e l{at} $?;else e l{at} no;fi"
                ));
            }
            _ => {}
        }
    }
    Ok(script)
}

/// Reads the answers.
pub fn parse(probes: &Asked<'_>, answer: &Answer, replies: &mut Replies) {
    for (at, probe) in probes {
        replies[*at] = match probe {
            Probe::Stat { path, digests, .. } => one(&format!("s{at}"), answer, path, digests),
            Probe::RealPath { .. } => answer
                .section(&format!("rp{at}"))
                .ok()
                .map(|s| Reply::RealPath(s.text())),
            Probe::Read { path, limit } => read(&format!("r{at}"), answer, path, *limit),
            Probe::List { path, .. } => list(&format!("l{at}"), answer, path),
            _ => None,
        };
    }
}

fn one(label: &str, answer: &Answer, path: &str, digests: &[&str]) -> Option<Reply> {
    let section = answer.section(label).ok()?;
    match section.code.as_str() {
        "no" => return Some(Reply::Stat(None)),
        "denied" => return Some(denied(path)),
        "0" => {}
        // It vanished between the test and the look.
        _ if section.data.is_empty() => return Some(Reply::Stat(None)),
        _ => return None,
    }
    let all: Vec<&[u8]> = lines(&section.data).collect();
    let mut found = stat::record(&all)?;
    if let Ok(target) = answer.section(&format!("{label}r")) {
        found.target = Some(target.text());
    }
    for name in digests {
        let section = answer.section(&format!("{label}{name}"));
        if let Some(hex) = section.ok().and_then(|s| stat::digest(&s.data)) {
            found.digests.insert((*name).to_owned(), hex);
        }
    }
    Some(Reply::Stat(Some(Box::new(found))))
}

fn read(label: &str, answer: &Answer, path: &str, limit: u64) -> Option<Reply> {
    let section = answer.section(label).ok()?;
    match section.code.as_str() {
        "no" => Some(Reply::Content(None)),
        "denied" => Some(denied(path)),
        "0" if section.data.len() as u64 > limit => {
            let size = answer.section(&format!("{label}s")).ok()?.text();
            Some(Reply::TooLarge(size.trim().parse().ok()?))
        }
        "0" => Some(Reply::Content(Some(section.data.clone()))),
        _ => Some(Reply::Refused(last_line(answer.errors(label)))),
    }
}

fn list(label: &str, answer: &Answer, path: &str) -> Option<Reply> {
    let section = answer.section(label).ok()?;
    if section.code == "no" {
        return Some(Reply::List(None));
    }
    let said = answer.errors(label);
    if super::list::is_denial(said) {
        return Some(Reply::Refused(last_line(said)));
    }
    let mut fields: Vec<&[u8]> = section.data.split(|b| *b == 0).collect();
    fields.pop();
    let root = format!("{}/", path.trim_end_matches('/'));
    let mut entries = Vec::new();
    for field in fields.chunks(3) {
        let all: Vec<&[u8]> = lines(field.first()?).collect();
        let full = String::from_utf8_lossy(field.get(1)?).into_owned();
        let mut stat: FileStat = stat::record(&all)?;
        let target = String::from_utf8_lossy(field.get(2)?).into_owned();
        stat.target = (!target.is_empty()).then_some(target);
        let path = full.strip_prefix(&root).unwrap_or(&full);
        let path = path.trim_start_matches('/').to_owned();
        entries.push(Entry { path, stat });
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Some(Reply::List(Some(entries)))
}
