//! How to reach one host: Ansible's variables first, then the SSH arguments, then ssh_config,
//! then the defaults of `ssh`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use ssh2_config::{ParseRule, SshConfig};

use super::super::ConnectionError;
use super::super::connector::World;
use super::args::{Args, split};
use crate::secret::Secret;

/// What to trust a host by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Only keys in the known_hosts files.
    Strict,
    /// As strict, but a host that is unknown is believed once and written down.
    AcceptNew,
    /// Only keys with one of these fingerprints, `SHA256:…`.
    Pinned(Vec<String>),
}

/// How to get a byte stream to the host.
#[derive(Clone, PartialEq, Eq)]
pub enum Way {
    /// A TCP connection from here.
    Direct,
    /// Through another host.
    Jump(Arc<Settings>),
    /// The input and output of a program that runs here.
    Program(String),
}

/// Everything needed to open a session.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the user calls the host, for messages.
    pub name: String,
    /// Name or address to connect to, and to look up in known_hosts.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Login user.
    pub user: String,
    /// Name in known_hosts instead of `host`.
    pub alias: Option<String>,
    /// Key files that were asked for by name.
    pub identities: Vec<PathBuf>,
    /// Certificate files that were asked for by name.
    pub certificates: Vec<PathBuf>,
    /// Only those keys, not all that the agent has.
    pub identities_only: bool,
    /// `ansible_password`.
    pub password: Option<Secret<String>>,
    /// The user's known_hosts files; new keys go to the first.
    pub known_hosts: Vec<PathBuf>,
    /// The system's known_hosts files.
    pub global_known_hosts: Vec<PathBuf>,
    /// Trust in the host's key.
    pub trust: Trust,
    /// For the TCP connection and the login, each.
    pub timeout: Duration,
    /// The way there.
    pub way: Way,
}

/// The first of several variables that is set, as text.
pub fn text(vars: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match vars.get(*name)? {
        Value::String(s) if s.is_empty() => None,
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    })
}

fn refused(what: String, help: &str) -> ConnectionError {
    ConnectionError::Untrusted {
        what,
        help: help.to_owned(),
    }
}

impl Settings {
    /// For a host of the inventory.
    pub fn of_host(
        world: &World,
        name: &str,
        vars: &Map<String, Value>,
    ) -> Result<Self, ConnectionError> {
        let mut args = Args::default();
        // ssh's own order: args, then common, then extra; the first value of an option counts.
        for variable in [
            "ansible_ssh_args",
            "ansible_ssh_common_args",
            "ansible_ssh_extra_args",
        ] {
            if let Some(line) = text(vars, &[variable]) {
                args.words(split(&line)?)?;
            }
        }
        if let Some(user) = text(vars, &["ansible_user", "ansible_ssh_user"]) {
            args.user = Some(user);
        }
        if let Some(port) = text(vars, &["ansible_port", "ansible_ssh_port"]) {
            args.port = None;
            args.option("port", &port)?;
        }
        let key = ["ansible_private_key_file", "ansible_ssh_private_key_file"];
        if let Some(key) = text(vars, &key) {
            args.identities.insert(0, key);
        }
        if let Some(seconds) = text(vars, &["ansible_timeout", "ansible_ssh_timeout"]) {
            args.timeout = args.timeout.or(seconds.parse().ok());
        }
        let address = text(vars, &["ansible_host", "ansible_ssh_host"]);
        let mut settings = resolve(world, &address.unwrap_or_else(|| name.to_owned()), args, 0)?;
        name.clone_into(&mut settings.name);
        let passwords = [
            "ansible_password",
            "ansible_ssh_password",
            "ansible_ssh_pass",
        ];
        settings.password = text(vars, &passwords).map(Secret::new);
        settings.trust = trust(vars, settings.trust)?;
        Ok(settings)
    }
}

/// Fingerprints in the inventory pin the key; host key checking cannot be switched off.
fn trust(vars: &Map<String, Value>, otherwise: Trust) -> Result<Trust, ConnectionError> {
    let mut pins = Vec::new();
    for name in ["nautes_host_key", "ansible_host_key_fingerprint"] {
        match vars.get(name) {
            Some(Value::String(pin)) => pins.push(pin.clone()),
            Some(Value::Array(all)) => {
                pins.extend(all.iter().filter_map(|p| p.as_str().map(ToOwned::to_owned)));
            }
            _ => {}
        }
    }
    if let Some(odd) = pins.iter().find(|p| !p.starts_with("SHA256:")) {
        return Err(refused(
            format!("`{odd}` is not a host key fingerprint"),
            "write it as `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints it on the host: `SHA256:…`",
        ));
    }
    let checking = ["ansible_host_key_checking", "ansible_ssh_host_key_checking"];
    if text(vars, &checking).is_some_and(|v| ["false", "no", "False", "0"].contains(&&*v)) {
        return Err(unchecked("ansible_host_key_checking: false"));
    }
    Ok(if pins.is_empty() {
        otherwise
    } else {
        Trust::Pinned(
            pins.iter()
                .map(|p| p.trim_end_matches('=').to_owned())
                .collect(),
        )
    })
}

