//! How a host may be written in an inventory: addresses with ports, and ranges.

mod address;
mod range;

pub use range::MOST_HOSTS;
pub(super) use range::RangeError;

/// One written host (`web[01:10].example.com:2222`) as names and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hosts {
    /// The names, ranges expanded.
    pub names: Vec<String>,
    /// The port, if one was written.
    pub port: Option<i64>,
}

/// Reads a host as the INI and YAML formats do: what is not an address is a name as it stands,
/// and ranges are expanded either way.
pub(super) fn hosts(written: &str) -> Result<Hosts, RangeError> {
    let (name, port) = match address::parse(written) {
        Some(found) => (found.host, found.port),
        None => (written, None),
    };
    let names = if name.contains('[') {
        range::expand(name)?
    } else {
        vec![name.to_owned()]
    };
    Ok(Hosts { names, port })
}

/// Reads a host of a `-i a,b,` list: no ranges there.
pub(super) fn listed(written: &str) -> (&str, Option<i64>) {
    match address::parse(written) {
        Some(found) if !found.host.contains('[') => (found.host, found.port),
        _ => (written, None),
    }
}

/// Whether a text is one address (possibly with ranges and a port): then its colons separate no
/// patterns.
pub(super) fn is_address(written: &str) -> bool {
    address::parse(written).is_some()
}
