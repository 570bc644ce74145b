//! IP addresses and networks, as the `ipaddr` filter sees them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address with a prefix; `192.168.1.5/24` keeps both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    pub v6: bool,
    pub ip: u128,
    pub prefix: u32,
    /// Whether a prefix was written.
    pub written: bool,
}

impl Network {
    pub fn bits(self) -> u32 {
        if self.v6 { 128 } else { 32 }
    }

    /// Reads `a`, `a/prefix` or `a/netmask`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let ip: IpAddr = address.parse().ok()?;
        let (v6, bits, value) = match ip {
            IpAddr::V4(ip) => (false, 32, u128::from(u32::from(ip))),
            IpAddr::V6(ip) => (true, 128, u128::from(ip)),
        };
        let length = match prefix {
            None => bits,
            Some(prefix) => {
                if let Ok(length) = prefix.parse::<u32>() {
                    length
                } else {
                    let mask: Ipv4Addr = prefix.parse().ok()?;
                    let mask = u32::from(mask);
                    (mask.leading_ones() == mask.count_ones()).then(|| mask.count_ones())?
                }
            }
        };
        (length <= bits).then_some(Self {
            v6,
            ip: value,
            prefix: length,
            written: prefix.is_some(),
        })
    }

    /// An address by its number.
    pub fn number(value: u128) -> Self {
        let v6 = value > u128::from(u32::MAX);
        Self {
            v6,
            ip: value,
            prefix: if v6 { 128 } else { 32 },
            written: false,
        }
    }

    pub fn mask(self) -> u128 {
        let host = self.bits() - self.prefix;
        let all = self.all();
        if host == 128 {
            0
        } else {
            (all >> host) << host
        }
    }

    fn all(self) -> u128 {
        if self.v6 {
            u128::MAX
        } else {
            u128::from(u32::MAX)
        }
    }

    pub fn first(self) -> u128 {
        self.ip & self.mask()
    }

    pub fn last(self) -> u128 {
        self.first() | (self.all() & !self.mask())
    }

    /// How many addresses, if that many can be counted.
    pub fn size(self) -> u128 {
        (self.last() - self.first()).saturating_add(1)
    }

    pub fn is_single(self) -> bool {
        self.prefix == self.bits()
    }

    /// Whether it is the network itself and not a host in it.
    pub fn is_network(self) -> bool {
        self.ip == self.first()
    }

    pub fn text_of(self, ip: u128) -> String {
        if self.v6 {
            Ipv6Addr::from(ip).to_string()
        } else {
            Ipv4Addr::from(u32::try_from(ip).unwrap_or(0)).to_string()
        }
    }

    pub fn address(self) -> String {
        self.text_of(self.ip)
    }

    pub fn cidr(self, ip: u128) -> String {
        format!("{}/{}", self.text_of(ip), self.prefix)
    }

    /// As it was written, shortest form.
    pub fn text(self) -> String {
        if self.written {
            self.cidr(self.ip)
        } else {
            self.address()
        }
    }

    pub fn contains(self, other: Self) -> bool {
        self.v6 == other.v6 && self.first() <= other.first() && other.last() <= self.last()
    }

    fn within(self, networks: &[&str]) -> bool {
        networks
            .iter()
            .filter_map(|network| Self::parse(network))
            .any(|network| {
                network.contains(Self {
                    prefix: self.bits(),
                    ..self
                })
            })
    }

    pub fn is_loopback(self) -> bool {
        self.within(&["127.0.0.0/8", "::1/128"])
    }

    pub fn is_multicast(self) -> bool {
        self.within(&["224.0.0.0/4", "ff00::/8"])
    }

    pub fn is_link_local(self) -> bool {
        self.within(&["169.254.0.0/16", "fe80::/10"])
    }

    /// What is not reachable on the internet, by the registries of special addresses.
    pub fn is_private(self) -> bool {
        self.within(&[
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "240.0.0.0/4",
            "::/127",
            "::ffff:0:0/96",
            "100::/64",
            "2001:2::/48",
            "2001:db8::/32",
            "2001:10::/28",
            "fc00::/7",
            "fe80::/10",
        ])
    }

    /// The name for a reverse lookup.
    pub fn reverse(self) -> String {
        if self.v6 {
            let digits = format!("{:032x}", self.ip);
            let labels: Vec<String> = digits.chars().rev().map(String::from).collect();
            format!("{}.ip6.arpa.", labels.join("."))
        } else {
            let address = self.address();
            let labels: Vec<&str> = address.split('.').rev().collect();
            format!("{}.in-addr.arpa.", labels.join("."))
        }
    }
}
