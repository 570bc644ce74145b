//! One play: which hosts, in which batches (`serial`), and how a play's own values are rendered.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::diagnostic::Diagnostic;
use crate::event::Event;
use crate::input::{Json, Kind, Node};
use crate::inventory::{Pattern, Vars};
use crate::playbook::{Keys, Loader, Play};

use super::component::{JobState, Run};
use super::course::PlayRun;
use super::failure::Stop;
use super::host::HostState;
use super::scope::{PlayScope, Scope};
use super::world::View;

/// What a play starts with.
struct Prepared {
    /// The hosts that are still there.
    hosts: Vec<Arc<HostState>>,
    /// All that its pattern means, failed ones too.
    all: Vec<String>,
    /// From `vars_files`.
    vars: Vars,
}

impl Run {
    /// Runs a play; hosts that failed are taken out of the job.
    pub async fn play(&self, play: &Play, job: &mut JobState) {
        let Prepared { hosts, all, vars } = match self.prepare(play, job) {
            Ok(prepared) => prepared,
            Err(stop) => {
                self.failed(self.stop_diagnostic(stop, play));
                job.stopped = true;
                return;
            }
        };
        job.hosts.extend(all.iter().cloned());
        let probe = self.bare_scope(play, job);
        let name = self.title(play, &probe);
        self.world.sink.emit(&Event::PlayStart {
            component: job.name.clone(),
            play: name.clone(),
            hosts: hosts.iter().map(|host| host.name.clone()).collect(),
        });
        let names: Vec<String> = hosts.iter().map(|host| host.name.clone()).collect();
        let batches = match self.batches((play, &probe), hosts) {
            Ok(batches) => batches,
            Err(stop) => {
                self.failed(self.stop_diagnostic(stop, play));
                job.stopped = true;
                return;
            }
        };
        for batch in batches {
            let scope = PlayScope {
                files: vars.clone(),
                directory: self.absolute(&play.directory),
                name: name.clone(),
                all: all.clone(),
                hosts: names.clone(),
                batch: batch.iter().map(|host| host.name.clone()).collect(),
                gather: play
                    .gather_facts
                    .as_ref()
                    .is_none_or(|node| node.kind != Kind::Bool(false)),
                ..PlayScope::bare(self.shared.clone(), job, play)
            };
            let run = PlayRun::new(self, (scope, job.name.clone(), play));
            let size = batch.len();
            let (ended, play_ended) = (run.ended.clone(), run.play_ended.clone());
            let walked = run.sections(batch).await;
            job.failed
                .extend(walked.failed.iter().map(|host| host.name.clone()));
            // Without a host of the batch left, Ansible stops everything: so do we.
            let nobody = size > 0 && walked.alive.iter().all(|host| host.is_lost());
            let fatal = walked.stop && !ended.load(Ordering::Relaxed);
            if fatal || (nobody && !walked.failed.is_empty()) {
                job.stopped = true;
                break;
            }
            if walked.stop && (fatal || play_ended.load(Ordering::Relaxed)) {
                break;
            }
        }
    }

    /// The play's name as it is shown.
    fn title(&self, play: &Play, probe: &Scope) -> String {
        let named = play.name.as_ref().unwrap_or(&play.hosts);
        match self.render(named, probe) {
            Ok(Json::String(text)) => text,
            _ => named.as_str().unwrap_or("play").to_owned(),
        }
    }

    /// Whether a host is lost to this run.
    pub fn is_gone(&self, name: &str) -> bool {
        let known = self.shared.hosts.get(name);
        known.is_some_and(|host| host.is_lost())
    }

    /// A folder of the controller in full, as `playbook_dir` has it.
    fn absolute(&self, folder: &Path) -> String {
        let here = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let full = self.world.files.real_path(here);
        full.unwrap_or_else(|_| folder.to_owned())
            .display()
            .to_string()
    }

