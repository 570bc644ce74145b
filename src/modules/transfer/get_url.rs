//! `get_url`: a file from the network, downloaded by the host and verified there.
//!
//! With a checksum the host is compared with it first. Without one, what is there is asked for
//! again only with `force`, or if the server says that it has a newer one. In an installation an
//! address keeps the digest that it is locked to, and what is met first is locked.

use async_trait::async_trait;
use serde_json::json;

use super::checksum::Checksum;
use super::here::{self, Delivery};
use super::http::{headers, refuse_unverified};
use crate::artifact::{Digest, Downloads, shown};
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
    downloads: std::sync::Arc<Downloads>,
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
        let force = given.flag("force");
        let checksum = checksum(given, (&url, force), &context.downloads)?;
        Ok(Self {
            checksum,
            name,
            folder: dest.ends_with('/'),
            dest: absolute("dest", &dest)?,
            force,
            headers: headers(given),
            wanted: Wanted::new(given)?,
            backup: given
                .flag("backup")
                .then(|| backup_suffix(context.clock.now())),
            environment: context.environment.clone(),
            downloads: context.downloads.clone(),
            url,
        })
    }

    /// The algorithm that files are compared by.
    fn algorithm(&self) -> &'static str {
        match &self.checksum {
            Some(checksum) => checksum.algorithm,
            // What is locked at its first download.
            None if self.locks_first() => "sha256",
            None => "sha1",
        }
    }

    /// Whether the first file from this address is locked by being the first.
    fn locks_first(&self) -> bool {
        self.checksum.is_none() && !self.force && self.downloads.locks()
    }

    /// The digest, if it is the lock that says it.
    fn locked(&self) -> Option<&Checksum> {
        self.checksum
            .as_ref()
            .filter(|checksum| checksum.is_locked())
    }

    /// Tells the lock which digest the file at the address has.
    fn settled(&self, digest: &str) {
        let pinned = |checksum: &Checksum| checksum.is_pinned() || checksum.is_locked();
        if self.checksum.as_ref().is_some_and(pinned) || (self.checksum.is_none() && self.force) {
            return;
        }
        let digest = Digest::new(self.algorithm(), digest);
        self.downloads.verified(&self.url, digest);
    }

    /// Tells the lock of a file that is there already and is what the file with digests says.
    fn recognised(&self, seen: &Seen, path: &str) -> Result<(), Failure> {
        let there = digest(seen.at(&self.look(path))?);
        if let (Some(checksum), Some(there)) = (&self.checksum, there)
            && checksum
                .digest(seen, &self.environment)
                .is_ok_and(|wanted| wanted == there)
        {
            self.settled(&there);
        }
        Ok(())
    }

    /// The question what is at a path.
    fn look(&self, path: &str) -> Probe {
        Probe::Stat {
            path: path.to_owned(),
            follow: true,
            digests: vec![self.algorithm()],
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
        let told = self.checksum.is_some()
            || self.force
            || !self.headers.is_empty()
            || self.downloads.sends_always();
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
            .transpose()
            .map_err(|failure| here::advised(failure, &self.downloads, None))?;
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

impl GetUrl {
    /// Does one thing; a download that the host cannot make is made here and sent.
    async fn act(&self, at: &Site<'_>, action: Action) -> Result<(), Failure> {
        let Action::Download {
            path,
            digest,
            attributes,
            headers,
            ..
        } = &action
        else {
            return at.act(action).await.map(|_| ());
        };
        let mut wanted = here::wanted(&self.url, &self.environment);
        wanted.digest = digest.as_ref().map(|(name, hex)| Digest::new(name, hex));
        wanted.headers.clone_from(headers);
        let (path, attributes) = (path.clone(), attributes.clone());
        if !self.downloads.sends_always() {
            match at.act(action).await {
                Err(failure) if here::has_no_downloader(&failure) => {}
                done => return done.map(|_| ()),
            }
        }
        let delivery = Delivery {
            wanted,
            path: &path,
            attributes,
        };
        here::deliver(&self.downloads, at, delivery).await
    }
}

/// The digest that the file must have: the task's own, else the one that the address is locked
/// to, else the one in the file with digests.
fn checksum(
    given: &Given,
    (url, force): (&str, bool),
    downloads: &Downloads,
) -> Result<Option<Checksum>, Failure> {
    let said = Checksum::parse(&given.string("checksum"), url)?;
    if said.as_ref().is_some_and(Checksum::is_pinned) || (said.is_none() && force) {
        return Ok(said);
    }
    if let Some(locked) = downloads.locked(url).as_ref().and_then(Checksum::locked) {
        return Ok(Some(locked));
    }
    if downloads.refuses(url) {
        return Err(Failure::msg(format!(
            "{} is not in nautes-install.lock, and `--locked` was given",
            shown(url)
        ))
        .help("run once without `--locked`, look at what it adds to the lock, and commit that"));
    }
    downloads.met(url);
    Ok(said)
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
        seen.ask(at, probes).await?;
        if let Some(checksum) = &self.checksum {
            let (environment, downloads) = (&self.environment, &self.downloads);
            let looking = (at, &mut seen);
            checksum.look(looking, environment, downloads).await?;
        }
        if seen.at(&self.look(&path))?.is_some() {
            seen.ask(at, self.newer(&path).into_iter().collect())
                .await?;
        }
        self.recognised(&seen, &path)?;
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
            self.act(at, action)
                .await
                .map_err(|failure| match failure {
                    Failure::Task { .. } => here::advised(failure, &self.downloads, self.locked())
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
        if let Some(now) = &now {
            self.settled(now);
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
