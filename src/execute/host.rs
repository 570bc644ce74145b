//! A host during a run: its connection, what was seen of it, and how its tasks ended.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use indexmap::IndexMap;
use tokio::sync::OnceCell;

use crate::connection::{Answers, Connection, ConnectionError};
use crate::event::{Counts, Status, Traffic};
use crate::input::{Json, Var};
use crate::inventory::{Host, Inventory, Vars};

use super::result::Ended;

/// One host. Shared by all components that run on it.
pub struct HostState {
    /// Inventory name.
    pub name: String,
    /// Groups, parents included, sorted.
    pub groups: Vec<String>,
    /// Variables of the inventory.
    pub vars: Vars,
    /// Facts, once gathered.
    pub facts: RwLock<Option<Arc<serde_json::Map<String, Json>>>>,
    /// What was seen and is still good, by connection (`local` is another one).
    pub answers: Answers,
    connection: OnceCell<Result<Arc<dyn Connection>, ConnectionError>>,
    counts: Mutex<Counts>,
    lost: AtomicBool,
    /// In check mode: what would have changed the host first; later failures may come of that.
    pending: Mutex<Option<Arc<str>>>,
}

impl HostState {
    fn new(host: &Host) -> Self {
        Self {
            name: host.name.clone(),
            groups: host.groups.clone(),
            vars: host.vars.clone(),
            facts: RwLock::default(),
            answers: Answers::default(),
            connection: OnceCell::new(),
            counts: Mutex::default(),
            lost: AtomicBool::new(false),
            pending: Mutex::default(),
        }
    }

    /// The connection, made at the first use and kept.
    pub async fn connection<F, Fut>(
        &self,
        connect: F,
    ) -> Result<Arc<dyn Connection>, ConnectionError>
    where
        F: FnOnce() -> Fut + Send,
        Fut: Future<Output = Result<Arc<dyn Connection>, ConnectionError>> + Send,
    {
        self.connection.get_or_init(connect).await.clone()
    }

    /// The connection, if one was made.
    pub fn connected(&self) -> Option<Arc<dyn Connection>> {
        self.connection.get()?.as_ref().ok().cloned()
    }

    /// Counts a task's end.
    pub fn count(&self, ended: &Ended) {
        // What failed on its way may have changed something, as Ansible counts it too.
        let (status, changed) = (ended.status, ended.flag("changed"));
        let Ok(mut counts) = self.counts.lock() else {
            return;
        };
        match status {
            Status::Ok | Status::Unknown => counts.ok += 1,
            Status::Changed => {
                counts.ok += 1;
                counts.changed += 1;
            }
            Status::Skipped => counts.skipped += 1,
            Status::Failed => counts.failed += 1,
            Status::Ignored => {
                counts.ok += 1;
                counts.ignored += 1;
                counts.changed += u32::from(changed);
            }
            Status::Rescued => counts.rescued += 1,
            Status::Unreachable => counts.unreachable += 1,
        }
    }

    /// How its tasks ended so far.
    pub fn counts(&self) -> Counts {
        self.counts.lock().map(|counts| *counts).unwrap_or_default()
    }

    /// Whether the host is lost to this run.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// The host is lost to this run.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    /// In check mode: what is still to be changed first, if anything.
    pub fn pending(&self) -> Option<Arc<str>> {
        self.pending.lock().ok()?.clone()
    }

    /// In check mode: something would be changed; the last one is kept.
    pub fn expect_change(&self, by: &Arc<str>) {
        if let Ok(mut pending) = self.pending.lock() {
            *pending = Some(by.clone());
        }
    }
}

/// Whether a name means the machine that runs this program.
pub fn is_local(name: &str) -> bool {
    ["localhost", "127.0.0.1", "::1"].contains(&name)
}

/// The hosts of a run, in inventory order; others (`localhost`, a name that a task delegates to)
/// join when they are first needed.
pub struct Hosts {
    known: RwLock<IndexMap<String, Arc<HostState>>>,
    inventory: Arc<Inventory>,
}

