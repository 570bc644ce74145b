//! `/var/lib/apt/lists`: what `apt-get update` fetched decides what can be installed.

use super::super::host::Host;
use super::super::tree::{Caller, Errno, Time};
use super::{Archive, Offer};

const LISTS: &str = "/var/lib/apt/lists";

/// One repository of the host's sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its address.
    pub address: String,
    /// Suite.
    pub suite: String,
    /// The keyring it names.
    pub signed_by: Option<String>,
}

impl Host {
    /// Every repository in `sources.list` and `sources.list.d`, both formats.
    pub fn sources(&self) -> Vec<Source> {
        let root = Caller::root();
        let directory = "/etc/apt/sources.list.d";
        let mut found = one_line(&self.tree.text("/etc/apt/sources.list"));
        for name in self.tree.names(&root, directory).unwrap_or_default() {
            let text = self.tree.text(&format!("{directory}/{name}"));
            match name.rsplit_once('.') {
                Some((_, "list")) => found.extend(one_line(&text)),
                Some((_, "sources")) => found.extend(deb822(&text)),
                _ => {}
            }
        }
        found
    }

    /// `apt-get update`: fetches every repository's list. Gives apt's error lines.
    pub fn fetch_lists(&mut self, now: Time) -> Result<Vec<String>, Errno> {
        let mut errors = Vec::new();
        let mut wanted = Vec::new();
        for source in self.sources() {
            if let Some(keyring) = &source.signed_by
                && keyring.starts_with('/')
                && !self.tree.exists(keyring)
            {
                errors.push(format!(
                    "E: The repository '{} {} InRelease' is not signed.",
                    source.address, source.suite
                ));
                continue;
            }
            wanted.push(list_name(&source));
        }
        let root = Caller::root();
        for name in self.tree.names(&root, LISTS).unwrap_or_default() {
            if !wanted.contains(&name) {
                let path = format!("{LISTS}/{name}");
                self.root(now)
                    .remove_all(&path)
                    .map_err(|(_, error)| error)?;
            }
        }
        for name in wanted {
            self.put(&format!("{LISTS}/{name}"), "Origin: simulated\n", now)?;
        }
        Ok(errors)
    }

    /// Whether the lists name a package's repository.
    pub fn lists_name(&self, offer: &Offer) -> bool {
        let names = self.tree.names(&Caller::root(), LISTS).unwrap_or_default();
        let mark = offer.repository.replace('/', "_");
        names
            .iter()
            .any(|name| offer.repository.is_empty() || name.contains(&mark))
    }

    /// The newest version the lists name.
    pub fn candidate(&self, name: &str, archive: &Archive) -> Option<String> {
        archive
            .get(name)
            .filter(|offer| self.lists_name(offer))
            .map(|offer| offer.version.clone())
    }
}

fn list_name(source: &Source) -> String {
    let address = source
        .address
        .split("://")
        .nth(1)
        .unwrap_or(&source.address);
    let address = address.trim_end_matches('/').replace('/', "_");
    format!(
        "{address}_dists_{}_InRelease",
        source.suite.replace('/', "_")
    )
}

fn one_line(text: &str) -> Vec<Source> {
    text.lines()
        .filter_map(|line| {
            let rest = line.trim().strip_prefix("deb ")?.trim_start();
            let (options, rest) = match rest.strip_prefix('[') {
                Some(rest) => rest.split_once(']')?,
                None => ("", rest),
            };
            let mut words = rest.split_whitespace();
            Some(Source {
                address: words.next()?.to_owned(),
                suite: words.next().unwrap_or_default().to_owned(),
                signed_by: options
                    .split_whitespace()
                    .find_map(|option| option.strip_prefix("signed-by="))
                    .map(ToOwned::to_owned),
            })
        })
        .collect()
}

fn deb822(text: &str) -> Vec<Source> {
    let field = |block: &str, name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(|value| value.trim().to_owned())
    };
    text.split("\n\n")
        .filter(|block| field(block, "Enabled").as_deref() != Some("no"))
        .flat_map(|block| {
            let suite = field(block, "Suites").unwrap_or_default();
            let signed_by = field(block, "Signed-By").filter(|key| !key.is_empty());
            let addresses = field(block, "URIs").unwrap_or_default();
            addresses
                .split_whitespace()
                .map(|address| Source {
                    address: address.to_owned(),
                    suite: suite
                        .split_whitespace()
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                    signed_by: signed_by.clone(),
                })
                .collect::<Vec<_>>()
        })
        .collect()
}
