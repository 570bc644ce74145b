//! `reboot`: restart the host and wait until it answers again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::connection::{Action, Deadline, Exec, Reader, Touch};
use crate::input::Clock;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Site};

/// The module.
pub struct Reboot {
    command: Option<String>,
    before: Duration,
    after: u64,
    timeout: Duration,
    test: String,
    clock: Arc<dyn Clock>,
}

impl Reboot {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Self {
        Self {
            command: given.some("reboot_command").filter(|c| !c.starts_with('[')),
            before: Duration::from_secs(given.count("pre_reboot_delay")),
            after: given.count("post_reboot_delay"),
            timeout: Duration::from_secs(given.count("reboot_timeout")),
            test: given.string("test_command"),
            clock: context.clock.clone(),
        }
    }
}

#[async_trait]
impl Module for Reboot {
    type Seen = ();

    async fn observe(&self, _: &Reader<'_>) -> Result<(), Failure> {
        Ok(())
    }

    fn diff(&self, (): &()) -> Result<Diff, Failure> {
        let mut diff = Diff::default();
        diff.changes
            .push(Change::new("host", "running", "restarted"));
        diff.result.insert("rebooted".to_owned(), true.into());
        Ok(diff)
    }

    async fn apply(&self, at: &Site<'_>, (): (), _: &Diff) -> Result<Outcome, Failure> {
        let began = self.clock.elapsed();
        self.clock.sleep(self.before).await;
        let action = Action::Reboot {
            command: self.command.clone(),
            post_delay: self.after,
        };
        let done = at
            .connection
            .act(at.who, action, Deadline(self.timeout))
            .await;
        at.answers.forget(&Touch::Everything);
        done?;
        loop {
            let test = at.act(Action::Exec(Exec::shell(&self.test))).await;
            let took = self.clock.elapsed().saturating_sub(began);
            if test.is_ok_and(|done| done.executed.code == 0) {
                let elapsed = ("elapsed".to_owned(), took.as_secs().into());
                return Ok(Outcome {
                    result: [elapsed].into_iter().collect(),
                    changed: Some(true),
                });
            }
            if took >= self.timeout {
                return Err(Failure::msg(format!(
                    "Timed out waiting for post-reboot test command (timeout={})",
                    self.timeout.as_secs()
                ))
                .with("rebooted", true)
                .with("elapsed", took.as_secs()));
            }
            self.clock.sleep(Duration::from_secs(1)).await;
        }
    }
}
