//! Looking: a batch of probes becomes one script with as few programs as possible (one `stat`
//! for all paths, one `dpkg-query` for all packages, …), and its answer becomes replies.
//!
//! What a group of programs answers is checked strictly. If it does not fit (a file vanished in
//! between, a tool that is not GNU's), the probes concerned are asked again one by one with
//! plain POSIX means: that is what `None` in a group's replies stands for.

mod account;
mod facts;
mod facts_net;
mod facts_os;
mod facts_time;

mod list;
mod package;
mod read;
mod single;
mod stat;
mod sysctl;
mod unit;

pub use sysctl::file as sysctl_file;

use super::super::{ConnectionError, Probe, Reply};
use super::action::exec::{self as program};
use super::script::{Answer, Function, Script};

/// Replies by position in the batch; `None` is not answered yet.
pub type Replies = Vec<Option<Reply>>;

/// `n PATH`: whether nothing is there, as opposed to a directory on the way that we may not search.
pub static MISSING: Function = Function {
    name: "n",
    text: "n(){ d=${1%/*};while [ -n \"$d\" ]&&[ ! -e \"$d\" ];do d=${d%/*};done;d=${d:-/};[ ! -d \"$d\" ]||[ -x \"$d\" ];}",
    needs: &[],
};

/// `pk FLAGS PATH…`: runs `v` on those paths whose flag in `$f` is one of FLAGS.
pub static PICK: Function = Function {
    name: "pk",
    text: "pk(){ w=$1;shift;g=$f;for p do shift;c=${g%\"${g#?}\"};g=${g#?};case $w in *\"$c\"*)set -- \"$@\" \"$p\";;esac;done;[ $# = 0 ]||v \"$@\";}",
    needs: &[],
};

/// Probes of one batch with their positions.
pub type Asked<'a> = Vec<(usize, &'a Probe)>;

/// The first, grouped way of asking.
pub fn compose(probes: &Asked<'_>) -> Result<Script, ConnectionError> {
    let mut script = Script::default();
    compose_into(&mut script, probes)?;
    Ok(script)
}

/// The grouped way behind an action, in its request. Not if a program of the action goes on and
/// holds its output: what it prints would end in our answers.
pub fn compose_behind(script: &mut Script, probes: &Asked<'_>) -> Result<(), ConnectionError> {
    script.line("if [ -z \"$X\" ]||hd;then X=;");
    compose_into(script, probes)?;
    script.line("fi");
    Ok(())
}

fn compose_into(script: &mut Script, probes: &Asked<'_>) -> Result<(), ConnectionError> {
    stat::compose(script, probes)?;
    read::compose(script, probes)?;
    list::compose(script, probes)?;
    package::compose(script, probes)?;
    unit::compose(script, probes)?;
    account::compose(script, probes)?;
    sysctl::compose(script, probes)?;
    facts::compose(script, probes);
    for (at, probe) in probes {
        if let Probe::Command(command) = probe {
            program::compose(script, &format!("x{at}"), command)?;
        }
    }
    Ok(())
}

/// What the grouped way answered.
pub fn parse(probes: &Asked<'_>, answer: &Answer, replies: &mut Replies) {
    stat::parse(probes, answer, replies);
    read::parse(probes, answer, replies);
    list::parse(probes, answer, replies);
    package::parse(probes, answer, replies);
    unit::parse(probes, answer, replies);
    account::parse(probes, answer, replies);
    sysctl::parse(probes, answer, replies);
    facts::parse(probes, answer, replies);
    for (at, probe) in probes {
        if let Probe::Command(exec) = probe {
            replies[*at] = match program::parse(&format!("x{at}"), answer, exec.output_limit) {
                Ok(executed) => Some(Reply::Command(executed)),
                Err(ConnectionError::Refused { what }) => Some(Reply::Refused(what)),
                Err(_) => None,
            };
        }
    }
}

/// The second way, one by one, for those that have no reply yet.
pub fn compose_single(probes: &Asked<'_>) -> Result<Script, ConnectionError> {
    single::compose(probes)
}

/// What the second way answered.
pub fn parse_single(probes: &Asked<'_>, answer: &Answer, replies: &mut Replies) {
    single::parse(probes, answer, replies);
}

/// How many paths go to one program at most: far below any system's limit on arguments.
const CHUNK: usize = 200;

/// Lines of bytes, without their newlines.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let trimmed = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let empty = bytes.is_empty();
    trimmed.split(|b| *b == b'\n').filter(move |_| !empty)
}

/// The last line of an error text, for a refusal.
fn last_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .lines()
        .rfind(|l| !l.trim().is_empty())
        .unwrap_or("refused without a message")
        .to_owned()
}

/// The refusal for a path in a directory that may not be searched, or a file that may not be read.
fn denied(path: &str) -> Reply {
    Reply::Refused(format!("{path}: Permission denied"))
}
