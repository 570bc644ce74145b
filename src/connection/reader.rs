//! What a module has while it looks: probes only, answered from the batch that was sent ahead
//! where possible.

use std::sync::Arc;

use super::{Answers, Connection, ConnectionError, Dialler, Identity, Kept, Probe, Reply};

/// A view of a host that cannot change it.
pub struct Reader<'a> {
    connection: &'a Arc<dyn Connection>,
    who: &'a Identity,
    answers: &'a Answers,
}

impl<'a> Reader<'a> {
    /// Looks at the host as `who`.
    pub const fn new(
        connection: &'a Arc<dyn Connection>,
        who: &'a Identity,
        answers: &'a Answers,
    ) -> Self {
        Self {
            connection,
            who,
            answers,
        }
    }

    /// The host's inventory name.
    pub fn host(&self) -> &str {
        self.connection.host()
    }

    /// Byte streams as seen from the host, for the rooms whose readers keep from changing anything.
    pub fn dialler(&self) -> Dialler {
        Dialler::new(Arc::clone(self.connection))
    }

    /// Clients of services that tasks on this host share.
    pub const fn kept(&self) -> &Kept {
        self.answers.kept()
    }

    /// Asks all of these; what the engine asked ahead costs nothing, the rest is one round trip.
    pub async fn ask(&self, probes: &[Probe]) -> Result<Vec<Reply>, ConnectionError> {
        let user = self.who.user.as_deref();
        let asked = self.answers.changes();
        let known: Vec<Option<Reply>> = probes.iter().map(|p| self.answers.get(user, p)).collect();
        let missing: Vec<Probe> = probes
            .iter()
            .zip(&known)
            .filter(|(_, k)| k.is_none())
            .map(|(p, _)| p.clone())
            .collect();
        let mut fresh = if missing.is_empty() {
            Vec::new()
        } else {
            let ways = ways(&missing);
            let asked_too: Vec<Probe> = missing.iter().chain(&ways).cloned().collect();
            let mut replies = self.connection.probe(self.who, &asked_too).await?;
            let real = replies.split_off(missing.len().min(replies.len()));
            for answer in ways.into_iter().zip(real) {
                self.answers.put(user, answer, asked);
            }
            replies
        }
        .into_iter();
        let mut replies = Vec::with_capacity(probes.len());
        for (probe, known) in probes.iter().zip(known) {
            let reply = if let Some(reply) = known {
                reply
            } else {
                let reply = fresh.next().ok_or_else(|| ConnectionError::Protocol {
                    what: format!("`{}` did not answer every question", self.host()),
                })?;
                self.answers
                    .put(user, (probe.clone(), reply.clone()), asked);
                reply
            };
            replies.push(reply);
        }
        Ok(replies)
    }

    /// Asks one.
    pub async fn ask_one(&self, probe: Probe) -> Result<Reply, ConnectionError> {
        let mut replies = self.ask(&[probe]).await?;
        replies.pop().ok_or_else(|| ConnectionError::Protocol {
            what: "no answer".to_owned(),
        })
    }

    /// Asks afresh, for what changes by itself (a wait, a retry).
    pub async fn ask_now(&self, probe: &Probe) -> Result<Reply, ConnectionError> {
        let mut replies = self
            .connection
            .probe(self.who, std::slice::from_ref(probe))
            .await?;
        replies.pop().ok_or_else(|| ConnectionError::Protocol {
            what: "no answer".to_owned(),
        })
    }
}

/// The questions where the paths of these probes really lead: asked in the same batch, so that a
/// change under one name drops what was seen under another.
pub fn ways(probes: &[Probe]) -> Vec<Probe> {
    let mut ways: Vec<Probe> = Vec::new();
    for probe in probes {
        let (Probe::Stat { path, .. } | Probe::Read { path, .. } | Probe::List { path, .. }) =
            probe
        else {
            continue;
        };
        let way = Probe::RealPath { path: path.clone() };
        if !ways.contains(&way) && !probes.contains(&way) {
            ways.push(way);
        }
    }
    ways
}
