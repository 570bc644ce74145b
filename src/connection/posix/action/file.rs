//! Files, whole or not at all: content goes to a temporary file in the same directory, gets its
//! owner and mode, reaches the disk, is validated, and is renamed over the old file.
//!
//! A temporary file of a driver that is dead (its process id is in the name) is removed by the
//! next write in that directory.

use bytes::Bytes;

use super::super::super::{Attributes, ConnectionError};
use super::super::quote::{path, quote};
use super::super::script::{Content, Function, Script};
use crate::input::LocalFile;

/// `ta PATH`: makes the temporary name `$t` beside PATH, removes what dead drivers left.
static TEMPORARY: Function = Function {
    name: "ta",
    text: r#"ta(){ d=${1%/*};t=$d/.nautes-install.$$.$N;if [ -d "$1" ]&&[ ! -L "$1" ];then printf '%s: Is a directory\n' "$1" >&2;return 1;fi
for o in "$d"/.nautes-install.*.*;do [ -f "$o" ]||continue;z=${o##*/.nautes-install.};z=${z%%.*};case $z in ''|*[!0-9]*)continue;;esac;[ -d "/proc/$z" ]||rm -f -- "$o";done;}"#,
    needs: &[],
};

/// `fi PATH MODE OWNER GROUP BACKUP`: finishes `$t` as PATH. `-` is "not given": then what is
/// there is kept, and a new file gets what the mask allows. `val`, if set, checks `$t`.
static FINISH: Function = Function {
    name: "fi_",
    text: r#"fi_(){ m=$2;w=$3;g=$4;if [ -e "$1" ]&&[ "$m$w$g" != "${m#-}${w#-}${g#-}" ];then x=$(stat -L -c '%a %u %g' -- "$1")||return 1;[ "$m" != - ]||m=${x%% *};x=${x#* };[ "$w" != - ]||w=${x% *};[ "$g" != - ]||g=${x#* };fi
[ "$m" != - ]||m=$(printf %o $((0666&~$(umask))))
[ "$R" = 1 ]&&[ ! -g "$d" ]&&{ case $w in 0|root)w=-;;esac;case $g in 0|root)g=-;;esac;}
[ "$w" = - ]&&w=;[ "$g" = - ]&&g=;if [ -n "$g" ]&&[ -z "$w" ]&&[ "$R" != 1 ];then chgrp -- "$g" "$t" 2>/dev/null||[ "$4" = - ]||chgrp -- "$g" "$t"||return 1
elif [ -n "$w$g" ];then chown -- "$w${g:+:$g}" "$t" 2>/dev/null||{ [ "$3$4" = -- ]&&[ "$R" != 1 ];}||chown -- "$w${g:+:$g}" "$t"||return 1;fi
chmod -- "$m" "$t"&&{ sync -- "$t" 2>/dev/null||sync;}||return 1
[ -z "$val" ]||sh -c "$val" </dev/null 3<&-||{ printf 'validation failed: exit code %s\n' $? >&2;return 1;}
if [ "$5" != - ]&&[ -e "$1" ];then cp -p -- "$1" "$5"||return 1;fi
mv -fT -- "$t" "$1"||return 1;[ ! -e /sys/fs/selinux/enforce ]||restorecon -- "$1" 2>/dev/null;:;}"#,
    needs: &[],
};

fn given(value: Option<&str>) -> Result<String, ConnectionError> {
    match value {
        Some(v) if v.starts_with('-') || v.is_empty() => Err(ConnectionError::Refused {
            what: format!("`{v}` is not the name of an account or group"),
        }),
        value => quote(value.unwrap_or("-")),
    }
}

/// MODE OWNER GROUP as words.
pub fn words_of(attributes: &Attributes) -> Result<String, ConnectionError> {
    let mode = attributes
        .mode
        .map_or_else(|| "-".to_owned(), |m| format!("{:04o}", m & 0o7777));
    Ok(format!(
        "{mode} {} {}",
        given(attributes.owner.as_deref())?,
        given(attributes.group.as_deref())?
    ))
}

