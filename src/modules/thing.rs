//! The shape of a module that speaks to a service's API: one thing, looked at, compared, changed.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{Change, Diff, Failure, Module, Outcome, Site};
use crate::connection::{Probe, Reader};
use crate::service::{Api, ApiReader, ServiceError};

/// The way to a service.
#[async_trait]
pub trait Way: Send + Sync {
    /// The questions that are known before anything is asked.
    fn questions(&self) -> Vec<Probe>;

    /// The service for looking; `None` if nobody may look yet, and a token is made when it is needed.
    async fn look(&self, at: &Reader<'_>) -> Result<Option<ApiReader>, Failure>;

    /// The service for changing.
    async fn write(&self, at: &Site<'_>) -> Result<Api, Failure>;

    /// A refusal of the service's, with what to do about it.
    fn told(&self, error: ServiceError) -> Failure;
}

/// One thing of a service.
#[async_trait]
pub trait Thing: Send + Sync {
    /// What is there, as far as it is compared.
    async fn look(&self, api: &ApiReader) -> Result<Value, ServiceError>;

    /// What would be changed, with the result's fields that are known already. Pure.
    fn compare(&self, seen: &Value) -> Result<Diff, Failure>;

    /// Does what the diff lists; gives the result's fields.
    async fn change(&self, api: &Api, seen: &Value) -> Result<Map<String, Value>, Failure>;
}

/// A module of a thing.
pub struct Of<W, T> {
    /// To whom.
    pub way: W,
    /// About what.
    pub thing: T,
}

#[async_trait]
impl<W: Way, T: Thing> Module for Of<W, T> {
    /// Nothing where nobody may look before a token is made.
    type Seen = Option<Value>;

    fn foresee(&self) -> Vec<Probe> {
        self.way.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Option<Value>, Failure> {
        let Some(api) = self.way.look(at).await? else {
            return Ok(None);
        };
        let seen = self.thing.look(&api).await;
        seen.map(Some).map_err(|error| self.way.told(error))
    }

    fn diff(&self, seen: &Option<Value>) -> Result<Diff, Failure> {
        match seen {
            Some(seen) => self.thing.compare(seen),
            None => Ok(Diff {
                blind: true,
                reason: Some("a token to look with is made when it runs".to_owned()),
                ..Diff::default()
            }),
        }
    }

    async fn apply(
        &self,
        at: &Site<'_>,
        seen: Option<Value>,
        diff: &Diff,
    ) -> Result<Outcome, Failure> {
        let api = self.way.write(at).await?;
        let seen = if let Some(seen) = seen {
            seen
        } else {
            let seen = self.thing.look(api.reader()).await;
            seen.map_err(|error| self.way.told(error))?
        };
        if diff.blind {
            let diff = self.thing.compare(&seen)?;
            if diff.is_empty() {
                return Ok(Outcome {
                    result: diff.result,
                    changed: Some(false),
                });
            }
        }
        Ok(Outcome {
            result: self.thing.change(&api, &seen).await?,
            changed: Some(true),
        })
    }
}

/// Nothing to do, with these fields of the result.
pub fn same(reason: &str, result: Map<String, Value>) -> Diff {
    Diff {
        reason: Some(reason.to_owned()),
        result,
        ..Diff::default()
    }
}

/// These changes.
pub fn differs(changes: Vec<Change>) -> Diff {
    Diff {
        changes,
        ..Diff::default()
    }
}

/// These changes of what is there, which the result tells until they are made.
pub fn differ(changes: Vec<Change>, result: Map<String, Value>) -> Diff {
    Diff {
        changes,
        result,
        ..Diff::default()
    }
}

/// The result: the service's object, under a name.
pub fn fields(name: &str, value: &Value) -> Map<String, Value> {
    let mut result = Map::new();
    result.insert(name.to_owned(), value.clone());
    result
}

/// What differs between what is wanted and what is there, field by field.
pub fn changes(subject: &str, wanted: &Map<String, Value>, seen: &Value) -> Vec<Change> {
    let differ = wanted
        .iter()
        .filter(|(field, value)| seen[*field] != **value);
    let changes = differ.map(|(field, value)| {
        Change::new(
            format!("{subject}: {field}"),
            plain(&seen[field]),
            plain(value),
        )
    });
    changes.collect()
}

/// A value in words.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The wanted fields that were given, by the service's name.
pub fn given_fields(given: &super::Given, names: &[(&str, &str)]) -> Map<String, Value> {
    let found = names.iter().filter_map(|(name, theirs)| {
        let value = given.get(name)?;
        (!value.is_null()).then(|| ((*theirs).to_owned(), json!(value)))
    });
    found.collect()
}
