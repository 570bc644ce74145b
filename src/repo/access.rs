//! How git reaches a remote: an address with the deploy key and the host keys that were read over a
//! trusted connection. What is not among them is refused; nothing is ever asked of the network.

use std::net::SocketAddr;
use std::path::Path;

use super::problem;
use crate::diagnostic::Diagnostic;
use crate::input::Files;
use crate::secret::Secret;

/// A repository somewhere else.
#[derive(Clone)]
pub struct Remote {
    /// Its address, as people write it.
    pub address: String,
    /// How it is reached over SSH; `None` takes the address as it is (https, a folder).
    pub ssh: Option<Ssh>,
}

/// A way over SSH.
#[derive(Clone)]
pub struct Ssh {
    /// The private key, in OpenSSH's or PEM form.
    pub key: Secret<String>,
    /// The server's public host keys: `ssh-ed25519 AAAA…`.
    pub host_keys: Vec<String>,
    /// Where to connect to instead of the address: a forward through a host's connection.
    pub at: Option<SocketAddr>,
}

/// What git needs to reach a remote.
pub struct Way {
    /// The address for git.
    pub url: String,
    /// Variables for git.
    pub environment: Vec<(String, String)>,
}

/// The name under which the server's keys are known, whatever its address.
const ALIAS: &str = "tenant-repo";

impl Remote {
    /// Writes what git needs into a private folder.
    ///
    /// # Errors
    /// The address or a host key is none, or a file cannot be written.
    pub fn way(&self, files: &dyn Files, folder: &Path) -> Result<Way, Diagnostic> {
        let Some(ssh) = &self.ssh else {
            return Ok(Way {
                url: self.address.clone(),
                environment: Vec::new(),
            });
        };
        let place = Place::parse(&self.address).ok_or_else(|| {
            let what = format!("`{}` is no address of a repository over SSH", self.address);
            problem("repo/bad-address", what)
                .help("write `ssh://git@gitlab.example.com:22/group/project.git`")
        })?;
        let mut known = String::new();
        for key in &ssh.host_keys {
            known.push_str(&known_line(key)?);
        }
        if known.is_empty() {
            let what = format!("no host key of `{}` is known", place.host);
            return Err(problem("repo/no-host-key", what)
                .why("a server whose key nobody has read is not trusted")
                .help("read them over SSH from the server's /etc/ssh/ssh_host_*_key.pub"));
        }
        let mut key = ssh.key.expose().trim_end().to_owned();
        key.push('\n');
        let config = folder.join("ssh_config");
        for (name, text) in [
            ("known_hosts", known.as_str()),
            ("key", key.as_str()),
            ("ssh_config", ssh_config(folder, &place, ssh.at).as_str()),
        ] {
            let path = folder.join(name);
            files
                .write(&path, text.as_bytes(), 0o600)
                .map_err(|error| {
                    problem(
                        "repo/unwritable",
                        format!("cannot write `{}`", path.display()),
                    )
                    .why(error.to_string())
                    .help("make room in the folder for temporary files")
                })?;
        }
        Ok(Way {
            url: format!("ssh://{}{}{}", place.user, place.host, place.path),
            environment: vec![
                // The shell that git starts replaces the name, so no path is ever quoted here.
                (
                    "GIT_SSH_COMMAND".to_owned(),
                    "exec ssh -F \"$NAUTES_INSTALL_SSH_CONFIG\"".to_owned(),
                ),
                ("GIT_SSH_VARIANT".to_owned(), "ssh".to_owned()),
                (
                    "NAUTES_INSTALL_SSH_CONFIG".to_owned(),
                    config.display().to_string(),
                ),
            ],
        })
    }
}

/// A line of `known_hosts` for a public key as its file has it.
fn known_line(key: &str) -> Result<String, Diagnostic> {
    let mut words = key.split_whitespace();
    let (kind, blob) = (words.next(), words.next());
    let plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-@.+/=".contains(&b))
    };
    match (kind, blob) {
        (Some(kind), Some(blob)) if plain(kind) && plain(blob) && blob.starts_with("AAAA") => {
            Ok(format!("{ALIAS} {kind} {blob}\n"))
        }
        _ => Err(
            problem("repo/bad-host-key", "a host key is no public key of SSH")
                .why("it must be its type and its base64, as in /etc/ssh/ssh_host_ed25519_key.pub")
                .help("give the lines of the files ssh_host_*_key.pub"),
        ),
    }
}

fn ssh_config(folder: &Path, place: &Place, at: Option<SocketAddr>) -> String {
    let (host, port) = match at {
        Some(at) => (at.ip().to_string(), at.port()),
        None => (place.host.clone(), place.port),
    };
    let file = |name: &str| folder.join(name).display().to_string();
    format!(
        "Host *\n  HostName {host}\n  Port {port}\n  HostKeyAlias {ALIAS}\n  UserKnownHostsFile \"{}\"\n  \
         GlobalKnownHostsFile /dev/null\n  IdentityFile \"{}\"\n  IdentitiesOnly yes\n  IdentityAgent none\n  \
         StrictHostKeyChecking yes\n  UpdateHostKeys no\n  PasswordAuthentication no\n  BatchMode yes\n  \
         ConnectTimeout 20\n  ServerAliveInterval 15\n  ServerAliveCountMax 4\n",
        file("known_hosts"),
        file("key"),
    )
}

