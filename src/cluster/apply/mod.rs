//! Applying what belongs together: what would change (`plan`), then in phases and side by side
//! (`carry_out`), remembered so that what a new version no longer has is removed.

mod act;
mod carry;
mod guess;
mod inventory;
mod judge;
mod order;
mod remove;
mod seen;
mod way;
mod way_round;

use std::collections::BTreeSet;
use std::time::Duration;

use futures::stream;
use futures::{FutureExt as _, StreamExt as _};

pub use act::apply;
pub use carry::{Done, Pace, Webhooks, carry_out};
pub use inventory::Inventory;
pub use judge::{Company, Manner, Planned, Verdict, judge, place};
pub use order::{Phase, is_built_in};
pub use remove::{Item, delete_and_wait};
pub use way::{Way, both};

use super::{Cluster, ClusterError, ClusterReader, Object, discovery};

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
    let way = Way::default();
    let removed = remove::remove(cluster, &goes, (until, &way)).await;
    way.forget(&goes.iter().map(|item| &item.key).collect());
    let removed = match (removed, way.restore(cluster).await) {
        (Ok(removed), Ok(_)) => removed,
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => return Err(error),
        (Err(first), Err(undone)) => return Err(both(first, &undone)),
    };
    inventory::keep(cluster, component, &Inventory(kept)).await?;
    Ok(removed.iter().map(|item| item.key.to_string()).collect())
}
