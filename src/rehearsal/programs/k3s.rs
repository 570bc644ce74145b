//! k3s: what its server and agent units leave on a host, and the few subcommands installers call.
//!
//! Start times are those of a small virtual machine: 20 s for the first server, 15 s to join.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::host::identifier;
use super::super::network::Reach;
use super::super::process::{Ended, Process};
use super::super::tree::Errno;
use super::super::units::{Behaviour, UnitFile};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[("k3s", k3s)];

const DATA: &str = "/var/lib/rancher/k3s";

/// The port of the API.
const API: u16 = 6443;

fn k3s(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--version" | "-v"] => {
            let version = version(process);
            process.say(format!("k3s version {version} (simulated)"));
            process.say("go version go1.24.6");
            Ok(0)
        }
        ["kubectl", rest @ ..] => kubectl(process, rest),
        ["token", "list"] => Ok(0),
        ["etcd-snapshot", "save", ..] => snapshot(process),
        ["server" | "agent", ..] => Err(process.strange("k3s server in the foreground")),
        [other, ..] => Err(process.strange(other)),
        [] => Err(process.strange("k3s without a subcommand")),
    }
}

/// The version in the address that the binary was downloaded from.
fn version(process: &Process<'_>) -> String {
    let text = process.host.tree.text("/usr/local/bin/k3s");
    text.split('/')
        .find(|part| part.starts_with('v') && part.contains("k3s"))
        .map_or_else(|| "v0.0.0+k3s0".to_owned(), |part| part.replace("%2B", "+"))
}

fn is_up(process: &Process<'_>) -> bool {
    process.host.units.listening(API, process.now()).is_some()
}

fn kubectl(process: &mut Process<'_>, words: &[&str]) -> Ended {
    if !is_up(process) {
        process.complain(format!(
            "The connection to the server 127.0.0.1:{API} was refused - did you specify the right host or port?"
        ));
        return Ok(1);
    }
    super::kubectl::run(process, words)
}

fn snapshot(process: &mut Process<'_>) -> Ended {
    let words: Vec<String> = process.args().into_iter().skip(2).collect();
    let args = Args::parse(&words, &["--name=", "--dir=", "--etcd-snapshot-dir="])
        .map_err(|option| process.strange(&option))?;
    if !is_up(process) {
        return process.fail("FATAL: etcd is not running");
    }
    let name = args.value(&["--name"]).unwrap_or("on-demand").to_owned();
    let directory = args.value(&["--dir", "--etcd-snapshot-dir"]);
    let directory =
        directory.map_or_else(|| format!("{DATA}/server/db/snapshots"), ToOwned::to_owned);
    let now = process.now();
    let path = format!(
        "{directory}/{name}-{}-{}",
        process.host.hostname(),
        now.0 / 1_000_000_000
    );
    process.spend(Duration::from_secs(3))?;
    match process.host.put(&path, "etcd snapshot (simulated)\n", now) {
        Ok(()) => {
            process.say(format!("Snapshot {name} saved at {path}"));
            Ok(0)
        }
        Err(error) => process.fail(error.to_string()),
    }
}

/// Settings from `config.yaml`, the unit's environment files and its command line.
fn settings(process: &Process<'_>, file: &UnitFile, command: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let config = process.host.tree.text("/etc/rancher/k3s/config.yaml");
    for line in config.lines() {
        if let Some((key, value)) = line
            .split_once(':')
            .filter(|(key, _)| !key.starts_with([' ', '-', '#']))
        {
            found.insert(
                key.trim().to_owned(),
                value.trim().trim_matches(['"', '\'']).to_owned(),
            );
        }
    }
    for path in file.all("Service", "EnvironmentFile") {
        for line in process.host.tree.text(path.trim_start_matches('-')).lines() {
            let pair = line
                .split_once('=')
                .filter(|(key, _)| key.starts_with("K3S_"));
            if let Some((key, value)) = pair {
                let key = if key == "K3S_URL" {
                    "server".to_owned()
                } else {
                    key[4..].to_lowercase()
                };
                found.insert(key, value.trim_matches(['"', '\'']).to_owned());
            }
        }
    }
    let words: Vec<&str> = command.split_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        if let Some(option) = word.strip_prefix("--") {
            let next = words.get(at + 1).copied().unwrap_or_default();
            let (key, value) = option.split_once('=').unwrap_or((option, next));
            found.insert(key.to_owned(), value.to_owned());
        }
    }
    found
}

