//! The estate's own time: a wait ends as soon as nobody has anything to do before it.
//!
//! Everything that takes time on the estate (a request's round trip, an apt run, the engine's
//! delay between two attempts) sleeps here. The sleeper with the earliest wake-up time gives the
//! other tasks the chance to run; when none of them starts anything for a while, it moves the
//! clock to its own wake-up time. So two hosts that install side by side take as long as the
//! slower one, and ten minutes pass in microseconds. On a current-thread runtime the order of
//! events is the same in every run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::input::Clock;

/// How often the first sleeper lets everybody else run before it moves the clock: more than the
/// hand-overs (channel, join, semaphore) that lie between one request's end and the next one's
/// start.
const QUIET: u32 = 48;

/// When an estate's first day begins: 2026-01-05 08:00 UTC, a Monday.
#[expect(
    clippy::duration_suboptimal_units,
    reason = "a date is seconds since 1970"
)]
pub const FIRST_DAY: Duration = Duration::from_secs(1_767_600_000);

#[derive(Default)]
struct Inner {
    /// Since 1970.
    now: Duration,
    /// Since the clock was made, jumps left out.
    elapsed: Duration,
    /// Sleepers by wake-up time (of `elapsed`) and number.
    waiting: BTreeMap<(Duration, u64), Arc<Notify>>,
    next: u64,
    /// Changes whenever anybody does anything.
    activity: u64,
}

/// A simulated clock; clones are the same clock.
#[derive(Clone)]
pub struct EstateClock(Arc<Mutex<Inner>>);

impl Default for EstateClock {
    fn default() -> Self {
        Self::at(FIRST_DAY)
    }
}

impl EstateClock {
    /// A clock that shows this time since 1970.
    pub fn at(now: Duration) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            now,
            ..Inner::default()
        })))
    }

    /// Whether it is the same clock.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wall-clock time since 1970.
    pub fn since_epoch(&self) -> Duration {
        self.inner().now
    }

    /// Moves the clock on at once, for tests and for what happens between two runs.
    pub fn advance(&self, by: Duration) {
        let mut inner = self.inner();
        inner.now += by;
        inner.elapsed += by;
        inner.activity += 1;
    }

    /// Sets the wall clock back to an earlier snapshot's time; sleepers keep their waits.
    pub fn set(&self, now: Duration) {
        self.inner().now = now;
    }

    fn enter(&self, duration: Duration) -> Sleeper {
        let mut inner = self.inner();
        inner.next += 1;
        inner.activity += 1;
        let key = (inner.elapsed + duration, inner.next);
        let turn = Arc::new(Notify::new());
        inner.waiting.insert(key, turn.clone());
        Sleeper {
            clock: self.clone(),
            key,
            turn,
        }
    }
}

/// One wait; leaves the queue when it is dropped, so that an abandoned wait holds nobody up.
struct Sleeper {
    clock: EstateClock,
    key: (Duration, u64),
    turn: Arc<Notify>,
}

impl Sleeper {
    fn is_first(&self) -> bool {
        self.clock.inner().waiting.keys().next() == Some(&self.key)
    }

    fn activity(&self) -> u64 {
        self.clock.inner().activity
    }

    /// Moves the clock to this wait's end, if nothing happened since `seen`.
    fn finish(&self, seen: u64) -> bool {
        let mut inner = self.clock.inner();
        if inner.activity != seen || inner.waiting.keys().next() != Some(&self.key) {
            return false;
        }
        let step = self.key.0.saturating_sub(inner.elapsed);
        inner.elapsed += step;
        inner.now += step;
        true
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut inner = self.clock.inner();
        inner.waiting.remove(&self.key);
        inner.activity += 1;
        if let Some(next) = inner.waiting.values().next() {
            next.notify_one();
        }
    }
}

#[async_trait]
impl Clock for EstateClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.since_epoch()
    }

    fn elapsed(&self) -> Duration {
        self.inner().elapsed
    }

    async fn sleep(&self, duration: Duration) {
        let sleeper = self.enter(duration);
        loop {
            if !sleeper.is_first() {
                sleeper.turn.notified().await;
                continue;
            }
            let seen = sleeper.activity();
            for _ in 0..QUIET {
                tokio::task::yield_now().await;
            }
            if sleeper.finish(seen) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn side_by_side_takes_as_long_as_the_slowest() {
        let clock = EstateClock::default();
        let order = Arc::new(Mutex::new(Vec::new()));
        let wait = |name: &'static str, seconds: [u64; 2]| {
            let (clock, order) = (clock.clone(), order.clone());
            tokio::spawn(async move {
                for s in seconds {
                    clock.sleep(Duration::from_secs(s)).await;
                    order
                        .lock()
                        .unwrap()
                        .push((name, clock.elapsed().as_secs()));
                }
            })
        };
        let (a, b) = (wait("a", [8, 8]), wait("b", [5, 20]));
        a.await.unwrap();
        b.await.unwrap();
        assert_eq!(
            *order.lock().unwrap(),
            [("b", 5), ("a", 8), ("a", 16), ("b", 25)]
        );
    }

    #[tokio::test]
    async fn an_abandoned_wait_does_not_hold_up_the_others() {
        let clock = EstateClock::default();
        let dropped = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(1)).await }
        });
        let kept = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_hours(1)).await }
        });
        tokio::task::yield_now().await;
        dropped.abort();
        kept.await.unwrap();
        assert_eq!(clock.elapsed(), Duration::from_hours(1));
    }
}
