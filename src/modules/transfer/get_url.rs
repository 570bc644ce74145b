//! `get_url`: a file from the network, downloaded by the host and verified there.
//!
//! With a checksum the host is compared with it first. Without one, what is there is asked for
//! again only with `force`, or if the server says that it has a newer one.

use async_trait::async_trait;
use serde_json::json;

use super::checksum::Checksum;
use super::http::{headers, refuse_unverified};
use crate::connection::{Action, EntryKind, Exec, FileStat, Probe, Reader};
use crate::modules::dates::backup_suffix;
use crate::modules::given::{absolute, base_name, join, parent};
use crate::modules::mode::Target;
use crate::modules::seen::stat_through;
use crate::modules::wanted::{Wanted, describe};
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Seen, Site, Steps};

/// The module.
pub struct GetUrl {
    url: String,
    dest: String,
    /// The name inside the destination, should that be a directory.
    name: String,
    folder: bool,
    checksum: Option<Checksum>,
    force: bool,
    headers: Vec<(String, String)>,
    wanted: Wanted,
    backup: Option<String>,
    environment: std::collections::BTreeMap<String, String>,
}

impl GetUrl {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        refuse_unverified(given)?;
        let url = given.string("url").trim().to_owned();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::msg(format!("`url` must be http or https: {url}")));
        }
        let dest = given.string("dest");
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let name = match path.splitn(4, '/').nth(3).map(base_name) {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => "index.html".to_owned(),
        };
        Ok(Self {
            checksum: Checksum::parse(&given.string("checksum"), &url)?,
            name,
            folder: dest.ends_with('/'),
            dest: absolute("dest", &dest)?,
            force: given.flag("force"),
            headers: headers(given),
            wanted: Wanted::new(given)?,
            backup: given
                .flag("backup")
                .then(|| backup_suffix(context.clock.now())),
            environment: context.environment.clone(),
            url,
        })
    }

    /// The question what is at a path.
    fn look(&self, path: &str) -> Probe {
        let algorithm = self.checksum.as_ref().map_or("sha1", |c| c.algorithm);
        Probe::Stat {
            path: path.to_owned(),
            follow: true,
            digests: vec![algorithm],
        }
    }

    /// The path that the file goes to.
    fn target(&self, seen: &Seen) -> Result<String, Failure> {
        let there = seen.at(&self.look(&self.dest))?;
        let folder = there.is_some_and(|s| s.kind == EntryKind::Directory);
        if self.folder && !folder {
            return Err(Failure::msg(format!(
                "Destination {} does not exist",
                self.dest
            )));
        }
        Ok(if folder {
            join(&self.dest, &self.name)
        } else {
            self.dest.clone()
        })
    }

    /// The question whether the server has a newer one; asked only where it is the only way to tell.
    fn newer(&self, path: &str) -> Option<Probe> {
        let told = self.checksum.is_some() || self.force || !self.headers.is_empty();
        let argv = [
            "curl",
            "--silent",
            "--location",
            "--head",
            "--max-time",
            "30",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            "--time-cond",
            path,
            "--",
            &self.url,
        ];
        let mut exec = Exec::new(argv);
        exec.env.clone_from(&self.environment);
        (!told).then(|| Probe::Command(Box::new(exec)))
    }

    /// Whether what is there has to be downloaded again to be compared.
    fn in_doubt(&self, seen: &Seen, path: &str) -> Result<bool, Failure> {
        if self.checksum.is_some() {
            return Ok(false);
        }
        let Some(probe) = self.newer(path) else {
            return Ok(self.force);
        };
        Ok(seen.executed(&probe)?.stdout.starts_with(b"200"))
    }

    /// What is to be done.
    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        let path = self.target(seen)?;
        let there = seen.at(&self.look(&path))?;
        let digest = self
            .checksum
            .as_ref()
            .map(|c| c.digest(seen, &self.environment))
            .transpose()?;
        let algorithm = self.checksum.as_ref().map(|c| c.algorithm);
        for (field, value) in describe(there, &self.wanted.attributes(there, Target::File)) {
            steps.set(field, value);
        }
        steps.set("url", self.url.as_str());
        steps.set("dest", path.as_str());
        let download = Action::Download {
            url: self.url.clone(),
            path: path.clone(),
            digest: algorithm.map(ToOwned::to_owned).zip(digest.clone()),
            attributes: self.wanted.attributes(there, Target::File),
            headers: self.headers.clone(),
        };
        let Some(there) = there else {
            let folder = parent(&path);
            if seen.knows(&stat_through(folder)) && !seen.is_directory(folder)? {
                steps.diff.refused =
                    Some(Failure::msg(format!("Destination {folder} does not exist")));
            }
            steps.step(Change::new(&path, "", &self.url), download);
            return Ok(steps);
        };
        let now = there.digests.values().next().cloned();
        steps.set("checksum_src", json!(now));
        if digest.is_some() && digest != now {
            if let Some(suffix) = &self.backup {
                steps.set("backup_file", format!("{path}{suffix}"));
                steps.actions.push(backup(&path, suffix));
            }
            steps.step(
                Change::new(&path, now.unwrap_or_default(), digest.unwrap_or_default()),
                download,
            );
            return Ok(steps);
        }
        if self.in_doubt(seen, &path)? {
            if let Some(suffix) = &self.backup {
                steps.set("backup_file", format!("{path}{suffix}"));
                steps.actions.push(backup(&path, suffix));
            }
            // Whether it is another file is known only once it is here.
            steps.step(
                Change::new(&path, now.unwrap_or_default(), &self.url),
                download,
            );
        }
        self.wanted.settle(&mut steps, &path, there);
        Ok(steps.or_reason(if digest.is_some() {
            "a file with this digest is there"
        } else {
            "file already exists"
        }))
    }
}

