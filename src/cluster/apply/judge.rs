//! What applying an object would do: asked of the server by a dry run, compared with what is there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::guess;
use super::way_round::{cleared_first, one_way};
use crate::cluster::shown::{normal, text};
use crate::cluster::{
    ClusterError, ClusterReader, MANAGER, Object, Patch, Place, Refusal, ownership,
};

/// What is to be done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is as wanted.
    Same,
    /// It is as wanted, but not ours yet: applied without counting as a change.
    Adopt,
    /// It is to be made.
    Create,
    /// It is to be changed.
    Change,
    /// It is to be made anew, because what changes cannot be changed; its pods live on.
    Recreate,
}

/// An object with its verdict.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The object.
    pub object: Object,
    /// Where it is; `None` while its kind is not defined.
    pub place: Option<Place>,
    /// What is to be done.
    pub verdict: Verdict,
    /// What is there; null if nothing.
    pub live: Value,
    /// What will be there.
    pub after: Value,
    /// What the server warned of.
    pub warnings: Vec<String>,
    /// A merge patch that must come first, where the server would refuse the apply.
    pub first: Option<Value>,
    /// [`Patch::Apply`], or [`Patch::Force`] for what is ours.
    pub patch: Patch,
}

impl Planned {
    /// What it is called in messages.
    pub fn name(&self) -> String {
        match &self.place {
            Some(place) => place.to_string(),
            None => self.object.key().to_string(),
        }
    }

    /// Whether anything visible happens.
    pub fn changes(&self) -> bool {
        !matches!(self.verdict, Verdict::Same | Verdict::Adopt)
    }

    /// How it is shown: what is there and what would be.
    pub fn before_and_after(&self) -> (String, String) {
        let after = text(&self.after);
        match self.verdict {
            // What stands there ends by itself; this one is new.
            Verdict::Create => (String::new(), after),
            Verdict::Recreate => (
                text(&self.live),
                format!("# made anew: what changes cannot be changed\n{after}"),
            ),
            _ => (text(&self.live), after),
        }
    }
}

/// What else is applied with an object: what is not there yet may come with it.
#[derive(Default)]
pub struct Company {
    namespaces: BTreeSet<String>,
    kinds: BTreeSet<(String, String)>,
}

impl Company {
    /// The namespaces and kinds that these objects make.
    pub fn of(objects: &[Object]) -> Self {
        let mut company = Self::default();
        for object in objects {
            if object.is("", "Namespace") {
                company.namespaces.insert(object.name.clone());
            }
            if object.is("apiextensions.k8s.io", "CustomResourceDefinition") {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let spec = &object.body["spec"];
                company
                    .kinds
                    .insert((text(&spec["group"]), text(&spec["names"]["kind"])));
            }
        }
        company
    }

    fn makes_kind(&self, object: &Object) -> bool {
        self.kinds
            .contains(&(object.group().to_owned(), object.kind.clone()))
    }
}

/// How an object is applied.
#[derive(Clone, Copy, Debug)]
pub struct Manner<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// [`Patch::Apply`], or [`Patch::Force`] where the user said so.
    pub patch: Patch,
}

impl Default for Manner<'_> {
    fn default() -> Self {
        Self {
            manager: MANAGER,
            patch: Patch::Apply,
        }
    }
}

/// Where an object is; `None` if its kind comes with its company.
///
/// # Errors
/// The server has no such kind.
pub async fn place(
    reader: &ClusterReader,
    object: &Object,
    company: &Company,
) -> Result<Option<Place>, ClusterError> {
    let resource = match reader.resource(&object.api_version, &object.kind).await {
        Ok(resource) => resource,
        Err(ClusterError::UnknownKind { .. }) if company.makes_kind(object) => return Ok(None),
        Err(error) => return Err(error),
    };
    let namespace = match object.namespace.as_str() {
        "" => reader.namespace(),
        name => name,
    };
    Ok(Some(Place::new(&resource, namespace, &object.name)))
}