    /// Whether `--limit` leaves a host. What a component does on this machine (keys, certificates)
    /// is done for whichever hosts are left, unless the inventory makes it one of its hosts.
    fn is_within_limit(&self, name: &String, job: &JobState) -> bool {
        let Some(limit) = &self.options.limit else {
            return true;
        };
        let of_nobody = || {
            let ours = ["localhost", "127.0.0.1", "::1"].contains(&name.as_str());
            ours && !self.shared.hosts.inventory().hosts.contains_key(name)
        };
        limit.contains(name) || (!job.name.is_empty() && of_nobody())
    }

    /// Whether a play has a host that is left.
    pub fn has_hosts(&self, play: &Play, job: &JobState) -> Result<bool, Stop> {
        self.prepare(play, job)
            .map(|prepared| !prepared.hosts.is_empty())
    }

    /// The hosts of a play and the variables of its files.
    fn prepare(&self, play: &Play, job: &JobState) -> Result<Prepared, Stop> {
        let probe = self.bare_scope(play, job);
        let pattern = match self.render(&play.hosts, &probe)? {
            Json::String(text) => text,
            Json::Array(items) => items
                .iter()
                .filter_map(Json::as_str)
                .collect::<Vec<_>>()
                .join(":"),
            other => other.to_string(),
        };
        let all: Vec<String> = self
            .names(&pattern, (play, job.view.as_ref()))?
            .into_iter()
            .filter(|name| self.is_within_limit(name, job))
            .collect();
        let hosts = all
            .iter()
            .filter(|name| !job.failed.contains(*name))
            .filter_map(|name| self.shared.hosts.get(name))
            .filter(|host| !host.is_lost())
            .collect();
        let mut vars = Vars::new();
        let mut loader = self.loader();
        for node in &play.vars_files {
            let path = self.vars_file(play, (node, &probe))?;
            vars.extend(loader.variables(&path, &node.span));
        }
        match loader.errors.pop() {
            Some(error) => Err(error.into()),
            None => Ok(Prepared { hosts, all, vars }),
        }
    }

    /// A file of `vars_files`: the one that is named, or the first of a list that is there.
    fn vars_file(
        &self,
        play: &Play,
        (node, scope): (&Node, &Scope),
    ) -> Result<std::path::PathBuf, Stop> {
        let names: Vec<String> = match self.render(node, scope)? {
            Json::String(name) => vec![name],
            Json::Array(names) => names
                .iter()
                .filter_map(Json::as_str)
                .map(ToOwned::to_owned)
                .collect(),
            _ => Vec::new(),
        };
        let paths = |name: &String| {
            let beside = play.directory.join(name);
            [play.directory.join("vars").join(name), beside]
        };
        let there = |path: &std::path::PathBuf| self.world.files.kind(path).is_some();
        let found = names.iter().flat_map(paths).find(there);
        match (found, names.as_slice()) {
            (Some(path), _) => Ok(path),
            (None, [name]) => Ok(play.directory.join(name)),
            (None, _) => Err(Diagnostic::error(
                "playbook/unreadable",
                format!("none of these files is there: {}", names.join(", ")),
            )
            .at(&node.span)
            .help("add one of them; paths are relative to the playbook")
            .into()),
        }
    }

