//! Everything a simulated cluster consists of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kinds;
use super::store::{Key, Store};
use super::types::Types;
use crate::rehearsal::date::Date;
use crate::rehearsal::git::Offer;
use crate::rehearsal::host::identifier;

/// A host that is a member of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeFact {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Whether it is of the control plane.
    pub server: bool,
    /// Of k3s or the kubelet.
    pub version: String,
    /// Whether its unit runs.
    pub ready: bool,
    /// Processors.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory: u64,
}

impl NodeFact {
    /// Whether it runs k3s.
    pub fn is_k3s(&self) -> bool {
        self.version.contains("+k3s")
    }
}

/// The state of a cluster; a clone is a snapshot.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name: seeds what would be random.
    pub name: String,
    /// Built-in types.
    pub types: Types,
    /// Kinds that are served.
    pub kinds: Kinds,
    /// Objects.
    pub store: Store,
    /// Simulated time since 1970.
    pub now: Duration,
    /// Its nodes, as the estate has them.
    pub nodes: Vec<NodeFact>,
    /// How many identifiers were given.
    pub counter: u64,
    /// When the controllers have something to do by themselves.
    pub due: Option<Duration>,
    /// The revision that the controllers have seen.
    pub settled: Option<u64>,
    /// What the controllers did last.
    pub ran: Vec<super::settle::Ran>,
    /// The certificate of the cluster's authority, PEM.
    pub authority: String,
    /// Tokens of accounts that were given.
    pub tokens: BTreeSet<String>,
    /// Pods that never get ready: a name or pattern, and why.
    pub faults: Vec<(String, String)>,
    /// What the Argo CD in it has in memory, by the Applications' `uid`.
    pub argo: BTreeMap<String, super::argocd::Noticed>,
    /// Repositories that it can reach.
    pub repositories: Arc<Vec<Offer>>,
    /// When objects were first met, by `uid`: their own times have whole seconds only.
    pub seen: BTreeMap<String, Duration>,
    /// What programs in it keep in their volumes, by program and volume.
    pub apps: BTreeMap<String, Value>,
}

impl State {
    /// A fresh cluster without objects.
    ///
    /// # Errors
    /// A built-in table does not parse: a defect of this program.
    pub fn new(name: &str, now: Duration) -> Result<Self, String> {
        Ok(Self {
            name: name.to_owned(),
            types: Types::built_in()?,
            kinds: Kinds::built_in()?,
            store: Store::default(),
            now,
            nodes: Vec::new(),
            counter: 0,
            due: None,
            settled: None,
            ran: Vec::new(),
            tokens: BTreeSet::new(),
            faults: Vec::new(),
            repositories: Arc::default(),
            argo: BTreeMap::new(),
            seen: BTreeMap::new(),
            apps: BTreeMap::new(),
            authority: String::new(),
        })
    }

    /// For saving.
    pub fn save(&self) -> Value {
        json!({"name": self.name, "nodes": self.nodes, "counter": self.counter, "authority": self.authority, "tokens": self.tokens, "apps": self.apps, "store": self.store.save()})
    }

    /// Takes over what was saved.
    pub fn load(&mut self, saved: &Value) {
        self.counter = saved["counter"].as_u64().unwrap_or_default();
        self.nodes = serde_json::from_value(saved["nodes"].clone()).unwrap_or_default();
        saved["authority"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut self.authority);
        self.tokens = serde_json::from_value(saved["tokens"].clone()).unwrap_or_default();
        self.apps = serde_json::from_value(saved["apps"].clone()).unwrap_or_default();
        self.store = Store::load(&saved["store"]);
        self.seen = self.met();
        self.refresh_kinds();
    }

    /// Objects of a loaded estate have been there since they were made.
    fn met(&self) -> BTreeMap<String, Duration> {
        let times = self.store.all().filter_map(|(_, object)| {
            let metadata = &object["metadata"];
            Some((
                metadata["uid"].as_str()?.to_owned(),
                time_of(metadata["creationTimestamp"].as_str()?)?,
            ))
        });
        times.collect()
    }

    /// 32 hex digits that nothing else gets.
    pub fn identifier(&mut self, what: &str) -> String {
        self.counter += 1;
        identifier(&[&self.name, what, &self.counter.to_string()])
    }

    /// A new `uid`.
    pub fn uid(&mut self, what: &str) -> String {
        let hex = self.identifier(what);
        let (a, b, c, d) = (&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20]);
        format!("{a}-{b}-4{c}-9{d}-{}", &hex[20..])
    }

    /// Letters and digits for generated names, as the API chooses them.
    pub fn suffix(&mut self, what: &str, length: usize) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let hex = self.identifier(what);
        let bytes = hex.as_bytes().chunks(2).take(length);
        bytes
            .map(|two| {
                let value = two
                    .iter()
                    .fold(0_usize, |sum, byte| sum * 31 + usize::from(*byte));
                char::from(LETTERS[value % LETTERS.len()])
            })
            .collect()
    }

    /// The time now as objects have it.
    pub fn time(&self) -> String {
        time_text(self.now)
    }

    /// An object of the cluster by resource, namespace and name.
    pub fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<&Value> {
        let key = Key::new(resource, namespace, name);
        self.store.get(&key).map(AsRef::as_ref)
    }
}

/// `2026-01-05T08:00:00Z`.
pub fn time_text(at: Duration) -> String {
    let date = Date::from(UNIX_EPOCH + at);
    format!("{}T{}Z", date.day_text(), date.time_text())
}

/// Seconds since 1970 of `2026-01-05T08:00:00Z`.
pub fn time_of(text: &str) -> Option<Duration> {
    let numbers: Vec<i64> = text
        .trim_end_matches('Z')
        .split(['-', 'T', ':', '.'])
        .map_while(|part| part.parse().ok())
        .collect();
    let [year, month, day, hour, minute, second, ..] = numbers[..] else {
        return None;
    };
    // Days since 1970 by eras of 400 years that begin on the first of March.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    u64::try_from(days * 86_400 + hour * 3600 + minute * 60 + second)
        .ok()
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        for text in [
            "2026-01-05T08:00:00Z",
            "2024-02-29T23:59:59Z",
            "1999-12-31T00:00:01Z",
        ] {
            assert_eq!(time_of(text).map(time_text).as_deref(), Some(text));
        }
        assert_eq!(time_of("tomorrow"), None);
    }
}
