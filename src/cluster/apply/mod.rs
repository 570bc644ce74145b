//! Applying what belongs together: what would change (`plan`), then in phases and side by side
//! (`carry_out`), remembered so that what a new version no longer has is removed.

mod act;
mod inventory;
mod judge;
mod order;
mod remove;
mod seen;

use std::collections::BTreeSet;
use std::time::Duration;

use futures::stream;
use futures::{FutureExt as _, StreamExt as _};
use serde_json::Value;

pub use act::apply;
pub use inventory::Inventory;
pub use judge::{Company, Manner, Planned, Verdict, judge, place};
pub use order::{Phase, is_built_in};
pub use remove::{Item, delete_and_wait};

use super::wait::{Until, wait};
use super::{Cluster, ClusterError, ClusterReader, Object, discovery, doctor};

/// How many requests of one apply are under way at once: enough to hide the round trip, below what
/// an API server queues for one client.
const AT_ONCE: usize = 24;

/// What belongs together and is remembered under one name.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The component's name.
    pub component: String,
    /// Its objects.
    pub objects: Vec<Object>,
    /// What becomes of definitions that it no longer has: their objects go with them.
    pub definitions: Definitions,
}

/// What becomes of definitions that are no longer wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definitions {
    /// They stay, with their objects.
    Keep,
    /// They go, with all their objects: somebody decided that.
    Remove,
}

/// What applying a bundle would do.
#[derive(Clone, Debug)]
pub struct Plan {
    component: String,
    /// Each object with its verdict, in the bundle's order.
    pub objects: Vec<Planned>,
    /// What an earlier version had and this one has not: it goes.
    pub prune: Vec<Item>,
    /// Definitions that this version has not and that stay.
    pub kept: Vec<Item>,
    before: Inventory,
}

impl Plan {
    /// Whether there is anything to do or to remember.
    pub fn is_idle(&self) -> bool {
        !self.changes()
            && self.objects.iter().all(|p| p.verdict == Verdict::Same)
            && self.after() == self.before
    }

    /// Whether anything visible happens.
    pub fn changes(&self) -> bool {
        !self.prune.is_empty() || self.objects.iter().any(Planned::changes)
    }

    fn after(&self) -> Inventory {
        let items = self.objects.iter().map(|planned| {
            let mut key = planned.object.key();
            if let Some(place) = &planned.place {
                key.namespace.clone_from(&place.namespace);
            }
            let version = discovery::split(&planned.object.api_version).1.to_owned();
            let uid = planned.live["metadata"]["uid"].as_str().unwrap_or_default();
            let uid = uid.to_owned();
            // What is about to change was not seen yet: the next run must look, should this end.
            let seen = match planned.verdict {
                Verdict::Same => seen::digest(&planned.object.body, &planned.live),
                _ => String::new(),
            };
            Item {
                key,
                version,
                uid,
                seen,
            }
        });
        Inventory(items.chain(self.kept.iter().cloned()).collect())
    }
}

/// What applying a bundle would do.
///
/// # Errors
/// Every object that would be refused, each with its place; the rest was only looked at.
pub async fn plan(reader: &ClusterReader, bundle: &Bundle) -> Result<Plan, Vec<ClusterError>> {
    let company = Company::of(&bundle.objects);
    let before = inventory::load(reader, &bundle.component).await;
    let before = before.map_err(|error| vec![error])?;
    let asks: Vec<_> = bundle
        .objects
        .iter()
        .map(|object| seen::looked_at(reader, object, (&company, &before)).boxed())
        .collect();
    let judged: Vec<_> = stream::iter(asks).buffered(AT_ONCE).collect().await;
    let mut errors = Vec::new();
    let mut objects = Vec::new();
    for judged in judged {
        match judged {
            Ok(planned) => objects.push(planned),
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut plan = Plan {
        component: bundle.component.clone(),
        objects,
        prune: Vec::new(),
        kept: Vec::new(),
        before,
    };
    let gone = plan.before.without(&plan.after());
    let stays = |item: &Item| {
        bundle.definitions == Definitions::Keep && Phase::of_key(&item.key) == Phase::Definitions
    };
    (plan.kept, plan.prune) = gone.into_iter().partition(stays);
    Ok(plan)
}

/// What was done.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// What was made or changed, by name.
    pub applied: Vec<String>,
    /// What was removed, by name.
    pub removed: Vec<String>,
}

/// Does what a plan says, until `limit` from now.
///
/// # Errors
/// The first object that is refused or held up too long; what was done until then stays.
pub async fn carry_out(
    cluster: &Cluster,
    plan: &Plan,
    limit: Duration,
) -> Result<Done, ClusterError> {
    let until = cluster.reader().clock().elapsed() + limit;
    let mut after = plan.after();
    let union = after.with(&plan.before);
    if union != plan.before {
        inventory::keep(cluster, &plan.component, &union).await?;
    }
    let mut done = Done::default();
    for phase in Phase::ALL {
        let of_phase = |planned: &&Planned| {
            Phase::of_object(&planned.object) == phase && planned.verdict != Verdict::Same
        };
        let mut work: Vec<&Planned> = plan.objects.iter().filter(of_phase).collect();
        if phase == Phase::Webhooks {
            work.extend(made_way(cluster, plan).await?);
        }
        let acted = run_phase(cluster, &work, (phase, until)).await?;
        for (planned, object) in acted {
            learn(&mut after, planned, &object);
            if planned.changes() {
                done.applied.push(planned.name());
            }
        }
    }
    let removed = remove::remove(cluster, &plan.prune, until).await?;
    done.removed
        .extend(removed.iter().map(|item| item.key.to_string()));
    if after != union {
        inventory::keep(cluster, &plan.component, &after).await?;
    }
    Ok(done)
}

/// Webhooks that were as wanted, and had to go since to let others in: they come back.
async fn made_way<'a>(cluster: &Cluster, plan: &'a Plan) -> Result<Vec<&'a Planned>, ClusterError> {
    let mut gone = Vec::new();
    for planned in &plan.objects {
        let is_webhook = Phase::of_object(&planned.object) == Phase::Webhooks;
        if let (true, Verdict::Same, Some(place)) = (is_webhook, planned.verdict, &planned.place)
            && cluster.reader().get(place).await?.is_none()
        {
            gone.push(planned);
        }
    }
    Ok(gone)
}

