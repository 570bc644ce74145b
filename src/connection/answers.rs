//! Answers already received: filled by one batch for many tasks, emptied by what changes the
//! host. It also remembers which questions coming tasks will ask, so that an action can bring
//! the fresh answers to those that it makes stale: in the same round trip.

use std::collections::HashMap;
use std::sync::Mutex;

use super::{Footprint, Kept, Probe, Reply, Touch, ways};

/// Answers per become-user, and the clients of services that are reached through the host.
#[derive(Default)]
pub struct Answers(Mutex<Known>, Kept);

/// Questions whose answers an action makes stale and that coming tasks will ask.
#[derive(Default)]
pub struct Expected {
    /// The questions.
    pub probes: Vec<Probe>,
    /// How many changes there were before the action.
    asked: u64,
}

/// A question of a become-user.
type Key = (Option<String>, Probe);

#[derive(Default)]
struct Known {
    /// How many coming tasks will ask this.
    expected: HashMap<Key, usize>,
    replies: HashMap<Key, Reply>,
    /// How often something was forgotten: an answer that was asked for before a change and comes
    /// in after it is not kept.
    changes: u64,
    /// Where names lead once their links are resolved: a change of one name is a change of all.
    real: HashMap<String, String>,
}

impl Known {
    /// Everything a footprint is called.
    fn names(&self, footprint: Footprint) -> Vec<Footprint> {
        let real = match &footprint {
            Footprint::Path(path) => self.real.get(path).cloned().map(Footprint::Path),
            _ => None,
        };
        std::iter::once(footprint).chain(real).collect()
    }

    /// What is touched, by all its names; `None` is everything.
    fn touched(&self, touch: &Touch) -> Option<Vec<Footprint>> {
        let Touch::Only(touched) = touch else {
            return None;
        };
        Some(touched.iter().flat_map(|t| self.names(t.clone())).collect())
    }

    /// Whether the answer depends on something touched.
    fn depends(&self, probe: &Probe, touched: Option<&[Footprint]>) -> bool {
        let Some(touched) = touched else { return true };
        let seen = probe.footprint().into_iter().flat_map(|s| self.names(s));
        seen.into_iter()
            .any(|s| touched.iter().any(|t| s.overlaps(t)))
    }

    fn forget(&mut self, touch: &Touch) {
        self.changes += 1;
        let Some(touched) = self.touched(touch) else {
            self.replies.clear();
            self.real.clear();
            return;
        };
        let stale: Vec<Key> = self
            .replies
            .keys()
            .filter(|(_, probe)| self.depends(probe, Some(&touched)))
            .cloned()
            .collect();
        for key in stale {
            self.replies.remove(&key);
        }
    }

    fn put(&mut self, user: Option<&str>, (probe, reply): (Probe, Reply)) {
        if let (Probe::RealPath { path }, Reply::RealPath(real)) = (&probe, &reply)
            && path != real
        {
            self.real.insert(path.clone(), real.clone());
        }
        self.replies
            .insert((user.map(ToOwned::to_owned), probe), reply);
    }
}

impl Answers {
    /// What is kept beside the answers: clients of services.
    pub const fn kept(&self) -> &Kept {
        &self.1
    }

    /// How many changes there were; take it before asking and hand it to [`Answers::put`].
    pub fn changes(&self) -> u64 {
        self.0.lock().map_or(0, |known| known.changes)
    }

    /// Remembers an answer, unless something changed since `asked`.
    pub fn put(&self, user: Option<&str>, (probe, reply): (Probe, Reply), asked: u64) {
        if let Ok(mut known) = self.0.lock()
            && known.changes == asked
        {
            known.put(user, (probe, reply));
        }
    }

    /// The answer, if it is known and still good.
    pub fn get(&self, user: Option<&str>, probe: &Probe) -> Option<Reply> {
        self.0
            .lock()
            .ok()?
            .replies
            .get(&(user.map(ToOwned::to_owned), probe.clone()))
            .cloned()
    }

    /// Forgets every answer that depends on something touched.
    pub fn forget(&self, touch: &Touch) {
        if let Ok(mut known) = self.0.lock() {
            known.forget(touch);
        }
    }

    /// These are the questions of the coming tasks, once for each task that will ask them; what
    /// was expected before is not any more.
    pub fn expect(&self, questions: impl IntoIterator<Item = (Option<String>, Probe)>) {
        let Ok(mut known) = self.0.lock() else { return };
        known.expected.clear();
        for key in questions {
            *known.expected.entry(key).or_default() += 1;
        }
    }

    /// A task's turn has come: it needs these once, the others go on expecting them.
    pub fn turn(&self, user: Option<&str>, probes: &[Probe]) {
        let Ok(mut known) = self.0.lock() else { return };
        if known.expected.is_empty() {
            return;
        }
        for probe in probes {
            let key = (user.map(ToOwned::to_owned), probe.clone());
            if let Some(count) = known.expected.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    known.expected.remove(&key);
                }
            }
        }
    }

    /// What to ask together with an action: the expected questions whose answers it makes stale.
    pub fn stale(&self, user: Option<&str>, touch: &Touch) -> Expected {
        let Ok(known) = self.0.lock() else {
            return Expected::default();
        };
        let named = known.touched(touch);
        let mut probes: Vec<Probe> = known
            .expected
            .keys()
            .filter(|key| key.0.as_deref() == user && known.replies.contains_key(*key))
            .filter(|(_, probe)| is_quick(probe) && known.depends(probe, named.as_deref()))
            .map(|(_, probe)| probe.clone())
            .collect();
        probes.extend(ways(&probes));
        Expected {
            probes,
            asked: known.changes,
        }
    }

    /// An action was done: forgets what it touched, and takes the answers that came with it
    /// unless something else changed meanwhile.
    pub fn acted(
        &self,
        user: Option<&str>,
        touch: &Touch,
        (expected, replies): (Expected, Vec<Option<Reply>>),
    ) {
        let Ok(mut known) = self.0.lock() else { return };
        let calm = known.changes == expected.asked;
        known.forget(touch);
        if !calm {
            return;
        }
        for (probe, reply) in expected.probes.into_iter().zip(replies) {
            if let Some(reply) = reply {
                known.put(user, (probe, reply));
            }
        }
    }
}

/// Whether a question may ride with an action: its answer costs the host next to nothing.
fn is_quick(probe: &Probe) -> bool {
    !matches!(
        probe,
        Probe::Command(_) | Probe::List { .. } | Probe::Facts | Probe::Port { .. }
    )
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
