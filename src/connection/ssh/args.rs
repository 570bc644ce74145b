//! `ansible_ssh_common_args`, `ansible_ssh_extra_args` and `ansible_ssh_args`: what they mean for
//! a connection of our own. Options that cannot weaken or redirect it are accepted silently;
//! an option that we would have to ignore is refused, because ignoring it could mislead.

use super::super::ConnectionError;

/// What the arguments ask for; earlier ones win, as in OpenSSH.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// `-F FILE`.
    pub config: Option<String>,
    /// `-p`, `-o Port=`.
    pub port: Option<u16>,
    /// `-l`, `-o User=`.
    pub user: Option<String>,
    /// `-o HostName=`.
    pub host_name: Option<String>,
    /// `-i`, `-o IdentityFile=`, in order.
    pub identities: Vec<String>,
    /// `-o CertificateFile=`.
    pub certificates: Vec<String>,
    /// `-o IdentitiesOnly=yes`.
    pub identities_only: Option<bool>,
    /// `-J`, `-o ProxyJump=`.
    pub jump: Option<String>,
    /// `-o ProxyCommand=`.
    pub proxy_command: Option<String>,
    /// `-o UserKnownHostsFile=`, several allowed.
    pub known_hosts: Option<Vec<String>>,
    /// `-o GlobalKnownHostsFile=`.
    pub global_known_hosts: Option<Vec<String>>,
    /// `-o StrictHostKeyChecking=`.
    pub strict: Option<String>,
    /// `-o HostKeyAlias=`.
    pub alias: Option<String>,
    /// `-o ConnectTimeout=`, seconds.
    pub timeout: Option<u64>,
    /// `-o ServerAliveInterval=`, seconds.
    pub alive_interval: Option<u64>,
    /// `-o ServerAliveCountMax=`.
    pub alive_count: Option<usize>,
    /// `-W HOST:PORT` (inside a `ProxyCommand`).
    pub forward: Option<String>,
    /// What is not an option: the destination, inside a `ProxyCommand`.
    pub rest: Vec<String>,
}

/// Options that change nothing for us: we multiplex, keep alive and log in our own way.
const HARMLESS: &[&str] = &[
    "addkeystoagent",
    "batchmode",
    "canonicalizehostname",
    "checkhostip",
    "ciphers",
    "compression",
    "connectionattempts",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "escapechar",
    "exitonforwardfailure",
    "fingerprinthash",
    "forwardagent",
    "forwardx11",
    "gssapiauthentication",
    "gssapidelegatecredentials",
    "hashknownhosts",
    "hostkeyalgorithms",
    "kbdinteractiveauthentication",
    "kexalgorithms",
    "loglevel",
    "macs",
    "numberofpasswordprompts",
    "passwordauthentication",
    "preferredauthentications",
    "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes",
    "pubkeyauthentication",
    "requesttty",
    "sendenv",
    "tcpkeepalive",
    "updatehostkeys",
    "visualhostkey",
    "rekeylimit",
    "ipqos",
    "addressfamily",
];

/// Splits a command line into words: blanks separate, quotes and backslashes protect.
pub fn split(text: &str) -> Result<Vec<String>, ConnectionError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    let mut quote: Option<char> = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(refused(
            format!("a quote is not closed in the SSH arguments `{text}`"),
            "close it",
        ));
    }
    words.extend(word);
    Ok(words)
}

fn refused(what: String, help: &str) -> ConnectionError {
    ConnectionError::Untrusted {
        what,
        help: help.to_owned(),
    }
}

impl Args {
    /// Reads arguments.
    #[cfg(test)]
    fn parse(text: &str) -> Result<Self, ConnectionError> {
        let mut args = Self::default();
        args.words(split(text)?)?;
        Ok(args)
    }

