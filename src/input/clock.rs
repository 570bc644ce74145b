//! Time, behind a trait: a retry's delay is real on a real run and free in a rehearsal, and tests
//! never wait.

use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

/// The time this program goes by. Every wait between two attempts goes through it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Wall-clock time; may jump.
    fn now(&self) -> SystemTime;

    /// Time since the clock was made; never goes back. Durations in results and recaps are
    /// differences of this.
    fn elapsed(&self) -> Duration;

    /// Waits. On the estate's clock this ends as soon as nobody else has something to do before.
    async fn sleep(&self, duration: Duration);
}

/// The machine's own clock.
pub struct SystemClock(Instant);

impl SystemClock {
    /// A clock whose [`Clock::elapsed`] starts now.
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
