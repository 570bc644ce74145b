//! What the user's `ssh_config` says of a host, and the paths in it.

use std::path::PathBuf;

use ssh2_config::{ParseRule, SshConfig};

use super::super::ConnectionError;
use super::super::connector::World;
use super::args::Args;
use super::settings::refused;

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

/// Adds what `ssh_config` says of the host; what is set already stays.
pub fn configure(world: &World, host: &str, args: &mut Args) -> Result<(), ConnectionError> {
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
    let interval = found.server_alive_interval.map(|t| t.as_secs());
    args.alive_interval = args.alive_interval.or(interval);
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
            "serveralivecountmax",
        ];
        if ours.contains(&key.as_str()) {
            args.option(&key, &values.join(" "))?;
        }
    }
    Ok(())
}

/// A path with `~` and ssh's tokens resolved.
pub fn expand(world: &World, path: &str) -> PathBuf {
    let home = world.home.clone().unwrap_or_else(|| PathBuf::from("/"));
    let path = path.replace("%d", &home.display().to_string());
    match path.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => PathBuf::from(path),
    }
}

/// The `known_hosts` files that were named, or the usual ones.
pub fn known_hosts_files(
    world: &World,
    given: Option<Vec<String>>,
    default: &[&str],
) -> Vec<PathBuf> {
    let given = given.unwrap_or_else(|| default.iter().map(|f| (*f).to_owned()).collect());
    let usable = given.iter().filter(|f| *f != "none" && *f != "/dev/null");
    usable.map(|f| expand(world, f)).collect()
}
