//! JSON over HTTP 1.1 over TLS over a dialled stream; one connection, made anew when it broke.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HeaderValue;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

use super::ServiceError;
use crate::connection::{Connection, ConnectionError, Dialler, tls};
use crate::input::Clock;
use crate::secret::Secret;

/// How long a stream may take to be opened and secured.
const CONNECT: Duration = Duration::from_secs(30);
/// How long a service may take for one answer: a GitLab that has just started is slow.
const REQUEST: Duration = Duration::from_secs(120);
/// The largest answer that is read, in bytes.
const LIMIT: usize = 32 << 20;
/// Bytes of a refusal that are shown.
const SHOWN: usize = 300;

/// Where an API is and how it is trusted.
#[derive(Clone)]
pub struct Address {
    host: String,
    port: u16,
    prefix: String,
    name: ServerName<'static>,
    tls: Arc<ClientConfig>,
    /// Where connections go to, if not to what it is called.
    via: Option<(String, u16)>,
}

impl Address {
    /// The API at an https address, whose certificate must be of this authority (PEM).
    ///
    /// # Errors
    /// The address is not one, or the authority is not PEM; in words for a person.
    pub fn new(url: &str, ca: &[u8], pair: Option<&tls::Pair>) -> Result<Self, String> {
        let (host, port, prefix) = tls::address(url)
            .ok_or_else(|| format!("`{url}` is not an address such as https://host:8200"))?;
        let name = ServerName::try_from(host.clone())
            .map_err(|_| format!("`{host}` is not the name of a host"))?;
        let ca = Secret::new(ca.to_vec());
        let config = tls::tls(&ca, pair, "http/1.1").map_err(|why| format!("`{url}`: {why}"))?;
        Ok(Self {
            host,
            port,
            prefix,
            name,
            tls: Arc::new(config),
            via: None,
        })
    }

    /// The same API behind another host and port; names and certificates stay what they are.
    #[must_use]
    pub fn through(mut self, via: Option<(String, u16)>) -> Self {
        self.via = via;
        self
    }

    /// As people write it.
    pub fn url(&self) -> String {
        format!("https://{}{}", self.authority(), self.prefix)
    }

    fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Who asks: a header that only requests carry.
#[derive(Clone)]
pub struct Credential {
    header: &'static str,
    value: Secret<String>,
}

impl Credential {
    /// A header and its secret value.
    pub const fn new(header: &'static str, value: Secret<String>) -> Self {
        Self { header, value }
    }

    /// What the header carries.
    pub const fn value(&self) -> &Secret<String> {
        &self.value
    }
}

/// An answer of any status.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub code: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as JSON; null if it is none.
    pub body: Value,
    /// The first of its text where it is no JSON, for messages.
    pub text: String,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

struct Shared {
    dialler: Dialler,
    address: Address,
    credential: Option<Credential>,
    clock: Arc<dyn Clock>,
    open: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

/// An API that can only be looked at. Clones share the connection.
#[derive(Clone)]
pub struct ApiReader(Arc<Shared>);

/// An API that can be written to.
#[derive(Clone)]
pub struct Api(ApiReader);

impl ApiReader {
    /// An API behind a host; it connects at the first request.
    pub fn new(
        dialler: Dialler,
        (address, credential): (Address, Option<Credential>),
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Shared {
            dialler,
            address,
            credential,
            clock,
            open: Mutex::new(None),
        }))
    }

    /// The same API for somebody else.
    #[must_use]
    pub fn with(&self, credential: Credential) -> Self {
        Self::new(
            self.0.dialler.clone(),
            (self.0.address.clone(), Some(credential)),
            self.0.clock.clone(),
        )
    }

    /// The same API for writing: for whoever has the host's connection and may change it.
    pub fn writer(&self, _right: &Arc<dyn Connection>) -> Api {
        Api(self.clone())
    }

    /// The time that waits go by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// Its address, for messages.
    pub fn url(&self) -> String {
        self.0.address.url()
    }

