//! `ipaddr` and its kin (`ansible.utils`).

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::Table;
use super::address::Network;
use crate::template::call::Call;
use crate::template::convert;

pub(super) const TABLE: Table = &[
    ("ipaddr", ipaddr),
    ("ipv4", ipv4),
    ("ipv6", ipv6),
    ("ipwrap", ipwrap),
    ("ipsubnet", ipsubnet),
    ("nthhost", nthhost),
    ("next_nth_usable", next_nth_usable),
    ("previous_nth_usable", previous_nth_usable),
    ("network_in_usable", network_in_usable),
    ("network_in_network", network_in_network),
    ("cidr_merge", cidr_merge),
    ("hwaddr", hwaddr),
];

/// What a query gives for one address.
enum Answer {
    /// A value.
    Is(Value),
    /// The query does not apply: left out of lists, null for one.
    No,
}

fn is(text: impl Into<Value>) -> Answer {
    Answer::Is(text.into())
}

fn when(holds: bool, value: impl Into<Value>) -> Answer {
    if holds {
        Answer::Is(value.into())
    } else {
        Answer::No
    }
}

/// Which versions count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Any,
    Four,
    Six,
}

fn read(value: &Value) -> Option<Network> {
    match value.kind() {
        ValueKind::Number => u128::try_from(value.clone()).ok().map(Network::number),
        ValueKind::String => Network::parse(value.as_str()?.trim()),
        _ => None,
    }
}

fn ipaddr(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    filtered(call, Version::Any)
}

fn ipv4(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    filtered(call, Version::Four)
}

fn ipv6(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    filtered(call, Version::Six)
}

/// Lists give what fits; one value gives its answer, or false if it is no address.
fn filtered(call: &mut Call<'_, '_, '_>, version: Version) -> Result<Value, Error> {
    call.only(2, &["query", "version", "alias"])?;
    let query = match call.arg(1, "query") {
        Some(query) => convert::text(&query)?,
        None => String::new(),
    };
    let value = call.value();
    let fits = |network: &Network| match version {
        Version::Any => true,
        Version::Four => !network.v6,
        Version::Six => network.v6,
    };
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        let mut out = Vec::new();
        for item in convert::items(&value)? {
            if let Some(network) = read(&item).filter(fits)
                && let Answer::Is(answer) = ask(call, network, &query)?
            {
                out.push(answer);
            }
        }
        return Ok(Value::from(out));
    }
    match read(&value).filter(fits) {
        Some(network) => match ask(call, network, &query)? {
            Answer::Is(answer) => Ok(answer),
            Answer::No => Ok(Value::from(())),
        },
        None => Ok(Value::from(false)),
    }
}

