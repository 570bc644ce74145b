//! Running a program: its own session (so that a deadline kills it whole), its output as it
//! comes, its exit code in the trailer.

use std::collections::BTreeMap;

use super::super::super::{ConnectionError, Exec, Executed};
use super::super::quote::{self, quote, words};
use super::super::script::{Answer, Content, Limits, Script};

/// What is kept of each stream when nobody says.
const KEEP: u64 = 16 << 20;
/// How much beyond the limit is let pass (and thrown away) before the program is killed.
const FLOOD: u64 = 64 << 20;

/// Shell text that gives programs these variables.
pub fn exports(env: &BTreeMap<String, String>) -> Result<String, ConnectionError> {
    let mut text = String::new();
    for (name, value) in env {
        let proper = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !proper {
            return Err(ConnectionError::Refused {
                what: format!("`{name}` is not a variable's name"),
            });
        }
        text.extend([format!("export {name}={};", quote(value)?)]);
    }
    Ok(text)
}

/// Writes the request for one program under `label`.
pub fn compose(script: &mut Script, label: &str, exec: &Exec) -> Result<(), ConnectionError> {
    let refused = |what: &str| ConnectionError::Refused {
        what: what.to_owned(),
    };
    match exec.argv.first() {
        None => return Err(refused("there is no program to run")),
        Some(program) if program.is_empty() => {
            return Err(refused("the program's name is empty"));
        }
        Some(_) => {}
    }
    script.runs_programs();
    limit(script, exec.output_limit.unwrap_or(KEEP));
    // The user's own PATH and LC_ALL, not ours; the channel's input is not for them.
    let mut inner = "PATH=$P;[ -n \"$A\" ]&&LC_ALL=$A||unset LC_ALL;exec 3<&-;".to_owned();
    inner.push_str(&script.exports);
    inner.push_str(&exports(&exec.env)?);
    if let Some(umask) = exec.umask {
        inner.extend([format!("umask {umask:04o};")]);
    }
    if let Some(cwd) = &exec.cwd {
        inner.extend([format!("cd {}||exit 1;", quote::path(cwd)?)]);
    }
    inner.extend([format!("exec $S {}", words(&exec.argv)?)]);
    let run = match &exec.stdin {
        None => format!("({inner});e {label} $?"),
        Some(bytes) => match script.content(bytes)? {
            // A pipe's other end may go away early; what is left of a blob is then drained.
            Content::Inline(print) => format!("{print} 2>/dev/null|({inner});e {label} $?"),
            Content::Blob(print) => format!(
                "{print}|{{ ({inner});r=$?;cat >/dev/null;exit $r;}};r=$?;[ \"$h\" = b ]&&{{ q||exit 3;}};e {label} $r"
            ),
        },
    };
    match &exec.cwd {
        None => script.line(&run),
        Some(cwd) => {
            let cwd = quote::path(cwd)?;
            script.line(&format!(
                "if [ -d {cwd} ]&&[ -x {cwd} ];then {run};else e {label} nocwd;fi"
            ));
        }
    }
    Ok(())
}

/// Sets how much is kept and when a flood is stopped.
fn limit(script: &mut Script, keep: u64) {
    let keep_bytes = usize::try_from(keep).unwrap_or(usize::MAX);
    script.limits = Limits {
        keep: script.limits.keep.max(keep_bytes),
        flood: FLOOD.max(keep),
    };
}

/// Reads what the program answered.
pub fn parse(
    label: &str,
    answer: &Answer,
    limit: Option<u64>,
) -> Result<Executed, ConnectionError> {
    let section = answer.section(label)?;
    if section.code == "nocwd" {
        return Err(ConnectionError::Refused {
            what: "the working directory does not exist or may not be entered".to_owned(),
        });
    }
    let mut executed = Executed {
        code: section.exit()?,
        stdout: section.data.clone(),
        stderr: answer.errors(label).to_vec(),
    };
    let limit = usize::try_from(limit.unwrap_or(KEEP)).unwrap_or(usize::MAX);
    let cut_err = answer.err.iter().any(|s| s.label == label && s.cut);
    cut(&mut executed.stdout, limit, section.cut);
    cut(&mut executed.stderr, limit, cut_err);
    Ok(executed)
}

/// Cuts output to its limit, and says so; `already` if the frame reader had to cut it.
fn cut(output: &mut Vec<u8>, limit: usize, already: bool) {
    if already || output.len() > limit {
        output.truncate(limit);
        output.extend_from_slice(CUT);
    }
}

/// Said at the end of output that was longer than its limit.
const CUT: &[u8] = b"\n[output cut: longer than its limit]\n";
