//! `Package` for all names of a batch: one `dpkg-query` and one `apt-cache`, or one `rpm`.

use std::collections::BTreeMap;

use super::super::super::{ConnectionError, PackageState, Probe, Reply};
use super::super::quote::words;
use super::super::script::{Answer, Script};
use super::{Asked, Replies, lines};

fn asked<'a>(probes: &Asked<'a>) -> Vec<(usize, &'a str)> {
    let each = probes.iter().filter_map(|(at, probe)| match probe {
        Probe::Package { name } => Some((*at, name.as_str())),
        _ => None,
    });
    each.collect()
}

/// Names that a package manager could take for an option or a pattern are not names.
fn is_name(name: &str) -> bool {
    let ok = |c: char| c.is_alphanumeric() || "+-.:_~".contains(c);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(ok)
}

/// Writes the call.
pub fn compose(script: &mut Script, probes: &Asked<'_>) -> Result<(), ConnectionError> {
    let names: Vec<&str> = asked(probes).into_iter().map(|(_, n)| n).collect();
    let names = words(names.into_iter().filter(|n| is_name(n)))?;
    if asked(probes).is_empty() {
        return Ok(());
    }
    let or_nothing = if names.is_empty() { "false&&" } else { "" };
    script.line(&format!(
        concat!(
            "if command -v dpkg-query >/dev/null;then {nothing}dpkg-query -W -f ",
            "'${{Package}} ${{Architecture}} ${{db:Status-Abbrev}} ${{Version}}\\n' {names} 2>/dev/null;o pkg deb;",
            "{nothing}apt-cache policy {names} 2>/dev/null;o pkgc 0;",
            "elif command -v rpm >/dev/null;then {nothing}rpm -q --qf ",
            "'%{{NAME}} %{{ARCH}} ii  %{{VERSION}}-%{{RELEASE}}\\n' {names} 2>/dev/null;o pkg rpm;o pkgc 0;",
            "else o pkg none;o pkgc 0;fi"
        ),
        nothing = or_nothing,
        names = names
    ));
    Ok(())
}

/// Reads the answer.
pub fn parse(probes: &Asked<'_>, answer: &Answer, replies: &mut Replies) {
    let (Ok(known), Ok(policy)) = (answer.section("pkg"), answer.section("pkgc")) else {
        return;
    };
    let installed = installed(&known.data);
    let candidates = candidates(&policy.data);
    for (at, name) in asked(probes) {
        replies[at] = Some(if known.code == "none" {
            Reply::Refused("no package manager that is known: dpkg and rpm are missing".to_owned())
        } else {
            let mut state = installed.get(name).cloned().unwrap_or_default();
            state.candidate = candidates.get(name).cloned();
            Reply::Package(state)
        });
    }
}

/// By `name` and by `name:architecture`; a foreign architecture does not hide an installed one.
fn installed(data: &[u8]) -> BTreeMap<String, PackageState> {
    let mut all: BTreeMap<String, PackageState> = BTreeMap::new();
    for line in lines(data) {
        let text = String::from_utf8_lossy(line).into_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        let [name, arch, status, rest @ ..] = words.as_slice() else {
            continue;
        };
        let done = status.len() >= 2 && &status[1..2] == "i";
        let state = PackageState {
            installed: rest.last().filter(|_| done).map(|v| (*v).to_owned()),
            candidate: None,
            held: status.starts_with('h'),
        };
        all.insert(format!("{name}:{arch}"), state.clone());
        let plain = all.entry((*name).to_owned()).or_default();
        if plain.installed.is_none() {
            *plain = state;
        }
    }
    all
}

/// `apt-cache policy`: a name with a colon on a line of its own, then indented `Candidate:`.
fn candidates(data: &[u8]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut name = String::new();
    for line in lines(data) {
        let text = String::from_utf8_lossy(line).into_owned();
        if !text.starts_with(' ') {
            text.trim_end_matches(':').clone_into(&mut name);
        } else if let Some(version) = text.trim().strip_prefix("Candidate: ")
            && version != "(none)"
        {
            all.insert(name.clone(), version.to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read() {
        let all = installed(
            b"bash amd64 ii  5.2\ncurl amd64 rc  7.8\nlibc6 amd64 ii  2.36\nlibc6 i386 un  \nvim amd64 hi  9\n",
        );
        assert_eq!(all["bash"].installed.as_deref(), Some("5.2"));
        assert_eq!(all["curl"].installed, None);
        assert_eq!(all["libc6"].installed.as_deref(), Some("2.36"));
        assert_eq!(all["libc6:i386"].installed, None);
        assert!(all["vim"].held);
        assert_eq!(all["vim"].installed.as_deref(), Some("9"));
    }

    #[test]
    fn candidates_are_read() {
        let all = candidates(
            b"bash:\n  Installed: 5.2\n  Candidate: 5.3\n  Version table:\nx:\n  Candidate: (none)\n",
        );
        assert_eq!(all.get("bash").map(String::as_str), Some("5.3"));
        assert_eq!(all.get("x"), None);
    }
}
