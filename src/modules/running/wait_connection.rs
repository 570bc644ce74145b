//! `wait_for_connection`: until the host answers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Blind;
use crate::input::Clock;
use crate::modules::seen::stat;
use crate::modules::{Context, Failure, Given, Outcome, Site};

/// The module.
pub struct WaitForConnection {
    delay: Duration,
    sleep: Duration,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl WaitForConnection {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Self {
        let seconds = |name: &str| Duration::from_secs(given.count(name));
        Self {
            delay: seconds("delay"),
            sleep: seconds("sleep"),
            timeout: seconds("timeout"),
            clock: context.clock.clone(),
        }
    }
}

#[async_trait]
impl Blind for WaitForConnection {
    async fn go(&self, at: &Site<'_>) -> Result<Outcome, Failure> {
        let began = self.clock.elapsed();
        self.clock.sleep(self.delay).await;
        loop {
            let answer = at.reader().ask_now(&stat("/")).await;
            let took = self.clock.elapsed().saturating_sub(began);
            match answer {
                Ok(_) => {
                    let elapsed = ("elapsed".to_owned(), took.as_secs().into());
                    return Ok(Outcome {
                        result: [elapsed].into_iter().collect(),
                        changed: Some(false),
                    });
                }
                Err(error) if took >= self.timeout => {
                    return Err(Failure::msg(format!(
                        "timed out waiting for ping module test: {error}"
                    ))
                    .with("elapsed", took.as_secs()));
                }
                // At least a little, so that a host that refuses at once is not hammered.
                Err(_) => {
                    self.clock
                        .sleep(self.sleep.max(Duration::from_millis(100)))
                        .await;
                }
            }
        }
    }
}
