//! One object of a `k8s` task: what is there, what would be, and which request does it.

use serde_json::{Value, json};

use super::manner::{Manner, State};
use crate::cluster::apply::{self, Company, Planned, Verdict};
use crate::cluster::shown;
use crate::cluster::{ClusterError, ClusterReader, Object, Patch, Place};
use crate::modules::{Change, Failure};

/// Which request does it.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// None: it is as wanted.
    None,
    /// It is made.
    Create,
    /// It is changed in part.
    Patch(Patch),
    /// Another takes its place.
    Replace,
    /// It is applied; not always a visible change.
    Apply(Box<Planned>),
    /// It goes.
    Delete,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.object == other.object && self.verdict == other.verdict
    }
}

/// An object with what is to be done.
pub struct Step {
    /// The object.
    pub object: Object,
    /// Where it is; `None` while its kind is defined by the same task.
    pub place: Option<Place>,
    /// What is there; null if nothing.
    pub live: Value,
    /// What would be there.
    pub after: Value,
    /// Which request does it.
    pub method: Method,
    /// What the server warned of.
    pub warnings: Vec<String>,
}

impl Step {
    /// Ansible's word for the request.
    pub const fn word(&self) -> &'static str {
        match self.method {
            Method::None | Method::Patch(_) => "patch",
            Method::Create => "create",
            Method::Replace => "update",
            Method::Apply(_) => "apply",
            Method::Delete => "delete",
        }
    }

    /// Whether it counts as a change.
    pub fn changes(&self) -> bool {
        match &self.method {
            Method::None => false,
            Method::Apply(planned) => planned.changes(),
            _ => true,
        }
    }

    /// What is shown of it.
    pub fn change(&self) -> Option<Change> {
        let name = match &self.place {
            Some(place) => place.to_string(),
            None => self.object.key().to_string(),
        };
        let (before, after) = match &self.method {
            Method::Apply(planned) => planned.before_and_after(),
            _ => (shown::text(&self.live), shown::text(&self.after)),
        };
        self.changes().then(|| Change::new(name, before, after))
    }
}

/// What is to be done with an object.
pub async fn judge(
    reader: &ClusterReader,
    object: &Object,
    (manner, company): (&Manner, &Company),
) -> Result<Step, Failure> {
    if manner.state == State::Present && manner.apply {
        let how = apply::Manner {
            manager: &manner.manager,
            patch: if manner.force_conflicts {
                Patch::Force
            } else {
                Patch::Apply
            },
        };
        let planned = apply::judge(reader, object, (company, how)).await?;
        return Ok(Step {
            object: object.clone(),
            place: planned.place.clone(),
            live: planned.live.clone(),
            after: planned.after.clone(),
            warnings: planned.warnings.clone(),
            method: match planned.verdict {
                Verdict::Same => Method::None,
                _ => Method::Apply(Box::new(planned)),
            },
        });
    }
    let place = match apply::place(reader, object, company).await {
        // What was never defined is not there.
        Err(ClusterError::UnknownKind { .. }) if manner.state == State::Absent => None,
        other => other?,
    };
    let place = place.map(|place| place.by(&manner.manager));
    let live = match &place {
        Some(place) if !place.name.is_empty() => reader.get(place).await?.unwrap_or_default(),
        _ => Value::Null,
    };
    let mut step = Step {
        object: object.clone(),
        place,
        live,
        after: Value::Null,
        method: Method::None,
        warnings: Vec::new(),
    };
    match manner.state {
        State::Absent if !step.live.is_null() => step.method = Method::Delete,
        State::Absent => {}
        State::Patched if step.live.is_null() => {
            step.warnings.push(format!(
                "{} is not there, and `state: patched` makes nothing",
                object.key()
            ));
        }
        State::Present | State::Patched => try_change(reader, &mut step, (manner, company)).await?,
    }
    Ok(step)
}

/// Tries what `present` without `apply` would do.
async fn try_change(
    reader: &ClusterReader,
    step: &mut Step,
    (manner, _): (&Manner, &Company),
) -> Result<(), Failure> {
    let body = step.object.body.clone();
    let Some(place) = step.place.clone() else {
        step.method = Method::Create;
        step.after = body;
        return Ok(());
    };
    if step.live.is_null() {
        step.after = reader.try_create(&place, &body).await?;
        step.method = Method::Create;
        return Ok(());
    }
    if manner.force {
        let mut whole = body;
        whole["metadata"]["resourceVersion"] = step.live["metadata"]["resourceVersion"].clone();
        step.after = reader.try_replace(&place, &whole).await?;
        step.method = Method::Replace;
    } else {
        let (after, patch) = try_patches(reader, &place, (&body, manner)).await?;
        step.after = after;
        step.method = Method::Patch(patch);
    }
    if shown::normal(&step.live) == shown::normal(&step.after) {
        step.method = Method::None;
    }
    Ok(())
}

/// The first kind of patch that the server takes.
async fn try_patches(
    reader: &ClusterReader,
    place: &Place,
    (body, manner): (&Value, &Manner),
) -> Result<(Value, Patch), Failure> {
    let mut last = None;
    for patch in &manner.patches {
        match reader.try_patch(place, *patch, body).await {
            Ok((after, _)) => return Ok((after, *patch)),
            // Custom kinds know no strategic merge.
            Err(error) if error.refusal().is_some_and(|r| r.code == 415) => last = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.map_or_else(|| json_failure(place), Failure::from))
}

fn json_failure(place: &Place) -> Failure {
    Failure::msg(format!("`merge_type` names no way to change {place}"))
        .with("object", json!(place.to_string()))
}
