//! `apt`, and `package` on whatever package manager the host has.
//!
//! With `update_cache` the lists are refreshed first and the host is looked at again: what is
//! newest can only be known then. Over 300 lines: one table of what apt can be asked for.

use std::time::SystemTime;

use async_trait::async_trait;

use super::asked::{State, Wanted, announced, provided, provides};
use super::{lock, options};
use crate::connection::{Action, Exec, PackageAction, Probe, Reader};
use crate::modules::dates;
use crate::modules::given::base_name;
use crate::modules::regex::wildcard;
use crate::modules::seen::stat_through;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Seen, Site, Steps};

/// The module.
pub struct Apt {
    given: Given,
    names: Vec<Wanted>,
    state: State,
    /// The host may have another package manager.
    any: bool,
    update: bool,
    /// Seconds since 1970, to tell how old the lists are.
    now: i64,
}

/// Where apt exists, this does.
const APT: &str = "/usr/bin/apt-get";
/// Touched by apt when its lists were refreshed.
const STAMPS: [&str; 2] = [
    "/var/lib/apt/periodic/update-success-stamp",
    "/var/lib/apt/lists",
];

impl Apt {
    /// `apt`.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let state = match given.text("state") {
            Some("latest") => State::Latest,
            Some("absent") => State::Absent,
            Some("build-dep") => State::BuildDep,
            Some("fixed") => State::Fixed,
            _ => State::Present,
        };
        if given.some("deb").is_some_and(|deb| deb.contains("://")) {
            return Err(Failure::msg("`deb` must be a file of the host")
                .help("download it with `get_url` and its checksum first"));
        }
        Ok(Self::with(state, given, context.clock.now()))
    }

    /// `package`.
    pub fn any(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let state = match given.string("state").as_str() {
            "present" | "installed" => State::Present,
            "latest" => State::Latest,
            "absent" | "removed" => State::Absent,
            other => {
                return Err(Failure::msg(format!(
                    "value of state must be one of: present, latest, absent, got: {other}"
                )));
            }
        };
        let manager = given.string("use");
        if !matches!(manager.as_str(), "auto" | "apt" | "dnf" | "yum") {
            return Err(Failure::msg(format!(
                "Could not find a matching action for the \"{manager}\" package manager."
            )));
        }
        Ok(Self {
            any: true,
            ..Self::with(state, given, context.clock.now())
        })
    }

    fn with(state: State, given: &Given, now: SystemTime) -> Self {
        let names = given
            .list("name")
            .iter()
            .filter(|n| !n.is_empty())
            .map(|n| Wanted::new(n))
            .collect();
        Self {
            names,
            state,
            any: false,
            update: given.flag("update_cache")
                || given.int("cache_valid_time").is_some_and(|s| s > 0),
            now: dates::seconds(now),
            given: given.clone(),
        }
    }

    /// What the lists are asked for when a name is a pattern.
    fn expansion(&self, pattern: &str) -> Probe {
        let exec = if self.state == State::Absent {
            Exec::new([
                "dpkg-query",
                "-W",
                "-f",
                "${db:Status-Status}\t${Package}\n",
                pattern,
            ])
        } else {
            Exec::new(["apt-cache", "pkgnames"])
        };
        Probe::Command(Box::new(exec))
    }

    /// The names with patterns replaced by what they match.
    fn expanded(&self, seen: &Seen) -> Result<Vec<Wanted>, Failure> {
        let mut names = Vec::new();
        for wanted in &self.names {
            if !wanted.is_pattern() {
                names.push(wanted.clone());
                continue;
            }
            let probe = self.expansion(&wanted.name);
            let text = String::from_utf8_lossy(&seen.executed(&probe)?.stdout).into_owned();
            let mut matching: Vec<&str> = text
                .lines()
                .filter_map(|line| match line.split_once('\t') {
                    Some(("installed", name)) => Some(name),
                    Some(_) => None,
                    None => Some(line),
                })
                .filter(|name| wildcard(wanted.name.as_bytes(), name.as_bytes()))
                .collect();
            matching.sort_unstable();
            if matching.is_empty() && self.state != State::Absent {
                return Err(Failure::msg(format!(
                    "No package(s) matching '{}' available",
                    wanted.name
                )));
            }
            names.extend(matching.into_iter().map(|name| Wanted {
                name: name.to_owned(),
                version: wanted.version.clone(),
            }));
        }
        Ok(names)
    }

    /// A dry run of something whose effect only apt knows.
    fn dry_runs(&self) -> Vec<(Vec<String>, Action)> {
        let options = options::install(&self.given);
        let dry = |words: &[&str]| {
            let argv = ["apt-get", "--simulate"]
                .into_iter()
                .chain(words.iter().copied());
            argv.map(ToOwned::to_owned).collect::<Vec<String>>()
        };
        let whole = |verb: &str| {
            Action::Package(PackageAction::Whole {
                verb: verb.to_owned(),
                options: options.clone(),
            })
        };
        let mut runs = Vec::new();
        match self.given.text("upgrade") {
            Some("yes" | "safe") => runs.push((dry(&["upgrade"]), whole("upgrade"))),
            Some("full" | "dist") => runs.push((dry(&["dist-upgrade"]), whole("dist-upgrade"))),
            _ => {}
        }
        let exec = |words: Vec<&str>| {
            let argv = ["apt-get", "--yes"]
                .into_iter()
                .chain(options.iter().map(String::as_str))
                .chain(words);
            let mut exec = Exec::new(argv);
            exec.env
                .insert("DEBIAN_FRONTEND".to_owned(), "noninteractive".to_owned());
            Action::Exec(exec)
        };
        let names: Vec<&str> = self.names.iter().map(|w| w.name.as_str()).collect();
        if self.state == State::BuildDep {
            let words: Vec<&str> = ["build-dep"].into_iter().chain(names).collect();
            runs.push((dry(&words), exec(words)));
        } else if self.state == State::Fixed {
            runs.push((
                dry(&["install", "--fix-broken"]),
                exec(vec!["install", "--fix-broken"]),
            ));
        }
        if self.given.flag("autoremove") && self.names.is_empty() {
            runs.push((dry(&["autoremove"]), whole("autoremove")));
        }
        if self.given.flag("autoclean") {
            runs.push((dry(&["autoclean"]), whole("autoclean")));
        }
        runs
    }

    /// The question for the name and version of a package file.
    fn deb(&self) -> Option<Probe> {
        let file = self.given.some("deb")?;
        let argv = [
            "dpkg-deb",
            "--show",
            "--showformat=${Package}\t${Version}",
            &file,
        ];
        Some(Probe::Command(Box::new(Exec::new(argv))))
    }

    fn is_apt(&self, seen: &Seen) -> Result<bool, Failure> {
        Ok(!self.any || seen.at(&stat_through(APT))?.is_some())
    }

    /// Whether the lists are to be refreshed now.
    fn stale(&self, seen: &Seen) -> Result<bool, Failure> {
        let valid = self.given.int("cache_valid_time").unwrap_or(0);
        if !self.update || valid == 0 {
            return Ok(self.update);
        }
        for stamp in STAMPS {
            if let Some(there) = seen.at(&stat_through(stamp))? {
                #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
                return Ok(there.mtime as i64 + valid < self.now);
            }
        }
        Ok(true)
    }
}

