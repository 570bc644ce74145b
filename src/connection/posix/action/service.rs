//! Packages, units and kernel parameters.

use super::super::super::{ConnectionError, PackageAction, UnitAction};
use super::super::probe::sysctl_file;
use super::super::quote::{quote, words};
use super::super::script::Script;

/// Seconds that apt waits for a lock when the task does not say.
const LOCK_WAIT: u32 = 60;

fn names_only(names: &[String]) -> Result<(), ConnectionError> {
    match names.iter().find(|n| n.is_empty() || n.starts_with('-')) {
        None => Ok(()),
        Some(odd) => Err(ConnectionError::Refused {
            what: format!("`{odd}` is not a package's name"),
        }),
    }
}

/// `Package`: apt where there is apt, else dnf, yum, zypper or apk.
pub fn compose_package(script: &mut Script, action: &PackageAction) -> Result<(), ConnectionError> {
    let (verb, names, options) = match action {
        PackageAction::Update => ("update", &[][..], &[][..]),
        PackageAction::Install { names, options } => ("install", &names[..], &options[..]),
        PackageAction::Remove { names, options } => ("remove", &names[..], &options[..]),
        PackageAction::Whole { verb, options } => (verb.as_str(), &[][..], &options[..]),
    };
    names_only(names)?;
    script.runs_programs();
    let (options, names) = (words(options)?, words(names)?);
    let wait = if options.contains("DPkg::Lock::Timeout") {
        String::new()
    } else {
        format!("-o DPkg::Lock::Timeout={LOCK_WAIT} ")
    };
    let other = |program: &str| match verb {
        "update" if program == "apk" => "apk update".to_owned(),
        "update" if program == "zypper" => "zypper -n refresh".to_owned(),
        "update" => format!("{program} -y makecache"),
        "install" if program == "apk" => format!("apk add {names}"),
        "remove" if program == "apk" => format!("apk del {names}"),
        verb if program == "zypper" => format!("zypper -n {verb} {options} {names}"),
        verb => format!("{program} -y {verb} {options} {names}"),
    };
    let verb_word = quote(verb)?;
    let exports = script.exports.clone();
    let mut line = format!(
        "if command -v apt-get >/dev/null;then (export DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical;{exports}exec 3<&-;exec $S apt-get -y -q {wait}{options} {verb_word} -- {names})"
    );
    for program in ["dnf", "yum", "zypper", "apk"] {
        line.extend([format!(
            ";elif command -v {program} >/dev/null;then ({exports}exec 3<&-;exec $S {})",
            other(program)
        )]);
    }
    script.line(&format!(
        "{line};else printf 'no package manager that is known\\n' >&2;false;fi;e a $?"
    ));
    Ok(())
}

/// `Unit`.
pub fn compose_unit(
    script: &mut Script,
    name: &str,
    action: UnitAction,
) -> Result<(), ConnectionError> {
    script.runs_programs();
    let verb = match action {
        UnitAction::Start => "start",
        UnitAction::Stop => "stop",
        UnitAction::Restart => "restart",
        UnitAction::Reload => "reload",
        UnitAction::Enable => "enable",
        UnitAction::Disable => "disable",
        UnitAction::Mask => "mask",
        UnitAction::Unmask => "unmask",
        UnitAction::DaemonReload => "daemon-reload",
        UnitAction::DaemonReexec => "daemon-reexec",
        UnitAction::ResetFailed => "reset-failed",
    };
    let whole = matches!(action, UnitAction::DaemonReload | UnitAction::DaemonReexec);
    let name = if whole {
        String::new()
    } else {
        format!(" -- {}", quote(name)?)
    };
    script.line(&format!(
        "(exec 3<&-;exec $S systemctl --no-ask-password {verb}{name});e a $?"
    ));
    Ok(())
}

/// `Sysctl`: one write to the parameter's file.
pub fn compose_sysctl(script: &mut Script, name: &str, value: &str) -> Result<(), ConnectionError> {
    let file = sysctl_file(name).ok_or_else(|| ConnectionError::Refused {
        what: format!("`{name}` is not a kernel parameter's name"),
    })?;
    let (file, value) = (quote(&file)?, quote(value)?);
    script.line(&format!(
        "if [ -e {file} ];then (printf '%s\\n' {value} >{file});else printf '%s: no such kernel parameter\\n' {file} >&2;false;fi;e a $?"
    ));
    Ok(())
}
