//! Which texts are a host name or IP address, with ranges and a port allowed.
//!
//! The rules are Ansible's, quirks included, because they decide where a colon ends a name: a
//! text that is not an address keeps its `:22` as part of the name.

/// An address taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// The name or IP address; ranges still in it.
    pub host: &'a str,
    /// The port, if one was written.
    pub port: Option<i64>,
}

/// Takes an address apart; `None` if the text is none.
pub(super) fn parse(text: &str) -> Option<Address<'_>> {
    let (mut host, mut port) = (text, None);
    if let Some((inner, written)) = bracketed(host) {
        (host, port) = (inner, Some(written));
    }
    if let Some((name, written)) = with_port(host) {
        (host, port) = (name, Some(written));
    }
    let port = match port {
        Some(digits) => Some(digits.parse().ok()?),
        None => None,
    };
    (is_hostname(host) || is_ipv6(host)).then_some(Address { host, port })
}

/// `[anything]:22`.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let (inner, port) = text.strip_prefix('[')?.rsplit_once("]:")?;
    (!inner.is_empty() && is_digits(port)).then_some((inner, port))
}

/// `name:22` where the name's own colons are all inside brackets.
fn with_port(text: &str) -> Option<(&str, &str)> {
    let (name, port) = text.rsplit_once(':')?;
    let plain = atoms(name)
        .iter()
        .all(|atom| !matches!(atom, Atom::Char(':' | '[' | ']')));
    (is_digits(port) && plain).then_some((name, port))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A piece of a name: a character, or what stands in brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Atom<'a> {
    Char(char),
    Range(&'a str),
}

fn atoms(text: &str) -> Vec<Atom<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let range = rest
            .strip_prefix('[')
            .and_then(|after| after.split_once(']'));
        if let Some((inner, after)) = range {
            found.push(Atom::Range(inner));
            rest = after;
        } else {
            found.push(Atom::Char(first));
            rest = &rest[first.len_utf8()..];
        }
    }
    found
}

/// Labels between dots; a label is word characters, dashes and ranges, does not start with a dash
/// and ends with neither dash nor underscore. Every IPv4 address is one, too.
fn is_hostname(text: &str) -> bool {
    let all = atoms(text);
    all.split(|atom| *atom == Atom::Char('.')).all(is_label)
}

fn is_label(label: &[Atom<'_>]) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let inside = label.iter().all(|atom| match atom {
        Atom::Char(c) => word(*c) || *c == '-',
        Atom::Range(range) => is_label_range(range),
    });
    inside
        && !matches!(label.first(), None | Some(Atom::Char('-')))
        && !matches!(label.last(), Some(Atom::Char('-' | '_')))
}

/// `a:c`, `1:10`, each with an optional `:step`.
fn is_label_range(range: &str) -> bool {
    let letter = |text: &str| text.len() == 1 && text.bytes().all(|b| b.is_ascii_alphabetic());
    let (bounds, step) = bounds_and_step(range);
    step.is_none_or(is_digits)
        && bounds.is_some_and(|(from, to)| {
            (letter(from) && letter(to)) || (is_digits(from) && is_digits(to))
        })
}

fn bounds_and_step(range: &str) -> (Option<(&str, &str)>, Option<&str>) {
    let Some((from, rest)) = range.split_once(':') else {
        return (None, None);
    };
    match rest.split_once(':') {
        Some((to, step)) => (Some((from, to)), Some(step)),
        None => (Some((from, rest)), None),
    }
}

