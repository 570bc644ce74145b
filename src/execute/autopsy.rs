//! What became of a host whose connection was lost under a request: whether it answers again, and
//! whether it is still the same boot. The error then names the cause, not only the symptom.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};

use crate::connection::{Identity, Probe, Reply};
use crate::input::Json;
use crate::playbook::Task;

use super::course::PlayRun;
use super::host::HostState;
use super::result::Ended;
use super::scope::Scope;

/// How long a host is given to come back: a virtual machine's reboot.
const PATIENCE: Duration = Duration::from_secs(40);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(5);
/// For one look at a host that answers.
const LOOK: Duration = Duration::from_secs(10);

impl PlayRun<'_> {
    /// A host that was reached before was lost in the middle of the run, whichever request found
    /// it: one that asked ahead may have been under way when it went, and told nobody.
    pub async fn settle_loss(&self, task: &Task, scope: &Scope, ended: &mut Ended) {
        let place = self.lost_place(task, scope).await;
        if ended.code == Some("connection/unreachable") && place.connected().is_some() {
            ended.code = Some("connection/lost");
        }
    }

    /// Where the task stood: its own host, or the one that it was delegated to.
    async fn lost_place(&self, task: &Task, scope: &Scope) -> Arc<HostState> {
        let place = self.place(task, scope).await;
        place.unwrap_or_else(|_| scope.host.clone())
    }

    /// One line about a lost host. It is only looked at, and not used again in this run.
    /// `started` is when the task began on it.
    pub async fn autopsy(&self, task: &Task, started: Duration, scope: &Scope) -> String {
        let place = self.lost_place(task, scope).await;
        let there = (place.name != scope.host.name).then(|| scope.on(place.clone()));
        let scope = there.as_ref().unwrap_or(scope);
        let clock = &self.run.world.clock;
        let begun = clock.elapsed();
        loop {
            let error = match self.uptime(&place, scope).await {
                Ok(Some(up)) if up <= clock.elapsed().saturating_sub(started).as_secs_f64() => {
                    return format!("it answers again and booted {up:.0} s ago: it restarted");
                }
                Ok(_) => {
                    return "it answers again and has not restarted: only the connection was lost"
                        .to_owned();
                }
                Err(error) => error,
            };
            let waited = clock.elapsed().saturating_sub(begun);
            if waited >= PATIENCE {
                let waited = waited.as_secs();
                return format!("it has not come back in {waited} s: {error}");
            }
            clock.sleep(PAUSE).await;
        }
    }

    /// Seconds since the host booted, over a connection of its own; `None` if it does not say.
    async fn uptime(&self, host: &Arc<HostState>, scope: &Scope) -> Result<Option<f64>, String> {
        let world = &self.run.world;
        let vars = self.connection_vars(scope).await;
        let vars = vars.map_err(|_| "its address is not known".to_owned())?;
        let connection = world.connector.connect(&host.name, &vars).await;
        let connection = connection.map_err(|error| error.to_string())?;
        let who = Identity::default();
        let probe = [Probe::Facts];
        let asked = select(connection.probe(&who, &probe), world.clock.sleep(LOOK)).await;
        let found = match asked {
            Either::Left((Ok(replies), _)) => match replies.first() {
                Some(Reply::Facts(facts)) => Ok(facts.get("uptime_seconds").and_then(Json::as_f64)),
                _ => Ok(None),
            },
            Either::Left((Err(error), _)) => Err(error.to_string()),
            Either::Right(_) => Err("it does not answer".to_owned()),
        };
        connection.close().await;
        found
    }
}
