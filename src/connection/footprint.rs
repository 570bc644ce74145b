//! What an answer depends on and what a change may disturb: the comparison that says whether an
//! answer is still good.

use super::{Footprint, Probe};

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
