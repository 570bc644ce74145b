//! What a module has while it looks: probes only, answered from the batch that was sent ahead
//! where possible.

use std::collections::HashMap;
use std::sync::Mutex;

use super::{Connection, ConnectionError, Footprint, Identity, Probe, Reply, Touch};

/// Answers already received, per host and become-user. The engine fills it with one batch for
/// many tasks and drops what an action touched.
#[derive(Default)]
pub struct Answers(Mutex<HashMap<(Option<String>, Probe), Reply>>);

impl Answers {
    /// Remembers an answer.
    pub fn put(&self, user: Option<&str>, probe: Probe, reply: Reply) {
        if let Ok(mut known) = self.0.lock() {
            known.insert((user.map(ToOwned::to_owned), probe), reply);
        }
    }

    /// The answer, if it is known and still good.
    pub fn get(&self, user: Option<&str>, probe: &Probe) -> Option<Reply> {
        self.0
            .lock()
            .ok()?
            .get(&(user.map(ToOwned::to_owned), probe.clone()))
            .cloned()
    }

    /// Forgets every answer that depends on something touched.
    pub fn forget(&self, touch: &Touch) {
        let Ok(mut known) = self.0.lock() else { return };
        match touch {
            Touch::Everything => known.clear(),
            Touch::Only(touched) => known.retain(|(_, probe), _| {
                let seen = probe.footprint();
                !touched.iter().any(|t| seen.iter().any(|s| s.overlaps(t)))
            }),
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
        let missing: Vec<Probe> = probes
            .iter()
            .filter(|p| self.answers.get(user, p).is_none())
            .cloned()
            .collect();
        if !missing.is_empty() {
            let replies = self.connection.probe(self.who, &missing).await?;
            for (probe, reply) in missing.into_iter().zip(replies) {
                self.answers.put(user, probe, reply);
            }
        }
        probes
            .iter()
            .map(|p| {
                self.answers
                    .get(user, p)
                    .ok_or_else(|| ConnectionError::Protocol {
                        what: format!("`{}` did not answer every question", self.host()),
                    })
            })
            .collect()
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
