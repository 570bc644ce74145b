//! Downloads over HTTP to a cache on this machine: verified as they arrive, kept by their digest.
//!
//! A file gets its name in the cache only when it is whole and has its digest, so two runs may
//! share a cache, and one that is killed leaves at most a temporary file behind. Certificates are
//! verified against this machine's trust store.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, NoProxy, Proxy, Response};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::digest::Sum;
use super::source::MOST_TEXT;
use super::{ArtifactError, ArtifactSource, Digest, Fetched, Wanted, shown};
use crate::input::{Clock, Files, LocalFile};

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(30);
/// How long a download may stand still.
const SILENCE: Duration = Duration::from_secs(60);
/// Pauses before the second and the third attempt.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(10)];

/// This machine's own proxies: `http_proxy`, `https_proxy`, `no_proxy` as curl reads them.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For http addresses.
    pub http: Option<String>,
    /// For https addresses.
    pub https: Option<String>,
    /// Hosts that are asked directly, with commas.
    pub none: Option<String>,
}

/// Fetches over HTTP.
pub struct HttpSource {
    cache: PathBuf,
    files: Arc<dyn Files>,
    clock: Arc<dyn Clock>,
    proxies: Proxies,
    clients: Mutex<HashMap<Option<String>, Client>>,
    temporaries: AtomicU32,
}

impl HttpSource {
    /// Keeps what it fetches below `cache`, which is made when it is needed.
    pub fn new(
        cache: PathBuf,
        (files, clock): (Arc<dyn Files>, Arc<dyn Clock>),
        proxies: Proxies,
    ) -> Self {
        Self {
            cache,
            files,
            clock,
            proxies,
            clients: Mutex::default(),
            temporaries: AtomicU32::new(0),
        }
    }

    /// The client that goes through this proxy.
    fn client(&self, proxy: Option<&String>) -> Result<Client, reqwest::Error> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&proxy.cloned()) {
            return Ok(client.clone());
        }
        // Only the first call has an effect; there is one provider in this program.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("nautes-install/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .no_proxy();
        let direct = self.proxies.none.as_deref().and_then(NoProxy::from_string);
        let ways = if let Some(given) = proxy {
            vec![Proxy::all(given)?]
        } else {
            let http = self.proxies.http.as_ref().map(Proxy::http).transpose()?;
            let https = self.proxies.https.as_ref().map(Proxy::https).transpose()?;
            http.into_iter().chain(https).collect()
        };
        for way in ways {
            builder = builder.proxy(way.no_proxy(direct.clone()));
        }
        let client = builder.build()?;
        clients.insert(proxy.cloned(), client.clone());
        Ok(client)
    }

    async fn ask(&self, wanted: &Wanted) -> Result<Response, ArtifactError> {
        let broken = |error| broken(&wanted.url, error);
        let client = self.client(wanted.proxy.as_ref()).map_err(broken)?;
        let mut request = client.get(&wanted.url);
        for (name, value) in &wanted.headers {
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(ArtifactError::Status {
            url: shown(&wanted.url),
            status: status.to_string(),
        })
    }

    /// Tries again what may be better in a moment.
    async fn patiently<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, ArtifactError>
    where
        F: Future<Output = Result<T, ArtifactError>>,
    {
        for pause in PAUSES {
            match attempt().await {
                Err(error) if passing(&error) => self.clock.sleep(pause).await,
                other => return other,
            }
        }
        attempt().await
    }

    /// Where a file with this sha256 lies.
    fn place(&self, sha256: &str) -> PathBuf {
        self.cache.join("sha256").join(sha256)
    }

    /// What is in the cache with the digest that is wanted. A damaged file is not.
    async fn kept(&self, digest: &Digest) -> Option<Fetched> {
        if digest.algorithm != "sha256" {
            return None;
        }
        let path = self.place(&digest.hex);
        let mut file = fs::File::open(&path).await.ok()?;
        let mut sum = Sum::new("sha256")?;
        let mut piece = vec![0; 1 << 20];
        let mut len = 0;
        loop {
            let count = file.read(&mut piece).await.ok()?;
            if count == 0 {
                break;
            }
            len += count as u64;
            sum.update(&piece[..count]);
        }
        (sum.finish() == digest.hex).then(|| self.fetched(path, digest.hex.clone(), len))
    }

    fn fetched(&self, path: PathBuf, sha256: String, len: u64) -> Fetched {
        let files = self.files.clone();
        Fetched {
            file: LocalFile { path, len, files },
            sha256,
        }
    }

    async fn download(&self, wanted: &Wanted) -> Result<Fetched, ArtifactError> {
        let response = self.ask(wanted).await?;
        let folder = self.cache.join("sha256");
        let kept = |error: std::io::Error| ArtifactError::Kept {
            path: folder.display().to_string(),
            what: error.to_string(),
        };
        fs::create_dir_all(&folder).await.map_err(kept)?;
        let number = self.temporaries.fetch_add(1, Ordering::Relaxed);
        let temporary = folder.join(format!(".new.{}.{number}", std::process::id()));
        let outcome = receive(response, &temporary, wanted).await;
        let renamed = match outcome {
            Ok((sha256, len)) => {
                let path = self.place(&sha256);
                let renamed = fs::rename(&temporary, &path).await.map_err(kept);
                renamed.map(|()| self.fetched(path, sha256, len))
            }
            Err(error) => Err(error),
        };
        if renamed.is_err() {
            // The download failed; what is left of it matters less than saying why.
            let _ = fs::remove_file(&temporary).await;
        }
        renamed
    }
}