/// The parts of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `git@`, or nothing.
    pub user: String,
    /// The host.
    pub host: String,
    /// The port, 22 by default.
    pub port: u16,
    /// The path, with the slash before it.
    pub path: String,
}

impl Place {
    /// Reads `ssh://user@host:port/path` or `user@host:path`.
    pub fn parse(address: &str) -> Option<Self> {
        let (authority, path) = match address.strip_prefix("ssh://") {
            Some(rest) => {
                let slash = rest.find('/')?;
                (&rest[..slash], rest[slash..].to_owned())
            }
            None if address.contains("://") => return None,
            None => {
                let (authority, path) = address.split_once(':')?;
                (authority, format!("/{}", path.trim_start_matches('/')))
            }
        };
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (format!("{user}@"), host),
            None => (String::new(), authority),
        };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') => (host, port.parse().ok()?),
            _ => (host, 22),
        };
        let word = |text: &str| {
            !text.starts_with('-')
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._@".contains(&b))
        };
        let fine = !host.is_empty() && word(host) && word(&user) && path.len() > 1;
        let plain = !path.contains(|c: char| c.is_whitespace() || c.is_control());
        (fine && plain).then(|| Self {
            user,
            host: host.to_owned(),
            port,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::MemoryFiles;
    use proptest::prelude::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn root@gitlab";

    fn remote(address: &str, host_keys: &[&str]) -> Remote {
        Remote {
            address: address.to_owned(),
            ssh: Some(Ssh {
                key: Secret::new("-----BEGIN KEY-----".to_owned()),
                host_keys: host_keys.iter().map(|key| (*key).to_owned()).collect(),
                at: Some("127.0.0.1:4022".parse().unwrap()),
            }),
        }
    }

    #[test]
    fn the_key_is_in_a_private_file_and_nowhere_else() {
        let files = MemoryFiles::default();
        files.make_directory(Path::new("/w")).unwrap();
        let folder = Path::new("/w");
        let way = remote("ssh://git@gitlab.example.com:2222/g/p.git", &[KEY])
            .way(&files, folder)
            .unwrap();
        assert_eq!(way.url, "ssh://git@gitlab.example.com/g/p.git");
        let text = |name: &str| String::from_utf8(files.read(&folder.join(name)).unwrap()).unwrap();
        assert_eq!(text("key"), "-----BEGIN KEY-----\n");
        assert_eq!(files.mode("/w/key"), Some(0o600));
        assert!(text("known_hosts").starts_with("tenant-repo ssh-ed25519 AAAAC3"));
        assert!(text("ssh_config").contains("HostName 127.0.0.1\n  Port 4022\n"));
        assert!(text("ssh_config").contains("StrictHostKeyChecking yes"));
        assert!(
            !way.environment
                .iter()
                .any(|(_, value)| value.contains("BEGIN"))
        );
    }

    #[test]
    fn what_cannot_be_trusted_is_refused() {
        let files = MemoryFiles::default();
        files.make_directory(Path::new("/w")).unwrap();
        let code = |address: &str, keys: &[&str]| {
            remote(address, keys)
                .way(&files, Path::new("/w"))
                .err()
                .map(|error| error.code)
        };
        let address = "git@h:g/p.git";
        assert_eq!(code(address, &[]), Some("repo/no-host-key"));
        assert_eq!(
            code(address, &["ssh-rsa x\n* evil"]),
            Some("repo/bad-host-key")
        );
        assert_eq!(code("https://h/p", &[KEY]), Some("repo/bad-address"));
        assert_eq!(
            code("ssh://-oProxyCommand=x/p", &[KEY]),
            Some("repo/bad-address")
        );
        assert_eq!(code(address, &[KEY]), None);
    }

    #[test]
    fn both_forms_of_an_address() {
        let place = |address: &str| Place::parse(address).map(|p| (p.user, p.host, p.port, p.path));
        let is = |user: &str, port, path: &str| {
            Some((user.to_owned(), "h".to_owned(), port, path.to_owned()))
        };
        assert_eq!(
            place("ssh://git@h:31022/g/p.git"),
            is("git@", 31022, "/g/p.git")
        );
        assert_eq!(place("git@h:g/p.git"), is("git@", 22, "/g/p.git"));
        assert_eq!(place("ssh://h/p"), is("", 22, "/p"));
        for wrong in [
            "",
            "h",
            "ssh://h",
            "ssh://h:x/p",
            "ssh:///p",
            "https://h/p",
            "h: /p",
        ] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_address_becomes_an_option_or_a_line(address in "(ssh://)?[-a@:/ \n.2]{0,16}") {
            if let Some(place) = Place::parse(&address) {
                prop_assert!(!place.host.starts_with('-') && !place.user.starts_with('-'));
                let line = format!("{}{}", place.host, place.path);
                prop_assert!(!line.contains([' ', '\n']));
            }
        }
    }
}
