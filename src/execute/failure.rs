//! Why a task could not be done, and how that is told: the user's own line, the evidence, one help.

use crate::connection::ConnectionError;
use crate::diagnostic::Diagnostic;
use crate::event::Status;
use crate::input::Json;
use crate::modules::Failure;
use crate::playbook::Task;
use crate::template::{Reason, Unrendered};

use super::result::Ended;

/// What ends a task before its module has a result.
#[derive(Debug)]
pub enum Stop {
    /// It needs something that does not exist yet.
    Unknown(Reason),
    /// A template or value is wrong.
    Wrong(Box<Diagnostic>),
    /// The module or the host failed.
    Module(Failure),
}

impl From<Unrendered> for Stop {
    fn from(unrendered: Unrendered) -> Self {
        match unrendered {
            Unrendered::Unknown(reason) => Self::Unknown(reason),
            Unrendered::Wrong(diagnostic) => Self::Wrong(diagnostic),
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unrendered(unrendered) => unrendered.into(),
            other => Self::Module(other),
        }
    }
}

impl From<ConnectionError> for Stop {
    fn from(error: ConnectionError) -> Self {
        Self::Module(error.into())
    }
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Wrong(Box::new(diagnostic))
    }
}

impl Stop {
    /// A failure with Ansible's `msg`.
    pub fn msg(msg: impl Into<String>) -> Self {
        Self::Module(Failure::msg(msg))
    }

    /// The task's end on this host.
    pub fn ended(self) -> Ended {
        match self {
            Self::Unknown(until) => Ended::unknown(until),
            Self::Wrong(diagnostic) => {
                let mut ended = Ended::new(Status::Failed, diagnostic.what.clone());
                ended.error = Some(diagnostic);
                ended
            }
            Self::Module(Failure::Task {
                msg,
                result,
                help,
                code,
            }) => {
                let mut ended = Ended::new(Status::Failed, msg);
                for (name, value) in result {
                    ended.result.insert(name, value);
                }
                ended.help = help;
                ended.code = code;
                ended.marked()
            }
            Self::Module(Failure::Host(error)) => host_error(&error),
            Self::Module(Failure::Unrendered(unrendered)) => Self::from(unrendered).ended(),
        }
    }
}

/// A host that did not do what was asked.
fn host_error(error: &ConnectionError) -> Ended {
    let (status, help) = match error {
        ConnectionError::Unreachable { help, .. } => (Status::Unreachable, help.clone()),
        ConnectionError::Untrusted { help, .. } => (Status::Unreachable, Some(help.clone())),
        ConnectionError::Become { help, .. } => (Status::Failed, Some(help.clone())),
        ConnectionError::TimedOut { .. } => (
            Status::Failed,
            Some(
                "give the task more time with `timeout: SECONDS`, or find what it waits for"
                    .to_owned(),
            ),
        ),
        ConnectionError::Refused { .. }
        | ConnectionError::Protocol { .. }
        | ConnectionError::Undescribed { .. } => (Status::Failed, None),
    };
    let mut ended = Ended::new(status, error.to_string());
    if let ConnectionError::TimedOut { tail, .. } = error
        && !tail.is_empty()
    {
        ended
            .result
            .insert("stdout".to_owned(), tail.as_str().into());
    }
    ended.lost = status == Status::Unreachable;
    ended.code = Some(code_of(error));
    ended.help = help;
    ended
}

/// The slug of a host's failure.
fn code_of(error: &ConnectionError) -> &'static str {
    match error {
        ConnectionError::Unreachable { in_doubt: true, .. } => "connection/lost",
        ConnectionError::Unreachable { .. } => "connection/unreachable",
        ConnectionError::Untrusted { .. } => "connection/untrusted",
        ConnectionError::Become { .. } => "connection/become",
        ConnectionError::Refused { .. } => "connection/refused",
        ConnectionError::TimedOut { .. } => "task/timed-out",
        ConnectionError::Protocol { .. } => "connection/protocol",
        ConnectionError::Undescribed { .. } => "rehearsal/undescribed",
    }
}

