//! `User` and `Group` for all names of a batch: one look at the accounts, one at the groups and
//! one at the shadow file, whose hashes never leave the host: only their digests do.

use super::super::super::{Account, ConnectionError, Probe, Reply};
use super::super::quote::words;
use super::super::script::{Answer, Function, Script};
use super::{Asked, Replies, lines};
use ring::digest;

/// `us USER…`: passwd lines, all groups, and what may be known of the passwords. A field that
/// holds no hash (`*`, `!`, `x`, empty) is printed as it is.
static USERS: Function = Function {
    name: "us",
    text: r#"gt(){ if command -v getent >/dev/null;then getent "$@";else cat "/etc/$1";fi 2>/dev/null;}
us(){ gt passwd "$@";o usp 0;gt group;o usg 0;gt shadow "$@"|while IFS=: read -r a j z;do case $j in '!'*)l=1;t=${j#'!'};t=${t#'!'};;'*'*)l=1;t=$j;;*)l=0;t=$j;esac
case $t in ''|'*'|x|'!')t=;;*)t=$(printf %s "$j"|sha256sum);t=${t%% *};j=;esac;printf '%s:%s:%s:%s\n' "$a" "$l" "$t" "$j";done;o uss 0;}"#,
    needs: &[],
};

fn users<'a>(probes: &Asked<'a>) -> Vec<(usize, &'a str)> {
    let each = probes.iter().filter_map(|(at, probe)| match probe {
        Probe::User { name } => Some((*at, name.as_str())),
        _ => None,
    });
    each.collect()
}

fn groups<'a>(probes: &Asked<'a>) -> Vec<(usize, &'a str)> {
    let each = probes.iter().filter_map(|(at, probe)| match probe {
        Probe::Group { name } => Some((*at, name.as_str())),
        _ => None,
    });
    each.collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && !name.contains([':', '\n', '/'])
}

/// Writes the calls.
pub fn compose(script: &mut Script, probes: &Asked<'_>) -> Result<(), ConnectionError> {
    let asked = users(probes);
    if !asked.is_empty() {
        script.uses(&USERS);
        let names = asked.into_iter().map(|(_, n)| n).filter(|n| is_name(n));
        // Without a name getent would list every account; root is always there and harmless.
        let mut names = words(names)?;
        if names.is_empty() {
            "root".clone_into(&mut names);
        }
        script.line(&format!("us {names}"));
    }
    let asked = groups(probes);
    if !asked.is_empty() {
        let mut names = words(asked.into_iter().map(|(_, n)| n).filter(|n| is_name(n)))?;
        if names.is_empty() {
            "root".clone_into(&mut names);
        }
        script.line(&format!(
            "if command -v getent >/dev/null;then getent group {names};else cat /etc/group;fi 2>/dev/null;o grp 0"
        ));
    }
    Ok(())
}

/// A line's fields between colons.
fn fields(line: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(line);
    text.split(':').map(ToOwned::to_owned).collect()
}

/// Reads the answers.
pub fn parse(probes: &Asked<'_>, answer: &Answer, replies: &mut Replies) {
    let table = |label: &str| -> Option<Vec<Vec<String>>> {
        let section = answer.section(label).ok()?;
        Some(lines(&section.data).map(fields).collect())
    };
    if let (Some(passwd), Some(group), Some(shadow)) = (table("usp"), table("usg"), table("uss")) {
        for (at, name) in users(probes) {
            let line = passwd.iter().find(|l| l[0] == name && l.len() >= 7);
            let account = line.and_then(|line| account(line, &group, &shadow));
            replies[at] = Some(Reply::User(account));
        }
    }
    if let Some(known) = table("grp") {
        for (at, name) in groups(probes) {
            let line = known.iter().find(|l| l[0] == name && l.len() >= 4);
            let found = line.and_then(|l| Some((l[2].parse().ok()?, members(&l[3]))));
            replies[at] = Some(Reply::Group(found));
        }
    }
}

fn members(text: &str) -> Vec<String> {
    let each = text.split(',').map(str::trim).filter(|m| !m.is_empty());
    each.map(ToOwned::to_owned).collect()
}

fn account(line: &[String], groups: &[Vec<String>], shadow: &[Vec<String>]) -> Option<Account> {
    let name = line[0].clone();
    let gid: u32 = line[3].parse().ok()?;
    let mut member_of: Vec<String> = groups
        .iter()
        .filter(|g| g.len() >= 4 && members(&g[3]).contains(&name))
        .map(|g| g[0].clone())
        .collect();
    member_of.sort();
    member_of.dedup();
    let secret = shadow.iter().find(|s| s[0] == name && s.len() >= 4);
    Some(Account {
        uid: line[2].parse().ok()?,
        gid,
        group: groups
            .iter()
            .find(|g| g.len() >= 3 && g[2] == line[3])
            .map_or_else(|| gid.to_string(), |g| g[0].clone()),
        comment: line[4].clone(),
        home: line[5].clone(),
        shell: line[6].clone(),
        groups: member_of,
        locked: secret.map(|s| s[1] == "1"),
        password_digest: secret.map(|s| {
            if s[2].is_empty() {
                sha256(s[3].as_bytes())
            } else {
                s[2].clone()
            }
        }),
        name,
    })
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}
