//! TLS and HTTP (1.1 or 2, as the client asks) around a simulated cluster, over streams that are in memory or real.

mod authority;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::Value;
use tokio_rustls::TlsAcceptor;

pub use authority::Authority;

use super::cluster::{Answer, Cluster};
use super::refusal::Refusal;
use super::serve::plain;
use crate::connection::Stream;
use crate::input::Clock;
use crate::rehearsal::clock::EstateClock;
use crate::rehearsal::network::{Request, Response, Service};

/// What a request takes on the estate's clock.
const ROUND_TRIP: Duration = Duration::from_millis(3);
/// Bytes on their way between two ends of a stream in memory.
const IN_FLIGHT: usize = 1 << 16;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A simulated API server.
#[derive(Clone)]
pub struct Server {
    /// What it serves.
    pub cluster: Cluster,
    /// Its certificates.
    pub authority: Arc<Authority>,
    acceptor: TlsAcceptor,
    pace: Pace,
}

/// Whose time passes while nobody asks.
#[derive(Clone)]
enum Pace {
    /// The estate's: waits cost nothing.
    Estate,
    /// The real one's, for a person with kubectl: the estate's clock follows it.
    Real(Arc<(Arc<dyn Clock>, Mutex<Duration>)>),
}

impl Server {
    /// A server of a cluster.
    ///
    /// # Errors
    /// A defect of this program, in one line.
    pub fn new(cluster: Cluster, authority: Authority) -> Result<Self, String> {
        let config = authority.server()?;
        Ok(Self {
            cluster,
            authority: Arc::new(authority),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            pace: Pace::Estate,
        })
    }

    /// The same server for a person: the estate's clock follows this one.
    #[must_use]
    pub fn paced(mut self, clock: Arc<dyn Clock>) -> Self {
        let since = Mutex::new(clock.elapsed());
        self.pace = Pace::Real(Arc::new((clock, since)));
        self
    }

    /// Lets the estate's clock catch up with the real one.
    fn follow(&self) {
        if let Pace::Real(real) = &self.pace {
            let now = real.0.elapsed();
            let mut seen = real.1.lock().unwrap_or_else(PoisonError::into_inner);
            self.cluster.clock().advance(now.saturating_sub(*seen));
            *seen = now;
        }
    }

    fn idle(&self) -> Arc<dyn Clock> {
        match &self.pace {
            Pace::Estate => Arc::new(self.cluster.clock().clone()),
            Pace::Real(real) => real.0.clone(),
        }
    }

    /// Serves one connection until its client is gone.
    pub async fn serve(self, stream: impl Stream + 'static) {
        // A client that does not finish its handshake gets nothing, and nobody to tell.
        let Ok(stream) = self.acceptor.accept(stream).await else {
            return;
        };
        let known = stream.get_ref().1.peer_certificates().is_some();
        let service = service_fn(move |request| {
            let server = self.clone();
            async move { Ok::<_, Infallible>(server.respond(request, known).await) }
        });
        // A connection that breaks is the client's to notice.
        let _ = auto::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn respond(
        &self,
        request: hyper::Request<Incoming>,
        known: bool,
    ) -> hyper::Response<Body> {
        let (head, body) = request.into_parts();
        let headers = head.headers.iter().map(|(key, value)| {
            (
                key.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        let headers: Vec<(String, String)> = headers.collect();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes().to_vec(),
            Err(error) => return whole(refused(&Refusal::bad_request(error.to_string()))),
        };
        self.follow();
        self.cluster.clock().sleep(ROUND_TRIP).await;
        let url = head
            .uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned();
        let request = Request {
            method: head.method.to_string(),
            url,
            headers,
            body,
            client: None,
        };
        match self.answer(&request, known) {
            Answer::Plain(response) => whole(response),
            Answer::Watch(watch) => {
                let idle = self.idle();
                let lines = stream::unfold((watch, idle), |(mut watch, idle)| async move {
                    let lines = watch.next(idle.as_ref()).await?;
                    Some((Ok(Frame::data(Bytes::from(lines))), (watch, idle)))
                });
                let body = BodyExt::boxed_unsync(StreamBody::new(lines));
                built(
                    200,
                    &[("content-type".to_owned(), "application/json".to_owned())],
                    body,
                )
            }
        }
    }

    /// Answers somebody whose certificate is known or not.
    fn answer(&self, request: &Request, known: bool) -> Answer {
        if request.url == "/cacerts" {
            return Answer::Plain(Response {
                status: 200,
                headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
                body: self.authority.certificate().as_bytes().to_vec(),
            });
        }
        let token = request
            .headers
            .iter()
            .find(|(key, _)| key == "authorization");
        let token = token.and_then(|(_, value)| value.strip_prefix("Bearer "));
        if known || token.is_some_and(|token| self.cluster.knows(token)) {
            self.cluster.ask(request)
        } else {
            Answer::Plain(refused(&Refusal::new(401, "Unauthorized", "Unauthorized")))
        }
    }
}

fn refused(refusal: &Refusal) -> Response {
    plain(refusal.code, &refusal.status(), &[])
}

fn whole(response: Response) -> hyper::Response<Body> {
    built(
        response.status,
        &response.headers,
        Full::new(Bytes::from(response.body)).boxed_unsync(),
    )
}

fn built(status: u16, headers: &[(String, String)], body: Body) -> hyper::Response<Body> {
    let mut response = hyper::Response::new(body);
    *response.status_mut() =
        hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    for (key, value) in headers {
        let pair = (
            hyper::header::HeaderName::try_from(key),
            hyper::header::HeaderValue::try_from(value),
        );
        if let (Ok(key), Ok(value)) = pair {
            response.headers_mut().append(key, value);
        }
    }
    response
}

impl Service for Server {
    fn open(&self, _: &str) -> Box<dyn Stream> {
        let (ours, theirs) = tokio::io::duplex(IN_FLIGHT);
        tokio::spawn(self.clone().serve(theirs));
        Box::new(ours)
    }

    fn fork(&self, clock: &EstateClock) -> Arc<dyn Service> {
        Arc::new(Self {
            cluster: self.cluster.fork(clock),
            ..self.clone()
        })
    }

    fn save(&self) -> Value {
        self.cluster.save()
    }

    fn answer(&self, request: &Request) -> Response {
        match Self::answer(self, request, false) {
            Answer::Plain(response) => response,
            Answer::Watch(_) => refused(&Refusal::not_simulated("a watch by curl")),
        }
    }

    fn api_server(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn cluster(&self) -> Option<&Cluster> {
        Some(&self.cluster)
    }
}
