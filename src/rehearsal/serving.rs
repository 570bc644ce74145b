//! Service models come to life when their units start: the program that wires the rooms together
//! knows how to make them, units say when.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::clock::EstateClock;
use super::host::Host;
use super::network::Service;
use super::tree::{Content, Errno, Follow, Time, parent_and_name};
use super::world::World;

/// Where and when a service is born.
#[derive(Clone)]
pub struct Birth {
    /// What it is: `kubernetes`, `vault`, ….
    pub kind: String,
    /// Inventory name of its host.
    pub host: String,
    /// The host's address on the estate.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// Nanoseconds since 1970 on the host's clock.
    pub now_ns: u64,
    /// The estate's clock.
    pub clock: EstateClock,
    /// The cluster it belongs to, else its host.
    pub cluster: String,
    /// Further names of its host.
    pub names: Vec<String>,
    /// Where it leaves what clients need.
    pub keeps: Keeps,
    /// What it had saved before, or null.
    pub saved: Value,
    /// What services of its kind, on other hosts, share.
    pub shared: Vec<Arc<dyn Any + Send + Sync>>,
}

/// A service and the files it leaves on its host (a kubeconfig, a CA): path, mode, content.
pub struct Born {
    /// The service.
    pub service: Arc<dyn Service>,
    /// Its files.
    pub files: Vec<(String, u32, Vec<u8>)>,
}

/// What a file of the host holds.
pub type Reads<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// Makes service models.
pub trait Services: Send + Sync {
    /// The service of this kind; `None` if there is no model of it.
    ///
    /// # Errors
    /// Why its unit does not start: the line in the journal.
    fn start(&self, birth: &Birth, reads: Reads<'_>) -> Result<Option<Born>, String>;

    /// Where it listens, if its configuration says so.
    fn port(&self, _kind: &str, described: u16, _reads: Reads<'_>) -> u16 {
        described
    }
}

/// No service has a model.
pub struct NoServices;

impl Services for NoServices {
    fn start(&self, _: &Birth, _: Reads<'_>) -> Result<Option<Born>, String> {
        Ok(None)
    }
}

/// Where a server keeps what it is, and how its API is called.
#[derive(Clone, Debug, Default)]
pub struct Keeps {
    /// The administrator's kubeconfig.
    pub kubeconfig: String,
    /// The authority: without it the host has no cluster.
    pub authority: String,
    /// `HOST:PORT` in the kubeconfig.
    pub endpoint: String,
}

impl Keeps {
    /// As the distribution that a host is a member of does: kubeadm's or k3s.
    fn of(host: &Host) -> Self {
        let member = host.memory.get("node").unwrap_or(&Value::Null);
        match member["endpoint"].as_str() {
            Some(endpoint) => Self {
                kubeconfig: "/etc/kubernetes/admin.conf".to_owned(),
                authority: "/etc/kubernetes/pki/ca.crt".to_owned(),
                endpoint: endpoint.to_owned(),
            },
            None => Self {
                kubeconfig: "/etc/rancher/k3s/k3s.yaml".to_owned(),
                authority: "/var/lib/rancher/k3s/server/tls/server-ca.crt".to_owned(),
                endpoint: "127.0.0.1:6443".to_owned(),
            },
        }
    }
}

fn host_of(endpoint: &str) -> String {
    endpoint.split(':').next().unwrap_or_default().to_owned()
}

fn cluster_of(host: &Host) -> Option<String> {
    Some(host.memory.get("node")?["cluster"].as_str()?.to_owned())
}

impl World {
    /// The API of a cluster, at whichever of its servers it is already.
    fn twin(&self, cluster: &str, port: u16) -> Option<Arc<dyn Service>> {
        let all = self.network.all().filter(|((_, at), _)| *at == port);
        let mut mine =
            all.filter(|(_, service)| service.cluster().is_some_and(|c| c.is_called(cluster)));
        mine.next().map(|(_, service)| service.clone())
    }

    /// What services on this port share, where their data is still there.
    fn shared(&self, port: u16) -> Vec<Arc<dyn Any + Send + Sync>> {
        let all = self.network.all().filter(|((_, at), _)| *at == port);
        let kept = all.filter(|((name, _), service)| {
            let host = self.hosts.get(name);
            let data = service.data_file();
            host.is_some_and(|host| data.is_none_or(|path| host.tree.exists(&path)))
        });
        kept.filter_map(|(_, service)| service.shared()).collect()
    }

