//! A server that answers git over SSH as GitLab does: one deploy key may run upload-pack and
//! receive-pack, nothing else. What speaks to it is the real `ssh`.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nautes_install::repo::{Remote, Ssh};
use nautes_install::secret::Secret;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use russh::server::{Auth, Config, Handler, Msg, Session, VerifiedPublicKey, run_stream};
use russh::{Channel, ChannelId};
use tokio::io::AsyncWriteExt;

pub struct Server {
    pub deploy_key: String,
    pub host_key: String,
    port: u16,
    logins: Arc<AtomicUsize>,
}

impl Server {
    /// The remote as it is reached over SSH: its address is that of GitLab, the way is a forward.
    pub fn remote(&self, key: &str, host_keys: &[String]) -> Remote {
        Remote {
            address: "ssh://git@gitlab.example.com:22/demo/management.git".to_owned(),
            ssh: Some(Ssh {
                key: Secret::new(key.to_owned()),
                host_keys: host_keys.to_vec(),
                at: Some(([127, 0, 0, 1], self.port).into()),
            }),
        }
    }

    pub fn logins(&self) -> usize {
        self.logins.load(Ordering::SeqCst)
    }
}

/// A new key: private, and public as its file has it.
pub fn key() -> (String, String) {
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
    let text = key.to_openssh(LineEnding::LF).unwrap().to_string();
    (text, key.public_key().to_openssh().unwrap())
}

/// Serves a repository on a port of this machine.
pub async fn start(repository: PathBuf) -> Server {
    let (deploy_key, deploy_public) = key();
    let host = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
    let host_key = host.public_key().to_openssh().unwrap();
    let config = Arc::new(Config {
        keys: vec![host],
        ..Config::default()
    });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    let logins = Arc::new(AtomicUsize::new(0));
    let counted = logins.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let session = Git {
                repository: repository.clone(),
                deploy_public: deploy_public.clone(),
                channel: None,
                logins: counted.clone(),
            };
            let config = config.clone();
            tokio::spawn(async move {
                if let Ok(running) = run_stream(config, stream, session).await {
                    let _ = running.await;
                }
            });
        }
    });
    Server {
        deploy_key,
        host_key,
        port,
        logins,
    }
}

struct Git {
    repository: PathBuf,
    deploy_public: String,
    channel: Option<Channel<Msg>>,
    logins: Arc<AtomicUsize>,
}

impl Handler for Git {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        let offered = key.public_key.to_openssh().unwrap_or_default();
        let same = |a: &str, b: &str| a.split_whitespace().nth(1) == b.split_whitespace().nth(1);
        if user != "git" || !same(&offered, &self.deploy_public) {
            return Ok(Auth::reject());
        }
        self.logins.fetch_add(1, Ordering::SeqCst);
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: russh::server::ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channel = Some(channel);
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = String::from_utf8_lossy(data).into_owned();
        let verb = match command.as_str() {
            "git-upload-pack '/demo/management.git'" => "upload-pack",
            "git-receive-pack '/demo/management.git'" => "receive-pack",
            other => panic!("`{other}` is nothing that GitLab would run"),
        };
        let Some(channel) = self.channel.take() else {
            return Ok(());
        };
        session.channel_success(id)?;
        let handle = session.handle();
        let mut child = tokio::process::Command::new("git")
            .arg(verb)
            .arg(&self.repository)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::spawn(async move {
            let (mut input, mut output) =
                (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            let (mut from, mut to) = tokio::io::split(channel.into_stream());
            let feed = tokio::spawn(async move {
                let _ = tokio::io::copy(&mut from, &mut input).await;
                let _ = input.shutdown().await;
            });
            let _ = tokio::io::copy(&mut output, &mut to).await;
            let code = child.wait().await.unwrap().code().unwrap_or(1);
            feed.abort();
            let _ = handle
                .exit_status_request(id, u32::try_from(code).unwrap_or(1))
                .await;
            let _ = handle.eof(id).await;
            let _ = handle.close(id).await;
        });
        Ok(())
    }
}
