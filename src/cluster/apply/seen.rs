//! What was wanted and what was there afterwards, as one digest: while both are the same, a dry run
//! would say so too, and is not asked for. Only what is looked at decides; the digest is no flag.

use std::fmt::Write as _;

use serde_json::Value;

use super::inventory::Inventory;
use super::judge::{Company, Manner, Planned, Verdict, judge, place};
use super::remove::Item;
use crate::cluster::shown::{normal, sorted};
use crate::cluster::{ClusterError, ClusterReader, MANAGER, Object, Patch};

/// The digest; nothing for a Secret, whose content must not be guessed at.
pub fn digest(wanted: &Value, live: &Value) -> String {
    if wanted["kind"] == "Secret" || live.is_null() {
        return String::new();
    }
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    context.update(sorted(wanted.clone()).to_string().as_bytes());
    context.update(b"\n");
    context.update(sorted(normal(live)).to_string().as_bytes());
    let mut hex = String::new();
    for byte in context.finish().as_ref().iter().take(16) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// What is to be done with an object that a component wants. What the component applied before is
/// its own: drift is set right, whoever made it; of others' fields nothing is taken.
pub async fn looked_at(
    reader: &ClusterReader,
    object: &Object,
    (company, before): (&Company, &Inventory),
) -> Result<Planned, ClusterError> {
    let item = before.0.iter().find(|item| item.key == object.key());
    if let Some(item) = item
        && let Some(same) = as_it_was(reader, object, (company, item)).await?
    {
        return Ok(same);
    }
    let patch = item.map_or(Patch::Apply, |_| Patch::Force);
    let manner = Manner {
        manager: MANAGER,
        patch,
    };
    judge(reader, object, (company, manner)).await
}

/// The object, if nothing of it changed since it was applied.
async fn as_it_was(
    reader: &ClusterReader,
    object: &Object,
    (company, item): (&Company, &Item),
) -> Result<Option<Planned>, ClusterError> {
    if item.seen.is_empty() {
        return Ok(None);
    }
    let Some(place) = place(reader, object, company).await? else {
        return Ok(None);
    };
    let Some(live) = reader.get(&place).await? else {
        return Ok(None);
    };
    let metadata = &live["metadata"];
    let same = metadata["uid"] == *item.uid
        && metadata["deletionTimestamp"].is_null()
        && digest(&object.body, &live) == item.seen;
    Ok(same.then(|| Planned {
        object: object.clone(),
        place: Some(place.by(MANAGER)),
        verdict: Verdict::Same,
        after: live.clone(),
        live,
        warnings: Vec::new(),
        first: None,
        patch: Patch::Force,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::digest;

    #[test]
    fn the_order_of_fields_is_no_difference() {
        let live = json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"x": 1}});
        let turned = json!({"spec": {"x": 1}, "metadata": {"labels": {"b": "2", "a": "1"}}});
        assert_eq!(digest(&live, &live), digest(&turned, &turned));
        let other = json!({"spec": {"x": 2}});
        assert_ne!(digest(&live, &live), digest(&live, &other));
    }
}