impl Apt {
    /// Further questions that answers raise.
    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        let mut probes = Vec::new();
        if let Some(deb) = self.deb() {
            let answer = seen.executed(&deb)?;
            let text = String::from_utf8_lossy(&answer.stdout).into_owned();
            probes.extend(text.split_once('\t').map(|(name, _)| Probe::Package {
                name: name.to_owned(),
            }));
        }
        if matches!(self.state, State::BuildDep | State::Fixed) {
            return Ok(probes);
        }
        for wanted in self.expanded(seen)? {
            if !seen.knows(&wanted.question()) {
                probes.push(wanted.question());
                continue;
            }
            let there = seen.package(&wanted.name)?;
            if there.installed.is_none() && there.candidate.is_none() && self.is_apt(seen)? {
                probes.push(provides());
            }
        }
        Ok(probes)
    }

    /// What is to be done after the lists are as they should be.
    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        let apt = self.is_apt(seen)?;
        let of = |options: Vec<String>| if apt { options } else { Vec::new() };
        let mut names = Vec::new();
        if !matches!(self.state, State::BuildDep | State::Fixed) {
            for wanted in self.expanded(seen)? {
                names.extend(self.compare(&mut steps, seen, &wanted)?);
            }
        }
        names.extend(self.compare_file(&mut steps, seen)?);
        if !names.is_empty() {
            let action = if self.state == State::Absent {
                PackageAction::Remove {
                    names,
                    options: of(options::remove(&self.given)),
                }
            } else {
                PackageAction::Install {
                    names,
                    options: of(options::install(&self.given)),
                }
            };
            steps.actions.push(Action::Package(action));
        }
        for (argv, action) in self.dry_runs() {
            let answer = seen.executed(&Probe::Command(Box::new(Exec::new(argv.clone()))))?;
            if answer.code != 0 {
                return Err(options::explain(&action, answer));
            }
            let text = String::from_utf8_lossy(&answer.stdout).into_owned();
            let changes: Vec<Change> = text.lines().filter_map(announced).collect();
            if !changes.is_empty() {
                steps.diff.changes.extend(changes);
                steps.actions.push(action);
            }
        }
        if self.given.flag("clean") {
            steps.diff.quiet = true;
            steps.actions.push(Action::Package(PackageAction::Whole {
                verb: "clean".to_owned(),
                options: Vec::new(),
            }));
        }
        Ok(steps.or_reason("every package is as wanted already"))
    }

    /// Adds the change that a package needs; gives what to install or remove.
    fn compare(
        &self,
        steps: &mut Steps,
        seen: &Seen,
        wanted: &Wanted,
    ) -> Result<Option<String>, Failure> {
        let there = seen.package(&wanted.name)?;
        let before = there.installed.clone().unwrap_or_default();
        let subject = format!("package {}", wanted.name);
        if self.state == State::Absent {
            if there.installed.is_none() {
                return Ok(None);
            }
            steps.diff.changes.push(Change::new(subject, before, ""));
            return Ok(Some(wanted.name.clone()));
        }
        let only_upgrade = self.given.flag("only_upgrade") && there.installed.is_none();
        if only_upgrade
            || wanted.satisfied_by(there, self.state)
            || (wanted.version.is_none() && provided(seen, &wanted.name)?)
        {
            return Ok(None);
        }
        let after = wanted
            .version
            .clone()
            .or_else(|| there.candidate.clone())
            .unwrap_or_else(|| "installed".to_owned());
        if there.installed.is_none() && there.candidate.is_none() && self.is_apt(seen)? {
            // A repository that a task before this one adds may have it.
            let why = format!("No package matching '{}' is available", wanted.name);
            steps.diff.refused = Some(Failure::msg(why));
        }
        steps.diff.changes.push(Change::new(subject, before, after));
        Ok(Some(wanted.argument()))
    }

    /// The same for a package file.
    fn compare_file(&self, steps: &mut Steps, seen: &Seen) -> Result<Option<String>, Failure> {
        let (Some(probe), Some(file)) = (self.deb(), self.given.some("deb")) else {
            return Ok(None);
        };
        let answer = seen.executed(&probe)?;
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let Some((name, version)) = text.trim().split_once('\t') else {
            return Err(Failure::msg(format!(
                "Unable to read {}: not a Debian package",
                base_name(&file)
            )));
        };
        let there = seen.package(name)?.installed.clone();
        if there.as_deref() == Some(version) {
            return Ok(None);
        }
        steps.diff.changes.push(Change::new(
            format!("package {name}"),
            there.unwrap_or_default(),
            version,
        ));
        Ok(Some(file))
    }
}

