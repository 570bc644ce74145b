//! Applying one object for real: what stands in the way first, then the object, again while a
//! webhook or an ending namespace holds it up.

use std::time::Duration;

use serde_json::{Value, json};

use super::judge::{Manner, Planned, Verdict, owned};
use super::remove::delete_and_wait;
use super::way::Way;
use crate::cluster::{Cluster, ClusterError, Patch, Place, Refusal, doctor, ownership};

/// How long between two tries of what is held up.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the ownership of an object that changes under our hands is taken over anew.
const RACES: usize = 5;

/// Applies an object until `until` (by the cluster's clock); it comes back as it is then.
///
/// # Errors
/// The server refuses it, or it is held up for too long.
pub async fn apply(
    cluster: &Cluster,
    planned: &Planned,
    (manner, until, way): (Manner<'_>, Duration, &Way),
) -> Result<Value, ClusterError> {
    let place = match &planned.place {
        Some(place) => place.clone(),
        None => defined(cluster, planned, manner.manager).await?,
    };
    clear(cluster, planned, (&place, until)).await?;
    if let Some(first) = &planned.first {
        cluster.patch(&place, Patch::Merge, first).await?;
    }
    if !ownership::client_side(&planned.live).is_null() && planned.verdict != Verdict::Recreate {
        take_over(cluster, &place, manner.manager).await?;
    }
    let patch = match planned.patch {
        Patch::Force => Patch::Force,
        _ => manner.patch,
    };
    loop {
        let error = match cluster.patch(&place, patch, &planned.object.body).await {
            Ok((object, _)) => {
                return bring_over(cluster, (planned, object), (&place, manner)).await;
            }
            Err(error) => error,
        };
        let Some(refusal) = error.refusal().cloned() else {
            return Err(error);
        };
        if refusal.is_ownership_conflict() {
            return Err(owned(&planned.object, &ownership::conflicts(&refusal)));
        }
        if !is_held_up(&refusal) {
            return Err(error);
        }
        if cluster.reader().clock().elapsed() >= until {
            return Err(late(cluster, planned, &refusal).await);
        }
        way.make(cluster, &refusal).await?;
        cluster.reader().clock().sleep(PAUSE).await;
    }
}

/// The place of an object whose kind was defined a moment ago.
async fn defined(
    cluster: &Cluster,
    planned: &Planned,
    manager: &str,
) -> Result<Place, ClusterError> {
    let object = &planned.object;
    let reader = cluster.reader();
    let resource = reader.resource(&object.api_version, &object.kind).await?;
    let namespace = match object.namespace.as_str() {
        "" => reader.namespace(),
        name => name,
    };
    Ok(Place::new(&resource, namespace, &object.name).by(manager))
}

/// What is in the way goes first: an object that ends, or one that cannot be changed.
async fn clear(
    cluster: &Cluster,
    planned: &Planned,
    (place, until): (&Place, Duration),
) -> Result<(), ClusterError> {
    let ends = planned.live["metadata"]["deletionTimestamp"].is_string();
    if ends || planned.verdict == Verdict::Recreate {
        // Its pods stay: the new one takes them over, or replaces them one by one.
        let options = json!({"propagationPolicy": "Orphan"});
        delete_and_wait(cluster, place, (&options, until)).await?;
    }
    Ok(())
}

/// What others wrote into an object that was made anew is written into the new one.
async fn bring_over(
    cluster: &Cluster,
    (planned, object): (&Planned, Value),
    (place, manner): (&Place, Manner<'_>),
) -> Result<Value, ClusterError> {
    if planned.verdict != Verdict::Recreate {
        return Ok(object);
    }
    let theirs = ownership::of_others(&planned.live, (&planned.object.body, manner.manager));
    if theirs.is_null() {
        return Ok(object);
    }
    Ok(cluster.patch(place, Patch::Merge, &theirs).await?.0)
}

/// What client-side apply owns becomes ours, so that it goes with our next apply.
async fn take_over(cluster: &Cluster, place: &Place, manager: &str) -> Result<(), ClusterError> {
    let mut last = None;
    for _ in 0..RACES {
        let live = cluster.reader().get(place).await?.unwrap_or_default();
        let Some(patch) = ownership::take_over(&live, manager) else {
            return Ok(());
        };
        match cluster.patch(place, Patch::Json, &patch).await {
            Ok(_) => return Ok(()),
            // It changed meanwhile.
            Err(error) if error.refusal().is_some_and(|r| r.code == 409) => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    last.map_or(Ok(()), Err)
}

/// Whether waiting may help.
fn is_held_up(refusal: &Refusal) -> bool {
    let terminating = refusal.code == 403 && refusal.message.contains("terminat");
    let unknown_yet =
        refusal.code == 404 && refusal.message.contains("could not find the requested");
    refusal.webhook().is_some()
        || refusal.message.contains("conversion webhook for")
        || terminating
        || unknown_yet
}

async fn late(cluster: &Cluster, planned: &Planned, refusal: &Refusal) -> ClusterError {
    let cause = doctor::of_refusal(cluster.reader(), refusal).await;
    ClusterError::Late {
        what: format!(
            "{} is still refused: {}",
            planned.object.key(),
            refusal.message
        ),
        cause: cause.map(Box::new),
    }
}