#[expect(clippy::too_many_lines, reason = "one case of a table per line")]
fn ask(call: &Call<'_, '_, '_>, n: Network, query: &str) -> Result<Answer, Error> {
    if let Ok(index) = query.parse::<i128>() {
        return Ok(nth(n, index).map_or(Answer::No, |ip| is(n.cidr(ip))));
    }
    let host = !n.is_single() && (!n.is_network() || n.prefix + 1 >= n.bits());
    let usable = n.prefix + 1 < n.bits();
    let size = || u64::try_from(n.size()).map_or_else(|_| Value::from(n.size()), Value::from);
    Ok(match query {
        "" => is(n.text()),
        "address" | "ip" => is(n.address()),
        "network" | "network_id" => is(n.text_of(n.first())),
        "netmask" => is(n.text_of(n.mask())),
        "hostmask" | "wildcard" => is(n.text_of(n.last() - n.first())),
        "prefix" => is(n.prefix),
        "broadcast" => when(usable && !n.v6, n.text_of(n.last())),
        "size" => Answer::Is(size()),
        "version" => is(if n.v6 { 6 } else { 4 }),
        "type" => is(if n.is_single() || !n.is_network() {
            "address"
        } else {
            "network"
        }),
        "host" | "gateway" | "gw" => when(host || n.is_single(), n.cidr(n.ip)),
        "host/prefix" | "address/prefix" | "ip/prefix" | "cidr" | "ip_prefix" | "hostnet"
        | "router" => is(n.cidr(n.ip)),
        "network/prefix" | "subnet" | "network_prefix" => is(n.cidr(n.first())),
        "net" => when(!n.is_single() && n.is_network(), n.cidr(n.ip)),
        "ip_netmask" => is(format!("{} {}", n.address(), n.text_of(n.mask()))),
        "network_netmask" => is(format!("{} {}", n.text_of(n.first()), n.text_of(n.mask()))),
        "ip_wildcard" => is(format!(
            "{} {}",
            n.address(),
            n.text_of(n.last() - n.first())
        )),
        "range_usable" => when(
            usable,
            format!(
                "{}-{}",
                n.text_of(n.first() + 1),
                n.text_of(n.last() - u128::from(!n.v6))
            ),
        ),
        "size_usable" => when(
            usable,
            u64::try_from(n.size().saturating_sub(2)).unwrap_or(0),
        ),
        "first_usable" => when(usable, n.text_of(n.first().saturating_add(1))),
        "last_usable" => when(
            usable,
            n.text_of(n.last().saturating_sub(u128::from(!n.v6))),
        ),
        "next_usable" => when(
            usable && n.ip + 1 < n.last(),
            n.text_of(n.ip.saturating_add(1)),
        ),
        "previous_usable" => when(
            usable && n.ip > n.first() + 1,
            n.text_of(n.ip.saturating_sub(1)),
        ),
        "int" if n.written => is(format!("{}/{}", n.ip, n.prefix)),
        "int" => is(u64::try_from(n.ip).map_or_else(|_| Value::from(n.ip), Value::from)),
        "bool" => is(true),
        "revdns" => is(n.reverse()),
        "wrap" => is(wrapped(n)),
        "ipv4" => when(!n.v6, n.text()),
        "ipv6" => when(n.v6, n.text()),
        "loopback" | "lo" => when(n.is_loopback(), n.text()),
        "multicast" => when(n.is_multicast(), n.text()),
        "unicast" => when(!n.is_multicast(), n.text()),
        "link-local" => when(n.is_link_local(), n.text()),
        "private" => when(n.is_private(), n.text()),
        "public" => when(
            !(n.is_private() || n.is_multicast() || n.is_loopback() || n.is_link_local()),
            n.text(),
        ),
        other => match Network::parse(other) {
            Some(network) => when(network.contains(n), n.text()),
            None => return Err(call.fail(&format!("does not know the query `{other}`"))),
        },
    })
}

/// The address with an index in the network; negative ones count from the end.
fn nth(n: Network, index: i128) -> Option<u128> {
    let offset = index.unsigned_abs();
    let ip = if index < 0 {
        (n.last() + 1).checked_sub(offset)?
    } else {
        n.first().checked_add(offset)?
    };
    (n.first()..=n.last()).contains(&ip).then_some(ip)
}

fn wrapped(n: Network) -> String {
    match (n.v6, n.written) {
        (true, true) => format!("[{}]/{}", n.address(), n.prefix),
        (true, false) => format!("[{}]", n.address()),
        _ => n.text(),
    }
}

/// IPv6 addresses in brackets, everything else as it is.
fn ipwrap(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let wrap = |value: &Value| match read(value) {
        Some(n) if value.kind() == ValueKind::String => Value::from(wrapped(n)),
        _ => value.clone(),
    };
    let value = call.value();
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        let items = convert::items(&value)?;
        return Ok(Value::from(items.iter().map(wrap).collect::<Vec<_>>()));
    }
    Ok(wrap(&value))
}

fn network(call: &Call<'_, '_, '_>) -> Result<Network, Error> {
    read(&call.value()).ok_or_else(|| call.fail("needs an address or a network"))
}

/// `ipsubnet(prefix, index)`: how many subnets fit, or one of them.
fn ipsubnet(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["query", "index"])?;
    let Some(n) = read(&call.value()) else {
        return Ok(Value::from(false));
    };
    let Some(wanted) = call.int(1, "query")? else {
        return Ok(Value::from(n.cidr(if n.is_single() {
            n.ip
        } else {
            n.first()
        })));
    };
    let prefix = u32::try_from(wanted)
        .ok()
        .filter(|prefix| *prefix <= n.bits())
        .ok_or_else(|| call.fail("needs a prefix length"))?;
    let part = Network { prefix, ..n };
    let index = call.int(2, "index")?;
    if prefix < n.prefix {
        // The network around it.
        return Ok(Value::from(match index {
            None => part.cidr(part.first()),
            Some(_) => return Ok(Value::from(false)),
        }));
    }
    let count = 1u128.checked_shl(prefix - n.prefix).unwrap_or(u128::MAX);
    let Some(index) = index else {
        return Ok(u64::try_from(count).map_or_else(|_| Value::from(count), Value::from));
    };
    let offset = u128::from(index.unsigned_abs());
    let at = if index < 0 {
        count.checked_sub(offset)
    } else {
        Some(offset)
    };
    match at.filter(|at| *at < count) {
        Some(at) => Ok(Value::from(part.cidr(n.first() + at * part.size()))),
        None => Ok(Value::from(false)),
    }
}