impl Hosts {
    /// The hosts of an inventory.
    pub fn new(inventory: Arc<Inventory>) -> Self {
        let known = inventory
            .hosts
            .values()
            .map(|host| (host.name.clone(), Arc::new(HostState::new(host))))
            .collect();
        Self {
            known: RwLock::new(known),
            inventory,
        }
    }

    /// A host by name; `localhost` and its other names are implicit, as in Ansible.
    pub fn get(&self, name: &str) -> Option<Arc<HostState>> {
        if let Some(host) = self.known.read().ok()?.get(name) {
            return Some(host.clone());
        }
        is_local(name).then(|| self.add(name, true))
    }

    /// A host that a task delegates to and the inventory does not know.
    pub fn get_or_add(&self, name: &str) -> Arc<HostState> {
        self.get(name).unwrap_or_else(|| self.add(name, false))
    }

    fn add(&self, name: &str, local: bool) -> Arc<HostState> {
        let mut host = Host {
            name: name.to_owned(),
            ..Host::default()
        };
        if let Some(all) = self.inventory.groups.get("all") {
            host.vars.clone_from(&all.vars);
        }
        if local {
            host.vars
                .insert("ansible_connection".to_owned(), Var::Data("local".into()));
        }
        let state = Arc::new(HostState::new(&host));
        if let Ok(mut known) = self.known.write() {
            known.insert(name.to_owned(), state.clone());
        }
        state
    }

    /// Every host that had a task, in inventory order.
    pub fn recap(&self) -> IndexMap<String, Counts> {
        let Ok(known) = self.known.read() else {
            return IndexMap::new();
        };
        known
            .values()
            .map(|host| (host.name.clone(), host.counts()))
            .filter(|(_, counts)| *counts != Counts::default())
            .collect()
    }

    /// What crossed the wire, for every host that has one.
    pub fn traffic(&self) -> IndexMap<String, Traffic> {
        let Ok(known) = self.known.read() else {
            return IndexMap::new();
        };
        let wired = known.values().filter_map(|host| {
            let crossed = host.connected()?.traffic();
            let traffic = Traffic {
                sent: crossed.sent,
                received: crossed.received,
                round_trips: crossed.round_trips,
            };
            (traffic != Traffic::default()).then(|| (host.name.clone(), traffic))
        });
        wired.collect()
    }

    /// Names of the inventory's hosts and those that joined.
    pub fn names(&self) -> Vec<String> {
        self.known
            .read()
            .map(|known| known.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// The inventory itself.
    pub fn inventory(&self) -> &Arc<Inventory> {
        &self.inventory
    }

    /// Ends every connection.
    pub async fn close(&self) {
        let hosts: Vec<_> = self
            .known
            .read()
            .map(|k| k.values().cloned().collect())
            .unwrap_or_default();
        let open = hosts.iter().filter_map(|host| host.connected());
        let goodbyes = open.map(|connection| async move { connection.close().await });
        futures::future::join_all(goodbyes).await;
    }
}

/// What tasks of one component registered or set, by host.
#[derive(Default)]
pub struct Registered(RwLock<HashMap<String, Vars>>);

impl Registered {
    /// A variable of a host.
    pub fn get(&self, host: &str, name: &str) -> Option<Var> {
        self.0.read().ok()?.get(host)?.get(name).cloned()
    }

    /// Sets a variable of a host.
    pub fn set(&self, host: &str, name: &str, value: Var) {
        if let Ok(mut vars) = self.0.write() {
            vars.entry(host.to_owned())
                .or_default()
                .insert(name.to_owned(), value);
        }
    }

    /// The names set on a host.
    pub fn names(&self, host: &str) -> Vec<String> {
        self.0
            .read()
            .ok()
            .and_then(|vars| vars.get(host).map(|vars| vars.keys().cloned().collect()))
            .unwrap_or_default()
    }
}