/// What is written where.
pub struct Target<'a> {
    /// The file to be.
    pub path: &'a str,
    /// Owner, group, mode.
    pub attributes: &'a Attributes,
    /// The check before the rename.
    pub validate: Option<&'a str>,
    /// Where the old file is copied to.
    pub backup: Option<&'a str>,
}

/// Writes the request for a file with this content.
pub fn compose_write(
    script: &mut Script,
    target: &Target<'_>,
    content: &Bytes,
) -> Result<(), ConnectionError> {
    let fill = match script.content(content)? {
        Content::Inline(print) => format!("{print} >\"$t\""),
        // After a failure the rest of the blob is still on its way: the driver ends.
        Content::Blob(print) => format!("{{ {print} >\"$t\"&&q \"$t\" {};}}", content.len()),
    };
    compose_with(script, target, &fill)?;
    end_of_blob(script);
    Ok(())
}

/// Writes the request for a file that is sent from this machine, and whose digest the host checks.
pub fn compose_upload(
    script: &mut Script,
    target: &Target<'_>,
    (file, digest): (&LocalFile, &(String, String)),
) -> Result<(), ConnectionError> {
    let check = digest_check(digest)?;
    let print = script.file(file);
    let fill = format!("{{ {print} >\"$t\"&&q \"$t\" {};}}{check}", file.len);
    compose_with(script, target, &fill)?;
    end_of_blob(script);
    Ok(())
}

fn end_of_blob(script: &mut Script) {
    if script.blob().is_some() {
        script.line("[ $r = 0 ]||{ e end 1;exit 0;}");
    }
}

/// Shell text that goes on only if `$t` has the digest.
pub fn digest_check((algorithm, hex): &(String, String)) -> Result<String, ConnectionError> {
    let known = ["sha256", "sha1", "md5", "sha224", "sha384", "sha512"];
    if !known.contains(&algorithm.as_str()) {
        return Err(ConnectionError::Refused {
            what: format!("`{algorithm}` is not a digest that is known"),
        });
    }
    let hex = quote(&hex.to_ascii_lowercase())?;
    Ok(format!(
        "&&{{ s=$({algorithm}sum <\"$t\")&&s=${{s%% *}}&&[ \"$s\" = {hex} ]||{{ printf 'digest mismatch: the download has {algorithm}:%s, expected %s\\n' \"$s\" {hex} >&2;false;}};}}"
    ))
}

/// Writes the request for a file that a command fills: it writes to `$t`.
pub fn compose_with(
    script: &mut Script,
    target: &Target<'_>,
    fill: &str,
) -> Result<(), ConnectionError> {
    script.uses(&TEMPORARY);
    script.uses(&FINISH);
    let to = path(target.path)?;
    let backup = target.backup.map_or_else(|| Ok("-".to_owned()), path)?;
    let validate = target.validate.map_or_else(String::new, validation);
    let attributes = words_of(target.attributes)?;
    // `set -C` refuses to write through anything that is already there under that name.
    script.line(&format!(
        "val=;t=;ta {to}&&(umask 077;set -C;{fill})&&{{ val={validate};fi_ {to} {attributes} {backup};}};r=$?;[ $r = 0 ]||[ -z \"$t\" ]||rm -f -- \"$t\";e a $r"
    ));
    Ok(())
}

/// A user's validation command with `%s` replaced by the temporary path, as one shell word. The
/// command is shell text by its meaning; the path is ours and needs no quoting beyond its own.
fn validation(command: &str) -> String {
    let parts: Vec<String> = command
        .split("%s")
        .map(|part| format!("'{}'", part.replace('\'', "'\\''")))
        .collect();
    parts.join("\"$(sq \"$t\")\"")
}

/// `sq TEXT`: quotes a path for the validation command.
pub static QUOTE: Function = Function {
    name: "sq",
    text: r#"sq(){ s=$1;x=;while :;do case $s in *"'"*)x="$x${s%%"'"*}'\''";s=${s#*"'"};;*)break;;esac;done;printf "'%s'" "$x$s";}"#,
    needs: &[],
};
