//! TLS and HTTP around the model of a service that is a unit of a host: the certificate is the one
//! that the host's files give it, so a client that trusts another authority is refused as by the
//! real one.

use std::any::Any;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio_rustls::TlsAcceptor;

use super::clock::EstateClock;
use super::network::{Neighbours, Request, Response, Service};
use crate::connection::Stream;
use crate::input::Clock;

/// What a request takes on the estate's clock.
const ROUND_TRIP: Duration = Duration::from_millis(3);
/// Bytes on their way between two ends of a stream in memory.
const IN_FLIGHT: usize = 1 << 16;

/// The model of a service: answers requests, keeps state.
pub trait Model: Send + Sync {
    /// The answer to a request.
    fn answer(&self, request: &Request) -> Response;

    /// The same, of a service that asks others on its host.
    fn answer_beside(&self, request: &Request, _: Neighbours<'_>) -> Response {
        self.answer(request)
    }

    /// Its process is this one now: what was only in memory is lost if it was another before.
    fn runs_as(&self, process: u32);

    /// Its state, for saving.
    fn save(&self) -> Value;

    /// The same service in the same state, going on by itself.
    fn fork(&self, clock: &EstateClock) -> Arc<dyn Model>;

    /// The file of the host that holds its data: without it there is none.
    fn data_file(&self) -> String;

    /// What it shares with others of its kind.
    fn shared(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }

    /// Tells which processes of its port run, by host.
    fn look(&self, _alive: BTreeMap<String, u32>) {}

    /// The public keys that may read a project (`GROUP/PROJECT`), if it is a server of git.
    fn deploy_keys(&self, _project: &str) -> Option<Vec<String>> {
        None
    }
}

/// A model behind TLS.
#[derive(Clone)]
pub struct Web {
    model: Arc<dyn Model>,
    acceptor: TlsAcceptor,
    clock: EstateClock,
}

impl Web {
    /// A model that shows this certificate (PEM, with its key).
    ///
    /// # Errors
    /// They are not a certificate and its key, in one line.
    pub fn new(
        model: Arc<dyn Model>,
        (certificate, key): (&[u8], &[u8]),
        clock: &EstateClock,
    ) -> Result<Self, String> {
        let acceptor = acceptor(certificate, key)?;
        Ok(Self {
            model,
            acceptor,
            clock: clock.clone(),
        })
    }
}

/// TLS that shows this certificate (PEM, with its key).
///
/// # Errors
/// They are not a certificate and its key, in one line.
pub fn acceptor(certificate: &[u8], key: &[u8]) -> Result<TlsAcceptor, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|_| "the certificate is not PEM")?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| "the key is not PEM")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| format!("the certificate cannot be used: {error}"))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Secures a stream and answers what is asked over it.
pub async fn converse(
    stream: impl Stream + 'static,
    acceptor: TlsAcceptor,
    (clock, answer): (EstateClock, Arc<dyn Fn(&Request) -> Response + Send + Sync>),
) {
    // A client that does not finish its handshake gets nothing, and nobody to tell.
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(move |request| {
        let (clock, answer) = (clock.clone(), answer.clone());
        async move {
            let request = taken(request).await;
            clock.sleep(ROUND_TRIP).await;
            Ok::<_, Infallible>(built(answer(&request)))
        }
    });
    // A connection that breaks is the client's to notice.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A request as models take it.
async fn taken(request: hyper::Request<Incoming>) -> Request {
    let (head, body) = request.into_parts();
    let headers = head.headers.iter().map(|(key, value)| {
        (
            key.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let headers = headers.collect();
    let body = body.collect().await;
    let body = body.map_or_else(|_| Vec::new(), |body| body.to_bytes().to_vec());
    let url = head.uri.path_and_query().map_or("/", |path| path.as_str());
    Request {
        method: head.method.to_string(),
        url: url.to_owned(),
        headers,
        body,
        client: None,
    }
}

fn built(response: Response) -> hyper::Response<Full<Bytes>> {
    let mut built = hyper::Response::new(Full::new(Bytes::from(response.body)));
    *built.status_mut() = hyper::StatusCode::from_u16(response.status)
        .unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    for (key, value) in response.headers {
        let pair = (
            hyper::header::HeaderName::try_from(key),
            hyper::header::HeaderValue::try_from(value),
        );
        if let (Ok(key), Ok(value)) = pair {
            built.headers_mut().append(key, value);
        }
    }
    built
}

impl Service for Web {
    fn open(&self, _: &str) -> Box<dyn Stream> {
        let (ours, theirs) = tokio::io::duplex(IN_FLIGHT);
        let model = self.model.clone();
        let answer = Arc::new(move |request: &Request| model.answer(request));
        let acceptor = self.acceptor.clone();
        tokio::spawn(converse(theirs, acceptor, (self.clock.clone(), answer)));
        Box::new(ours)
    }

    fn fork(&self, clock: &EstateClock) -> Arc<dyn Service> {
        Arc::new(Self {
            model: self.model.fork(clock),
            acceptor: self.acceptor.clone(),
            clock: clock.clone(),
        })
    }

    fn save(&self) -> Value {
        self.model.save()
    }

    fn answer(&self, request: &Request) -> Response {
        self.model.answer(&below(request))
    }

    fn answer_beside(&self, request: &Request, neighbours: Neighbours<'_>) -> Response {
        self.model.answer_beside(&below(request), neighbours)
    }

    fn is_of_unit(&self) -> bool {
        true
    }

    fn shared(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.model.shared()
    }

    fn look(&self, alive: BTreeMap<String, u32>) {
        self.model.look(alive);
    }

    fn deploy_keys(&self, project: &str) -> Option<Vec<String>> {
        self.model.deploy_keys(project)
    }

    fn runs_as(&self, process: u32) {
        self.model.runs_as(process);
    }

    fn data_file(&self) -> Option<String> {
        Some(self.model.data_file())
    }
}

/// The same request by its path.
fn below(request: &Request) -> Request {
    Request {
        url: path_of(&request.url).to_owned(),
        ..request.clone()
    }
}

/// The path of a whole address, as curl has it; models know paths.
pub fn path_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| {
        rest.find('/').map_or("/", |at| &rest[at..])
    })
}

/// JSON as a response.
pub fn json(status: u16, body: &Value) -> Response {
    let mut text = body.to_string().into_bytes();
    text.push(b'\n');
    Response {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: text,
    }
}

/// An answer without a body.
pub fn nothing(status: u16) -> Response {
    Response {
        status,
        ..Response::default()
    }
}
