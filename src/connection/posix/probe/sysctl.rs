//! `Sysctl` for all names of a batch: one `grep` over `/proc/sys`. (The shell's own `read` takes
//! single bytes, which these files answer only once.)

use std::collections::BTreeMap;

use super::super::super::{ConnectionError, Probe, Reply};
use super::super::quote;
use super::super::script::{Answer, Script};
use super::{Asked, Replies, lines};

/// The file of a parameter. As in sysctl(8): the first separator decides, and the other one
/// stands for a dot within a part (`net/ipv4/conf/eth0.1/…` or `net.ipv4.conf.eth0/1.…`).
pub fn file(name: &str) -> Option<String> {
    let first = name.find(['.', '/']);
    let slashed = match first.map(|at| name.as_bytes()[at]) {
        Some(b'/') => name.to_owned(),
        _ => name
            .chars()
            .map(|c| match c {
                '.' => '/',
                '/' => '.',
                c => c,
            })
            .collect(),
    };
    let odd = slashed
        .split('/')
        .any(|p| p.is_empty() || p == ".." || p == ".");
    (!odd && !slashed.contains('\n')).then(|| format!("/proc/sys/{slashed}"))
}

fn asked<'a>(probes: &Asked<'a>) -> Vec<(usize, &'a str)> {
    let each = probes.iter().filter_map(|(at, probe)| match probe {
        Probe::Sysctl { name } => Some((*at, name.as_str())),
        _ => None,
    });
    each.collect()
}

/// Writes the call.
pub fn compose(script: &mut Script, probes: &Asked<'_>) -> Result<(), ConnectionError> {
    let files: Vec<String> = asked(probes).iter().filter_map(|(_, n)| file(n)).collect();
    if asked(probes).is_empty() {
        return Ok(());
    }
    let mut line = "grep -s '' /dev/null".to_owned();
    for file in files {
        line.push(' ');
        line.push_str(&quote::path(&file)?);
    }
    script.line(&format!("{line};o ctl 0"));
    Ok(())
}

/// Reads the answer.
pub fn parse(probes: &Asked<'_>, answer: &Answer, replies: &mut Replies) {
    let Ok(section) = answer.section("ctl") else {
        return;
    };
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines(&section.data) {
        let text = String::from_utf8_lossy(line).into_owned();
        if let Some((path, value)) = text.split_once(':') {
            let words = value.split_whitespace().map(ToOwned::to_owned);
            values.entry(path.to_owned()).or_default().extend(words);
        }
    }
    for (at, name) in asked(probes) {
        let value = file(name).and_then(|path| values.get(&path).map(|words| words.join(" ")));
        replies[at] = Some(Reply::Sysctl(value));
    }
}

#[cfg(test)]
mod tests {
    use super::file;

    #[test]
    fn names_become_files() {
        assert_eq!(
            file("net.ipv4.ip_forward").as_deref(),
            Some("/proc/sys/net/ipv4/ip_forward")
        );
        assert_eq!(
            file("net.ipv4.conf.eth0/1.forwarding").as_deref(),
            Some("/proc/sys/net/ipv4/conf/eth0.1/forwarding")
        );
        assert_eq!(
            file("net/ipv4/conf/eth0.1/forwarding").as_deref(),
            Some("/proc/sys/net/ipv4/conf/eth0.1/forwarding")
        );
        assert_eq!(file("net.//.x"), None);
        assert_eq!(file("../etc/passwd"), None);
    }
}
