//! Directories, links, times, attributes, removal, archives.

use super::super::super::{Attributes, ConnectionError};
use super::super::quote::{path, quote, words};
use super::super::script::{Function, Script};
use super::file::words_of;

/// `at MODE OWNER GROUP CHOWN-OPTION CHMOD-OPTION PATH…`.
static ATTRIBUTES: Function = Function {
    name: "at",
    text: r#"at(){ m=$1;w=$2;g=$3;x=$4;z=$5;shift 5;[ "$w" = - ]&&w=;[ "$g" = - ]&&g=;if [ -n "$w" ];then chown $x -- "$w${g:+:$g}" "$@"||return 1;elif [ -n "$g" ];then chgrp $x -- "$g" "$@"||return 1;fi
[ "$m" = - ]||[ "$z" = no ]||chmod $z -- "$m" "$@";}"#,
    needs: &[],
};

/// `mk PATH MODE OWNER GROUP`: makes what is missing, private until it has its attributes.
static MAKE: Function = Function {
    name: "mk",
    text: r#"mk(){ p=$1;i=$2;j=$3;u=$4;if [ -d "$p" ];then return 0;fi;shift 4;set --;while [ -n "$p" ]&&[ ! -e "$p" ]&&[ ! -L "$p" ];do set -- "$p" "$@";p=${p%/*};while [ "${p%/}" != "$p" ];do p=${p%/};done;done
if [ $# = 0 ];then printf '%s: File exists\n' "$p" >&2;return 1;fi
( [ "$i" = - ]||umask 077;mkdir -- "$@" )||{ for p do [ -d "$p" ]||return 1;done;};at "$i" "$j" "$u" '' '' "$@";}"#,
    needs: &[&ATTRIBUTES],
};

/// Ends the action `a` with the last exit code.
fn close(script: &mut Script, line: &str) {
    script.line(&format!("{line};e a $?"));
}

/// `MakeDirectory`.
pub fn compose_make(
    script: &mut Script,
    at: &str,
    attributes: &Attributes,
) -> Result<(), ConnectionError> {
    script.uses(&MAKE);
    let clean = at.trim_end_matches('/');
    let clean = if clean.is_empty() { "/" } else { clean };
    close(
        script,
        &format!("mk {} {}", path(clean)?, words_of(attributes)?),
    );
    Ok(())
}

/// How far attributes reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Everything below as well.
    pub recurse: bool,
    /// Through a link at the path itself.
    pub follow: bool,
}

/// `SetAttributes`.
pub fn compose_attributes(
    script: &mut Script,
    at: &str,
    attributes: &Attributes,
    reach: Reach,
) -> Result<(), ConnectionError> {
    script.uses(&ATTRIBUTES);
    let (at, words) = (path(at)?, words_of(attributes)?);
    let recurse = if reach.recurse { "-R" } else { "''" };
    // A link itself has an owner but no mode.
    let line = if reach.follow {
        format!(
            "p={at};if [ -L \"$p\" ];then p=$(readlink -f -- \"$p\"&&printf x);p=${{p%x}};p=${{p%\"$nl\"}};fi;at {words} {} {recurse} \"$p\"",
            if reach.recurse { "-hR" } else { "''" }
        )
    } else {
        format!(
            "if [ -L {at} ];then at {words} -h no {at};else at {words} {} {recurse} {at};fi",
            if reach.recurse { "-hR" } else { "''" }
        )
    };
    close(script, &line);
    Ok(())
}

/// `Link`: made under a temporary name, then renamed over what is there.
pub fn compose_link(
    script: &mut Script,
    (at, target): (&str, &str),
    option: &str,
) -> Result<(), ConnectionError> {
    let to = path(at)?;
    let target = quote(target)?;
    // Names of one file cannot be renamed over each other; then there is nothing to do.
    let joined = if option == "-P" {
        format!("[ ! -L {to} ]&&[ {to} -ef {target} ]||")
    } else {
        String::new()
    };
    close(
        script,
        &format!(
            "{joined}{{ t={to};t=${{t%/*}}/.nautes-install.$$.$N;ln {option} -- {target} \"$t\"&&mv -fT -- \"$t\" {to};r=$?;[ ! -e \"$t\" ]&&[ ! -L \"$t\" ]||rm -f -- \"$t\";(exit $r);}}"
        ),
    );
    Ok(())
}

/// `Touch`: the times as `touch` takes them.
pub fn compose_touch(
    script: &mut Script,
    at: &str,
    times: [(&str, Option<Option<f64>>); 2],
) -> Result<(), ConnectionError> {
    let at = path(at)?;
    let mut line = format!("{{ [ -e {at} ]||(set -C;: >{at});}}");
    for (option, time) in times {
        match time {
            None => {}
            Some(None) => line.push_str(&format!("&&touch -c {option} -- {at}")),
            Some(Some(seconds)) => {
                if !seconds.is_finite() {
                    return Err(ConnectionError::Refused {
                        what: "a time that is not a number".to_owned(),
                    });
                }
                let text = format!("{seconds:.9}");
                let text = text.trim_end_matches('0').trim_end_matches('.');
                line.extend([format!("&&touch -c {option} -d @{text} -- {at}")]);
            }
        }
    }
    close(script, &line);
    Ok(())
}

/// `Remove`. The root directory and relative steps are refused.
pub fn compose_remove(script: &mut Script, at: &str) -> Result<(), ConnectionError> {
    let clean = at.trim_end_matches('/');
    if clean.is_empty() || clean.split('/').any(|part| part == "." || part == "..") {
        return Err(ConnectionError::Refused {
            what: format!("`{at}` is not a path that can be removed"),
        });
    }
    close(script, &format!("rm -rf -- {}", path(clean)?));
    Ok(())
}

/// `Unpack`: tar finds the compression by itself; what starts with `PK` is a zip.
pub fn compose_unpack(
    script: &mut Script,
    (archive, into): (&str, &str),
    options: &[String],
) -> Result<(), ConnectionError> {
    let (archive, into) = (path(archive)?, path(into)?);
    let options = words(options)?;
    close(
        script,
        &format!(
            "if [ ! -d {into} ];then printf '%s: No such directory\\n' {into} >&2;false;elif [ \"$(head -c 2 {archive}|tr -d '\\0')\" = PK ];then unzip -q -o {options} {archive} -d {into} </dev/null;else tar -x -f {archive} -C {into} {options};fi"
        ),
    );
    Ok(())
}