/// The action that keeps what is there.
fn backup(path: &str, suffix: &str) -> Action {
    Action::CopyFile {
        from: path.to_owned(),
        to: format!("{path}{suffix}"),
        attributes: crate::connection::Attributes::default(),
        backup: None,
    }
}

/// The digest that the host computed.
fn digest(stat: Option<&FileStat>) -> Option<String> {
    stat?.digests.values().next().cloned()
}

#[async_trait]
impl Module for GetUrl {
    type Seen = Seen;

    fn foresee(&self) -> Vec<Probe> {
        let mut probes = vec![self.look(&self.dest)];
        if self.folder {
            probes.push(self.look(&join(&self.dest, &self.name)));
        }
        probes
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        seen.ask(at, self.foresee()).await?;
        let path = self.target(&seen)?;
        let mut probes = vec![self.look(&path)];
        if seen.at(&self.look(&self.dest))?.is_none() {
            probes.push(stat_through(parent(&path)));
        }
        probes.extend(
            self.checksum
                .as_ref()
                .and_then(|c| c.question(&self.environment)),
        );
        seen.ask(at, probes).await?;
        if seen.at(&self.look(&path))?.is_some() {
            seen.ask(at, self.newer(&path).into_iter().collect())
                .await?;
        }
        Ok(seen)
    }

    fn diff(&self, seen: &Seen) -> Result<Diff, Failure> {
        self.plan(seen).map(|steps| steps.diff)
    }

    async fn apply(&self, at: &Site<'_>, seen: Seen, diff: &Diff) -> Result<Outcome, Failure> {
        let path = self.target(&seen)?;
        let before = digest(seen.at(&self.look(&path))?);
        let doubted = before.is_some() && self.in_doubt(&seen, &path)?;
        for action in self.plan(&seen)?.actions {
            at.act(action).await.map_err(|failure| match failure {
                Failure::Task { msg, .. } => Failure::msg(msg)
                    .with("url", self.url.as_str())
                    .with("dest", path.as_str()),
                other => other,
            })?;
        }
        let mut after = Seen::default();
        after.ask(&at.reader(), vec![self.look(&path)]).await?;
        let stat = after.at(&self.look(&path))?;
        let now = digest(stat);
        let mut outcome = Outcome::default();
        if let (true, true, Some(suffix)) = (doubted, before == now, &self.backup) {
            let path = format!("{path}{suffix}");
            at.act(Action::Remove { path }).await?;
            outcome.result.insert("backup_file".to_owned(), json!(null));
        }
        outcome
            .result
            .insert("checksum_dest".to_owned(), json!(before));
        outcome.result.insert("checksum_src".to_owned(), json!(now));
        outcome
            .result
            .insert("size".to_owned(), json!(stat.map(|s| s.size)));
        outcome.result.insert("status_code".to_owned(), json!(200));
        outcome.result.insert(
            "msg".to_owned(),
            json!(format!("OK ({} bytes)", stat.map_or(0, |s| s.size))),
        );
        // Downloaded to be compared: only now it is known whether that changed anything.
        let settled = diff.changes.len() - usize::from(doubted);
        outcome.changed = Some(settled > 0 || before != now);
        Ok(outcome)
    }
}