#[async_trait]
impl ArtifactSource for HttpSource {
    async fn fetch(&self, wanted: &Wanted) -> Result<Fetched, ArtifactError> {
        if !wanted.url.starts_with("http://") && !wanted.url.starts_with("https://") {
            return Err(ArtifactError::Address(shown(&wanted.url)));
        }
        if let Some(digest) = &wanted.digest
            && let Some(kept) = self.kept(digest).await
        {
            return Ok(kept);
        }
        self.patiently(|| self.download(wanted)).await
    }

    async fn text(&self, wanted: &Wanted) -> Result<String, ArtifactError> {
        self.patiently(|| async {
            let mut response = self.ask(wanted).await?;
            let mut bytes = Vec::new();
            while let Some(piece) = next(&mut response, wanted).await? {
                bytes.extend_from_slice(&piece);
                if bytes.len() > MOST_TEXT {
                    return Err(ArtifactError::Network {
                        url: shown(&wanted.url),
                        what: format!("more than {MOST_TEXT} bytes are not a file of checksums"),
                    });
                }
            }
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        })
        .await
    }
}

/// Writes a body to a file, summing; its sha256 and length, if it is what was wanted.
async fn receive(
    mut response: Response,
    path: &Path,
    wanted: &Wanted,
) -> Result<(String, u64), ArtifactError> {
    let kept = |error: std::io::Error| ArtifactError::Kept {
        path: path.display().to_string(),
        what: error.to_string(),
    };
    let mut file = fs::File::create(path).await.map_err(kept)?;
    let digest = wanted.digest.as_ref();
    let mut sha256 = Sum::new("sha256");
    let other = digest.filter(|d| d.algorithm != "sha256");
    let mut other = other.and_then(|d| Some((d, Sum::new(&d.algorithm)?)));
    let mut len = 0;
    while let Some(piece) = next(&mut response, wanted).await? {
        for sum in sha256
            .iter_mut()
            .chain(other.iter_mut().map(|(_, sum)| sum))
        {
            sum.update(&piece);
        }
        len += piece.len() as u64;
        file.write_all(&piece).await.map_err(kept)?;
    }
    file.sync_all().await.map_err(kept)?;
    let sha256 = sha256.map(Sum::finish).unwrap_or_default();
    let found = match (digest, other) {
        (Some(digest), _) if digest.algorithm == "sha256" => Some((digest, sha256.clone())),
        (_, Some((digest, sum))) => Some((digest, sum.finish())),
        // An algorithm that only the host knows: it checks what it is sent.
        _ => None,
    };
    if let Some((digest, found)) = found
        && digest.hex != found
    {
        return Err(ArtifactError::Digest {
            url: shown(&wanted.url),
            found: Digest::new(&digest.algorithm, &found).to_string(),
            expected: digest.to_string(),
        });
    }
    Ok((sha256, len))
}

async fn next(
    response: &mut Response,
    wanted: &Wanted,
) -> Result<Option<bytes::Bytes>, ArtifactError> {
    let piece = response.chunk().await;
    piece.map_err(|error| broken(&wanted.url, error))
}

/// The causes of a failure, outermost first, without the address (it may hold a password).
fn broken(url: &str, error: reqwest::Error) -> ArtifactError {
    let error = error.without_url();
    let mut what = vec![error.to_string()];
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !what.iter().any(|said| said.contains(&text)) {
            what.push(text);
        }
        cause = inner.source();
    }
    ArtifactError::Network {
        url: shown(url),
        what: what.join(": "),
    }
}

/// Whether another attempt may succeed: no answer, one that broke off, or a server in trouble.
fn passing(error: &ArtifactError) -> bool {
    match error {
        ArtifactError::Network { .. } => true,
        ArtifactError::Status { status, .. } => {
            status.starts_with('5') || status.starts_with("429") || status.starts_with("408")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
