//! gitlab-ctl, gitlab-rails and gitlab-backup as far as installers call them.
//!
//! Times are those of a small virtual machine: five minutes for the first `reconfigure`, 40 s for
//! Rails to load.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::super::gitlab::{CONFIG, MANIFEST, RUNNER, setting};
use super::super::network::Request;
use super::super::packages::compare;
use super::super::process::{Ended, Process, Stop};
use super::Table;

/// The table.
pub const PROGRAMS: Table = &[("gitlab-ctl", control), ("gitlab-rails", rails)];

/// The unit that everything of GitLab runs below.
const UNIT: &str = "gitlab-runsvdir";
const UNIT_FILE: &str = "/usr/lib/systemd/system/gitlab-runsvdir.service";
const UNIT_TEXT: &str = "[Unit]\nDescription=GitLab Runit supervision process\nAfter=multi-user.target\n\n[Service]\nExecStart=/opt/gitlab/embedded/bin/runsvdir-start\nRestart=always\n\n[Install]\nWantedBy=multi-user.target\n";
/// What `gitlab-ctl status` names.
const SERVICES: [&str; 8] = [
    "gitaly",
    "gitlab-workhorse",
    "logrotate",
    "nginx",
    "postgresql",
    "puma",
    "redis",
    "sidekiq",
];
/// The stages of `reconfigure`, as its log names them.
const STAGES: [&str; 9] = [
    "gitlab::default",
    "gitlab::gitlab-rails",
    "redis::enable",
    "gitaly::enable",
    "postgresql::enable",
    "gitlab::database_migrations",
    "gitlab::puma",
    "gitlab::sidekiq",
    "nginx::enable",
];
/// Settings that a version refuses, from which on, and GitLab's hint.
const GONE: [(&str, &str, &str); 4] = [
    ("grafana[", "16.3", "Grafana has been removed"),
    (
        "sidekiq['max_concurrency']",
        "17.0",
        "use sidekiq['concurrency']",
    ),
    (
        "git_data_dirs(",
        "18.0",
        "use gitaly['configuration'][:storage]",
    ),
    ("mattermost[", "19.0", "Mattermost has been removed"),
];

fn control(process: &mut Process<'_>) -> Ended {
    if !process.caller.is_root() {
        return process.fail("This command must be executed with root privileges");
    }
    let args = process.args();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["reconfigure"] => reconfigure(process),
        ["status", ..] => status(process),
        ["hup", "nginx"] => {
            if !is_up(process) {
                return process.fail("fail: nginx: runsv not running");
            }
            reborn(process)?;
            Ok(0)
        }
        // `reconfigure` makes no accounts here.
        ["remove-accounts"] => Ok(0),
        [verb @ ("start" | "stop" | "restart")] => {
            let verb = (*verb).to_owned();
            systemctl(process, &[&verb, UNIT])
        }
        // One service: its unit goes on.
        ["start" | "stop" | "restart", service, ..] if SERVICES.contains(service) => {
            process.spend(Duration::from_secs(5))?;
            Ok(0)
        }
        [other, ..] => Err(process.strange(other)),
        [] => Err(process.strange("gitlab-ctl without a command")),
    }
}

fn version(process: &Process<'_>) -> Option<String> {
    let have = process.host.packages.get("gitlab-ce")?;
    let version = have.version.split('-').next().unwrap_or_default();
    (!have.removed).then(|| version.to_owned())
}

fn is_up(process: &Process<'_>) -> bool {
    let ports = process.host.units.get("gitlab-runsvdir.service");
    let port = ports.and_then(|unit| unit.ports.first().copied());
    port.is_some_and(|port| process.host.units.listening(port, process.now()).is_some())
}

fn systemctl(process: &mut Process<'_>, words: &[&str]) -> Ended {
    let argv = std::iter::once("systemctl").chain(words.iter().copied());
    let (code, _, err) = process.run(argv.map(ToOwned::to_owned).collect(), Bytes::new())?;
    process.err.extend(err);
    Ok(code)
}

fn status(process: &mut Process<'_>) -> Ended {
    if !is_up(process) {
        for service in SERVICES {
            process.say(format!("fail: {service}: runsv not running"));
        }
        return Ok(6);
    }
    for (nth, service) in SERVICES.iter().enumerate() {
        process.say(format!(
            "run: {service}: (pid {}) 60s; run: log: (pid {}) 60s",
            900 + nth,
            800 + nth
        ));
    }
    Ok(0)
}

/// Writes a file of GitLab's, with the mode that it has.
fn put(process: &mut Process<'_>, (path, mode): (&str, u32), text: &str) -> Result<(), Stop> {
    let now = process.now();
    let written = process.host.put(path, text, now).and_then(|()| {
        let mut root = process.host.root(now);
        root.set_mode(path, mode, super::super::tree::Follow::Link)
    });
    written.map_err(|error| Stop::Undescribed(format!("gitlab-ctl: {path}: {error}")))
}

/// A text that follows from the host, for secrets that protect nothing.
fn secret(process: &Process<'_>, what: &str) -> String {
    super::super::host::identifier(&[&process.host.name, what])
}