    /// Reads files that a playbook names while it runs.
    pub fn loader(&self) -> Loader<'_> {
        Loader::new(self.world.files.as_ref()).with_keys(Keys {
            passwords: self.options.vault_passwords.clone(),
            redactor: self.world.redactor.clone(),
        })
    }

    /// The names that a play's pattern means; `localhost` is there without being written.
    fn names(
        &self,
        pattern: &str,
        (play, view): (&Play, Option<&Arc<View>>),
    ) -> Result<Vec<String>, Stop> {
        let inventory = match view {
            Some(view) => &view.inventory,
            None => self.shared.hosts.inventory(),
        };
        if super::host::is_local(pattern) && !inventory.hosts.contains_key(pattern) {
            return Ok(vec![pattern.to_owned()]);
        }
        let parsed = Pattern::parse(pattern, &play.hosts.span)?;
        let selection = inventory.select(&parsed, None)?;
        for warning in &selection.warnings {
            self.world.sink.emit(&Event::Warning {
                text: warning.what.clone(),
            });
        }
        Ok(selection
            .hosts
            .iter()
            .map(|host| host.name.clone())
            .collect())
    }

    /// A scope without a host, for a play's own values.
    fn bare_scope(&self, play: &Play, job: &JobState) -> Scope {
        let scope = PlayScope::bare(self.shared.clone(), job, play);
        Scope::bare(
            Arc::new(scope),
            self.shared.hosts.get_or_add("localhost"),
            &play.keywords,
        )
    }

    /// `serial`: the hosts in batches; the last size goes on.
    fn batches(
        &self,
        (play, scope): (&Play, &Scope),
        mut hosts: Vec<Arc<HostState>>,
    ) -> Result<Vec<Vec<Arc<HostState>>>, Stop> {
        let serial = play.serial.as_ref();
        let serial = serial.map(|node| self.render(node, scope)).transpose()?;
        let sizes: Vec<Json> = match serial {
            None | Some(Json::Null) => return Ok(vec![hosts]),
            Some(Json::Array(items)) => items,
            Some(one) => vec![one],
        };
        let total = hosts.len();
        let mut batches = Vec::new();
        let mut at = 0;
        while !hosts.is_empty() {
            let size = sizes
                .get(at.min(sizes.len().saturating_sub(1)))
                .map_or(total, |size| batch_size(size, total));
            let rest = hosts.split_off(size.min(hosts.len()));
            batches.push(std::mem::replace(&mut hosts, rest));
            at += 1;
        }
        Ok(batches)
    }

    fn stop_diagnostic(&self, stop: Stop, play: &Play) -> Diagnostic {
        match stop {
            Stop::Wrong(diagnostic) => *diagnostic,
            Stop::Unknown(until) => Diagnostic::error(
                "playbook/unknown-hosts",
                format!("the hosts of this play are unknown until {until}"),
            )
            .at(&play.hosts.span)
            .help("use a group or a pattern that the inventory answers"),
            Stop::Module(failure) => {
                Diagnostic::error("task/failed", format!("{failure:?}")).at(&play.span)
            }
        }
    }
}

/// A number of hosts, or a share of them; at least one.
fn batch_size(size: &Json, total: usize) -> usize {
    let size = match size {
        Json::Number(number) => number
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| *n > 0)
            .unwrap_or(total),
        Json::String(text) => match text.trim().strip_suffix('%') {
            Some(share) => share
                .trim()
                .parse::<usize>()
                .map_or(total, |share| total * share / 100),
            None => text.trim().parse().ok().filter(|n| *n > 0).unwrap_or(total),
        },
        _ => total,
    };
    size.max(1)
}

impl Run {
    /// Renders a value as a task on the first host of a play would see it.
    pub async fn evaluate(&self, node: &Node, play: &Play, job: &JobState) -> Result<Json, Stop> {
        let Prepared { hosts, all, vars } = self.prepare(play, job)?;
        let names: Vec<String> = hosts.iter().map(|host| host.name.clone()).collect();
        let host = hosts
            .first()
            .cloned()
            .unwrap_or_else(|| self.shared.hosts.get_or_add("localhost"));
        let scope = PlayScope {
            files: vars,
            all,
            hosts: names.clone(),
            batch: names,
            gather: true,
            ..PlayScope::bare(self.shared.clone(), job, play)
        };
        let run = PlayRun::new(self, (scope, job.name.clone(), play));
        let scope = Scope::bare(run.play.clone(), host, &play.keywords);
        run.render(node, &scope).await
    }
}