    /// A service whose data is gone is another one when it starts.
    fn forget_without_data(&mut self, host: &Host, (kind, port): (&str, u16), keeps: &Keeps) {
        let there = self.network.get(&host.name, port);
        let data = there.and_then(|service| service.data_file());
        let gone = data.is_some_and(|path| !host.tree.exists(&path));
        // What has nothing but its files reads them at each start.
        let anew = kind == "vault-proxy";
        if gone || anew || (kind == "kubernetes" && !host.tree.exists(&keeps.authority)) {
            self.network.remove(&host.name, port);
            self.saved.remove(&format!("{}:{port}", host.name));
        }
    }

    /// Brings the services of a unit to life, unless they live already; gives why one does not
    /// start.
    pub fn start_services(
        &mut self,
        host: &mut Host,
        serves: &BTreeMap<u16, String>,
        now: Time,
    ) -> Result<Option<String>, Errno> {
        let keeps = Keeps::of(host);
        for (port, kind) in serves {
            let key = format!("{}:{port}", host.name);
            self.forget_without_data(host, (kind, *port), &keeps);
            if self.network.has(&host.name, *port) {
                continue;
            }
            let cluster = cluster_of(host).unwrap_or_else(|| host.name.clone());
            if kind == "kubernetes"
                && let Some(twin) = self.twin(&cluster, *port)
            {
                self.network.put(&host.name, *port, twin);
                let first = self
                    .hosts
                    .get(&cluster)
                    .map(|first| first.tree.text(&keeps.kubeconfig));
                if let Some(config) = first.filter(|_| !host.tree.exists(&keeps.kubeconfig)) {
                    host.put(&keeps.kubeconfig, &config, now)?;
                    host.root(now)
                        .set_mode(&keeps.kubeconfig, 0o600, Follow::Link)?;
                }
                host.put(&keeps.authority, "", now)?;
                continue;
            }
            let birth = Birth {
                kind: kind.clone(),
                host: host.name.clone(),
                address: host.profile.address.clone(),
                port: *port,
                now_ns: now.0,
                clock: self.clock.clone(),
                cluster,
                names: vec![host.hostname(), host_of(&keeps.endpoint)],
                keeps: keeps.clone(),
                saved: self.saved.get(&key).cloned().unwrap_or_default(),
                shared: self.shared(*port),
            };
            let tree = &host.tree;
            let reads = |path: &str| {
                let there = tree.exists(path);
                there.then(|| tree.text(path).into_bytes())
            };
            let born = match self.services.clone().start(&birth, &reads) {
                Ok(Some(born)) => born,
                Ok(None) => continue,
                Err(why) => return Ok(Some(why)),
            };
            self.network.put(&host.name, *port, born.service);
            for (path, mode, content) in born.files {
                if host.tree.exists(&path) {
                    continue; // what was there before is the user's by now
                }
                let mut access = host.root(now);
                access.make_directories(parent_and_name(&path).0)?;
                access.write(&path, Content::new(content))?;
                access.set_mode(&path, mode, Follow::Link)?;
            }
        }
        Ok(None)
    }

    /// Brings the services of every running unit to life, after an estate was opened.
    pub fn revive_services(&mut self) -> Result<(), Errno> {
        let names: Vec<String> = self.hosts.keys().cloned().collect();
        for name in names {
            let Some(mut host) = self.hosts.remove(&name) else {
                continue;
            };
            let running: Vec<String> = host
                .units
                .all()
                .filter(|(_, unit)| unit.is_up())
                .map(|(unit, _)| unit.clone())
                .collect();
            let mut result = Ok(());
            for unit in running {
                let now = host.booted;
                let serves = host.remembered_services(&unit);
                let started = self.start_services(&mut host, &serves, now);
                result = result.and(started.map(|_| ()));
            }
            self.hosts.insert(name, host);
            result?;
        }
        Ok(())
    }
}

impl Host {
    /// What a unit serves, as its last start left it.
    pub fn remembered_services(&self, unit: &str) -> BTreeMap<u16, String> {
        let units = self.memory.get("units").unwrap_or(&Value::Null);
        let serves = units[unit]["serves"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        serves
            .into_iter()
            .filter_map(|(port, kind)| Some((port.parse().ok()?, kind.as_str()?.to_owned())))
            .collect()
    }

    /// Keeps what a unit serves.
    pub fn remember_services(&mut self, unit: &str, serves: &BTreeMap<u16, String>) {
        let units = self.memory.entry("units").or_insert_with(|| json!({}));
        units[unit]["serves"] = json!(serves);
    }
}
