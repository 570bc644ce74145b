//! `known_hosts` files as OpenSSH writes them: hashed names, patterns, `[host]:port`, the markers
//! `@revoked` and `@cert-authority`, any number of keys per host.
//!
//! Lines that cannot be read are skipped, as OpenSSH skips them: they can only make a host
//! unknown, never known. A key that any matching line revokes is refused whatever else is said.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use russh::keys::PublicKey;

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marker {
    /// The key of a host.
    Key,
    /// A key that must not be trusted.
    Revoked,
    /// The key of an authority that signs host certificates.
    Authority,
}

/// The first field.
#[derive(Clone, Debug)]
enum Names {
    /// Comma-separated patterns.
    Patterns(Vec<String>),
    /// Salt and HMAC-SHA1 of a name.
    Hashed(Vec<u8>, Vec<u8>),
}

/// Where a line stands: `file:line`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

#[derive(Clone, Debug)]
struct Line {
    place: Place,
    marker: Marker,
    names: Names,
    key: PublicKey,
}

/// All lines of the user's and the system's files, in order.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    lines: Vec<Line>,
}

/// What is known of a host and the key it offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This is its key.
    Known,
    /// Nothing is known of the host.
    Unknown,
    /// Other keys are known of it: the first place of one of the same algorithm, else of any.
    Changed(Place),
    /// The key is revoked there.
    Revoked(Place),
}

impl KnownHosts {
    /// Adds the lines of a file.
    pub fn read(&mut self, file: &str, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        for (number, line) in text.lines().enumerate() {
            let place = Place {
                file: file.to_owned(),
                line: number + 1,
            };
            self.lines.extend(parse(line, place));
        }
    }

    /// What the lines say of `key` offered by the host at `host:port`.
    pub fn check(&self, host: &str, port: u16, key: &PublicKey) -> Verdict {
        let name = entry_name(host, port);
        if let Some(place) = self.revoked(&name, key) {
            return Verdict::Revoked(place);
        }
        let of = |name: &str| -> Vec<&Line> {
            let all = self.lines.iter();
            all.filter(|l| l.marker == Marker::Key && matches(&l.names, name))
                .collect()
        };
        let known = of(&name);
        let same = |lines: &[&Line]| lines.iter().any(|l| l.key.key_data() == key.key_data());
        // As OpenSSH: a host on another port may be known by its plain name, but only by match.
        if same(&known) || (port != 22 && known.is_empty() && same(&of(&plain(host)))) {
            return Verdict::Known;
        }
        let algorithm = key.algorithm();
        let alike = known.iter().find(|l| l.key.algorithm() == algorithm);
        match alike.or(known.first()) {
            Some(line) => Verdict::Changed(line.place.clone()),
            None => Verdict::Unknown,
        }
    }

    /// Where this key is revoked for the host, if it is.
    fn revoked(&self, name: &str, key: &PublicKey) -> Option<Place> {
        let line = self.lines.iter().find(|l| {
            l.marker == Marker::Revoked
                && l.key.key_data() == key.key_data()
                && matches(&l.names, name)
        })?;
        Some(line.place.clone())
    }

    /// Authorities whose certificates count for the host; revoked ones do not.
    pub fn authorities(&self, host: &str, port: u16) -> Vec<&PublicKey> {
        let name = entry_name(host, port);
        self.lines
            .iter()
            .filter(|l| l.marker == Marker::Authority)
            .filter(|l| matches(&l.names, &name) || matches(&l.names, &plain(host)))
            .map(|l| &l.key)
            .filter(|key| self.revoked(&name, key).is_none())
            .collect()
    }

    /// The algorithms of the host's known keys, to be asked for first: a host known by its RSA
    /// key would otherwise offer another one and seem unknown.
    pub fn algorithms(&self, host: &str, port: u16) -> Vec<russh::keys::Algorithm> {
        let names = [entry_name(host, port), plain(host)];
        let mut found = Vec::new();
        for line in &self.lines {
            let for_it = names.iter().any(|n| matches(&line.names, n));
            let algorithm = line.key.algorithm();
            if line.marker == Marker::Key && for_it && !found.contains(&algorithm) {
                found.push(algorithm);
            }
        }
        found
    }
}

/// The name under which a host is written: plain on port 22, `[host]:port` otherwise.
pub fn entry_name(host: &str, port: u16) -> String {
    if port == 22 {
        plain(host)
    } else {
        format!("[{}]:{port}", plain(host))
    }
}

fn plain(host: &str) -> String {
    host.to_ascii_lowercase()
}

fn parse(line: &str, place: Place) -> Option<Line> {
    let mut words = line.split_ascii_whitespace();
    let mut first = words.next()?;
    if first.starts_with('#') {
        return None;
    }
    let marker = match first {
        "@revoked" => Marker::Revoked,
        "@cert-authority" => Marker::Authority,
        other if other.starts_with('@') => return None,
        _ => Marker::Key,
    };
    if marker != Marker::Key {
        first = words.next()?;
    }
    let names = match first.strip_prefix("|1|") {
        Some(hashed) => {
            let (salt, hash) = hashed.split_once('|')?;
            Names::Hashed(STANDARD.decode(salt).ok()?, STANDARD.decode(hash).ok()?)
        }
        None => Names::Patterns(first.split(',').map(str::to_ascii_lowercase).collect()),
    };
    let (algorithm, key) = (words.next()?, words.next()?);
    Some(Line {
        place,
        marker,
        names,
        key: PublicKey::from_openssh(&format!("{algorithm} {key}")).ok()?,
    })
}

fn matches(names: &Names, name: &str) -> bool {
    match names {
        Names::Hashed(salt, hash) => {
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
            hmac::verify(&key, name.as_bytes(), hash).is_ok()
        }
        Names::Patterns(patterns) => {
            let mut found = false;
            for pattern in patterns {
                match pattern.strip_prefix('!') {
                    // One negated match outweighs all others.
                    Some(negated) if glob(negated.as_bytes(), name.as_bytes()) => return false,
                    Some(_) => {}
                    None => found |= glob(pattern.as_bytes(), name.as_bytes()),
                }
            }
            found
        }
    }
}

/// `*` is any text, `?` any one character.
pub fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
#[path = "known_hosts_tests.rs"]
mod tests;
