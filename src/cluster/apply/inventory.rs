//! What a component applied, remembered in the cluster: a `ConfigMap` of our own format, so that an
//! upgrade removes what a new version no longer has, whoever runs it and from where.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::remove::Item;
use crate::cluster::{Cluster, ClusterError, ClusterReader, Key, Patch, Place};

/// Where inventories are: in a namespace that always exists and that no component owns.
const NAMESPACE: &str = "kube-system";
/// The label of an inventory.
const LABEL: &str = "nautes-install/inventory-of";

/// What a component applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory(pub BTreeSet<Item>);

impl Inventory {
    /// One object a line: `group|version|kind|namespace|name|uid|seen`.
    fn text(&self) -> String {
        let lines = self.0.iter().map(|item| {
            let Key {
                group,
                kind,
                namespace,
                name,
            } = &item.key;
            let Item {
                version, uid, seen, ..
            } = item;
            format!("{group}|{version}|{kind}|{namespace}|{name}|{uid}|{seen}\n")
        });
        lines.collect()
    }

    fn read(text: &str) -> Result<Self, String> {
        let mut items = BTreeSet::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let [group, version, kind, namespace, name, uid, seen] =
                line.split('|').collect::<Vec<_>>()[..]
            else {
                return Err(format!("the line `{line}` is none of an inventory"));
            };
            let key = Key {
                group: group.to_owned(),
                kind: kind.to_owned(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            };
            items.insert(Item {
                key,
                version: version.to_owned(),
                uid: uid.to_owned(),
                seen: seen.to_owned(),
            });
        }
        Ok(Self(items))
    }

    /// What is in this one and, by kind and name, not in the other.
    pub fn without(&self, other: &Self) -> Vec<Item> {
        let there: BTreeSet<&Key> = other.0.iter().map(|item| &item.key).collect();
        self.0
            .iter()
            .filter(|item| !there.contains(&item.key))
            .cloned()
            .collect()
    }

    /// Both; of the same object the version of `self`, and the `uid` of whoever knows it.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let known = |item: &Item| {
            let mut item = item.clone();
            if item.uid.is_empty()
                && let Some(old) = other.0.iter().find(|old| old.key == item.key)
            {
                item.uid.clone_from(&old.uid);
                item.seen.clone_from(&old.seen);
            }
            item
        };
        let own = self.0.iter().map(known);
        Self(own.chain(other.without(self)).collect())
    }
}

async fn place(reader: &ClusterReader, component: &str) -> Result<Place, ClusterError> {
    let resource = reader.resource("v1", "ConfigMap").await?;
    Ok(Place::new(
        &resource,
        NAMESPACE,
        &format!("nautes-install.{component}"),
    ))
}

/// What a component applied before; nothing if it never was.
///
/// # Errors
/// The server cannot be asked, or the inventory cannot be read.
pub async fn load(reader: &ClusterReader, component: &str) -> Result<Inventory, ClusterError> {
    let place = place(reader, component).await?;
    let found = reader.get(&place).await?.unwrap_or_default();
    let text = found["data"]["objects"].as_str().unwrap_or_default();
    Inventory::read(text).map_err(|why| ClusterError::Manifest {
        what: format!("{place}: {why}"),
        help: "if nobody else wrote it, put it back from a backup: without it nothing is removed that a new version no longer has".to_owned(),
    })
}

/// Remembers what a component applied; forgets the component if that is nothing.
///
/// # Errors
/// The server refuses.
pub async fn keep(
    cluster: &Cluster,
    component: &str,
    inventory: &Inventory,
) -> Result<(), ClusterError> {
    let place = place(cluster.reader(), component).await?;
    if inventory.0.is_empty() {
        cluster.delete(&place, &Value::Null).await?;
        return Ok(());
    }
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": place.name, "namespace": NAMESPACE, "labels": {LABEL: component}},
        "data": {"objects": inventory.text()}});
    cluster.patch(&place, Patch::Force, &body).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: &str, version: &str, name: &str) -> Item {
        Item {
            key: Key {
                group: "apps".to_owned(),
                kind: kind.to_owned(),
                namespace: "n".to_owned(),
                name: name.to_owned(),
            },
            version: version.to_owned(),
            uid: String::new(),
            seen: String::new(),
        }
    }

    #[test]
    fn another_version_of_an_object_is_the_same_object() {
        let old = Inventory(BTreeSet::from([item("A", "v1", "x"), item("A", "v1", "y")]));
        let new = Inventory(BTreeSet::from([item("A", "v2", "x")]));
        assert_eq!(old.without(&new), [item("A", "v1", "y")]);
        assert_eq!(
            new.with(&old).0,
            BTreeSet::from([item("A", "v2", "x"), item("A", "v1", "y")])
        );
        assert!(Inventory::read("a|b").is_err());
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(names in proptest::collection::btree_set("[a-z.:-]{1,8}", 0..6)) {
            let all = Inventory(names.iter().map(|n| item("Kind", "v1", n)).collect());
            proptest::prop_assert_eq!(Inventory::read(&all.text()), Ok(all.clone()));
            proptest::prop_assert!(all.without(&all).is_empty());
            proptest::prop_assert_eq!(all.with(&Inventory::default()), all);
        }
    }
}