fn nthhost(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let n = network(call)?;
    let index = call.int(1, "query")?.unwrap_or(0);
    Ok(match nth(n, i128::from(index)) {
        Some(ip) => Value::from(n.text_of(ip)),
        None => Value::from(false),
    })
}

fn neighbour(call: &Call<'_, '_, '_>, step: i128) -> Result<Value, Error> {
    let n = network(call)?;
    let ip = i128::try_from(n.ip)
        .ok()
        .and_then(|ip| ip.checked_add(step));
    let ip = ip.and_then(|ip| u128::try_from(ip).ok());
    Ok(match ip {
        Some(ip) if n.first() < ip && ip < n.last() => Value::from(n.text_of(ip)),
        _ => Value::from(()),
    })
}

fn next_nth_usable(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let offset = call.int(1, "offset")?.unwrap_or(1);
    neighbour(call, i128::from(offset))
}

fn previous_nth_usable(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let offset = call.int(1, "offset")?.unwrap_or(1);
    neighbour(call, -i128::from(offset))
}

fn other(call: &Call<'_, '_, '_>) -> Result<Network, Error> {
    read(&call.need(1, "test")?).ok_or_else(|| call.fail("needs an address or a network"))
}

/// Whether an address is one of a network's that hosts can have.
fn network_in_usable(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (n, test) = (network(call)?, other(call)?);
    let usable = n.first() < test.first() && test.last() < n.last();
    Ok(Value::from(n.v6 == test.v6 && usable))
}

fn network_in_network(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(network(call)?.contains(other(call)?)))
}

/// Neighbouring networks as one.
fn cidr_merge(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let mut all = Vec::new();
    for item in call.list()? {
        let n = read(&item).ok_or_else(|| call.fail("needs addresses and networks"))?;
        all.push(Network {
            ip: n.first(),
            written: true,
            ..n
        });
    }
    all.sort_by_key(|n| (n.v6, n.first(), n.prefix));
    let mut out: Vec<Network> = Vec::new();
    for n in all {
        out.push(n);
        while let [.., a, b] = out.as_slice() {
            let (a, b) = (*a, *b);
            let twin = a.prefix == b.prefix && a.prefix > 0 && {
                let parent = Network {
                    prefix: a.prefix - 1,
                    ..a
                };
                parent.contains(b) && parent.first() == a.first() && a.v6 == b.v6 && a != b
            };
            if a.contains(b) {
                out.pop();
            } else if twin {
                out.truncate(out.len() - 2);
                out.push(Network {
                    prefix: a.prefix - 1,
                    ..a
                });
            } else {
                break;
            }
        }
    }
    Ok(Value::from(
        out.iter().map(|n| n.cidr(n.ip)).collect::<Vec<_>>(),
    ))
}

/// `hwaddr(query)`: a MAC address in a form: `linux`/`unix`, `cisco`, `bare`, `win`, `bool`.
fn hwaddr(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let query = call.text_or(1, "query", "")?;
    let digits: String = text.chars().filter(|c| !":-.".contains(*c)).collect();
    if digits.len() != 12 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(Value::from(false));
    }
    let digits = digits.to_lowercase();
    let by = |size: usize, sign: &str| {
        digits
            .as_bytes()
            .chunks(size)
            .map(String::from_utf8_lossy)
            .collect::<Vec<_>>()
            .join(sign)
    };
    Ok(match query.as_str() {
        "" => Value::from(text),
        "linux" | "unix" => Value::from(by(2, ":")),
        "win" | "eui48" => Value::from(by(2, "-").to_uppercase()),
        "cisco" => Value::from(by(4, ".")),
        "bare" => Value::from(digits.to_uppercase()),
        "bool" => Value::from(true),
        _ => return Err(call.fail(&format!("does not know the query `{query}`"))),
    })
}

/// Whether a value is an address of any, the fourth or the sixth version: the tests.
pub(in crate::template) fn is_address(value: &Value, v6: Option<bool>) -> bool {
    value.kind() == ValueKind::String && read(value).is_some_and(|n| v6.is_none_or(|v6| n.v6 == v6))
}
