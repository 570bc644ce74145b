//! What a simulated Nautes keeps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The last part of its collection's path.
    pub kind: String,
    /// The product that it is in, if it is in one.
    pub product: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// Whether two are in the same list.
    pub fn is_beside(&self, other: &Self) -> bool {
        self.kind == other.kind && self.product == other.product
    }
}

/// An object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Object {
    /// When it was first saved, seconds since 1970.
    pub saved: u64,
    /// What was saved, without a kubeconfig: that goes to Vault.
    pub body: Value,
}

/// Everything.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The objects.
    #[serde(with = "pairs")]
    pub objects: BTreeMap<Key, Object>,
    /// The second whose folder is taken.
    pub clone: u64,
    /// The estate's time, seconds since 1970.
    #[serde(skip)]
    pub now: u64,
}

impl State {
    /// Whether there is such an object.
    pub fn has(&self, kind: &str, product: &str, name: &str) -> bool {
        self.objects.contains_key(&Key {
            kind: kind.to_owned(),
            product: product.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// A map whose keys are no texts, as JSON.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Key, Object};

    pub fn serialize<S: Serializer>(map: &BTreeMap<Key, Object>, to: S) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<Key, Object>, D::Error> {
        Ok(Vec::<(Key, Object)>::deserialize(from)?
            .into_iter()
            .collect())
    }
}
