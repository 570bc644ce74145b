//! Sets of fields, as `managedFields` writes them (`FieldsV1`), and what server-side apply does
//! with objects by them: which fields an object has, merge, comparison, removal.
//!
//! After the published behaviour of Kubernetes' structured merge and diff.

mod compare;
mod merge;
mod of;
mod remove;

pub use compare::compare;
pub use merge::merge;
pub use of::{element, of, with_structs};
pub use remove::remove;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A set of fields: whether a place itself is in it, and what is below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The place itself.
    pub own: bool,
    /// By path element: `f:name`, `k:{…}`, `v:…`.
    pub below: BTreeMap<String, Fields>,
}

impl Fields {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        !self.own && self.below.values().all(Self::is_empty)
    }

    /// Puts a set below an element, unless it is empty.
    pub fn put(&mut self, element: &str, set: Self) {
        if !set.is_empty() {
            self.below.insert(element.to_owned(), set);
        }
    }

    /// From `FieldsV1`.
    pub fn from_json(json: &Value) -> Self {
        let mut set = Self::default();
        for (key, value) in json.as_object().into_iter().flatten() {
            if key == "." {
                set.own = true;
            } else {
                let mut below = Self::from_json(value);
                below.own |= below.below.is_empty();
                set.below.insert(key.clone(), below);
            }
        }
        set
    }

    /// As `FieldsV1`.
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        if self.own && !self.below.is_empty() {
            map.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for (key, below) in &self.below {
            map.insert(key.clone(), below.to_json());
        }
        Value::Object(map)
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut set = self.clone();
        set.own |= other.own;
        for (key, theirs) in &other.below {
            let ours = set.below.entry(key.clone()).or_default();
            *ours = ours.union(theirs);
        }
        set
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.filter(other, |ours, theirs| ours && !theirs)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.filter(other, |ours, theirs| ours && theirs)
    }

    fn filter(&self, other: &Self, keep: fn(bool, bool) -> bool) -> Self {
        static NOTHING: Fields = Fields {
            own: false,
            below: BTreeMap::new(),
        };
        let mut set = Self {
            own: keep(self.own, other.own),
            below: BTreeMap::new(),
        };
        for (key, ours) in &self.below {
            let theirs = other.below.get(key).unwrap_or(&NOTHING);
            set.put(key, ours.filter(theirs, keep));
        }
        set
    }

    /// Without everything at and below a path.
    pub fn cut(&mut self, path: &[&str]) {
        match path {
            [] => {}
            [last] => {
                self.below.remove(*last);
            }
            [first, rest @ ..] => {
                if let Some(below) = self.below.get_mut(*first) {
                    below.cut(rest);
                    if below.is_empty() {
                        self.below.remove(*first);
                    }
                }
            }
        }
    }

    /// Every place as people read it: `.spec.containers[name="web"].image`.
    pub fn paths(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect(String::new(), &mut found);
        found
    }

    /// At each level what is in the set first, then what is below.
    fn collect(&self, at: String, found: &mut Vec<String>) {
        for (key, below) in &self.below {
            if below.own {
                found.push(format!("{at}{}", readable(key)));
            }
        }
        for (key, below) in &self.below {
            below.collect(format!("{at}{}", readable(key)), found);
        }
    }
}

fn readable(element: &str) -> String {
    match element.split_at(2) {
        ("f:", name) => format!(".{name}"),
        ("k:", keys) => {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let pairs: Vec<String> = keys.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("[{}]", pairs.join(","))
        }
        (_, value) => format!("[={value}]"),
    }
}