#[expect(
    clippy::too_many_lines,
    reason = "one step of reconfigure after the other, each used once"
)]
fn reconfigure(process: &mut Process<'_>) -> Ended {
    let Some(version) = version(process) else {
        return process.fail("gitlab-ce is not installed");
    };
    let config = process.host.tree.text(CONFIG);
    let log = format!(
        "/var/log/gitlab/reconfigure/{}.log",
        process.now().0 / 1_000_000_000
    );
    let gone = GONE.iter().find(|(key, from, _)| {
        let used = config.lines().any(|line| line.trim().starts_with(key));
        used && !compare(&version, from).is_lt()
    });
    if let Some((key, _, hint)) = gone {
        let said = format!(
            "Removed configurations found in gitlab.rb. Aborting reconfigure.\n* {key}: {hint}"
        );
        put(process, (&log, 0o644), &format!("{said}\n"))?;
        process.complain(said);
        return Ok(1);
    }
    if setting(&config, "external_url").is_none() {
        process.complain("external_url is not set in gitlab.rb");
        return Ok(1);
    }
    let first = !process.host.tree.exists("/etc/gitlab/gitlab-secrets.json");
    let pace = Duration::from_secs(if first { 30 } else { 6 });
    let mut lines = format!("Starting Cinc Client for gitlab-ce {version}\n");
    for stage in STAGES {
        let line = format!("Recipe: {stage}\n");
        process.out.extend_from_slice(line.as_bytes());
        lines.push_str(&format!(
            "INFO: Processing ruby_block[{stage}] action run ({stage} line 1)\n"
        ));
        // The log grows with the stages: what a hang shows.
        put(process, (&log, 0o644), &lines)?;
        process.spend(pace)?;
    }
    if first {
        let secrets = format!(
            "{{\"gitlab_rails\":{{\"db_key_base\":\"{}\"}}}}\n",
            secret(process, "db_key_base")
        );
        put(
            process,
            ("/etc/gitlab/gitlab-secrets.json", 0o600),
            &secrets,
        )?;
        let password = format!(
            "# WARNING: this file is deleted after 24 hours.\n\nPassword: {}\n",
            secret(process, "root")
        );
        put(
            process,
            ("/etc/gitlab/initial_root_password", 0o600),
            &password,
        )?;
    }
    put(
        process,
        (MANIFEST, 0o644),
        &format!("gitlab-ce {version}\n"),
    )?;
    if !process.host.tree.exists(UNIT_FILE) {
        put(process, (UNIT_FILE, 0o644), UNIT_TEXT)?;
        systemctl(process, &["daemon-reload"])?;
        systemctl(process, &["enable", UNIT])?;
    }
    forget(process);
    let code = systemctl(
        process,
        &[if is_up(process) { "restart" } else { "start" }, UNIT],
    )?;
    if code != 0 {
        return process.fail(
            "There was an error running gitlab-ctl reconfigure: runit_service[nginx] did not start",
        );
    }
    process.spend(Duration::from_secs(5))?;
    process.say("gitlab Reconfigured!");
    Ok(0)
}

/// Lets the service be born again from its files, with the data that it has.
fn forget(process: &mut Process<'_>) {
    let now = process.now();
    let name = process.host.name.clone();
    let known = process.host.remembered_services("gitlab-runsvdir.service");
    let tree = &process.host.tree;
    let reads = |path: &str| tree.exists(path).then(|| tree.text(path).into_bytes());
    let services = process.world.services.clone();
    for port in known.keys() {
        let service = process.world.service_at(process.host, *port, now);
        let Some(service) = service else { continue };
        let next = services.port("gitlab", *port, &reads);
        process
            .world
            .saved
            .insert(format!("{name}:{next}"), service.save());
        process.world.network.remove(&name, *port);
    }
}

/// Another certificate, with the same process.
fn reborn(process: &mut Process<'_>) -> Result<(), Stop> {
    forget(process);
    let now = process.now();
    let serves: BTreeMap<u16, String> = process.host.remembered_services("gitlab-runsvdir.service");
    let born = process.world.start_services(process.host, &serves, now);
    match born {
        Ok(None) => Ok(()),
        Ok(Some(why)) => {
            process.complain(why);
            Ok(())
        }
        Err(error) => Err(Stop::Undescribed(format!("gitlab-ctl hup nginx: {error}"))),
    }
}

fn rails(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    if words != ["runner", "-"] {
        return Err(process.strange("gitlab-rails but for `runner -`"));
    }
    process.spend(Duration::from_secs(40))?;
    let ports = process.host.remembered_services("gitlab-runsvdir.service");
    let now = process.now();
    let service = ports
        .keys()
        .find_map(|port| process.world.service_at(process.host, *port, now));
    let Some(service) = service.filter(|_| is_up(process)) else {
        process.complain("connection to server on socket \"/var/opt/gitlab/postgresql/.s.PGSQL.5432\" failed: No such file or directory");
        return Ok(1);
    };
    let answer = service.answer(&Request {
        url: RUNNER.to_owned(),
        body: process.stdin.to_vec(),
        ..Request::default()
    });
    if answer.status == 200 {
        process.out.extend(answer.body);
        return Ok(0);
    }
    process.err.extend(answer.body);
    process.err.push(b'\n');
    Ok(1)
}
