//! Carrying a plan out: phase by phase, side by side within each, and then what is to go goes.

use std::time::Duration;

use futures::stream;
use futures::{FutureExt as _, StreamExt as _};
use serde_json::Value;

use super::act::apply;
use super::inventory::{self, Inventory};
use super::judge::{Manner, Planned, Verdict};
use super::order::Phase;
use super::way::{Way, both};
use super::{AT_ONCE, Plan, remove, seen};
use crate::cluster::wait::{State, Until, state, wait};
use crate::cluster::{Cluster, ClusterError, doctor};

/// What was done.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// What was made or changed, by name.
    pub applied: Vec<String>,
    /// What was removed, by name.
    pub removed: Vec<String>,
}

/// How long an apply may take, and what of webhooks.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// From now.
    pub limit: Duration,
    /// When webhooks go in that refuse what they cannot judge.
    pub webhooks: Webhooks,
}

/// When webhooks go in that refuse what they cannot judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Webhooks {
    /// Once somebody answers behind them.
    Answered,
    /// Whether or not; those that nobody answers go in last.
    AtOnce,
}

impl From<Duration> for Pace {
    fn from(limit: Duration) -> Self {
        Self {
            limit,
            webhooks: Webhooks::Answered,
        }
    }
}

/// What a running apply knows.
struct Errand<'a> {
    cluster: &'a Cluster,
    until: Duration,
    webhooks: Webhooks,
    way: Way,
}

/// Does what a plan says, within its pace (a duration: with webhooks that wait for an answer).
///
/// # Errors
/// The first object that is refused or held up too long; what was done until then stays.
pub async fn carry_out(
    cluster: &Cluster,
    plan: &Plan,
    pace: impl Into<Pace>,
) -> Result<Done, ClusterError> {
    let pace = pace.into();
    let errand = Errand {
        cluster,
        until: cluster.reader().clock().elapsed() + pace.limit,
        webhooks: pace.webhooks,
        way: Way::default(),
    };
    let done = all_phases(&errand, plan).await;
    match (done, errand.way.restore(cluster).await) {
        (Ok(done), Ok(_)) => Ok(done),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        (Err(first), Err(undone)) => Err(both(first, &undone)),
    }
}

async fn all_phases(errand: &Errand<'_>, plan: &Plan) -> Result<Done, ClusterError> {
    let cluster = errand.cluster;
    let mut after = plan.after();
    let union = after.with(&plan.before);
    if union != plan.before {
        inventory::keep(cluster, &plan.component, &union).await?;
    }
    let mut done = Done::default();
    // Webhooks that nobody answers yet, and that go in all the same.
    let mut last: Vec<&Planned> = Vec::new();
    for phase in Phase::ALL {
        let of_phase = |planned: &&Planned| {
            Phase::of_object(&planned.object) == phase && planned.verdict != Verdict::Same
        };
        let mut work: Vec<&Planned> = plan.objects.iter().filter(of_phase).collect();
        if phase == Phase::Webhooks {
            last = webhooks(errand, plan, &mut work).await?;
            if errand.webhooks == Webhooks::Answered {
                // First as they were, with what their controllers wrote into them; then the change.
                put_back(errand, plan, &mut after).await?;
            }
        }
        for (planned, object) in run_phase(errand, &work, phase).await? {
            learn(&mut after, planned, &object);
            note(&mut done, planned);
        }
    }
    let removed = remove::remove(cluster, &plan.prune, (errand.until, &errand.way)).await?;
    done.removed
        .extend(removed.iter().map(|item| item.key.to_string()));
    put_back(errand, plan, &mut after).await?;
    for (planned, object) in run_phase(errand, &last, Phase::Webhooks).await? {
        learn(&mut after, planned, &object);
        note(&mut done, planned);
    }
    if after != union {
        inventory::keep(cluster, &plan.component, &after).await?;
    }
    Ok(done)
}

fn note(done: &mut Done, planned: &Planned) {
    if planned.changes() {
        done.applied.push(planned.name());
    }
}