/// What a k3s unit does when it starts; `None` for other units.
pub fn unit(
    process: &mut Process<'_>,
    file: &UnitFile,
) -> Option<Result<(Behaviour, BTreeMap<u16, String>), Errno>> {
    let command = file.get("Service", "ExecStart")?;
    let mut words = command.split_whitespace();
    if !words.next()?.ends_with("/k3s") {
        return None;
    }
    let role = words
        .next()
        .filter(|role| ["server", "agent"].contains(role))?
        .to_owned();
    let settings = settings(process, file, &command);
    let join = settings
        .get("server")
        .filter(|url| !url.is_empty())
        .cloned();
    let version = version(process);
    let name = process.host.name.clone();
    let mut cluster = json!(name);
    let mut token = settings.get("token").cloned();
    if let Some(path) = settings.get("token-file") {
        token = Some(process.host.tree.text(path).trim().to_owned());
    }
    let mut behaviour = Behaviour {
        start: Some(Duration::from_secs(20)),
        ports: if role == "server" {
            vec![API, 10_250]
        } else {
            vec![10_250]
        },
        ..Behaviour::default()
    };
    if let Some(url) = &join {
        behaviour.start = Some(Duration::from_secs(15));
        match admitted(process, url, token.as_deref()) {
            Ok(id) => cluster = id,
            Err(why) => behaviour.fails = Some(why),
        }
    }
    if role == "agent" && join.is_none() {
        behaviour.fails = Some("level=fatal msg=\"--server is required\"".to_owned());
    }
    if behaviour.fails.is_some() {
        return Some(Ok((behaviour, BTreeMap::new())));
    }
    let member = json!({"role": role, "cluster": cluster, "unit": file.name, "version": version, "token": token_of(&name, token)});
    let serves = if role == "server" {
        BTreeMap::from([(API, "kubernetes".to_owned())])
    } else {
        BTreeMap::new()
    };
    Some(leave_files(process, &role, &member).map(|()| {
        process.host.memory.insert("node".to_owned(), member);
        (behaviour, serves)
    }))
}

/// A cluster's token: the password in the given one, or one of its own making.
fn token_of(name: &str, given: Option<String>) -> String {
    given
        .and_then(|token| token.rsplit(':').next().map(ToOwned::to_owned))
        .filter(|token| !token.is_empty())
        .unwrap_or_else(|| identifier(&["k3s token", name]))
}

/// The cluster that answers at an address, if it lets this token in.
fn admitted(process: &Process<'_>, url: &str, token: Option<&str>) -> Result<Value, String> {
    let name = url
        .trim_start_matches("https://")
        .split([':', '/'])
        .next()
        .unwrap_or_default();
    if process.world.reach(process.host, name, API, process.now()) != Reach::Open {
        return Err(format!(
            "level=error msg=\"failed to get CA certs: Get {url}/cacerts: connection refused\""
        ));
    }
    let address = process.host.resolve(name);
    let server = process
        .world
        .host_at(&address)
        .and_then(|host| host.memory.get("node"));
    let Some(server) = server else {
        return Err(format!("level=error msg=\"no k3s server at {url}\""));
    };
    let wanted = server["token"].as_str().unwrap_or_default();
    // A full token is `K10<CA hash>::server:<token>`.
    let given = token
        .unwrap_or_default()
        .rsplit(':')
        .next()
        .unwrap_or_default();
    if given == wanted {
        Ok(server["cluster"].clone())
    } else {
        Err("level=fatal msg=\"failed to validate token: not authorized\"".to_owned())
    }
}

fn leave_files(process: &mut Process<'_>, role: &str, member: &Value) -> Result<(), Errno> {
    let now = process.now();
    if role == "agent" {
        return process.host.put(
            &format!("{DATA}/agent/kubelet.kubeconfig"),
            "apiVersion: v1\nkind: Config\n",
            now,
        );
    }
    let token = member["token"].as_str().unwrap_or_default();
    let cluster = member["cluster"].as_str().unwrap_or_default();
    let full = format!("K10{}::server:{token}\n", identifier(&["k3s ca", cluster]));
    // The kubeconfig is the API server's to leave, with the certificates that it knows.
    let files: [(String, &str); 2] = [
        (format!("{DATA}/server/node-token"), &full),
        (format!("{DATA}/server/token"), &full),
    ];
    for (path, text) in files {
        if !process.host.tree.exists(&path) {
            process.host.put(&path, text, now)?;
            process
                .host
                .root(now)
                .set_mode(&path, 0o600, super::super::tree::Follow::Link)?;
        }
    }
    Ok(())
}