    /// What is at a path, whatever the status.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn look(&self, path: &str) -> Result<Answer, ServiceError> {
        self.ask(Method::GET, path, None).await
    }

    /// What is at a path; `None` if nothing is (404).
    ///
    /// # Errors
    /// There was no answer, or a refusal.
    pub async fn get(&self, path: &str) -> Result<Option<Value>, ServiceError> {
        let answer = self.look(path).await?;
        match answer.code {
            404 => Ok(None),
            200..=299 => Ok(Some(answer.body)),
            _ => Err(self.refused("GET", path, &answer)),
        }
    }

    /// What is below a path, by Vault's own verb; `None` if nothing is.
    ///
    /// # Errors
    /// There was no answer, or a refusal.
    pub async fn list(&self, path: &str) -> Result<Option<Value>, ServiceError> {
        // Every server and proxy knows GET, and Vault takes it for LIST with this.
        self.get(&format!("{path}?list=true")).await
    }

    /// A refusal, told.
    pub fn refused(&self, verb: &str, path: &str, answer: &Answer) -> ServiceError {
        let words = ["errors", "message", "error_description", "error"];
        let said = words.iter().map(|word| &answer.body[*word]);
        let message = said
            .filter(|value| !value.is_null())
            .map(|value| match value {
                Value::String(text) => text.clone(),
                Value::Array(all) => {
                    let all = all.iter().map(|one| match one {
                        Value::String(text) => text.clone(),
                        Value::Object(map) => map.get("message").map_or_else(
                            || one.to_string(),
                            |m| m.as_str().unwrap_or_default().to_owned(),
                        ),
                        other => other.to_string(),
                    });
                    all.collect::<Vec<_>>().join("; ")
                }
                other => other.to_string(),
            })
            .find(|text| !text.is_empty());
        let message = message.unwrap_or_else(|| answer.text.clone());
        let path = path.split('?').next().unwrap_or_default();
        ServiceError::Refused {
            code: answer.code,
            message: message.split_whitespace().collect::<Vec<_>>().join(" "),
            asked: format!("{verb} {}{path}", self.url()),
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ServiceError> {
        // A connection that was open may have been closed by the server meanwhile: what it did not
        // take is said again on a new one.
        let again = self.0.open.lock().await.is_some() && method == Method::GET;
        let first = self.once(&method, path, body).await;
        match first {
            Err(ServiceError::Unreachable { .. }) if again => self.once(&method, path, body).await,
            other => other,
        }
    }

    async fn once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ServiceError> {
        let mut open = self.0.open.lock().await;
        let usable = match open.take() {
            Some(mut sender) => sender.ready().await.is_ok().then_some(sender),
            None => None,
        };
        let mut sender = match usable {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        let request = self.request(method, path, body)?;
        let lost = |why: String| ServiceError::Unreachable {
            what: format!(
                "the connection to {} broke during {method} {path}: {why}",
                self.url()
            ),
            help: "run it again; what was done stays done".to_owned(),
        };
        let asked = async {
            let answer = sender.send_request(request).await;
            let (head, body) = answer.map_err(|e| lost(e.to_string()))?.into_parts();
            let body = http_body_util::Limited::new(body, LIMIT).collect().await;
            let body = body.map_err(|e| lost(e.to_string()))?.to_bytes();
            Ok::<_, ServiceError>((head, body))
        };
        let (head, bytes) = tokio::select! {
            answer = asked => answer?,
            () = self.0.clock.sleep(REQUEST) => return Err(ServiceError::Unreachable {
                what: format!("{} did not answer {method} {path} within {} s", self.url(), REQUEST.as_secs()),
                help: "look at the service's own log on its host".to_owned(),
            }),
        };
        *open = Some(sender);
        let headers = head.headers.iter().map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        let value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = if matches!(value, Value::Null) {
            String::from_utf8_lossy(&bytes)
                .chars()
                .take(SHOWN)
                .collect()
        } else {
            String::new()
        };
        Ok(Answer {
            code: head.status.as_u16(),
            headers: headers.collect(),
            body: value,
            text,
        })
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, ServiceError> {
        let wrong = |why: String| ServiceError::Protocol(format!("{method} {path}: {why}"));
        let address = &self.0.address;
        let mut request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{path}", address.prefix))
            .header("host", address.authority())
            .header("user-agent", "nautes-install")
            .header("accept", "application/json");
        if let Some(credential) = &self.0.credential {
            let value = HeaderValue::try_from(credential.value.expose().as_str());
            let mut value = value.map_err(|_| {
                ServiceError::Protocol("the token is not text that a request can carry".to_owned())
            })?;
            value.set_sensitive(true);
            request = request.header(credential.header, value);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        request
            .body(Full::new(bytes))
            .map_err(|e| wrong(e.to_string()))
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, ServiceError> {
        let clock = self.0.clock.clone();
        tokio::select! {
            sender = self.connected() => sender,
            () = clock.sleep(CONNECT) => Err(self.unreachable(
                &format!("no answer within {} s", CONNECT.as_secs()),
                "look whether it runs there and whether a firewall is between",
            )),
        }
    }

    async fn connected(&self) -> Result<SendRequest<Full<Bytes>>, ServiceError> {
        let address = &self.0.address;
        let (host, port) = match &address.via {
            Some((host, port)) => (host, *port),
            None => (&address.host, address.port),
        };
        let stream = self.0.dialler.dial(host, port).await;
        let stream = stream.map_err(|error| match error {
            ConnectionError::Refused { what } => self.unreachable(
                &what,
                "look whether it runs there: `systemctl status` on its host",
            ),
            other => ServiceError::Host(other),
        })?;
        let tls = TlsConnector::from(address.tls.clone());
        let secured = tls.connect(address.name.clone(), stream).await;
        let secured = secured.map_err(|error| {
            self.unreachable(
                &format!("TLS: {error}"),
                "the CA that is given must be the one that signed its certificate, and the address a name in it",
            )
        })?;
        let (sender, driver) = http1::handshake(TokioIo::new(secured))
            .await
            .map_err(|error| self.unreachable(&error.to_string(), "try again"))?;
        // The driver ends with the connection; whoever waits for an answer is told there.
        tokio::spawn(driver);
        Ok(sender)
    }

    fn unreachable(&self, why: &str, help: &str) -> ServiceError {
        ServiceError::Unreachable {
            what: format!(
                "{} cannot be reached from `{}`: {why}",
                self.url(),
                self.0.dialler.host()
            ),
            help: help.to_owned(),
        }
    }
}

impl Api {
    /// The view that cannot change anything.
    pub const fn reader(&self) -> &ApiReader {
        &self.0
    }

    /// Sends a change, whatever the status that comes back.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ServiceError> {
        self.0.ask(method, path, body).await
    }

    /// Makes a change and gives what comes back.
    ///
    /// # Errors
    /// There was no answer, or a refusal.
    pub async fn change(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ServiceError> {
        let verb = method.to_string();
        let answer = self.send(method, path, body).await?;
        match answer.code {
            200..=299 => Ok(answer.body),
            _ => Err(self.0.refused(&verb, path, &answer)),
        }
    }
}
