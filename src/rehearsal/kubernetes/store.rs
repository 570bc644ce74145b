//! The objects of a cluster and what happened to them lately, for watches.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

/// How many changes are kept; a watch that begins before them is told that they are gone.
const KEPT: usize = 2000;

/// Where an object is: `apps/deployments`, namespace, name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Group and plural.
    pub resource: String,
    /// Nothing for objects of the cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// A key.
    pub fn new(resource: &str, namespace: &str, name: &str) -> Self {
        Self {
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// One change.
#[derive(Clone, Debug)]
pub struct Change {
    /// Of the object after it.
    pub revision: u64,
    /// What changed.
    pub key: Key,
    /// The object before; `None` if it was not there.
    pub before: Option<Arc<Value>>,
    /// The object after; of a deletion its last state.
    pub object: Arc<Value>,
    /// Whether it is gone now.
    pub gone: bool,
}

/// The objects.
#[derive(Clone, Debug, Default)]
pub struct Store {
    objects: BTreeMap<Key, Arc<Value>>,
    /// The newest change's.
    pub revision: u64,
    /// The newest change of each resource.
    touched: BTreeMap<String, u64>,
    log: VecDeque<Change>,
    /// Changes up to this one are no longer known.
    oldest: u64,
}

impl Store {
    /// An object.
    pub fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// The objects of a resource, of one namespace or (nothing) of all, by namespace and name.
    pub fn list<'a>(
        &'a self,
        resource: &'a str,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> {
        let start = Key::new(resource, namespace, "");
        self.objects
            .range(start..)
            .take_while(move |(key, _)| key.resource == resource)
            .take_while(move |(key, _)| namespace.is_empty() || key.namespace == namespace)
    }

    /// Every object.
    pub fn all(&self) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        self.objects.iter()
    }

    /// Puts an object, with a new `resourceVersion`.
    pub fn put(&mut self, key: &Key, mut object: Value) -> Arc<Value> {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let object = Arc::new(object);
        let before = self.objects.insert(key.clone(), object.clone());
        self.note(Change {
            revision: self.revision,
            key: key.clone(),
            before,
            object: object.clone(),
            gone: false,
        });
        object
    }

    /// Takes an object out.
    pub fn delete(&mut self, key: &Key) -> Option<Arc<Value>> {
        let before = self.objects.remove(key)?;
        self.revision += 1;
        let mut last = Value::clone(&before);
        last["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let object = Arc::new(last);
        self.note(Change {
            revision: self.revision,
            key: key.clone(),
            before: Some(before),
            object: object.clone(),
            gone: true,
        });
        Some(object)
    }

    fn note(&mut self, change: Change) {
        if let Some(revision) = self.touched.get_mut(&change.key.resource) {
            *revision = change.revision;
        } else {
            let resource = change.key.resource.clone();
            self.touched.insert(resource, change.revision);
        }
        self.log.push_back(change);
        while self.log.len() > KEPT {
            if let Some(dropped) = self.log.pop_front() {
                self.oldest = dropped.revision;
            }
        }
    }

    /// The revision of the newest change of a resource.
    pub fn touched(&self, resource: &str) -> u64 {
        self.touched.get(resource).copied().unwrap_or_default()
    }

    /// What happened to a resource after a revision.
    ///
    /// # Errors
    /// The oldest revision that can still be asked for.
    pub fn since(&self, revision: u64, resource: &str) -> Result<Vec<Change>, u64> {
        if revision < self.oldest {
            return Err(self.oldest);
        }
        let changes = self
            .log
            .iter()
            .rev()
            .take_while(|change| change.revision > revision);
        let mut found: Vec<Change> = changes
            .filter(|change| change.key.resource == resource)
            .cloned()
            .collect();
        found.reverse();
        Ok(found)
    }

    /// Forgets what happened until now, as etcd's compaction does.
    pub fn compact(&mut self) {
        self.log.clear();
        self.oldest = self.revision;
    }

    /// For saving.
    pub fn save(&self) -> Value {
        let objects: Vec<Value> = self
            .objects
            .iter()
            .map(|(key, object)| json!([key.resource, key.namespace, key.name, **object]))
            .collect();
        json!({"revision": self.revision, "objects": objects})
    }

    /// What was saved; watches begin anew.
    pub fn load(saved: &Value) -> Self {
        let mut store = Self {
            revision: saved["revision"].as_u64().unwrap_or_default(),
            ..Self::default()
        };
        store.oldest = store.revision;
        for entry in saved["objects"].as_array().into_iter().flatten() {
            let text = |at: usize| entry[at].as_str().unwrap_or_default();
            let key = Key::new(text(0), text(1), text(2));
            store.objects.insert(key, Arc::new(entry[3].clone()));
        }
        store
    }
}
