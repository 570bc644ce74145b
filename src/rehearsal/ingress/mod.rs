//! The way into a simulated cluster: a port of its nodes, behind which Traefik's certificate is shown
//! and the Ingress or `IngressRoute` of the asked host leads to a Service, and that to the model of
//! what its pods run.

mod routes;
mod workload;

use std::sync::Arc;

use self::routes::Routes;
use super::clock::EstateClock;
use super::kubernetes::{Cluster, State};
use super::network::{Request, Response, Service};
use super::web;
use crate::connection::Stream;

/// Bytes on their way between two ends of a stream in memory.
const IN_FLIGHT: usize = 1 << 16;
/// Node ports of a Service.
const PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;

/// The https entrance of a cluster, as long as somebody stands in it.
#[derive(Clone)]
pub struct Entrance(Cluster);

impl Entrance {
    /// The entrance that a port of the nodes is; `None` if no ready Traefik is behind it.
    pub fn at(cluster: &Cluster, port: u16) -> Option<Self> {
        if !PORTS.contains(&port) {
            return None;
        }
        let state = cluster.settled();
        Routes(&state)
            .has_entrance(port)
            .then(|| Self(cluster.clone()))
    }
}

impl Service for Entrance {
    fn open(&self, _: &str) -> Box<dyn Stream> {
        let (ours, theirs) = tokio::io::duplex(IN_FLIGHT);
        // Without a certificate the stream ends at once: the real one then shows one that nobody trusts.
        let shown = Routes(&self.0.settled()).certificate();
        let secured = shown.and_then(|(chain, key)| web::acceptor(&chain, &key).ok());
        if let Some(acceptor) = secured {
            let entrance = self.clone();
            let answer = Arc::new(move |request: &Request| entrance.answer(request));
            let clock = self.0.clock().clone();
            tokio::spawn(web::converse(theirs, acceptor, (clock, answer)));
        }
        Box::new(ours)
    }

    fn fork(&self, clock: &EstateClock) -> Arc<dyn Service> {
        Arc::new(Self(self.0.fork(clock)))
    }

    fn answer(&self, request: &Request) -> Response {
        let mut state = self.0.settled();
        let host = host_of(request);
        let path = web::path_of(&request.url).to_owned();
        let request = Request {
            url: path,
            ..request.clone()
        };
        answer(&mut state, &host, &request)
    }
}

/// The answer of what is behind a host's name; also what programs inside the cluster get.
pub fn answer(state: &mut State, host: &str, request: &Request) -> Response {
    let path = request.url.split('?').next().unwrap_or_default();
    let routes = Routes(state);
    let Some(backend) = routes.backend(host, path) else {
        return text(404, "404 page not found\n");
    };
    match routes.pod(&backend) {
        Some(pod) => workload::answer(state, (&backend, &pod), request),
        None => text(503, "no available server\n"),
    }
}

/// Who is asked: the host of the whole address, else of the header.
fn host_of(request: &Request) -> String {
    let of_url = request.url.split_once("://").map(|(_, rest)| rest);
    let header = request.headers.iter().find(|(name, _)| name == "host");
    let header = header.map(|(_, value)| value.as_str());
    // What is asked for by name comes first: curl's header would be another host on purpose.
    let authority = header.or(of_url).unwrap_or_default();
    let authority = authority.split('/').next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    host.to_lowercase()
}

/// A page of a few words.
pub fn text(status: u16, words: &str) -> Response {
    Response {
        status,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: words.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests;
