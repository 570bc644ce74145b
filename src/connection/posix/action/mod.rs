//! Acting: one action becomes one script; what it could not do is refused with the host's words.

mod download;
pub mod exec;
mod file;
mod service;
mod tree;

pub use download::NO_DOWNLOADER;

use super::super::{Action, Attributes, ConnectionError, Done, Executed};
use super::script::{Answer, Script};
use download::Source;
use file::Target;

/// The script of an action. `Reboot` is the connection's own business.
pub fn compose(action: &Action) -> Result<Script, ConnectionError> {
    let mut script = Script::default();
    compose_into(&mut script, action)?;
    Ok(script)
}

fn compose_into(s: &mut Script, action: &Action) -> Result<(), ConnectionError> {
    match action {
        Action::WriteFile {
            path,
            content,
            attributes,
            validate,
            backup,
        } => {
            if validate.is_some() {
                s.uses(&file::QUOTE);
            }
            let target = Target {
                path,
                attributes,
                validate: validate.as_deref(),
                backup: backup.as_deref(),
            };
            file::compose_write(s, &target, content)?;
        }
        Action::CopyFile {
            from,
            to,
            attributes,
            backup,
        } => {
            let from = super::quote::path(from)?;
            let fill = format!("cat -- {from} >\"$t\"&&touch -r {from} -- \"$t\"");
            let target = Target {
                backup: backup.as_deref(),
                ..target(to, attributes)
            };
            file::compose_with(s, &target, &fill)?;
        }
        Action::Download { .. } | Action::Upload { .. } => compose_arrival(s, action)?,
        Action::Exec(program) => exec::compose(s, "a", program)?,
        Action::With { env, action } => {
            s.exports.push_str(&exec::exports(env)?);
            compose_into(s, action)?;
        }
        Action::Package(change) => service::compose_package(s, change)?,
        Action::Unit { name, action } => service::compose_unit(s, name, *action)?,
        Action::Sysctl { name, value } => service::compose_sysctl(s, name, value)?,
        Action::Reboot { .. } => {}
        _ => compose_tree(s, action)?,
    }
    Ok(())
}

fn target<'a>(path: &'a str, attributes: &'a Attributes) -> Target<'a> {
    Target {
        path,
        attributes,
        validate: None,
        backup: None,
    }
}

/// A file that comes from outside: downloaded by the host, or sent to it.
fn compose_arrival(s: &mut Script, action: &Action) -> Result<(), ConnectionError> {
    match action {
        Action::Download {
            url,
            path,
            digest,
            attributes,
            headers,
        } => {
            let source = Source {
                url,
                digest: digest.as_ref(),
                headers,
            };
            download::compose(s, &target(path, attributes), &source)
        }
        Action::Upload {
            file,
            path,
            digest,
            attributes,
        } => file::compose_upload(s, &target(path, attributes), (file, digest)),
        _ => Ok(()),
    }
}

fn compose_tree(s: &mut Script, action: &Action) -> Result<(), ConnectionError> {
    match action {
        Action::MakeDirectory { path, attributes } => tree::compose_make(s, path, attributes),
        Action::SetAttributes {
            path,
            attributes,
            recurse,
            follow,
        } => {
            let reach = tree::Reach {
                recurse: *recurse,
                follow: *follow,
            };
            tree::compose_attributes(s, path, attributes, reach)
        }
        Action::Link { path, target, hard } => {
            let option = if *hard { "-P" } else { "-s" };
            tree::compose_link(s, (path, target), option)
        }
        Action::Touch { path, mtime, atime } => {
            tree::compose_touch(s, path, [("-m", *mtime), ("-a", *atime)])
        }
        Action::Remove { path } => tree::compose_remove(s, path),
        Action::Unpack {
            archive,
            into,
            options,
        } => tree::compose_unpack(s, (archive, into), options),
        _ => Ok(()),
    }
}

/// What the action's answer means.
pub fn parse(action: &Action, answer: &Answer) -> Result<Done, ConnectionError> {
    if let Action::With { action, .. } = action {
        return parse(action, answer);
    }
    let limit = match action {
        Action::Exec(program) => program.output_limit,
        _ => None,
    };
    let executed = exec::parse("a", answer, limit)?;
    let answers = matches!(
        action,
        Action::Exec(_) | Action::Package(_) | Action::Unit { .. }
    );
    if answers || executed.code == 0 {
        return Ok(Done { executed });
    }
    Err(ConnectionError::Refused {
        what: words(&executed),
    })
}

/// The host's own words: the end of what it printed on stderr.
fn words(executed: &Executed) -> String {
    const LINES: usize = 5;
    let text = String::from_utf8_lossy(&executed.stderr);
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    if lines.is_empty() {
        return format!("exit code {} without a message", executed.code);
    }
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
