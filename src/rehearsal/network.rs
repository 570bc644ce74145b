//! Who answers at which address of the estate.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::clock::EstateClock;
use super::host::Host;
use super::ingress::Entrance;
use super::kubernetes::{Cluster, Server};
use super::tree::Time;
use super::world::World;
use crate::connection::Stream;

/// A service model: gives the server's end of a new connection's byte stream something to do.
///
/// The model owns its state; `open` is called once per connection and must not block.
pub trait Service: Send + Sync {
    /// A new connection from a host; what is given back is the client's end.
    fn open(&self, from: &str) -> Box<dyn Stream>;

    /// The same service in the same state, going on by itself by a clock: for snapshots.
    fn fork(&self, clock: &EstateClock) -> Arc<dyn Service>;

    /// The API server that it is, for a listener beside the estate's streams.
    fn api_server(&self) -> Option<Server> {
        None
    }

    /// The simulated cluster that it is the API of.
    fn cluster(&self) -> Option<&Cluster> {
        None
    }

    /// Whether it is there only while the unit that listens on its port runs.
    fn is_of_unit(&self) -> bool {
        self.cluster().is_some()
    }

    /// The process that it is, before each connection.
    fn runs_as(&self, _process: u32) {}

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

    /// The file of its host without which its data is gone.
    fn data_file(&self) -> Option<String> {
        None
    }

    /// Its state for saving; null if it keeps none.
    fn save(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// The answer to a plain request, for `curl` on a simulated host.
    fn answer(&self, request: &Request) -> Response;

    /// The same, of a service that asks others on its host.
    fn answer_beside(&self, request: &Request, _: Neighbours<'_>) -> Response {
        self.answer(request)
    }
}

/// Asks the service on a port of the same host; nothing if nobody listens there.
pub type Neighbours<'a> = &'a dyn Fn(u16, &Request) -> Option<Response>;

/// An HTTP request, as `curl` makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Common name of the client's certificate, if it shows one.
    pub client: Option<String>,
}

/// An HTTP response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// Services by host name (or address) and port; an empty name is every host.
#[derive(Clone, Default)]
pub struct Network(BTreeMap<(String, u16), Arc<dyn Service>>);

impl Network {
    /// Puts a service at an address.
    pub fn put(&mut self, host: &str, port: u16, service: Arc<dyn Service>) {
        self.0.insert((host.to_owned(), port), service);
    }

    /// The same services, going on by themselves.
    #[must_use]
    pub fn forked(&self, clock: &EstateClock) -> Self {
        // A service at several addresses stays one.
        let mut forks: Vec<(&Arc<dyn Service>, Arc<dyn Service>)> = Vec::new();
        let mut all = BTreeMap::new();
        for (at, service) in &self.0 {
            let fork = match forks.iter().find(|(old, _)| Arc::ptr_eq(old, service)) {
                Some((_, fork)) => fork.clone(),
                None => service.fork(clock),
            };
            forks.push((service, fork.clone()));
            all.insert(at.clone(), fork);
        }
        Self(all)
    }

    /// Takes a service away.
    pub fn remove(&mut self, host: &str, port: u16) {
        self.0.remove(&(host.to_owned(), port));
    }

    /// Every service with its address.
    pub fn all(&self) -> impl Iterator<Item = (&(String, u16), &Arc<dyn Service>)> {
        self.0.iter()
    }

    /// Whether a service is at exactly this address.
    pub fn has(&self, host: &str, port: u16) -> bool {
        self.0.contains_key(&(host.to_owned(), port))
    }

    /// The service at an address.
    pub fn get(&self, host: &str, port: u16) -> Option<Arc<dyn Service>> {
        self.0
            .get(&(host.to_owned(), port))
            .or_else(|| self.0.get(&(String::new(), port)))
            .cloned()
    }
}

/// What a TCP connect meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Somebody listens.
    Open,
    /// The host answers, nobody listens.
    Refused,
    /// No such name.
    Unknown,
    /// The host does not answer.
    Silent,
}

impl World {
    /// Who answers at this port of a host that may be out of the world while its program runs.
    pub fn service_at(&self, host: &Host, port: u16, now: Time) -> Option<Arc<dyn Service>> {
        let Some(service) = self.network.get(&host.name, port) else {
            return self.entrance(host, port);
        };
        let unit = host.units.listening(port, now);
        if let Some(unit) = unit.and_then(|unit| host.units.get(unit)) {
            service.runs_as(unit.pid);
        }
        if service.shared().is_some() {
            service.look(self.running(host, port, now));
        }
        Some(service)
    }

    /// The processes that listen on a port, by host.
    fn running(&self, out: &Host, port: u16, now: Time) -> BTreeMap<String, u32> {
        let hosts = self.hosts.values().chain(std::iter::once(out));
        let on = hosts.filter(|host| host.power == super::host::Power::On);
        let found = on.filter_map(|host| {
            let unit = host.units.get(host.units.listening(port, now)?)?;
            Some((host.name.clone(), unit.pid))
        });
        found.collect()
    }

    /// The way into the cluster that a host is a node of, if this port is it.
    fn entrance(&self, host: &Host, port: u16) -> Option<Arc<dyn Service>> {
        let name = host.memory.get("node")?["cluster"].as_str()?;
        let mut clusters = self
            .network
            .all()
            .filter_map(|(_, service)| service.cluster());
        let cluster = clusters.find(|cluster| cluster.is_called(name))?;
        Entrance::at(cluster, port).map(|entrance| Arc::new(entrance) as Arc<dyn Service>)
    }

    /// What a connect from a host to `name:port` meets.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    pub fn reach(&self, from: &Host, name: &str, port: u16, now: Time) -> Reach {
        let local = ["localhost", "127.0.0.1", "::1", "0.0.0.0"].contains(&name);
        let resolved = from.resolve(name);
        let host = if local || from.answers_to(name) || from.answers_to(&resolved) {
            Some(from)
        } else {
            self.host_at(&resolved)
        };
        match host {
            Some(host) if host.power != super::host::Power::On => Reach::Silent,
            Some(host) if host.units.listening(port, now).is_some() => Reach::Open,
            // What is a unit's is there as long as that runs; others as long as they are put.
            Some(host)
                if self
                    .network
                    .get(&host.name, port)
                    .is_some_and(|s| !s.is_of_unit()) =>
            {
                Reach::Open
            }
            Some(host) if self.entrance(host, port).is_some() => Reach::Open,
            Some(_) => Reach::Refused,
            None if self.network.get(name, port).is_some() => Reach::Open,
            None if name.parse::<std::net::IpAddr>().is_ok() => Reach::Silent,
            None => Reach::Unknown,
        }
    }
}

impl Host {
    /// A name through the host's own `/etc/hosts`.
    pub fn resolve(&self, name: &str) -> String {
        self.tree
            .text("/etc/hosts")
            .lines()
            .find_map(|line| {
                let mut words = line.split('#').next()?.split_whitespace();
                let address = words.next()?;
                words.any(|word| word == name).then(|| address.to_owned())
            })
            .unwrap_or_else(|| wildcard(name).unwrap_or(name).to_owned())
    }
}

/// The address in a name that is for everybody: `harbor.192.0.2.10.nip.io`.
fn wildcard(name: &str) -> Option<&str> {
    let rest = name.strip_suffix(".nip.io")?;
    let mut dots = rest.rmatch_indices('.').map(|(at, _)| at);
    let address = dots.nth(3).map_or(rest, |at| &rest[at + 1..]);
    address
        .parse::<std::net::Ipv4Addr>()
        .is_ok()
        .then_some(address)
}
