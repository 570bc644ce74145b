//! `preflight`: looks whether the hosts are ready, and says the fix for each finding.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures::stream::{self, StreamExt};

use super::cli::{Output, RunArgs};
use super::load::{self, Loaded};
use super::looking::{CHECK_INVENTORY, Looking};
use super::shared::Console;
use super::{Ended, world};
use crate::connection::{Exec, Identity, Probe, Reply};
use crate::diagnostic::ExitCode;
use crate::execute::{Mode, Reached};
use crate::input::Json;

/// The least that a server of a small tenant works with, MiB (facts: k3s server 2 GB).
const LEAST_MEMORY_MB: i64 = 1_900;
/// Free space on the root file system, MiB.
const LEAST_DISK_MB: i64 = 5_000;
/// Processors that Kubernetes wants.
const LEAST_PROCESSORS: i64 = 2;
/// Clocks that differ by more than this break certificates and tokens, seconds.
const MOST_SKEW: i64 = 30;
/// How long a port may take to answer, milliseconds.
const PORT_TIMEOUT_MS: u64 = 2_000;
/// How long sshd may take to forbid a forward. It does so at once; a firewall that lets nothing
/// through to the port would keep us waiting for the connection itself.
const FORBIDDING: Duration = Duration::from_secs(5);

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Pass,
    Warning,
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, serde::Serialize)]
struct Finding {
    host: String,
    check: &'static str,
    verdict: Verdict,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// Looks at every host.
pub async fn preflight(args: &RunArgs, console: &Arc<Console>) -> Ended {
    let loaded = load::load(&args.source, console)?;
    let names =
        (loaded.limit.clone()).unwrap_or_else(|| loaded.inventory.hosts.keys().cloned().collect());
    let args = &super::reality::of_hosts(args, &loaded.inventory, &names)?;
    let looking = Looking::open(("preflight", Mode::Check), (args, &loaded), console)?;
    let findings: Vec<Finding> = stream::iter(looking.access.hosts())
        .map(|host| look(&looking, &loaded, host))
        .buffered(args.forks.max(1))
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .flatten()
        .collect();
    looking.close().await?;
    tell(&findings, console);
    let failed = findings
        .iter()
        .any(|finding| finding.verdict == Verdict::Fail);
    Ok(if failed {
        ExitCode::Unreachable
    } else {
        ExitCode::Done
    })
}

fn tell(findings: &[Finding], console: &Console) {
    for finding in findings {
        if console.output == Output::Json {
            let mut value = serde_json::to_value(finding).unwrap_or_default();
            value["event"] = "finding".into();
            console.data(&format!("{value}\n"));
            continue;
        }
        let word = match finding.verdict {
            Verdict::Pass => "ok",
            Verdict::Warning => "warning",
            Verdict::Fail => "FAIL",
        };
        console.data(&console.redactor.redact(&format!(
            "{word:<8}{}: {}: {}\n",
            finding.host, finding.check, finding.what
        )));
        if let Some(help) = &finding.help {
            console.data(&format!("        = help: {help}\n"));
        }
    }
    let bad = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Fail)
        .count();
    if console.output == Output::Text {
        console.say(&format!(
            "{} checks, {bad} to mend; nothing was changed",
            findings.len()
        ));
    }
}

/// Everything about one host.
async fn look(looking: &Looking, loaded: &Loaded, host: String) -> Vec<Finding> {
    let mut findings = Findings {
        host: host.clone(),
        list: Vec::new(),
    };
    let reached = match looking.access.reach(&host).await {
        Ok(reached) => reached,
        Err(stop) => {
            let ended = stop.ended();
            let help = ended.help.as_deref().unwrap_or(CHECK_INVENTORY);
            findings.add("connection", Err((ended.msg(), help.to_owned())));
            return findings.list;
        }
    };
    findings.add("connection", Ok("reached, host key verified".to_owned()));
    findings.sudo(&reached).await;
    findings.facts(&reached, &looking.opened).await;
    findings.forwarding(&reached).await;
    findings.apt(&reached).await;
    let is_server = loaded
        .inventory
        .groups
        .get("kube_control_plane")
        .is_some_and(|group| group.hosts.contains(&host));
    if is_server {
        findings.port(&reached, 6443).await;
    }
    findings.list
}