    /// Reads arguments that are words already.
    pub fn words(&mut self, words: Vec<String>) -> Result<(), ConnectionError> {
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let Some(option) = word.strip_prefix('-').filter(|o| !o.is_empty()) else {
                self.rest.push(word);
                continue;
            };
            let (flag, glued) = option.split_at(option.chars().next().map_or(0, char::len_utf8));
            if "46aACfgGkKMnNqsStTvVxXyY".contains(flag) && flag != "S" {
                continue;
            }
            let value = if glued.is_empty() {
                words.next().unwrap_or_default()
            } else {
                glued.to_owned()
            };
            self.flag(flag, &value)?;
        }
        Ok(())
    }

    fn flag(&mut self, flag: &str, value: &str) -> Result<(), ConnectionError> {
        match flag {
            "o" => {
                let value = value.trim_start();
                let at = value.find(['=', ' ', '\t']).unwrap_or(value.len());
                let (key, rest) = value.split_at(at);
                let rest = rest.trim_start().trim_start_matches('=').trim();
                self.option(key, rest)
            }
            "p" => self.option("port", value),
            "l" => self.option("user", value),
            "i" => self.option("identityfile", value),
            "J" => self.option("proxyjump", value),
            "F" => {
                self.config.get_or_insert_with(|| value.to_owned());
                Ok(())
            }
            "W" => {
                self.forward.get_or_insert_with(|| value.to_owned());
                Ok(())
            }
            "S" | "c" | "m" | "e" | "E" | "O" | "B" | "b" => Ok(()),
            other => Err(refused(
                format!("the SSH argument `-{other}` is not supported"),
                "remove it from `ansible_ssh_common_args`, `ansible_ssh_extra_args` or `ansible_ssh_args`",
            )),
        }
    }

    /// One `-o KEY=VALUE`, or a line of `ssh_config`.
    pub fn option(&mut self, key: &str, value: &str) -> Result<(), ConnectionError> {
        let text = || Some(value.to_owned());
        let list = || Some(value.split_whitespace().map(ToOwned::to_owned).collect());
        match key.to_ascii_lowercase().as_str() {
            "port" => self.port = self.port.or(Some(number(key, value)?)),
            "user" => self.user = self.user.take().or_else(text),
            "hostname" => self.host_name = self.host_name.take().or_else(text),
            "identityfile" => self.identities.push(value.to_owned()),
            "certificatefile" => self.certificates.push(value.to_owned()),
            "identitiesonly" => {
                self.identities_only = self.identities_only.or(Some(value == "yes"));
            }
            // Whichever of the two comes first counts, as in OpenSSH.
            "proxyjump" if self.proxy_command.is_none() => {
                self.jump = self.jump.take().or_else(text);
            }
            "proxycommand" if self.jump.is_none() => {
                self.proxy_command = self.proxy_command.take().or_else(text);
            }
            "proxyjump" | "proxycommand" => {}
            "userknownhostsfile" => self.known_hosts = self.known_hosts.take().or_else(list),
            "globalknownhostsfile" => {
                self.global_known_hosts = self.global_known_hosts.take().or_else(list);
            }
            "stricthostkeychecking" => self.strict = self.strict.take().or_else(text),
            "hostkeyalias" => self.alias = self.alias.take().or_else(text),
            "connecttimeout" => self.timeout = self.timeout.or(Some(seconds(key, value)?)),
            "serveraliveinterval" => {
                self.alive_interval = self.alive_interval.or(Some(seconds(key, value)?));
            }
            "serveralivecountmax" => {
                self.alive_count = self.alive_count.or(Some(number(key, value)?));
            }
            known if HARMLESS.contains(&known) => {}
            _ => {
                return Err(refused(
                    format!("the SSH option `{key}` is not supported"),
                    "remove it, or give its meaning with `ansible_*` variables",
                ));
            }
        }
        Ok(())
    }
}

/// ssh's times: seconds, or with one of `s`, `m`, `h` behind the number.
fn seconds(key: &str, value: &str) -> Result<u64, ConnectionError> {
    let (digits, unit) = match value.strip_suffix(['s', 'S']) {
        Some(digits) => (digits, 1),
        None => match (
            value.strip_suffix(['m', 'M']),
            value.strip_suffix(['h', 'H']),
        ) {
            (Some(digits), _) => (digits, 60),
            (_, Some(digits)) => (digits, 3600),
            _ => (value, 1),
        },
    };
    number::<u64>(key, digits).map(|count| count.saturating_mul(unit))
}

fn number<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, ConnectionError> {
    let wrong = |_| {
        refused(
            format!("`{value}` is not a value of the SSH option `{key}`"),
            "write a number",
        )
    };
    value.parse().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        let words = split(r#"-o ProxyCommand="ssh -W %h:%p 'a b'" -i '/my key' \  x"#).unwrap();
        assert_eq!(
            words,
            [
                "-o",
                "ProxyCommand=ssh -W %h:%p 'a b'",
                "-i",
                "/my key",
                " ",
                "x"
            ]
        );
        assert!(split("'open").is_err());
    }

    #[test]
    fn options_in_all_spellings() {
        let args = Args::parse(
            "-o Port=2222 -oUser=me -o 'ProxyJump b1,b2' -p 9 -F /c -i k1 -o IdentityFile=k2 -4 -C \
             -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile='/a /b' -o ConnectTimeout=7 \
             -o ServerAliveInterval=2m -o ServerAliveCountMax=4 -o ControlMaster=auto -o ControlPersist=60s",
        )
        .unwrap();
        assert_eq!(args.port, Some(2222));
        assert_eq!(args.user.as_deref(), Some("me"));
        assert_eq!(args.jump.as_deref(), Some("b1,b2"));
        assert_eq!(args.config.as_deref(), Some("/c"));
        assert_eq!(args.identities, ["k1", "k2"]);
        assert_eq!(args.strict.as_deref(), Some("accept-new"));
        assert_eq!(args.known_hosts.unwrap(), ["/a", "/b"]);
        assert_eq!(args.timeout, Some(7));
        assert_eq!(
            (args.alive_interval, args.alive_count),
            (Some(120), Some(4))
        );
    }

    #[test]
    fn what_would_be_ignored_is_refused() {
        assert!(Args::parse("-o LocalForward=1").is_err());
        assert!(Args::parse("-D 1080").is_err());
        assert!(Args::parse("-o Port=x").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,80}") {
            let _ = Args::parse(&text);
        }
    }
}
