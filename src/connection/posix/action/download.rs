//! Downloads made by the host itself: curl, else wget; the address's headers go by stdin (curl)
//! or a private file (wget), the digest is checked before the file takes its name.

use super::super::super::ConnectionError;
use super::super::quote::quote;
use super::super::script::Script;
use super::file::{Target, compose_with, digest_check};

/// Said when the host has neither program: the caller then fetches here and pushes.
pub const NO_DOWNLOADER: &str = "neither curl nor wget is installed on the host";

/// What is downloaded.
pub struct Source<'a> {
    /// http or https address.
    pub url: &'a str,
    /// Algorithm and lower-case hex.
    pub digest: Option<&'a (String, String)>,
    /// Name and value of request headers; may hold secrets.
    pub headers: &'a [(String, String)],
}

/// Writes the request.
pub fn compose(
    script: &mut Script,
    target: &Target<'_>,
    source: &Source<'_>,
) -> Result<(), ConnectionError> {
    let refused = |what: String| Err(ConnectionError::Refused { what });
    let url = source.url;
    let scheme = url.starts_with("http://") || url.starts_with("https://");
    if !scheme || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return refused(format!("`{url}` is not an address that can be downloaded"));
    }
    let mut curl = format!("url = {}\n", config_value(url));
    let mut wget = String::new();
    for (name, value) in source.headers {
        let header = format!("{name}: {value}");
        if header.chars().any(|c| c.is_control() && c != '\t') {
            return refused(format!("the header `{name}` has control characters"));
        }
        curl.extend([format!("header = {}\n", config_value(&header))]);
        wget.extend([format!("header = {header}\n")]);
    }
    let check = source.digest.map(digest_check).transpose()?;
    let check = check.unwrap_or_default();
    let (curl, wget) = (quote(&curl)?, quote(&wget)?);
    let plain = quote(url)?;
    // wget takes headers from a file only: private, beside the target, gone afterwards. Both
    // print to stdout, which is the new file, so neither may open a path of its own.
    let fill = format!(
        concat!(
            "{{ if command -v curl >/dev/null;then printf %s {curl}|({exports}exec 3<&-;exec $S curl -q -f -sS -L --proto =http,https --connect-timeout 30 --retry 2 --config -);",
            "elif command -v wget >/dev/null;then if [ -n {wget} ];then printf %s {wget} >\"$t.rc\"&&({exports}exec 3<&-;exec $S wget -q -T 30 --config=\"$t.rc\" -O - -- {url});r=$?;rm -f -- \"$t.rc\";(exit $r);",
            "else ({exports}exec 3<&-;exec $S wget -q -T 30 -O - -- {url});fi;",
            "else printf '%s\\n' {none} >&2;false;fi;}} >\"$t\"{check}"
        ),
        exports = script.exports,
        curl = curl,
        wget = wget,
        url = plain,
        none = quote(NO_DOWNLOADER)?,
        check = check
    );
    compose_with(script, target, &fill)
}

/// A value of curl's config file.
fn config_value(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
