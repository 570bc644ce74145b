//! Waiting for an object by watch, until a deadline; when it is late, the doctor says why.

mod state;
#[cfg(test)]
mod tests;
mod workload;

use std::time::Duration;

use serde_json::Value;

pub use state::{State, Until, condition, state};

use super::watch::{Among, Seen};
use super::{ClusterError, ClusterReader, Place, doctor};

/// Waits until an object is where it is waited for, or until `until` by the cluster's clock. It
/// comes back as it is then; null if it is gone.
///
/// # Errors
/// It fails for good, or is late: with the cause, as far as it can be seen.
pub async fn wait(
    reader: &ClusterReader,
    place: &Place,
    (goal, until): (&Until, Duration),
) -> Result<Value, ClusterError> {
    let began = reader.clock().elapsed();
    let mut last = (Value::Null, "it is not there".to_owned());
    let among = Among::one(&place.namespace, &place.name);
    let mut watch = reader.watch(&place.resource, &among);
    while let Some(seen) = watch.before(until).await? {
        match seen {
            Seen::Gone(_) if *goal == Until::Gone => return Ok(Value::Null),
            Seen::All if *goal == Until::Gone && last.0.is_null() => return Ok(Value::Null),
            Seen::All => {}
            Seen::Gone(object) => last = (object, "it was deleted".to_owned()),
            Seen::There(object) => match state(&object, goal) {
                State::Met => return Ok(object),
                State::Waiting(why) => last = (object, why),
                State::Failed(why) => return Err(late(reader, (place, &object), why).await),
            },
        }
    }
    let took = reader.clock().elapsed().saturating_sub(began);
    let seconds = took.as_secs_f64().round();
    let why = format!("after {seconds} s {}", last.1);
    Err(late(reader, (place, &last.0), why).await)
}

async fn late(
    reader: &ClusterReader,
    (place, object): (&Place, &Value),
    why: String,
) -> ClusterError {
    ClusterError::Late {
        what: format!("{place}: {why}"),
        cause: doctor::diagnose(reader, object).await.map(Box::new),
    }
}
