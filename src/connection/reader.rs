//! What a module has while it looks: probes only, answered from the batch that was sent ahead
//! where possible.

use std::collections::HashMap;
use std::sync::Mutex;

use super::{Connection, ConnectionError, Footprint, Identity, Probe, Reply, Touch};

/// Answers already received, per become-user. The engine fills it with one batch for many tasks
/// and drops what an action touched.
#[derive(Default)]
pub struct Answers(Mutex<Known>);

#[derive(Default)]
struct Known {
    replies: HashMap<(Option<String>, Probe), Reply>,
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
}

impl Answers {
    /// How many changes there were; take it before asking and hand it to [`Answers::put`].
    pub fn changes(&self) -> u64 {
        self.0.lock().map_or(0, |known| known.changes)
    }

    /// Remembers an answer, unless something changed since `asked`.
    pub fn put(&self, user: Option<&str>, (probe, reply): (Probe, Reply), asked: u64) {
        if let Ok(mut known) = self.0.lock()
            && known.changes == asked
        {
            if let (Probe::RealPath { path }, Reply::RealPath(real)) = (&probe, &reply)
                && path != real
            {
                known.real.insert(path.clone(), real.clone());
            }
            known
                .replies
                .insert((user.map(ToOwned::to_owned), probe), reply);
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
        let Ok(mut known) = self.0.lock() else { return };
        known.changes += 1;
        let Touch::Only(touched) = touch else {
            known.replies.clear();
            known.real.clear();
            return;
        };
        let touched: Vec<Footprint> = touched
            .iter()
            .flat_map(|t| known.names(t.clone()))
            .collect();
        let stale: Vec<_> = known
            .replies
            .keys()
            .filter(|(_, probe)| {
                let seen = probe.footprint().into_iter().flat_map(|s| known.names(s));
                seen.into_iter()
                    .any(|s| touched.iter().any(|t| s.overlaps(t)))
            })
            .cloned()
            .collect();
        for key in stale {
            known.replies.remove(&key);
        }
    }
}

/// A view of a host that cannot change it.
pub struct Reader<'a> {
    connection: &'a dyn Connection,
    who: &'a Identity,
    answers: &'a Answers,
}

impl<'a> Reader<'a> {
    /// Looks at the host as `who`.
    pub const fn new(
        connection: &'a dyn Connection,
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

impl Probe {
    /// What the answer depends on.
    pub fn footprint(&self) -> Vec<Footprint> {
        match self {
            Self::Stat { path, .. }
            | Self::RealPath { path }
            | Self::Read { path, .. }
            | Self::List { path, .. } => {
                vec![Footprint::Path(path.clone())]
            }
            Self::Package { name } => vec![Footprint::Package(name.clone())],
            Self::Unit { name } => vec![Footprint::Unit(name.clone())],
            Self::User { .. } | Self::Group { .. } => vec![Footprint::Accounts],
            Self::Port { .. } => vec![Footprint::Ports],
            Self::Sysctl { .. } => vec![Footprint::Kernel],
            Self::Facts => vec![Footprint::Facts],
            Self::Command(_) => vec![Footprint::Command],
        }
    }
}

impl Footprint {
    /// Whether a change of one may change what is known of the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Path(a), Self::Path(b)) => below(a, b) || below(b, a),
            // A command may look at anything.
            (Self::Command, _) | (_, Self::Command) => true,
            (a, b) => a == b,
        }
    }
}

/// Whether `path` is `root` or below it.
fn below(path: &str, root: &str) -> bool {
    let root = root.trim_end_matches('/');
    path.trim_end_matches('/')
        .strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
