//! What modules ask: which digest a file must have, and the file itself where the host cannot
//! fetch it. One for a whole run: a file is fetched once for all hosts.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use super::{ArtifactError, ArtifactSource, Digest, Fetched, LockFile, Wanted, shown};

/// Which downloads are made on this machine and sent to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// All of them: hosts have no way out.
    Always,
    /// Those of hosts that have no program to download with.
    WhereNeeded,
}

/// What is locked, for an installation. A plain playbook has none of it.
struct Locking {
    lock: LockFile,
    /// The mirror's address, which is not part of what is locked.
    mirror: Option<String>,
    /// Whether everything must be locked already.
    frozen: bool,
    learned: Mutex<Learned>,
}

#[derive(Default)]
struct Learned {
    verified: LockFile,
    open: BTreeSet<String>,
}

type Flight = Shared<BoxFuture<'static, Result<Fetched, ArtifactError>>>;

/// The downloads of a run.
pub struct Downloads {
    source: Arc<dyn ArtifactSource>,
    sending: Sending,
    locking: Option<Locking>,
    flights: Mutex<HashMap<Wanted, Flight>>,
}

impl Downloads {
    /// None: what a host cannot download is not there.
    pub fn none() -> Arc<Self> {
        Arc::new(Self::new(Arc::new(super::Nowhere), Sending::WhereNeeded))
    }

    /// Without a lock.
    pub fn new(source: Arc<dyn ArtifactSource>, sending: Sending) -> Self {
        Self {
            source,
            sending,
            locking: None,
            flights: Mutex::default(),
        }
    }

    /// With a lock: `mirror` is what stands in for `https://` in addresses, `frozen` refuses
    /// what is not locked.
    #[must_use]
    pub fn locked_by(mut self, lock: LockFile, (mirror, frozen): (Option<String>, Frozen)) -> Self {
        self.locking = Some(Locking {
            lock,
            mirror,
            frozen: frozen == Frozen::Yes,
            learned: Mutex::default(),
        });
        self
    }

    /// Whether files are to be sent even if the host could download them.
    pub fn sends_always(&self) -> bool {
        self.sending == Sending::Always
    }

    /// Whether digests are locked: those of an installation, not of a plain playbook.
    pub const fn locks(&self) -> bool {
        self.locking.is_some()
    }

    /// The digest that an address is locked to.
    pub fn locked(&self, url: &str) -> Option<Digest> {
        let locking = self.locking.as_ref()?;
        let name = locking.name(url)?;
        locking.lock.get(&name).cloned()
    }

    /// Where a file of upstream's address is asked for: there, or at the mirror.
    pub fn address(&self, upstream: &str) -> String {
        let locking = self.locking.as_ref();
        match (
            locking.and_then(|locking| locking.mirror.as_deref()),
            upstream.split_once("://"),
        ) {
            (Some(mirror), Some((_, rest))) => format!("{}/{rest}", mirror.trim_end_matches('/')),
            _ => upstream.to_owned(),
        }
    }

    /// Whether a file is the real one here, not a rehearsal's stand-in.
    pub fn is_real(&self, upstream: &str) -> bool {
        self.source.is_real(&self.address(upstream))
    }

    /// Whether this address may not be used because nothing is locked for it.
    pub fn refuses(&self, url: &str) -> bool {
        let frozen = self.locking.as_ref().is_some_and(|locking| locking.frozen);
        frozen && self.locked(url).is_none()
    }

    /// An address was met whose digest is not locked yet.
    pub fn met(&self, url: &str) {
        self.learn(url, |learned, name| {
            learned.open.insert(name);
        });
    }

    /// The file at an address was found to have this digest, by a checksum file or by being
    /// the first that was downloaded.
    pub fn verified(&self, url: &str, digest: Digest) {
        self.learn(url, |learned, name| {
            learned.verified.insert(name, digest);
        });
    }

    fn learn(&self, url: &str, note: impl FnOnce(&mut Learned, String)) {
        let Some(locking) = &self.locking else { return };
        if let Some(name) = locking.name(url) {
            let mut learned = locking
                .learned
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            note(&mut learned, name);
        }
    }

    /// What was verified in this run and is not locked yet.
    pub fn learned(&self) -> LockFile {
        let Some(locking) = &self.locking else {
            return LockFile::default();
        };
        let learned = locking.learned.lock();
        learned
            .unwrap_or_else(PoisonError::into_inner)
            .verified
            .clone()
    }

    /// The addresses that were met and are neither locked nor verified.
    pub fn open(&self) -> Vec<String> {
        let Some(locking) = &self.locking else {
            return Vec::new();
        };
        let learned = locking.learned.lock();
        let learned = learned.unwrap_or_else(PoisonError::into_inner);
        let open = learned.open.iter();
        open.filter(|url| learned.verified.get(url).is_none())
            .cloned()
            .collect()
    }