/// What the user is told of a failed task: where it stands, and the evidence.
pub fn diagnostic(task: &Task, (name, host): (&str, &str), ended: &Ended) -> Diagnostic {
    if let Some(own) = &ended.error {
        return (**own).clone().why(format!("in task `{name}` on `{host}`"));
    }
    let what = if ended.lost {
        format!("lost host `{host}` at task `{name}`")
    } else {
        format!("task `{name}` failed on `{host}`")
    };
    let said = said(ended);
    let code = ended.code.unwrap_or_else(|| slug(&said));
    let mut diagnostic = Diagnostic::error(code, what).at(&task.span);
    for line in shortened(&said) {
        diagnostic = diagnostic.why(line);
    }
    if let Some(rc) = ended.result.get("rc").and_then(Json::as_i64)
        && rc != 0
    {
        diagnostic = diagnostic.why(format!("exit code {rc}"));
    }
    for stream in ["stderr", "stdout"] {
        let text = ended
            .result
            .get(stream)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .trim_end();
        let lines: Vec<&str> = text.lines().collect();
        for line in &lines[lines.len().saturating_sub(5)..] {
            if !said.contains(line.trim()) {
                diagnostic = diagnostic.why(format!("{stream}: {line}"));
            }
        }
        if !text.is_empty() {
            break;
        }
    }
    let help = ended
        .help
        .clone()
        .or_else(|| remedy(&diagnostic.why))
        .unwrap_or_else(|| {
            "mend the cause and run the same command again: what is done is looked at and kept"
                .to_owned()
        });
    diagnostic.help(help)
}

/// A message as evidence: its first lines say what, and what is last (a unit's journal) says why.
fn shortened(said: &str) -> Vec<&str> {
    const HEAD: usize = 4;
    const TAIL: usize = 8;
    let mut lines: Vec<&str> = said.lines().collect();
    if lines.len() > HEAD + TAIL {
        lines.splice(HEAD..lines.len() - TAIL, ["…"]);
    }
    lines
}

/// The message, with that of the first item that failed if there is a loop.
fn said(ended: &Ended) -> String {
    let items = ended.result.get("results").and_then(Json::as_array);
    let failed = items.into_iter().flatten().find_map(|item| {
        let failed = item.get("failed") == Some(&Json::Bool(true));
        item.get("msg").and_then(Json::as_str).filter(|_| failed)
    });
    match failed {
        Some(msg) => format!("{}: {msg}", ended.msg()),
        None => ended.msg(),
    }
}

/// The slug for what the host's own words tell.
fn slug(msg: &str) -> &'static str {
    match () {
        () if msg.contains("No space left on device") => "host/disk-full",
        () if msg.contains("Read-only file system") => "host/read-only",
        () if msg.contains("package manager's lock") || msg.contains("Could not get lock") => {
            "host/apt-lock"
        }
        () if msg.contains("Permission denied") => "host/permission-denied",
        () if msg.contains("is not up: systemctl did not finish") => "task/timed-out",
        () => "task/failed",
    }
}

/// One thing to do for causes that hosts name in the same words everywhere.
fn remedy(why: &[String]) -> Option<String> {
    const KNOWN: &[(&str, &str)] = &[
        (
            "No space left on device",
            "free space on that file system (`df -h` shows which), then run again",
        ),
        (
            "Read-only file system",
            "mount that file system writable, then run again",
        ),
        (
            "Could not get lock",
            "wait until the other package manager is done, then run again",
        ),
        (
            "dpkg was interrupted",
            "run `sudo dpkg --configure -a` on the host, then run again",
        ),
        (
            "Permission denied",
            "set `become: true` for the task, or give the user the right",
        ),
        (
            "command not found",
            "install the program on the host, or name it with its full path",
        ),
    ];
    let text = why.join("\n");
    KNOWN
        .iter()
        .find(|(sign, _)| text.contains(sign))
        .map(|(_, help)| (*help).to_owned())
}

/// A handler that nobody wrote was to be woken: what it would have done is missing.
pub fn unknown_handler(task: &Task, name: &str) -> Diagnostic {
    Diagnostic::error(
        "playbook/unknown-handler",
        format!("there is no handler `{name}`"),
    )
    .at(&task.span)
    .why("the task changed something and wakes it")
    .help("add it under `handlers`, and do by hand what it does if it is needed now")
}
