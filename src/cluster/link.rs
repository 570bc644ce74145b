//! One TLS connection with HTTP/2 on a dialled stream, shared by all requests and made anew when
//! it broke. Retries what may be retried: requests that say the same thing twice.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::client::Body;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

use super::ClusterError;
use super::kubeconfig::Access;
use crate::connection::{ConnectionError, Dialler};

/// How long a stream may take to be opened and secured.
pub const CONNECT: Duration = Duration::from_secs(30);
/// Bytes on their way for one answer and for all: definitions are large, and lists larger.
const WINDOW: u32 = 4 << 20;

/// The service that kube's client sends its requests to.
#[derive(Clone)]
pub struct Link(Arc<Inner>);

struct Inner {
    dialler: Dialler,
    access: Access,
    open: Mutex<Option<SendRequest<Body>>>,
}

impl Link {
    /// A link that connects at the first request.
    pub fn new(dialler: Dialler, access: Access) -> Self {
        Self(Arc::new(Inner {
            dialler,
            access,
            open: Mutex::new(None),
        }))
    }

    /// A sender on the open connection, or on a new one.
    async fn sender(&self) -> Result<SendRequest<Body>, ClusterError> {
        let mut open = self.0.open.lock().await;
        if let Some(sender) = open.as_ref().filter(|sender| !sender.is_closed()) {
            return Ok(sender.clone());
        }
        let sender = self.connect().await?;
        *open = Some(sender.clone());
        Ok(sender)
    }

    async fn connect(&self) -> Result<SendRequest<Body>, ClusterError> {
        let Access { host, port, .. } = &self.0.access;
        let from = self.0.dialler.host();
        let unreachable = |why: String, help: &str| ClusterError::Unreachable {
            what: format!(
                "the Kubernetes API at {host}:{port} cannot be reached from `{from}`: {why}"
            ),
            help: help.to_owned(),
        };
        let stream = self.0.dialler.dial(host, *port).await;
        let stream = stream.map_err(|error| match error {
            ConnectionError::Refused { what } => unreachable(
                what,
                "look whether the API server runs there, and at the `server` of the kubeconfig",
            ),
            other => ClusterError::Host(other),
        })?;
        let tls = TlsConnector::from(self.0.access.tls.clone());
        let secured = tls.connect(self.0.access.name.clone(), stream).await;
        let secured = secured.map_err(|error| {
            unreachable(
                format!("TLS: {error}"),
                "the kubeconfig's CA must be the one that signed the server's certificate, and its `server` a name in it",
            )
        })?;
        if secured.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(unreachable(
                "it does not speak HTTP/2".to_owned(),
                "name the API server itself, not a proxy before it",
            ));
        }
        let (sender, driver) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .handshake(TokioIo::new(secured))
            .await
            .map_err(|e| unreachable(e.to_string(), "try again"))?;
        // The driver ends with the connection; whoever waits for an answer is told there.
        tokio::spawn(driver);
        Ok(sender)
    }

    async fn call(self, request: Request<Body>) -> Result<Response<Incoming>, tower::BoxError> {
        let mut sender = self.sender().await?;
        let request = self.addressed(request)?;
        // A connection that is closing takes nothing more: then a new one does.
        if sender.ready().await.is_err() {
            *self.0.open.lock().await = None;
            sender = self.sender().await?;
        }
        Ok(sender.send_request(request).await?)
    }

    /// With scheme, authority and credentials.
    fn addressed(&self, request: Request<Body>) -> Result<Request<Body>, tower::BoxError> {
        let Access {
            host,
            port,
            prefix,
            token,
            ..
        } = &self.0.access;
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |p| p.as_str());
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.clone()
        };
        head.uri = format!("https://{host}:{port}{prefix}{path}").parse::<Uri>()?;
        if let Some(token) = token {
            let mut value =
                hyper::header::HeaderValue::try_from(format!("Bearer {}", token.expose()))?;
            value.set_sensitive(true);
            head.headers.insert(hyper::header::AUTHORIZATION, value);
        }
        Ok(Request::from_parts(head, body))
    }

    /// Forgets the connection, so that the next request makes a new one.
    pub async fn reset(&self) {
        *self.0.open.lock().await = None;
    }

    /// The namespace of what names none.
    pub fn namespace(&self) -> &str {
        &self.0.access.namespace
    }

    /// Where the API is, for messages.
    pub fn address(&self) -> String {
        format!("{}:{}", self.0.access.host, self.0.access.port)
    }
}

impl tower::Service<Request<Body>> for Link {
    type Response = Response<Incoming>;
    type Error = tower::BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(Self::call(self.clone(), request))
    }
}

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    /// Body.
    pub body: Bytes,
    /// What the server warned of.
    pub warnings: Vec<String>,
}
