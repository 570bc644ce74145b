//! Who speaks to GitLab: with a token that may look, and where something is to be changed, with one
//! that a program on GitLab's own host makes for this run (`api_token_command`).

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use ring::digest::{SHA256, digest};

use crate::connection::{Action, Exec, Kept, Probe, Reader};
use crate::modules::remote::Remote;
use crate::modules::thing::Way;
use crate::modules::transfer::refuse_unverified;
use crate::modules::{Context, Failure, Given, Site};
use crate::secret::Secret;
use crate::service::{Api, ApiReader, ServiceError, gitlab};

/// Tokens that were made in this run, by the digest of what made them; kept beside the host.
#[derive(Default)]
struct Minted(Mutex<HashMap<Vec<u8>, Secret<String>>>);

/// The way to a GitLab.
pub struct Access {
    remote: Remote,
    token: Option<Secret<String>>,
    command: Vec<String>,
    stdin: Option<Secret<String>>,
}

impl Access {
    /// Reads the arguments that all modules of this family take.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        refuse_unverified(given)?;
        let token = given.some("api_token");
        let command = given.list("api_token_command");
        if token.is_none() && command.is_empty() {
            return Err(Failure::msg("missing required arguments: api_token"));
        }
        let remote = Remote::new(given, context, ("api_url", "ca_path"))?;
        Ok(Self {
            remote: match &token {
                Some(token) => remote.by(gitlab::token(Secret::new(token.clone())), token),
                None => remote,
            },
            token: token.map(Secret::new),
            command,
            stdin: given.some("api_token_stdin").map(Secret::new),
        })
    }

    fn key(&self, api: &ApiReader) -> Vec<u8> {
        let stdin = self.stdin.as_ref().map_or("", |text| text.expose());
        let words = format!("{}\0{}\0{stdin}", api.url(), self.command.join("\0"));
        digest(&SHA256, words.as_bytes()).as_ref().to_vec()
    }

    /// Makes a token: what the program prints last.
    async fn mint(&self, at: &Site<'_>) -> Result<Secret<String>, Failure> {
        let mut exec = Exec::new(self.command.clone());
        exec.stdin = self.stdin.as_ref().map(|text| text.expose().clone().into());
        let program = self.command.join(" ");
        let done = at.act(Action::Exec(exec)).await?.executed;
        // What it printed may be the token: only its complaints are shown.
        if done.code != 0 {
            let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            return Err(Failure::msg(format!(
                "`{program}` made no token, code {}: {said}",
                done.code
            ))
            .with("rc", done.code));
        }
        let printed = String::from_utf8_lossy(&done.stdout);
        let last = printed
            .lines()
            .map(str::trim)
            .rfind(|line| !line.is_empty());
        match last {
            Some(token) if !token.contains(char::is_whitespace) => {
                Ok(Secret::new(token.to_owned()))
            }
            _ => Err(Failure::msg(format!("`{program}` printed no token"))),
        }
    }
}

#[async_trait]
impl Way for Access {
    fn questions(&self) -> Vec<Probe> {
        self.remote.questions()
    }

    async fn look(&self, at: &Reader<'_>) -> Result<Option<ApiReader>, Failure> {
        if self.token.is_none() {
            return Ok(None);
        }
        let reader = self.remote.open(at).await?;
        if self.command.is_empty() {
            return Ok(Some(reader));
        }
        let known = gitlab::myself(&reader).await.map_err(told)?;
        Ok(known.map(|_| reader))
    }

    async fn write(&self, at: &Site<'_>) -> Result<Api, Failure> {
        let reader = at.reader();
        let api = self.remote.open(&reader).await?;
        if self.command.is_empty() {
            return Ok(api.writer(at.connection));
        }
        let key = self.key(&api);
        if let Some(token) = minted(reader.kept(), &key) {
            let api = api.with(gitlab::token(token));
            // Whoever made it may have taken it back at the end of another component.
            if gitlab::myself(&api).await.map_err(told)?.is_some() {
                return Ok(api.writer(at.connection));
            }
        }
        let token = self.mint(at).await?;
        if let Ok(mut all) = reader.kept().get::<Minted>().0.lock() {
            all.insert(key, Secret::new(token.expose().clone()));
        }
        Ok(api.with(gitlab::token(token)).writer(at.connection))
    }

    fn told(&self, error: ServiceError) -> Failure {
        told(error)
    }
}

fn minted(kept: &Kept, key: &[u8]) -> Option<Secret<String>> {
    let all = kept.get::<Minted>();
    let all = all.0.lock().ok()?;
    all.get(key)
        .map(|token| Secret::new(token.expose().clone()))
}

/// A refusal of GitLab's, with what to do about it.
pub fn told(error: ServiceError) -> Failure {
    let code = error.code();
    let failure = Failure::from(error);
    match code {
        Some(401) => {
            failure.help("give a token that works with `api_token`: scope api, of an administrator")
        }
        Some(403) => {
            failure.help("the token's user must be an administrator, and the token needs scope api")
        }
        Some(502 | 503) => {
            failure.help("GitLab is starting: look at `gitlab-ctl status` on its host")
        }
        _ => failure,
    }
}
