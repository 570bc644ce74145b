//! What brings Argo CD to look and to try again: somebody's wish or order; and how often it tries a
//! commit whose objects are refused, which it leaves alone afterwards, until there is another one or
//! somebody orders a sync.

use std::time::Duration;

use serde_json::Value;

use super::{Case, Told};
use crate::rehearsal::kubernetes::state::State;

/// What asks for a look at the repository at once.
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// Tries after the first one, where the Application does not say.
const LIMIT: u32 = 5;
/// Until the second try; doubled for each further one.
const FIRST: Duration = Duration::from_secs(5);
/// The longest time between two, where the Application does not say, and where it does.
const LONGEST: [Duration; 2] = [Duration::from_mins(3), Duration::from_mins(1)];

fn policy(app: &Value) -> &Value {
    &app["spec"]["syncPolicy"]["retry"]
}

fn limit(app: &Value) -> u32 {
    let limit = policy(app)["limit"].as_u64();
    limit.map_or(LIMIT, |limit| u32::try_from(limit).unwrap_or(u32::MAX))
}

/// Whether nothing is tried any more after so many refusals.
pub fn gave_up(app: &Value, tries: u32) -> bool {
    tries > limit(app)
}

/// After a refusal: when it is tried again, if at all, and how many refusals there were.
pub fn later(
    app: &Value,
    (told, before, now): (&mut Told, u32, Duration),
) -> (Option<Duration>, u32) {
    let tries = before + 1;
    told.waits = !gave_up(app, tries);
    if !told.waits {
        told.condition = Some("SyncError");
        return (None, tries);
    }
    let longest = LONGEST[usize::from(policy(app).is_object())];
    let wait = FIRST
        .saturating_mul(2_u32.saturating_pow(before))
        .min(longest);
    (Some(now + wait), tries)
}

impl State {
    /// Whether somebody asked for a look; the wish goes with it.
    pub(super) fn is_asked(&mut self, case: &mut Case) -> bool {
        let annotations = case.app["metadata"]["annotations"].as_object_mut();
        let Some(annotations) = annotations.filter(|all| all.contains_key(REFRESH)) else {
            return false;
        };
        annotations.remove(REFRESH);
        self.store.put(&case.key, case.app.clone());
        true
    }

    /// Whether somebody ordered a sync; the order goes with it, and what was given up is tried again.
    pub(super) fn is_ordered(&mut self, case: &mut Case) -> bool {
        let app = case.app.as_object_mut();
        let ordered = app.and_then(|app| app.remove("operation")).is_some();
        if ordered {
            self.store.put(&case.key, case.app.clone());
            if let Some(noticed) = self.argo.get_mut(&case.uid) {
                noticed.tries = 0;
            }
        }
        ordered
    }
}
