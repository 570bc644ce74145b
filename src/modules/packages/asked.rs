//! What `apt` is asked for by name, and what apt's own dry runs announce.

use crate::connection::{Exec, PackageState, Probe};
use crate::modules::regex::wildcard;
use crate::modules::{Change, Failure, Seen};

/// A package that is asked for: a name, which may be a pattern, and perhaps a version.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub name: String,
    pub version: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    Present,
    Latest,
    Absent,
    BuildDep,
    Fixed,
}

impl Wanted {
    /// `name`, `name=version`, `name:arch`.
    pub fn new(text: &str) -> Self {
        // `name>=1.2` and a path to a package file are handed on as they are.
        match text.split_once('=') {
            Some((name, version)) if !name.ends_with('>') && !text.starts_with('/') => Self {
                name: name.to_owned(),
                version: Some(version.to_owned()),
            },
            _ => Self {
                name: text.to_owned(),
                version: None,
            },
        }
    }

    pub fn is_pattern(&self) -> bool {
        self.name.contains(['*', '?'])
    }

    pub fn question(&self) -> Probe {
        Probe::Package {
            name: self.name.clone(),
        }
    }

    /// As apt takes it.
    pub fn argument(&self) -> String {
        match &self.version {
            Some(version) => format!("{}={version}", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether the version that is there is one that is wanted.
    pub fn satisfied_by(&self, there: &PackageState, state: State) -> bool {
        match (&there.installed, &self.version) {
            (None, _) => false,
            (Some(installed), Some(version)) => wildcard(version.as_bytes(), installed.as_bytes()),
            (Some(installed), None) => {
                state != State::Latest || there.candidate.as_ref().is_none_or(|c| c == installed)
            }
        }
    }
}

/// All packages with what they provide: a virtual name is installed if one of these is.
pub fn provides() -> Probe {
    let argv = [
        "dpkg-query",
        "-W",
        "-f",
        "${db:Status-Status}\t${Provides}\n",
    ];
    Probe::Command(Box::new(Exec::new(argv)))
}

/// Whether an installed package provides the name.
pub fn provided(seen: &Seen, name: &str) -> Result<bool, Failure> {
    if !seen.knows(&provides()) {
        return Ok(false);
    }
    let text = String::from_utf8_lossy(&seen.executed(&provides())?.stdout).into_owned();
    Ok(text
        .lines()
        .filter_map(|line| line.strip_prefix("installed\t"))
        .flat_map(|list| list.split(','))
        .any(|one| one.split_whitespace().next() == Some(name)))
}

/// The change that a line of a dry run announces.
pub fn announced(line: &str) -> Option<Change> {
    let mut words = line.split_whitespace();
    let (verb, name) = (words.next()?, words.next()?);
    let version = |text: &str| text.trim_matches(['[', ']', '(', ')']).to_owned();
    let subject = format!("package {name}");
    match verb {
        "Inst" => {
            let rest: Vec<String> = words.map(version).collect();
            let before = line.contains('[').then(|| rest.first().cloned()).flatten();
            let after = if before.is_some() {
                rest.get(1)
            } else {
                rest.first()
            };
            Some(Change::new(
                subject,
                before.unwrap_or_default(),
                after.cloned().unwrap_or_default(),
            ))
        }
        "Remv" | "Purg" => Some(Change::new(
            subject,
            words.next().map(version).unwrap_or_default(),
            "",
        )),
        "Del" => Some(Change::new(subject, "in the cache", "")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_versions_and_dry_runs_are_understood() {
        assert_eq!(Wanted::new("curl=7.*").argument(), "curl=7.*");
        assert_eq!(Wanted::new("curl:amd64").name, "curl:amd64");
        let there = PackageState {
            installed: Some("7.88".to_owned()),
            candidate: Some("7.89".to_owned()),
            held: false,
        };
        assert!(Wanted::new("curl=7.*").satisfied_by(&there, State::Present));
        assert!(!Wanted::new("curl=8.*").satisfied_by(&there, State::Present));
        assert!(Wanted::new("curl").satisfied_by(&there, State::Present));
        assert!(!Wanted::new("curl").satisfied_by(&there, State::Latest));
        assert_eq!(
            announced("Inst tzdata [2024a] (2025b Debian:12 [all])"),
            Some(Change::new("package tzdata", "2024a", "2025b"))
        );
        assert_eq!(
            announced("Remv old [1.0]"),
            Some(Change::new("package old", "1.0", ""))
        );
        assert_eq!(announced("Conf tzdata (2025b)"), None);
    }
}