/// What applying an object would do.
///
/// # Errors
/// The server would refuse it, or others own what it sets.
pub async fn judge(
    reader: &ClusterReader,
    object: &Object,
    (company, manner): (&Company, Manner<'_>),
) -> Result<Planned, ClusterError> {
    let mut planned = Planned {
        object: object.clone(),
        place: None,
        verdict: Verdict::Create,
        live: Value::Null,
        after: object.body.clone(),
        warnings: Vec::new(),
        first: None,
        patch: manner.patch,
    };
    let Some(place) = place(reader, object, company).await? else {
        return Ok(planned);
    };
    let place = place.by(manner.manager);
    planned.place = Some(place.clone());
    planned.live = reader.get(&place).await?.unwrap_or_default();
    if planned.live["metadata"]["deletionTimestamp"].is_string() {
        // It ends; then it is made anew.
        return Ok(planned);
    }
    let missing = planned.live.is_null();
    if missing && company.namespaces.contains(&place.namespace) {
        let namespace = reader.resource("v1", "Namespace").await?;
        let namespace = Place::new(&namespace, "", &place.namespace);
        if reader.get(&namespace).await?.is_none() {
            return Ok(planned);
        }
    }
    let tried = reader.try_patch(&place, manner.patch, &object.body).await;
    match tried {
        Ok((after, warnings)) => {
            planned.after = after;
            planned.warnings = warnings;
        }
        Err(ClusterError::Refused(refusal)) => {
            refused(reader, &mut planned, (*refusal, &place)).await?;
        }
        Err(error) => return Err(error),
    }
    settle(&mut planned, manner.manager);
    Ok(planned)
}

/// From what would be to the verdict.
fn settle(planned: &mut Planned, manager: &str) {
    if planned.live.is_null() || planned.verdict == Verdict::Recreate {
        return;
    }
    let stale = ownership::client_side(&planned.live);
    let ours = ownership::applied(&planned.after, manager);
    if !stale.is_null() {
        planned.after = ownership::without(&planned.after, (&stale, &ours));
    }
    let same = normal(&planned.live) == normal(&planned.after);
    let owned = stale.is_null() && ownership::applied(&planned.live, manager) == ours;
    planned.verdict = match (same, owned) {
        (true, true) => Verdict::Same,
        (true, false) => Verdict::Adopt,
        _ => Verdict::Change,
    };
}

/// What a refusal of the dry run means: some have a way round.
async fn refused(
    reader: &ClusterReader,
    planned: &mut Planned,
    (refusal, place): (Refusal, &Place),
) -> Result<(), ClusterError> {
    let object = &planned.object;
    let workload = ["apps", "batch"].contains(&object.group());
    if refusal.is_ownership_conflict() {
        let owners = ownership::conflicts(&refusal);
        let theirs = |(manager, _): &(String, String)| ownership::is_no_owner(manager);
        if !owners.iter().all(theirs) {
            return Err(owned(object, &owners));
        }
        let (after, warnings) = reader.try_patch(place, Patch::Force, &object.body).await?;
        (planned.after, planned.warnings) = (after, warnings);
        planned.patch = Patch::Force;
        return Ok(());
    }
    if refusal.webhook().is_some() {
        // It cannot be asked: what is there says whether something is missing, or too much.
        if !planned.live.is_null() {
            let owned = ownership::applied(&planned.live, MANAGER);
            planned.after = guess::after(&planned.live, (&object.body, &owned));
        }
        return Ok(());
    }
    if let Some(stored) = ownership::forgotten_version(&refusal.message) {
        return Err(one_way(object, stored));
    }
    if workload && refusal.code == 422 && refusal.message.contains("field is immutable") {
        planned.verdict = Verdict::Recreate;
        return Ok(());
    }
    if let Some(first) = cleared_first(&refusal) {
        let (cleared, _) = reader.try_patch(place, Patch::Merge, &first).await?;
        let owned = ownership::applied(&planned.live, MANAGER);
        planned.after = guess::after(&cleared, (&object.body, &owned));
        planned.first = Some(first);
        return Ok(());
    }
    Err(ClusterError::Refused(Box::new(refusal)))
}

/// Others own what an object sets.
pub fn owned(object: &Object, owners: &[(String, String)]) -> ClusterError {
    let list: Vec<String> = owners
        .iter()
        .map(|(manager, field)| format!("`{field}` is owned by `{manager}`"))
        .collect();
    ClusterError::Owned {
        what: format!("{}: {}", object.key(), list.join(", ")),
        help: "leave these fields out, or take them with `force_conflicts: true` if the other manager is gone".to_owned(),
    }
}