fn unchecked(setting: &str) -> ConnectionError {
    refused(
        format!("`{setting}` would trust any host that answers"),
        "use `-o StrictHostKeyChecking=accept-new` in `ansible_ssh_common_args`, or pin the key with `nautes_host_key: SHA256:…`",
    )
}

/// The `ssh_config` file without `Match` blocks: their conditions (`exec` among them) are not
/// for us to run, and what they hold must not leak to other hosts.
fn without_match(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let mut kept = String::new();
    let mut inside = false;
    for line in text.lines() {
        let word = line.split([' ', '\t', '=']).find(|w| !w.is_empty());
        match word.map(str::to_ascii_lowercase).as_deref() {
            Some("match") => inside = true,
            Some("host") => inside = false,
            _ => {}
        }
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept.into_bytes()
}

/// Adds what ssh_config says of the host; what is set already stays.
fn configure(world: &World, host: &str, args: &mut Args) -> Result<(), ConnectionError> {
    let file = match &args.config {
        Some(file) if file == "none" => return Ok(()),
        Some(file) => Some(expand(world, file)),
        None => world.config.clone(),
    };
    let home = world.home.clone().unwrap_or_else(|| PathBuf::from("/"));
    let default = file.is_none();
    let file = file.unwrap_or_else(|| home.join(".ssh/config"));
    let bytes = match world.files.read(&file) {
        Ok(bytes) => bytes,
        Err(_) if default => return Ok(()),
        Err(e) => {
            return Err(refused(
                format!("cannot read {}: {e}", file.display()),
                "correct the path of the SSH configuration",
            ));
        }
    };
    let rules = ParseRule::ALLOW_UNKNOWN_FIELDS | ParseRule::ALLOW_UNSUPPORTED_FIELDS;
    let parsed = SshConfig::default()
        .home_dir(home)
        .parse(&mut without_match(&bytes).as_slice(), rules)
        .map_err(|e| {
            refused(
                format!("{}: {e}", file.display()),
                "correct that line of the SSH configuration",
            )
        })?;
    let found = parsed.query(host);
    args.host_name = args.host_name.take().or(found.host_name);
    args.port = args.port.or(found.port);
    args.user = args.user.take().or(found.user);
    args.timeout = args.timeout.or(found.connect_timeout.map(|t| t.as_secs()));
    let files = found.identity_file.unwrap_or_default();
    args.identities
        .extend(files.iter().map(|f| f.display().to_string()));
    args.certificates
        .extend(found.certificate_file.map(|f| f.display().to_string()));
    if args.jump.is_none() && args.proxy_command.is_none() {
        args.jump = found.proxy_jump.map(|hops| hops.join(","));
    }
    for (key, values) in found.unsupported_fields.iter().chain(&found.ignored_fields) {
        let key = key.to_ascii_lowercase();
        let ours = [
            "userknownhostsfile",
            "globalknownhostsfile",
            "stricthostkeychecking",
            "proxycommand",
            "hostkeyalias",
            "identitiesonly",
        ];
        if ours.contains(&key.as_str()) {
            args.option(&key, &values.join(" "))?;
        }
    }
    Ok(())
}

/// A path with `~` and ssh's tokens resolved.
fn expand(world: &World, path: &str) -> PathBuf {
    let home = world.home.clone().unwrap_or_else(|| PathBuf::from("/"));
    let path = path.replace("%d", &home.display().to_string());
    match path.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => PathBuf::from(path),
    }
}

fn known_hosts_files(world: &World, given: Option<Vec<String>>, default: &[&str]) -> Vec<PathBuf> {
    let given = given.unwrap_or_else(|| default.iter().map(|f| (*f).to_owned()).collect());
    let usable = given.iter().filter(|f| *f != "none" && *f != "/dev/null");
    usable.map(|f| expand(world, f)).collect()
}

/// Longest chain of jump hosts.
const MAX_JUMPS: usize = 8;