struct Findings {
    host: String,
    list: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, check: &'static str, result: Result<String, (String, String)>) {
        let (verdict, what, help) = match result {
            Ok(what) => (Verdict::Pass, what, None),
            Err((what, help)) => (Verdict::Fail, what, Some(help)),
        };
        self.list.push(Finding {
            host: self.host.clone(),
            check,
            verdict,
            what,
            help,
        });
    }

    fn warn(&mut self, check: &'static str, (what, help): (String, &str)) {
        let host = self.host.clone();
        self.list.push(Finding {
            host,
            check,
            verdict: Verdict::Warning,
            what,
            help: Some(help.to_owned()),
        });
    }

    async fn sudo(&mut self, reached: &Reached) {
        let asked = reached
            .connection
            .probe(
                &reached.root,
                &[Probe::Command(Box::new(Exec::new(["id", "-u"])))],
            )
            .await;
        let user = reached.root.user.as_deref().unwrap_or("the login user");
        self.add("sudo", match asked {
            Ok(replies) => match replies.first() {
                Some(Reply::Command(executed)) if executed.code == 0 => Ok(format!("tasks can run as {user}")),
                _ => Err((format!("`id` did not run as {user}"), "check the sudo rule of the login user".to_owned())),
            },
            Err(error) => Err((error.to_string(), "give the right password with `-K` or `--become-password-file`, or allow sudo for the login user".to_owned())),
        });
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one step after the other, each used once"
    )]
    async fn facts(&mut self, reached: &Reached, opened: &world::Opened) {
        let replies = reached
            .connection
            .probe(&Identity::default(), &[Probe::Facts])
            .await;
        let Ok(Some(Reply::Facts(facts))) = replies.map(|mut replies| replies.pop()) else {
            self.add(
                "facts",
                Err((
                    "the host did not tell its facts".to_owned(),
                    "check that `/bin/sh` works for the login user".to_owned(),
                )),
            );
            return;
        };
        let number = |name: &str| facts.get(name).and_then(Json::as_i64);
        if let Some(memory) = number("memtotal_mb") {
            self.least(
                "memory",
                (memory, LEAST_MEMORY_MB),
                "give the host more memory, or leave components out",
            );
        }
        if let Some(processors) = number("processor_nproc").or_else(|| number("processor_vcpus")) {
            self.least(
                "processors",
                (processors, LEAST_PROCESSORS),
                "give the host another processor",
            );
        }
        let root = facts
            .get("mounts")
            .and_then(Json::as_array)
            .and_then(|mounts| {
                mounts
                    .iter()
                    .find(|mount| mount["mount"] == "/")
                    .and_then(|mount| mount["size_available"].as_i64())
            });
        if let Some(free) = root {
            self.least(
                "disk",
                (free / 1_048_576, LEAST_DISK_MB),
                "free space on `/`, or make it larger",
            );
        }
        let epoch = facts
            .get("date_time")
            .and_then(|date| date["epoch"].as_str())
            .and_then(|text| text.parse::<i64>().ok());
        let here = opened
            .world
            .clock
            .now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|d| i64::try_from(d.as_secs()).ok());
        if let (Some(there), Some(here)) = (epoch, here) {
            let skew = (there - here).abs();
            self.add(
                "clock",
                if skew <= MOST_SKEW {
                    Ok(format!("within {MOST_SKEW} s of this machine's"))
                } else {
                    Err((
                        format!("{skew} s apart from this machine's"),
                        "start a time service: `timedatectl set-ntp true`".to_owned(),
                    ))
                },
            );
        }
    }

    /// A figure that should not be below another; too little is a warning, the user decides.
    fn least(&mut self, check: &'static str, (have, want): (i64, i64), help: &str) {
        let unit = if check == "processors" { "" } else { " MiB" };
        if have >= want {
            self.add(check, Ok(format!("{have}{unit}")));
        } else {
            self.warn(
                check,
                (format!("{have}{unit}, {want}{unit} are recommended"), help),
            );
        }
    }

    /// Kubernetes, GitLab and Vault are reached through the SSH connection.
    async fn forwarding(&mut self, reached: &Reached) {
        // Whatever listens or does not: only a refusal by sshd itself is a finding.
        let dialled = reached.connection.dial("127.0.0.1", 22);
        let refused = match tokio::time::timeout(FORBIDDING, dialled).await {
            Ok(Err(error)) => Some(error.to_string())
                .filter(|text| text.contains("prohibited") || text.contains("AllowTcpForwarding")),
            Ok(Ok(_)) | Err(_) => None,
        };
        self.add(
            "forwarding",
            match refused {
                None => Ok("sshd forwards TCP".to_owned()),
                Some(text) => Err((
                    text,
                    "set `AllowTcpForwarding yes` in sshd_config for the login user".to_owned(),
                )),
            },
        );
    }

    async fn apt(&mut self, reached: &Reached) {
        let asked = reached
            .connection
            .probe(
                &reached.root,
                &[Probe::Command(Box::new(Exec::shell(
                    crate::modules::PACKAGE_LOCK_HOLDER,
                )))],
            )
            .await;
        let Ok(Some(Reply::Command(executed))) = asked.map(|mut replies| replies.pop()) else {
            return;
        };
        let holder = String::from_utf8_lossy(&executed.stdout).trim().to_owned();
        self.add(
            "apt lock",
            if holder.is_empty() {
                Ok("free".to_owned())
            } else {
                Err((
                    format!("held by process {holder}"),
                    "wait until that package manager is done".to_owned(),
                ))
            },
        );
    }

    /// A port that something else holds; our own service there is fine.
    async fn port(&mut self, reached: &Reached, port: u16) {
        let probes = [
            Probe::Port {
                host: "127.0.0.1".to_owned(),
                port,
                timeout_ms: PORT_TIMEOUT_MS,
            },
            Probe::Unit {
                name: "k3s.service".to_owned(),
            },
        ];
        let Ok(replies) = reached.connection.probe(&reached.root, &probes).await else {
            return;
        };
        let taken = matches!(replies.first(), Some(Reply::Port(true)));
        let ours = matches!(replies.get(1), Some(Reply::Unit(unit)) if unit.active == "active");
        self.add("port 6443", match (taken, ours) {
            (false, _) => Ok("free".to_owned()),
            (true, true) => Ok("held by k3s".to_owned()),
            (true, false) => Err((
                "something else listens there".to_owned(),
                "stop it (`ss -ltnp sport = :6443` shows it), or take the host out of kube_control_plane".to_owned(),
            )),
        });
    }
}
