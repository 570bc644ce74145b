//! Restarting a host: its boot id tells the old boot from the new one.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::{Action, Connection, ConnectionError, Deadline, Exec, Identity, Probe, Reply};
use super::host::PosixHost;

/// What to do and how long it may take.
pub struct Order<'a> {
    /// Instead of the default command.
    pub command: Option<&'a str>,
    /// Before the first look.
    pub post_delay: Duration,
    /// For everything.
    pub within: Duration,
}

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// For one look: a host that goes down may hold a connection open without answering.
const LOOK: Duration = Duration::from_secs(20);

/// Restarts and waits until the host answers with another boot id.
pub async fn restart(
    host: &PosixHost,
    who: &Identity,
    order: &Order<'_>,
) -> Result<(), ConnectionError> {
    let end = Instant::now() + order.within;
    let before = boot_id(host).await?;
    // Detached and a moment later, so that the request itself is answered.
    let command = order.command.unwrap_or("systemctl reboot || reboot");
    let script = format!("( sleep 1; {command} ) </dev/null >/dev/null 2>&1 &");
    let asked = Action::Exec(Exec::shell(&script));
    match host.act(who, asked, Deadline(LOOK)).await {
        Ok(done) if done.executed.code != 0 => {
            return Err(ConnectionError::Refused {
                what: String::from_utf8_lossy(&done.executed.stderr).into_owned(),
            });
        }
        Err(error @ (ConnectionError::Become { .. } | ConnectionError::Refused { .. })) => {
            return Err(error);
        }
        // It may already be going down.
        Ok(_) | Err(_) => {}
    }
    sleep(order.post_delay.max(PAUSE)).await;
    let mut last = String::from("it still runs the old boot");
    while Instant::now() < end {
        match tokio::time::timeout(LOOK, boot_id(host)).await {
            Ok(Ok(now)) if now != before => return Ok(()),
            Ok(Ok(_)) => {}
            Ok(Err(error @ ConnectionError::Untrusted { .. })) => return Err(error),
            Ok(Err(error)) => {
                last = error.to_string();
                match tokio::time::timeout(LOOK, host.renew()).await {
                    Ok(Err(error @ ConnectionError::Untrusted { .. })) => return Err(error),
                    Ok(Err(error)) => last = error.to_string(),
                    Ok(Ok(())) | Err(_) => {}
                }
            }
            Err(_) => {
                "it does not answer".clone_into(&mut last);
                let _ = tokio::time::timeout(LOOK, host.renew()).await;
            }
        }
        sleep(PAUSE).await;
    }
    Err(ConnectionError::TimedOut {
        after: order.within,
        tail: last,
    })
}

async fn boot_id(host: &PosixHost) -> Result<Vec<u8>, ConnectionError> {
    let probe = Probe::Read {
        path: "/proc/sys/kernel/random/boot_id".to_owned(),
        limit: 100,
    };
    let mut replies = host.probe(&Identity::default(), &[probe]).await?;
    match replies.pop() {
        Some(Reply::Content(Some(id))) => Ok(id),
        _ => Err(ConnectionError::Refused {
            what: "the host has no boot id to tell a restart by".to_owned(),
        }),
    }
}
