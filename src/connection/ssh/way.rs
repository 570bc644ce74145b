//! From arguments and configuration to settings; jump hosts and proxy commands become a way.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::super::ConnectionError;
use super::super::connector::World;
use super::args::{Args, split};
use super::config::{configure, expand, known_hosts_files};
use super::settings::{Settings, Trust, Way, refused, unchecked};

/// A keepalive goes out when nothing came for this long, unless `ServerAliveInterval` says otherwise…
const KEEPALIVE: Duration = Duration::from_secs(15);
/// …and the session ends after so many without an answer (`ServerAliveCountMax`).
const KEEPALIVES: usize = 3;

/// Longest chain of jump hosts.
const MAX_JUMPS: usize = 8;

/// Settings for a host by its name and what the user gave as arguments. `depth` counts jumps.
pub fn resolve(
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
        alive_interval: args.alive_interval.map_or(KEEPALIVE, Duration::from_secs),
        alive_count: args.alive_count.unwrap_or(KEEPALIVES).max(1),
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
            alive_interval: args.alive_interval,
            alive_count: args.alive_count,
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
                alive_interval: inner.alive_interval.or(outer.alive_interval),
                alive_count: inner.alive_count.or(outer.alive_count),
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
