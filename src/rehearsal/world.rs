//! Everything on the estate beside the clock: a clone is a snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::artifacts::{Artifacts, NoArtifacts};
use super::clock::EstateClock;
use super::describe::Described;
use super::fault::Faults;
use super::git::{Offer, Remote, Remotes};
use super::host::Host;
use super::kubernetes::NodeFact;
use super::models::Models;
use super::network::Network;
use super::packages::Archive;
use super::serving::Services;
use super::started::Started;
use super::tree::{Time, Tree};

/// The estate's state.
#[derive(Clone)]
pub struct World {
    /// Hosts by inventory name.
    pub hosts: BTreeMap<String, Host>,
    /// What can be installed.
    pub archive: Archive,
    /// What components say of their commands, units and packages.
    pub described: Arc<Described>,
    /// Services, by address.
    pub network: Network,
    /// Faults that wait for their moment.
    pub faults: Faults,
    /// What can be downloaded.
    pub artifacts: Arc<dyn Artifacts>,
    /// Makes service models.
    pub services: Arc<dyn Services>,
    /// The tree of a bare host.
    pub base: Tree,
    /// The estate's clock, for services.
    pub clock: EstateClock,
    /// What services had saved, by `host:port`.
    pub saved: BTreeMap<String, serde_json::Value>,
    /// Decides what chance would.
    pub seed: u64,
    /// What the repositories of the estate hold.
    pub remotes: Remotes,
    /// What ran on the hosts.
    pub started: Started,
}

impl World {
    /// An estate without hosts.
    ///
    /// # Errors
    /// A built-in table does not parse: a defect of this program.
    pub fn new(seed: u64) -> Result<Self, String> {
        Ok(Self {
            hosts: BTreeMap::new(),
            archive: Archive::built_in()?,
            described: Arc::default(),
            network: Network::default(),
            faults: Faults::default(),
            artifacts: Arc::new(NoArtifacts),
            services: Arc::new(Models),
            clock: EstateClock::default(),
            base: super::seed::debian12()?,
            saved: BTreeMap::new(),
            seed,
            remotes: Remotes::new(),
            started: Started::default(),
        })
    }

    /// The same state with service models of its own.
    #[must_use]
    pub fn forked(&self, clock: &EstateClock) -> Self {
        Self {
            network: self.network.forked(clock),
            clock: clock.clone(),
            ..self.clone()
        }
    }

    /// The members of a cluster, by name. One host may be out of the world while its program runs.
    fn members(&self, cluster: &str, out: &Host, now: Time) -> Vec<NodeFact> {
        let others = self.hosts.values().filter(|host| host.name != out.name);
        let mut all: Vec<NodeFact> = others
            .chain(std::iter::once(out))
            .filter_map(|host| {
                let member = host.memory.get("node")?;
                if member["cluster"] != cluster {
                    return None;
                }
                Some(NodeFact {
                    name: host.hostname(),
                    address: host.profile.address.clone(),
                    server: member["role"] == "server",
                    version: member["version"].as_str()?.to_owned(),
                    ready: host.unit(member["unit"].as_str()?, now).active == "active",
                    cpus: host.profile.cpus,
                    memory: host.profile.memory_mb << 20,
                })
            })
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Tells the API of a host's cluster who its members are now, and what goes wrong with pods.
    pub fn refresh_cluster(&self, of: &Host, out: &Host, now: Time) {
        let Some(name) = of
            .memory
            .get("node")
            .and_then(|node| node["cluster"].as_str())
        else {
            return;
        };
        let mut servers = self
            .network
            .all()
            .filter_map(|(_, service)| service.cluster());
        if let Some(cluster) = servers.find(|cluster| cluster.is_called(name)) {
            cluster.set_nodes(self.members(name, out, now));
            cluster.set_faults(self.faults.pods(&of.name));
            cluster.set_repositories(self.offers(out));
        }
    }

    /// The repositories of the estate, as their servers offer them. One host may be out of the world.
    fn offers(&self, out: &Host) -> Vec<Offer> {
        let offer = |(name, remote): (&String, &Remote)| {
            let (host, path) = name.split_once('/')?;
            let there = || self.host_at(host);
            let server = out.answers_to(host).then_some(out).or_else(there);
            let on = server.map_or("", |server| server.name.as_str());
            let services = self.network.all().filter(|((at, _), _)| at == on);
            let project = path.trim_end_matches(".git");
            let mut keys = services.filter_map(|(_, service)| service.deploy_keys(project));
            let host_key = |kind: &&str| {
                let text = server?
                    .tree
                    .text(&format!("/etc/ssh/ssh_host_{kind}_key.pub"));
                let words: Vec<&str> = text.split_whitespace().take(2).collect();
                (words.len() == 2).then(|| words.join(" "))
            };
            Some(Offer {
                host: host.to_owned(),
                path: path.to_owned(),
                remote: remote.clone(),
                keys: keys.next(),
                host_keys: ["ed25519", "ecdsa", "rsa"]
                    .iter()
                    .filter_map(host_key)
                    .collect(),
            })
        };
        self.remotes.iter().filter_map(offer).collect()
    }

    /// The host that has a name or address, as another host would resolve it.
    pub fn host_at(&self, name: &str) -> Option<&Host> {
        if let Some(host) = self.hosts.get(name) {
            return Some(host);
        }
        // An address is no hostname: nobody's tree is asked for it, and hosts can be many.
        if name.parse::<std::net::IpAddr>().is_ok() {
            let mut hosts = self.hosts.values();
            return hosts.find(|host| host.profile.address == name);
        }
        self.hosts.values().find(|host| host.answers_to(name))
    }
}

impl Host {
    /// Whether a name or address is this host's.
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.profile.address == name || self.hostname() == name
    }
}
