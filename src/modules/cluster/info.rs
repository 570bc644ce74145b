//! `kubernetes.core.k8s_info`: objects as they are, waited for where the task says so.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::manner::hide;
use super::reach::Reach;
use super::wanted::Wait;
use crate::cluster::wait::{State, state, wait};
use crate::cluster::{Among, ClusterError, ClusterReader, Place, Resource, Seen};
use crate::connection::{Probe, Reader};
use crate::modules::{Context, Diff, Failure, Given, Module, Outcome, Site};

/// The module.
pub struct Info {
    reach: Reach,
    api_version: String,
    kind: String,
    name: Option<String>,
    among: Among,
    wait: Option<Wait>,
    hidden: Vec<String>,
}

/// What was seen.
pub struct Found {
    reader: ClusterReader,
    resource: Option<Resource>,
    items: Vec<Value>,
}

impl Info {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        Ok(Self {
            reach: Reach::new(given, context),
            api_version: given.string("api_version"),
            kind: given.string("kind"),
            name: given.some("name"),
            among: Among {
                namespace: given.string("namespace"),
                labels: given.list("label_selectors").join(","),
                fields: given.list("field_selectors").join(","),
            },
            wait: Wait::new(given)?,
            hidden: given.list("hidden_fields"),
        })
    }

    async fn look(
        &self,
        reader: &ClusterReader,
        resource: &Resource,
    ) -> Result<Vec<Value>, Failure> {
        let Some(name) = &self.name else {
            return Ok(reader.list(resource, &self.among).await?.items);
        };
        let place = self.place(reader, resource, name);
        Ok(reader.get(&place).await?.into_iter().collect())
    }

    fn place(&self, reader: &ClusterReader, resource: &Resource, name: &str) -> Place {
        let namespace = match self.among.namespace.as_str() {
            "" => reader.namespace(),
            namespace => namespace,
        };
        Place::new(resource, namespace, name)
    }

    fn result(&self, items: Vec<Value>, found: bool) -> Map<String, Value> {
        let mut items = items;
        for item in &mut items {
            for path in &self.hidden {
                hide(item, path);
            }
        }
        let fields = [("resources", json!(items)), ("api_found", json!(found))];
        fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
    }

    /// Waits for what there is; with none, for the first.
    async fn waited(&self, found: &Found, wanted: &Wait) -> Result<Vec<Value>, Failure> {
        let Some(resource) = &found.resource else {
            return Ok(Vec::new());
        };
        let until = self.reach.clock().elapsed() + wanted.limit;
        if let Some(name) = &self.name {
            let place = self.place(&found.reader, resource, name);
            return Ok(vec![
                wait(&found.reader, &place, (&wanted.until, until)).await?,
            ]);
        }
        if found.items.is_empty() {
            self.first(found, resource, until).await?;
        }
        let items = found.reader.list(resource, &self.among).await?.items;
        let waits = items.into_iter().map(|item| async move {
            if state(&item, &wanted.until) == State::Met {
                return Ok(item);
            }
            let text = |key: &str| {
                item["metadata"][key]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            let place = Place::new(resource, &text("namespace"), &text("name"));
            wait(&found.reader, &place, (&wanted.until, until)).await
        });
        Ok(futures::future::try_join_all(waits).await?)
    }

    async fn first(
        &self,
        found: &Found,
        resource: &Resource,
        until: std::time::Duration,
    ) -> Result<(), Failure> {
        let mut watch = found.reader.watch(resource, &self.among);
        while let Some(seen) = watch.before(until).await? {
            if let Seen::There(_) = seen {
                return Ok(());
            }
        }
        Err(Failure::msg(format!("no {} appeared in time", self.kind)))
    }
}

#[async_trait]
impl Module for Info {
    type Seen = Found;

    fn foresee(&self) -> Vec<Probe> {
        self.reach.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Found, Failure> {
        let reader = self.reach.open(at).await?;
        let resource = match reader.resource(&self.api_version, &self.kind).await {
            Ok(resource) => Some(resource),
            Err(ClusterError::UnknownKind { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let items = match &resource {
            Some(resource) => self.look(&reader, resource).await?,
            None => Vec::new(),
        };
        Ok(Found {
            reader,
            resource,
            items,
        })
    }

    fn diff(&self, found: &Found) -> Result<Diff, Failure> {
        Ok(Diff {
            quiet: self.wait.is_some() && found.resource.is_some(),
            reason: Some("it only looks".to_owned()),
            result: self.result(found.items.clone(), found.resource.is_some()),
            ..Diff::default()
        })
    }

    async fn apply(&self, _: &Site<'_>, found: Found, _: &Diff) -> Result<Outcome, Failure> {
        let mut outcome = Outcome {
            changed: Some(false),
            ..Outcome::default()
        };
        if let Some(wanted) = &self.wait {
            outcome.result = self.result(self.waited(&found, wanted).await?, true);
        }
        Ok(outcome)
    }
}
