//! Things that go wrong on purpose, at a named moment, the same way in every run with the same
//! seed.

mod parse;
mod strike;

#[cfg(test)]
mod tests;

pub use strike::{Incoming, Struck};

use std::time::Duration;

use super::shell::glob_matches;
use super::tree::Content;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// The connection is lost under a request; whether its effect happened is the seed's choice.
    Drop,
    /// The connection is lost once it carried so many bytes.
    DropAfter(u64),
    /// The host is switched off at once; what was not synced is lost. It is switched on again
    /// after so many seconds, if given.
    PowerOff(Option<Duration>),
    /// The host reboots by itself.
    Reboot,
    /// The disk is full.
    DiskFull,
    /// Everything takes so many times as long.
    Slow(f64),
    /// The next program whose command line contains this never ends.
    Hang(String),
    /// Somebody holds dpkg's lock for so long.
    AptLock(Duration),
    /// The host's clock jumps by so many seconds.
    ClockJump(i64),
    /// The archive does not have this package.
    MissingPackage(String),
    /// Downloads whose address contains this arrive damaged.
    WrongDigest(String),
    /// Addresses that contain this answer with this status.
    Http(u16, String),
    /// Addresses that contain this do not answer in time.
    HttpTimeout(String),
    /// Addresses that contain this end the connection.
    HttpReset(String),
    /// Nothing below this path can be changed.
    ReadOnly(String),
    /// Sudo wants a password that nobody knows.
    SudoPassword,
    /// The host shows another host key.
    ChangedHostKey,
    /// The host does not answer, for so long if given.
    LinkDown(Option<Duration>),
    /// This unit does not start.
    UnitFails(String),
    /// Pods of this name (a pattern, or what their names begin with) never get ready, for this
    /// reason.
    Pod(String, String),
}

/// What an address gives instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    /// This status.
    Status(u16),
    /// Nothing, until the client gives up.
    Timeout,
    /// The end of the connection.
    Reset,
}

/// When it goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// From the start.
    Always,
    /// When a task of this name begins.
    Task(String),
    /// At the host's nth request.
    Request(u64),
    /// After so much simulated time.
    After(Duration),
}

/// One fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Hosts by shell pattern.
    pub host: String,
    /// What goes wrong.
    pub kind: Kind,
    /// When.
    pub when: When,
}

/// The faults of a run.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// With the hosts each has struck already.
    pub(super) all: Vec<(Fault, Vec<String>)>,
    /// The task under way, by host; an empty name is every host.
    pub(super) tasks: std::collections::BTreeMap<String, String>,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, fault: Fault) {
        self.all.push((fault, Vec::new()));
    }

    /// What stays in force on a host once it has struck.
    fn in_force<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Kind> {
        self.all
            .iter()
            .filter(move |(fault, struck)| {
                glob_matches(&fault.host, host)
                    && (fault.when == When::Always || struck.iter().any(|s| s == host))
            })
            .map(|(fault, _)| &fault.kind)
    }

    /// What a host gets from an address instead of an answer.
    pub fn http(&self, host: &str, url: &str) -> Option<Http> {
        self.in_force(host).find_map(|kind| match kind {
            Kind::Http(status, part) if url.contains(part.as_str()) => Some(Http::Status(*status)),
            Kind::HttpTimeout(part) if url.contains(part.as_str()) => Some(Http::Timeout),
            Kind::HttpReset(part) if url.contains(part.as_str()) => Some(Http::Reset),
            _ => None,
        })
    }

    /// A download that arrives damaged.
    pub fn spoil(&self, host: &str, url: &str, content: Content) -> Content {
        let damaged = self
            .in_force(host)
            .any(|kind| matches!(kind, Kind::WrongDigest(part) if url.contains(part.as_str())));
        if damaged {
            let mut bytes = content.bytes().to_vec();
            bytes.extend_from_slice(b"damaged on the way\n");
            return Content::new(bytes);
        }
        content
    }

    /// Why a unit does not start.
    pub fn unit_failure(&self, host: &str, unit: &str) -> Option<String> {
        self.in_force(host).find_map(|kind| match kind {
            Kind::UnitFails(name) if super::units::full_name(name) == unit => Some(format!(
                "systemd[1]: {unit}: Main process exited, code=exited, status=1/FAILURE"
            )),
            _ => None,
        })
    }

    /// Pods that never get ready in the cluster of a host, and why.
    pub fn pods(&self, host: &str) -> Vec<(String, String)> {
        self.in_force(host)
            .filter_map(|kind| match kind {
                Kind::Pod(name, reason) => Some((name.clone(), reason.clone())),
                _ => None,
            })
            .collect()
    }

    /// Whether the archive has lost a package.
    pub fn lost_package(&self, host: &str, name: &str) -> bool {
        self.in_force(host)
            .any(|kind| matches!(kind, Kind::MissingPackage(lost) if lost == name))
    }

    /// How many times as long everything takes.
    pub fn slowness(&self, host: &str) -> f64 {
        self.in_force(host)
            .map(|kind| {
                if let Kind::Slow(factor) = kind {
                    *factor
                } else {
                    1.0
                }
            })
            .product()
    }
}