fn resolve(
    world: &World,
    host: &str,
    mut args: Args,
    depth: usize,
) -> Result<Settings, ConnectionError> {
    configure(world, host, &mut args)?;
    let name = args.host_name.take().unwrap_or_else(|| host.to_owned());
    let address = name.replace("%h", host);
    let port = args.port.unwrap_or(22);
    let user = args.user.clone().unwrap_or_else(|| world.user.clone());
    let trust = match args
        .strict
        .as_deref()
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None | Some("yes" | "ask" | "true") => Trust::Strict,
        Some("accept-new") => Trust::AcceptNew,
        Some(other) => return Err(unchecked(&format!("StrictHostKeyChecking={other}"))),
    };
    let tokens = |text: &str| {
        let text = text
            .replace("%h", &address)
            .replace("%p", &port.to_string());
        text.replace("%r", &user)
            .replace("%n", host)
            .replace("%%", "%")
    };
    let way = way(world, &args, (&tokens, depth))?;
    let file = |path: &String| expand(world, &path.replace("%h", &address).replace("%r", &user));
    Ok(Settings {
        name: host.to_owned(),
        identities: args.identities.iter().map(file).collect(),
        certificates: args.certificates.iter().map(file).collect(),
        identities_only: args.identities_only.unwrap_or(false),
        alias: args.alias,
        password: None,
        known_hosts: known_hosts_files(
            world,
            args.known_hosts,
            &["~/.ssh/known_hosts", "~/.ssh/known_hosts2"],
        ),
        global_known_hosts: known_hosts_files(
            world,
            args.global_known_hosts,
            &["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
        ),
        trust,
        timeout: Duration::from_secs(args.timeout.unwrap_or(10).max(1)),
        way,
        host: address,
        port,
        user,
    })
}

/// The way: a jump host, a program that is nothing but a jump host, another program, or direct.
fn way(
    world: &World,
    args: &Args,
    (tokens, depth): (&dyn Fn(&str) -> String, usize),
) -> Result<Way, ConnectionError> {
    if depth > MAX_JUMPS {
        return Err(refused(
            "the jump hosts lead in a circle".to_owned(),
            "correct `ProxyJump` in the SSH configuration or arguments",
        ));
    }
    let inherit = |spec: Option<&str>| -> Args {
        Args {
            config: args.config.clone(),
            known_hosts: args.known_hosts.clone(),
            global_known_hosts: args.global_known_hosts.clone(),
            strict: args.strict.clone(),
            identities: args.identities.clone(),
            timeout: args.timeout,
            jump: spec.map(ToOwned::to_owned),
            ..Args::default()
        }
    };
    let jump = |spec: &str, mut args: Args| -> Result<Way, ConnectionError> {
        let host = destination(spec, &mut args)?;
        let settings = resolve(world, &host, args, depth + 1)?;
        Ok(Way::Jump(Arc::new(settings)))
    };
    if let Some(spec) = args.jump.as_deref().filter(|s| *s != "none") {
        // The last hop is reached through all the others.
        return match spec.rsplit_once(',') {
            Some((before, last)) => jump(last.trim(), inherit(Some(before))),
            None => jump(spec.trim(), inherit(None)),
        };
    }
    let Some(command) = args.proxy_command.as_deref().filter(|c| *c != "none") else {
        return Ok(Way::Direct);
    };
    let words = split(command)?;
    let is_ssh = words.first().is_some_and(|w| Path::new(w).ends_with("ssh"));
    if is_ssh {
        let mut inner = Args::default();
        inner.words(words[1..].to_vec())?;
        if let (Some("%h:%p"), [host]) = (inner.forward.as_deref(), inner.rest.as_slice()) {
            let outer = inherit(None);
            let host = host.clone();
            inner.identities.extend(outer.identities);
            let merged = Args {
                config: inner.config.or(outer.config),
                known_hosts: inner.known_hosts.or(outer.known_hosts),
                global_known_hosts: inner.global_known_hosts.or(outer.global_known_hosts),
                strict: inner.strict.or(outer.strict),
                timeout: inner.timeout.or(outer.timeout),
                ..inner
            };
            return jump(&host, merged);
        }
    }
    Ok(Way::Program(tokens(command)))
}

/// `[user@]host[:port]` or `ssh://…`; its parts win over what the arguments say.
fn destination(spec: &str, args: &mut Args) -> Result<String, ConnectionError> {
    let spec = spec.strip_prefix("ssh://").unwrap_or(spec);
    let (user, rest) = match spec.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, spec),
    };
    if let Some(user) = user {
        args.user = Some(user.to_owned());
    }
    let (host, port) = match rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match rest.split_once(':') {
            // More than one colon is an IPv6 address.
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            _ => (rest, None),
        },
    };
    if let Some(port) = port {
        args.port = None;
        args.option("port", port)?;
    }
    Ok(host.to_owned())
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