/// Applies the objects of one phase and waits for what the next one needs of them.
async fn run_phase<'a>(
    cluster: &Cluster,
    work: &[&'a Planned],
    (phase, until): (Phase, Duration),
) -> Result<Vec<(&'a Planned, Value)>, ClusterError> {
    if phase == Phase::Webhooks {
        for planned in work {
            doctor::endpoints(cluster.reader(), (&planned.object.body, until)).await?;
        }
    }
    let acts: Vec<_> = work
        .iter()
        .map(|planned| one(cluster, planned, until).boxed())
        .collect();
    let mut applied = stream::iter(acts).buffer_unordered(AT_ONCE);
    let mut acted = Vec::new();
    while let Some(ended) = applied.next().await {
        acted.push(ended?);
    }
    drop(applied);
    if phase == Phase::Definitions && !acted.is_empty() {
        let made = acted.iter().filter(|(p, _)| p.verdict != Verdict::Adopt);
        let waits = made.map(|(planned, object)| is_established(cluster, planned, (object, until)));
        futures::future::try_join_all(waits).await?;
        cluster.reader().forget_kinds();
    }
    Ok(acted)
}

async fn one<'a>(
    cluster: &Cluster,
    planned: &'a Planned,
    until: Duration,
) -> Result<(&'a Planned, Value), ClusterError> {
    let manner = Manner {
        patch: planned.patch,
        ..Manner::default()
    };
    let object = apply(cluster, planned, (manner, until)).await?;
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
    let met = super::wait::state(object, &Until::Ready) == super::wait::State::Met;
    match &planned.place {
        Some(place) if !met => wait(cluster.reader(), place, (&Until::Ready, until))
            .await
            .map(|_| ()),
        _ => Ok(()),
    }
}

/// What a component applied, as it is remembered in the cluster.
///
/// # Errors
/// The server cannot be asked, or the inventory cannot be read.
pub async fn remembered(
    reader: &ClusterReader,
    component: &str,
) -> Result<Vec<Item>, ClusterError> {
    let inventory = inventory::load(reader, component).await?;
    Ok(inventory.0.into_iter().collect())
}

/// Removes everything that a component applied; what was removed comes back by name.
///
/// # Errors
/// The first object that does not go, and what holds it.
pub async fn destroy(
    cluster: &Cluster,
    component: &str,
    (definitions, limit): (Definitions, Duration),
) -> Result<Vec<String>, ClusterError> {
    let until = cluster.reader().clock().elapsed() + limit;
    let all = inventory::load(cluster.reader(), component).await?;
    let stays = |item: &Item| {
        definitions == Definitions::Keep && Phase::of_key(&item.key) == Phase::Definitions
    };
    let (kept, goes): (BTreeSet<Item>, BTreeSet<Item>) = all.0.into_iter().partition(stays);
    let goes: Vec<Item> = goes.into_iter().collect();
    let removed = remove::remove(cluster, &goes, until).await?;
    inventory::keep(cluster, component, &Inventory(kept)).await?;
    Ok(removed.iter().map(|item| item.key.to_string()).collect())
}
