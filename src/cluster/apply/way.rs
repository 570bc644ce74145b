//! Webhooks of ours that nobody answers make way, so that they do not refuse what would give them an
//! answer; they come back as they were, with what their controllers wrote into them.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::cluster::{
    Among, Cluster, ClusterError, Key, MANAGER, Place, Refusal, doctor, ownership,
};

/// Which webhooks made way.
#[derive(Default)]
pub struct Way(Mutex<Vec<(Place, Value)>>);

impl Way {
    /// If the refusal is for the sake of a webhook of ours whose service has no endpoints, that
    /// webhook makes way.
    ///
    /// # Errors
    /// The server cannot be asked, or refuses.
    pub async fn make(&self, cluster: &Cluster, refusal: &Refusal) -> Result<(), ClusterError> {
        let Some(webhook) = refusal.webhook() else {
            return Ok(());
        };
        let reader = cluster.reader();
        for kind in [
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
        ] {
            let resource = reader
                .resource("admissionregistration.k8s.io/v1", kind)
                .await?;
            for found in reader.list(&resource, &Among::default()).await?.items {
                let hooks = found["webhooks"].as_array().cloned().unwrap_or_default();
                let Some(hook) = hooks.iter().find(|hook| hook["name"] == *webhook) else {
                    continue;
                };
                let ours = ownership::has_part(&found, MANAGER);
                if !ours || doctor::answers(reader, &hook["clientConfig"]).await? {
                    continue;
                }
                let name = found["metadata"]["name"].as_str().unwrap_or_default();
                let place = Place::new(&resource, "", name);
                // Several objects may be refused at once: whoever takes it away keeps it.
                if cluster.delete(&place, &json!({})).await? {
                    self.keep(place, found);
                }
            }
        }
        Ok(())
    }

    fn keep(&self, place: Place, was: Value) {
        if let Ok(mut gone) = self.0.lock() {
            gone.push((place, was));
        }
    }

    /// Whether something made way.
    pub fn took(&self, place: &Place) -> bool {
        self.0.lock().is_ok_and(|gone| {
            gone.iter()
                .any(|(at, _)| at.name == place.name && at.resource.kind == place.resource.kind)
        })
    }

    /// These are not to come back: they were to go anyway.
    pub fn forget(&self, keys: &BTreeSet<&Key>) {
        if let Ok(mut gone) = self.0.lock() {
            let goes = |at: &Place| {
                keys.iter()
                    .any(|key| key.name == at.name && key.kind == at.resource.kind)
            };
            gone.retain(|(at, _)| !goes(at));
        }
    }

    /// Puts back what made way, as it was; each comes back as it is then.
    ///
    /// # Errors
    /// One of them cannot be put back.
    pub async fn restore(&self, cluster: &Cluster) -> Result<Vec<Value>, ClusterError> {
        let mut back = Vec::new();
        loop {
            let next = self.0.lock().ok().and_then(|mut gone| gone.pop());
            let Some((place, was)) = next else {
                return Ok(back);
            };
            match cluster.create(&place, &anew(was)).await {
                Ok(object) => back.push(object),
                // Somebody was faster: its controller, or another run.
                Err(error) if error.refusal().is_some_and(|r| r.code == 409) => {}
                Err(error) => {
                    return Err(ClusterError::Undone {
                        what: format!("{place} made way and could not be put back: {error}"),
                        help: "run the same command again: what is missing is applied anew"
                            .to_owned(),
                    });
                }
            }
        }
    }
}

/// An object as it is sent to be made again; who owns which field is kept.
fn anew(mut was: Value) -> Value {
    if let Some(metadata) = was["metadata"].as_object_mut() {
        for field in ["uid", "resourceVersion", "creationTimestamp", "generation"] {
            metadata.shift_remove(field);
        }
    }
    was
}

/// What failed, and that a webhook could not be put back either.
pub fn both(first: ClusterError, undone: &ClusterError) -> ClusterError {
    let ClusterError::Undone { what, help } = undone else {
        return first;
    };
    ClusterError::Undone {
        what: format!("{first}; then {what}"),
        help: help.clone(),
    }
}
