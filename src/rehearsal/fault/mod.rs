//! Things that go wrong on purpose.

use super::tree::Content;

/// Faults that wait for their moment.
#[derive(Clone, Debug, Default)]
pub struct Faults;

impl Faults {
    /// The status a host gets from an address instead of an answer.
    pub fn http_status(&self, _: &str, _: &str) -> Option<u16> {
        None
    }

    /// A download that arrives damaged.
    pub fn spoil(&self, _: &str, content: Content) -> Content {
        content
    }
}
