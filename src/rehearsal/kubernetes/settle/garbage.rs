//! What is owned goes with its owner; what waits for its end goes when nothing holds it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::end;
use crate::rehearsal::kubernetes::delete::owners;
use crate::rehearsal::kubernetes::state::State;
use crate::rehearsal::kubernetes::store::Key;

impl State {
    /// Collects objects whose owners are all gone, and ends foreground deletions.
    pub fn collect_garbage(&mut self) -> Option<Duration> {
        let uids: BTreeSet<&str> = self
            .store
            .all()
            .filter_map(|(_, object)| object["metadata"]["uid"].as_str())
            .collect();
        let going: BTreeSet<&str> = self
            .store
            .all()
            .filter(|(_, object)| waits_for_dependents(object))
            .filter_map(|(_, object)| object["metadata"]["uid"].as_str())
            .collect();
        let lost: Vec<(Key, Value)> = self
            .store
            .all()
            .filter(|(_, object)| {
                let mut count = 0;
                let all = owners(object).all(|owner| {
                    count += 1;
                    let uid = owner["uid"].as_str().unwrap_or_default();
                    !uids.contains(uid) || going.contains(uid)
                });
                all && count > 0
            })
            .map(|(key, object)| (key.clone(), Value::clone(object)))
            .collect();
        let held: BTreeSet<String> = self
            .store
            .all()
            .flat_map(|(_, object)| {
                owners(object).filter(|owner| owner["blockOwnerDeletion"] == true)
            })
            .filter_map(|owner| owner["uid"].as_str().map(ToOwned::to_owned))
            .collect();
        let free: Vec<(Key, Value)> = self
            .store
            .all()
            .filter(|(_, object)| waits_for_dependents(object))
            .filter(|(_, object)| {
                object["metadata"]["uid"]
                    .as_str()
                    .is_some_and(|uid| !held.contains(uid))
            })
            .map(|(key, object)| (key.clone(), Value::clone(object)))
            .collect();
        for (key, object) in lost {
            end(self, &key, object);
        }
        for (key, mut object) in free {
            if let Some(list) = object["metadata"]["finalizers"].as_array_mut() {
                list.retain(|one| one != "foregroundDeletion");
            }
            if object["metadata"]["finalizers"] == json!([]) {
                self.store.delete(&key);
            } else {
                self.store.put(&key, object);
            }
        }
        None
    }
}

fn waits_for_dependents(object: &Value) -> bool {
    let metadata = &object["metadata"];
    metadata["deletionTimestamp"].is_string()
        && metadata["finalizers"]
            .as_array()
            .is_some_and(|list| list.iter().any(|one| one == "foregroundDeletion"))
}
