//! A service that a task speaks to through its host: its address, the authority that its
//! certificate must be of, and who asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use ring::digest::{Context as Sum, SHA256};

use super::{Context, Failure, Given};
use crate::connection::{Probe, Reader, Reply};
use crate::input::Clock;
use crate::service::{Address, ApiReader, Credential, ServiceError};

/// Where hosts keep the authorities that they trust: Debian and Ubuntu, Red Hat and Fedora.
const TRUST: [&str; 2] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
];
/// The largest file of authorities that is read, in bytes.
const LIMIT: u64 = 4 << 20;

/// The clients of services that tasks on a host reach, kept beside what was seen of it.
#[derive(Default)]
struct Clients(Mutex<HashMap<Vec<u8>, ApiReader>>);

/// The way to a service.
pub struct Remote {
    url: String,
    authorities: Vec<String>,
    via: Option<(String, u16)>,
    credential: Option<(Credential, Vec<u8>)>,
    clock: Arc<dyn Clock>,
}

impl Remote {
    /// Reads the address and the authority from these arguments; without the second the host's own
    /// trust counts, as for its curl.
    ///
    /// # Errors
    /// The authority is no absolute path.
    pub fn new(
        given: &Given,
        context: &Context<'_>,
        (url, ca): (&str, &str),
    ) -> Result<Self, Failure> {
        let authorities = match given.path(ca)? {
            Some(path) => vec![path],
            None => TRUST.map(ToOwned::to_owned).to_vec(),
        };
        Ok(Self {
            url: given.string(url).trim_end_matches('/').to_owned(),
            authorities,
            via: None,
            credential: None,
            clock: context.clock.clone(),
        })
    }

    /// Connects to this `HOST:PORT` in place of the address, as curl's `--connect-to` does.
    ///
    /// # Errors
    /// It is not of that form.
    pub fn connecting_to(mut self, to: Option<String>) -> Result<Self, Failure> {
        let Some(to) = to else { return Ok(self) };
        let pair = to.rsplit_once(':').and_then(|(host, port)| {
            let host = host.trim_matches(['[', ']']);
            let port = port.parse().ok()?;
            (!host.is_empty()).then(|| (host.to_owned(), port))
        });
        let wrong = || Failure::msg(format!("`connect_to: {to}` is not a HOST:PORT"));
        self.via = Some(pair.ok_or_else(wrong)?);
        Ok(self)
    }

    /// Asks as somebody; `told` tells one secret from another.
    #[must_use]
    pub fn by(mut self, credential: Credential, told: &str) -> Self {
        let told = ring::digest::digest(&SHA256, told.as_bytes());
        self.credential = Some((credential, told.as_ref().to_vec()));
        self
    }

    /// The questions that are known before anything is asked.
    pub fn questions(&self) -> Vec<Probe> {
        let asked = self.authorities.iter();
        asked
            .map(|path| Probe::Read {
                path: path.clone(),
                limit: LIMIT,
            })
            .collect()
    }

    /// Its API; tasks of a run share the connection. It connects at the first request.
    ///
    /// # Errors
    /// The address is not one, or there is no authority.
    pub async fn open(&self, at: &Reader<'_>) -> Result<ApiReader, Failure> {
        let replies = at.ask(&self.questions()).await?;
        let ca = replies.into_iter().find_map(|reply| match reply {
            Reply::Content(content) => content,
            _ => None,
        });
        let ca = ca.ok_or_else(|| {
            Failure::msg(format!(
                "`{}` has no file {} with the authorities to trust",
                at.host(),
                self.authorities.join(" or ")
            ))
            .help("name the PEM file with the tenant's CA on that host")
        })?;
        let mut sum = Sum::new(&SHA256);
        sum.update(self.url.as_bytes());
        sum.update(&ca);
        if let Some((host, port)) = &self.via {
            sum.update(host.as_bytes());
            sum.update(&port.to_be_bytes());
        }
        if let Some((_, told)) = &self.credential {
            sum.update(told);
        }
        let key = sum.finish().as_ref().to_vec();
        let clients = at.kept().get::<Clients>();
        if let Some(known) = clients.0.lock().ok().and_then(|all| all.get(&key).cloned()) {
            return Ok(known);
        }
        let address = Address::new(&self.url, &ca, None).map_err(Failure::msg)?;
        let address = address.through(self.via.clone());
        let credential = self
            .credential
            .as_ref()
            .map(|(credential, _)| credential.clone());
        let api = ApiReader::new(at.dialler(), (address, credential), self.clock.clone());
        if let Ok(mut all) = clients.0.lock() {
            return Ok(all.entry(key).or_insert(api).clone());
        }
        Ok(api)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Host(error) => error.into(),
            ServiceError::Unreachable { what, help } => Self::msg(what).help(help),
            ServiceError::Refused {
                code,
                ref message,
                ref asked,
            } => Self::msg(format!("{asked}: status {code}: {message}"))
                .with("status", code)
                .with("error", message.clone()),
            ServiceError::Protocol(what) => Self::msg(what),
        }
    }
}