    /// Fetches a file here. Hosts that want the same one at the same time share one download.
    pub async fn fetch(&self, wanted: &Wanted, within: Duration) -> Result<Fetched, ArtifactError> {
        let flight = {
            let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
            match flights.get(wanted) {
                // A failure is told to everyone who waited for it; whoever asks later tries again.
                Some(flight) if !matches!(flight.peek(), Some(Err(_))) => flight.clone(),
                _ => {
                    let (source, wanted) = (self.source.clone(), wanted.clone());
                    let (key, asked) = (wanted.clone(), wanted);
                    let flight = async move { source.fetch(&asked).await }.boxed().shared();
                    flights.insert(key, flight.clone());
                    flight
                }
            }
        };
        let late = || late(wanted, within);
        tokio::time::timeout(within, flight)
            .await
            .map_err(|_| late())?
    }

    /// Fetches a small text here.
    pub async fn text(&self, wanted: &Wanted, within: Duration) -> Result<String, ArtifactError> {
        tokio::time::timeout(within, self.source.text(wanted))
            .await
            .map_err(|_| late(wanted, within))?
    }
}

/// Whether only what is locked may be downloaded (`--locked`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frozen {
    /// Nothing new is locked.
    Yes,
    /// What is new is locked.
    No,
}

impl Locking {
    /// What an address is called in the lock: without the mirror, and none for one with a query,
    /// which is a question and not a file.
    fn name(&self, url: &str) -> Option<String> {
        if url.contains(['?', '#']) {
            return None;
        }
        let mirror = self.mirror.as_deref();
        Some(match mirror.and_then(|mirror| url.strip_prefix(mirror)) {
            Some(rest) => format!("https://{}", rest.trim_start_matches('/')),
            None => shown(url),
        })
    }
}

fn late(wanted: &Wanted, within: Duration) -> ArtifactError {
    ArtifactError::Late {
        url: shown(&wanted.url),
        seconds: within.as_secs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{LocalFile, MemoryFiles};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Answers the second time, after everybody has asked.
    #[derive(Default)]
    struct Slow(AtomicU32);

    #[async_trait::async_trait]
    impl ArtifactSource for Slow {
        async fn fetch(&self, wanted: &Wanted) -> Result<Fetched, ArtifactError> {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
                return Err(ArtifactError::Address(wanted.url.clone()));
            }
            let file = LocalFile {
                path: "/f".into(),
                len: 0,
                files: Arc::new(MemoryFiles::default()),
            };
            let sha256 = String::new();
            Ok(Fetched { file, sha256 })
        }

        async fn text(&self, _: &Wanted) -> Result<String, ArtifactError> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_hosts_share_one_download_and_a_failure_is_not_for_ever() {
        let source = Arc::new(Slow::default());
        let downloads = Downloads::new(source.clone(), Sending::Always);
        let wanted = Wanted {
            url: "https://x/y".to_owned(),
            ..Wanted::default()
        };
        let minute = Duration::from_mins(1);
        let asked = (0..8).map(|_| downloads.fetch(&wanted, minute));
        let answers = futures::future::join_all(asked).await;
        assert!(answers.iter().all(Result::is_err));
        assert!(downloads.fetch(&wanted, minute).await.is_ok());
        assert!(downloads.fetch(&wanted, minute).await.is_ok());
        assert_eq!(source.0.load(Ordering::Relaxed), 2);
        let late = downloads.text(&wanted, minute).await.unwrap_err();
        assert!(matches!(late, ArtifactError::Late { seconds: 60, .. }));
    }

    #[test]
    fn the_lock_knows_upstream_addresses_whatever_the_mirror() {
        let digest = Digest::new("sha256", &"a".repeat(64));
        let mut lock = LockFile::default();
        lock.insert("https://up/f".to_owned(), digest.clone());
        let source = Arc::new(Slow::default());
        let downloads = Downloads::new(source, Sending::WhereNeeded)
            .locked_by(lock, (Some("http://m:8081/".to_owned()), Frozen::Yes));
        assert_eq!(downloads.locked("http://m:8081/up/f"), Some(digest.clone()));
        assert_eq!(downloads.locked("https://up/f"), Some(digest.clone()));
        assert!(downloads.refuses("https://up/g"));
        downloads.met("http://m:8081/up/g");
        downloads.met("http://m:8081/up/h");
        downloads.met("https://up/q?x=1");
        downloads.verified("http://m:8081/up/g", digest);
        assert_eq!(downloads.open(), ["https://up/h"]);
        assert!(downloads.learned().get("https://up/g").is_some());
    }
}