/// Sees to it that webhooks stand in nobody's way: those that made way and those that are to be
/// applied wait for an answer. If they are not to wait, those without one come back: they go last.
async fn webhooks<'a>(
    errand: &Errand<'_>,
    plan: &'a Plan,
    work: &mut Vec<&'a Planned>,
) -> Result<Vec<&'a Planned>, ClusterError> {
    let reader = errand.cluster.reader();
    let took = |planned: &&Planned| planned.place.as_ref().is_some_and(|p| errand.way.took(p));
    if errand.webhooks == Webhooks::Answered {
        // Those that made way refuse by the rules that they had, whoever wrote these.
        let back = plan.objects.iter().filter(took).map(|p| &p.live);
        for body in work.iter().map(|p| &p.object.body).chain(back) {
            doctor::endpoints(reader, (body, errand.until)).await?;
        }
        return Ok(Vec::new());
    }
    let mut last = Vec::new();
    for planned in std::mem::take(work) {
        if !took(&planned) && doctor::all_answer(reader, &planned.object.body).await? {
            work.push(planned);
        } else {
            last.push(planned);
        }
    }
    Ok(last)
}

/// Webhooks that made way come back, and are remembered as they are then.
async fn put_back(
    errand: &Errand<'_>,
    plan: &Plan,
    after: &mut Inventory,
) -> Result<(), ClusterError> {
    for object in errand.way.restore(errand.cluster).await? {
        let planned = plan.objects.iter().find(|p| {
            object["kind"] == *p.object.kind && object["metadata"]["name"] == *p.object.name
        });
        if let Some(planned) = planned {
            learn(after, planned, &object);
        }
    }
    Ok(())
}

/// Applies the objects of one phase and waits for what the next one needs of them.
async fn run_phase<'a>(
    errand: &Errand<'_>,
    work: &[&'a Planned],
    phase: Phase,
) -> Result<Vec<(&'a Planned, Value)>, ClusterError> {
    let cluster = errand.cluster;
    let acts: Vec<_> = work
        .iter()
        .map(|planned| one(errand, planned).boxed())
        .collect();
    let mut applied = stream::iter(acts).buffer_unordered(AT_ONCE);
    let mut acted = Vec::new();
    while let Some(ended) = applied.next().await {
        acted.push(ended?);
    }
    drop(applied);
    if phase == Phase::Definitions && !acted.is_empty() {
        let made = acted.iter().filter(|(p, _)| p.verdict != Verdict::Adopt);
        let waits =
            made.map(|(planned, object)| is_established(cluster, planned, (object, errand.until)));
        futures::future::try_join_all(waits).await?;
        cluster.reader().forget_kinds();
    }
    Ok(acted)
}

async fn one<'a>(
    errand: &Errand<'_>,
    planned: &'a Planned,
) -> Result<(&'a Planned, Value), ClusterError> {
    let manner = Manner {
        patch: planned.patch,
        ..Manner::default()
    };
    let object = apply(errand.cluster, planned, (manner, errand.until, &errand.way)).await?;
    Ok((planned, object))
}

/// The `uid` of what was made, and how it was then.
fn learn(inventory: &mut Inventory, planned: &Planned, object: &Value) {
    let mut key = planned.object.key();
    let text = |key: &str| {
        object["metadata"][key]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    key.namespace = text("namespace");
    if let Some(mut item) = inventory.0.iter().find(|item| item.key == key).cloned() {
        inventory.0.remove(&item);
        item.uid = text("uid");
        item.seen = seen::digest(&planned.object.body, object);
        inventory.0.insert(item);
    }
}

async fn is_established(
    cluster: &Cluster,
    planned: &Planned,
    (object, until): (&Value, Duration),
) -> Result<(), ClusterError> {
    let met = state(object, &Until::Ready) == State::Met;
    match &planned.place {
        Some(place) if !met => wait(cluster.reader(), place, (&Until::Ready, until))
            .await
            .map(|_| ()),
        _ => Ok(()),
    }
}