#[async_trait]
impl Module for Apt {
    type Seen = Seen;

    fn foresee(&self) -> Vec<Probe> {
        let mut probes: Vec<Probe> = Vec::new();
        if !matches!(self.state, State::BuildDep | State::Fixed) {
            probes.extend(self.names.iter().map(|w| {
                if w.is_pattern() {
                    self.expansion(&w.name)
                } else {
                    w.question()
                }
            }));
        }
        if self.any {
            probes.push(stat_through(APT));
        }
        if self.update {
            probes.extend(STAMPS.map(stat_through));
        }
        probes.extend(self.deb());
        probes.extend(
            self.dry_runs()
                .into_iter()
                .map(|(argv, _)| Probe::Command(Box::new(Exec::new(argv)))),
        );
        probes
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        seen.ask(at, self.foresee()).await?;
        for _ in 0..3 {
            let more = self.more(&seen)?;
            seen.ask(at, more).await?;
        }
        Ok(seen)
    }

    fn diff(&self, seen: &Seen) -> Result<Diff, Failure> {
        let stale = self.stale(seen)?;
        let mut diff = self.plan(seen)?.diff;
        diff.result.insert("cache_updated".to_owned(), stale.into());
        if stale {
            diff.refused = None;
            // Alone it is what the task is for; before packages it is a means.
            if self.names.is_empty() && diff.is_empty() {
                diff.reason = None;
                diff.changes
                    .push(Change::new("package lists", "", "refreshed"));
            }
            diff.quiet = true;
        }
        Ok(diff)
    }

    async fn apply(&self, at: &Site<'_>, seen: Seen, diff: &Diff) -> Result<Outcome, Failure> {
        let mut outcome = Outcome::default();
        let mut steps = self.plan(&seen)?;
        if self.stale(&seen)? {
            let update = Action::Package(PackageAction::Update);
            let done = at.act(update.clone()).await?;
            if done.executed.code != 0 {
                let mut failure = lock::explain(at, &update, &done.executed).await;
                if let Failure::Task { msg, .. } = &mut failure {
                    *msg = format!("Failed to update apt cache: {msg}");
                }
                return Err(failure);
            }
            steps = self.plan(&self.observe(&at.reader()).await?)?;
            let alone = diff.changes.iter().any(|c| c.subject == "package lists");
            outcome.changed = Some(alone || !steps.diff.changes.is_empty());
        }
        for action in steps.actions {
            let done = at.act(action.clone()).await?;
            if done.executed.code != 0 {
                return Err(lock::explain(at, &action, &done.executed).await);
            }
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            outcome
                .result
                .insert("stdout".to_owned(), text(&done.executed.stdout).into());
            outcome
                .result
                .insert("stderr".to_owned(), text(&done.executed.stderr).into());
        }
        Ok(outcome)
    }
}
