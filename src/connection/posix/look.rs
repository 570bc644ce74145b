//! Batches of probes: grouped first, one by one where that did not answer, ports beside them.

use std::time::Duration;

use super::super::{ConnectionError, Identity, Probe, Reply};
use super::host::PosixHost;
use super::pipe::DialError;
use super::probe;
use super::script::{Answer, Script};

/// How long a batch of probes may take: a `find` over a large tree on a slow disk.
const LOOKING: Duration = Duration::from_mins(5);

impl PosixHost {
    /// Asks a batch; once more over a fresh channel if the first one broke.
    async fn look(
        &self,
        who: &Identity,
        script: Result<Script, ConnectionError>,
    ) -> Result<Answer, ConnectionError> {
        let script = script?;
        match self.run(who, &script, LOOKING).await {
            Err(failed) if failed.fresh_may_help => self
                .run(who, &script, LOOKING)
                .await
                .map_err(|failed| failed.error),
            other => other.map_err(|failed| failed.error),
        }
    }

    pub(super) async fn look_all(
        &self,
        who: &Identity,
        probes: &[Probe],
    ) -> Result<Vec<Option<Reply>>, ConnectionError> {
        let mut replies: Vec<Option<Reply>> = vec![None; probes.len()];
        let everything: Vec<(usize, &Probe)> = probes.iter().enumerate().collect();
        let (single, batch): (Vec<_>, Vec<_>) =
            everything.into_iter().partition(|(_, p)| has_input(p));
        let batch: probe::Asked<'_> = keep_valid(batch, &mut replies);
        let batch: Vec<_> = batch.into_iter().filter(|(_, p)| !is_port(p)).collect();
        if !batch.is_empty() {
            let answer = self.look(who, probe::compose(&batch)).await?;
            probe::parse(&batch, &answer, &mut replies);
        }
        for (at, probe) in single {
            // Each brings a blob of its own, and a request carries one.
            let one = vec![(at, probe)];
            let answer = self.look(who, probe::compose(&one)).await?;
            probe::parse(&one, &answer, &mut replies);
        }
        let open = |replies: &[Option<Reply>]| -> Vec<(usize, &Probe)> {
            let all = probes.iter().enumerate();
            all.filter(|(at, p)| replies[*at].is_none() && !is_port(p))
                .collect()
        };
        let left = open(&replies);
        if !left.is_empty() {
            let answer = self.look(who, probe::compose_single(&left)).await?;
            probe::parse_single(&left, &answer, &mut replies);
        }
        Ok(replies)
    }

    /// Tries the ports of a batch, all at once.
    pub(super) async fn ports(
        &self,
        probes: &[Probe],
    ) -> Result<Vec<(usize, Reply)>, ConnectionError> {
        let tries = probes.iter().enumerate().filter_map(|(at, p)| match p {
            Probe::Port {
                host,
                port,
                timeout_ms,
            } => Some(async move {
                let within = Duration::from_millis(*timeout_ms);
                let tried = tokio::time::timeout(within, self.wire().dial(host, *port)).await;
                match tried {
                    Ok(Ok(_)) => Ok((at, Reply::Port(true))),
                    Ok(Err(DialError::Closed(_))) | Err(_) => Ok((at, Reply::Port(false))),
                    Ok(Err(DialError::Forbidden(what))) => Ok((at, Reply::Refused(what))),
                    Ok(Err(DialError::Lost(error))) => Err(error),
                }
            }),
            _ => None,
        });
        futures::future::try_join_all(tries).await
    }
}

/// Whether the probe sends something beside its script.
fn has_input(probe: &Probe) -> bool {
    matches!(probe, Probe::Command(exec) if exec.stdin.is_some())
}

fn is_port(probe: &Probe) -> bool {
    matches!(probe, Probe::Port { .. })
}

/// Refuses what cannot even be asked (a path with a NUL) without losing the rest of the batch.
fn keep_valid<'a>(
    batch: Vec<(usize, &'a Probe)>,
    replies: &mut [Option<Reply>],
) -> Vec<(usize, &'a Probe)> {
    let mut valid = Vec::new();
    for (at, probe) in batch {
        match probe::compose(&vec![(at, probe)]) {
            Err(ConnectionError::Refused { what }) => replies[at] = Some(Reply::Refused(what)),
            _ => valid.push((at, probe)),
        }
    }
    valid
}