/// Eight groups, or fewer with one `::`; ranges may stand for groups; IPv4 at the end is allowed
/// after the usual prefixes.
fn is_ipv6(text: &str) -> bool {
    let atoms = atoms(text);
    let parts: Vec<&[Atom<'_>]> = atoms.split(|atom| *atom == Atom::Char(':')).collect();
    if parts.len() < 3 {
        return false;
    }
    if parts
        .last()
        .is_some_and(|part| part.contains(&Atom::Char('.')))
    {
        return is_mapped_ipv4(&parts);
    }
    let group = |part: &&[Atom<'_>]| is_group(part);
    // `a::b` splits into a, nothing, b; a leading or trailing `::` gives two nothings.
    let Some(gap) = parts.iter().position(|part| part.is_empty()) else {
        return parts.len() == 8 && parts.iter().all(group);
    };
    let (before, after) = (&parts[..gap], &parts[gap + 1..]);
    let after = match (before.is_empty(), after) {
        (true, [[], rest @ ..]) => rest,
        (true, _) => return false,
        (false, _) => after,
    };
    let after = match after {
        [[]] => &[],
        _ => after,
    };
    before.iter().all(group)
        && after.iter().all(group)
        && before.len() <= 6
        && after.len() <= 6
        && before.len() + after.len() <= 7
}

/// `::1.2.3.4`, `::ffff:1.2.3.4` and the long forms of both.
fn is_mapped_ipv4(parts: &[&[Atom<'_>]]) -> bool {
    let Some((last, prefix)) = parts.split_last() else {
        return false;
    };
    let quads: Vec<_> = last.split(|atom| *atom == Atom::Char('.')).collect();
    let prefix: Option<Vec<String>> = prefix.iter().map(|part| plain(part)).collect();
    let known = prefix.is_some_and(|prefix| {
        let prefix: Vec<&str> = prefix.iter().map(String::as_str).collect();
        let (zeros, end) = prefix.split_at(prefix.len().min(5));
        matches!(prefix.as_slice(), ["", ""] | ["", "", "ffff"])
            || (zeros.len() == 5
                && zeros.iter().all(|z| *z == "0")
                && matches!(end, ["0" | "ffff"]))
    });
    known && quads.len() == 4 && quads.iter().all(|quad| is_group(quad))
}

fn plain(part: &[Atom<'_>]) -> Option<String> {
    part.iter()
        .map(|atom| match atom {
            Atom::Char(c) => Some(c.to_ascii_lowercase()),
            Atom::Range(_) => None,
        })
        .collect()
}

/// One to four hexadecimal digits, or a range of them.
fn is_group(part: &[Atom<'_>]) -> bool {
    let hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    match part {
        [Atom::Range(range)] => {
            let (bounds, step) = bounds_and_step(range);
            step.is_none_or(is_digits) && bounds.is_some_and(|(from, to)| hex(from) && hex(to))
        }
        _ => {
            (1..=4).contains(&part.len())
                && part
                    .iter()
                    .all(|atom| matches!(atom, Atom::Char(c) if c.is_ascii_hexdigit()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_address() {
        let host = |text| parse(text).map(|found| (found.host, found.port));
        assert_eq!(host("web1"), Some(("web1", None)));
        assert_eq!(host("web1:22"), Some(("web1", Some(22))));
        assert_eq!(host("web[1:3].a:22"), Some(("web[1:3].a", Some(22))));
        assert_eq!(host("10.0.0.1:22"), Some(("10.0.0.1", Some(22))));
        assert_eq!(host("[::1]:22"), Some(("::1", Some(22))));
        assert_eq!(host("::1"), Some(("::1", None)));
        assert_eq!(host("fe80::1"), Some(("fe80::1", None)));
        assert_eq!(host("::"), Some(("::", None)));
        assert_eq!(host("1::"), Some(("1::", None)));
        assert_eq!(host("::ffff:1.2.3.4"), Some(("::ffff:1.2.3.4", None)));
        assert_eq!(host("1:2:3:4:5:6:7:8"), Some(("1:2:3:4:5:6:7:8", None)));
        assert_eq!(host("fe80::[1:9]"), Some(("fe80::[1:9]", None)));
        for none in [
            "", "a:b", "web:", "-a", "a-", "a..b", "x[1:]", ":22", "1::2::3", "a b",
        ] {
            assert_eq!(host(none), None, "{none}");
        }
    }
}
