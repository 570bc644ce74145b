//! `package_facts` and `service_facts`: what is installed and what systemd knows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::connection::{Exec, Probe};
use crate::modules::{Failure, Recipe, Seen, Steps};

/// `package_facts`.
pub struct PackageFacts;

/// dpkg's list, tab-separated.
const DPKG: &[&str] = &[
    "dpkg-query",
    "-W",
    "-f",
    "${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${Section}\n",
];
/// rpm's list, tab-separated.
const RPM: &[&str] = &[
    "rpm",
    "-qa",
    "--qf",
    "%{NAME}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\n",
];

fn question(argv: &[&str]) -> Probe {
    Probe::Command(Box::new(Exec::new(argv.iter().copied())))
}

impl Recipe for PackageFacts {
    fn questions(&self) -> Vec<Probe> {
        vec![question(DPKG)]
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        let dpkg = seen.executed(&question(DPKG))?;
        Ok(if dpkg.code == 0 {
            Vec::new()
        } else {
            vec![question(RPM)]
        })
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let dpkg = seen.executed(&question(DPKG))?;
        let mut packages: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        if dpkg.code == 0 {
            for line in String::from_utf8_lossy(&dpkg.stdout).lines() {
                if let ["installed", name, version, arch, section] =
                    line.split('\t').collect::<Vec<_>>()[..]
                {
                    packages.entry(name.to_owned()).or_default().push(json!({
                        "name": name, "version": version, "arch": arch, "category": section, "source": "apt",
                    }));
                }
            }
        } else {
            let rpm = seen.executed(&question(RPM))?;
            if rpm.code != 0 {
                return Err(Failure::msg(
                    "Could not detect a supported package manager: neither dpkg nor rpm answers",
                ));
            }
            for line in String::from_utf8_lossy(&rpm.stdout).lines() {
                if let [name, version, release, arch] = line.split('\t').collect::<Vec<_>>()[..] {
                    packages.entry(name.to_owned()).or_default().push(json!({
                        "name": name, "version": version, "release": release, "arch": arch, "source": "rpm",
                    }));
                }
            }
        }
        let mut steps = Steps::none("only looks");
        steps.set("ansible_facts", json!({ "packages": packages }));
        Ok(steps)
    }
}

/// `service_facts`.
pub struct ServiceFacts;

/// Units in memory.
const UNITS: &[&str] = &[
    "systemctl",
    "list-units",
    "--no-pager",
    "--type",
    "service",
    "--all",
    "--plain",
    "--no-legend",
];
/// Units in files.
const FILES: &[&str] = &[
    "systemctl",
    "list-unit-files",
    "--no-pager",
    "--type",
    "service",
    "--no-legend",
];

impl Recipe for ServiceFacts {
    fn questions(&self) -> Vec<Probe> {
        vec![question(UNITS), question(FILES)]
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let units = seen.executed(&question(UNITS))?;
        if units.code != 0 {
            return Err(Failure::msg(
                "systemctl does not answer: only systemd is supported",
            ));
        }
        let entry = |name: &str, state: &str, status: &str| json!({ "name": name, "state": state, "status": status, "source": "systemd" });
        let mut services = BTreeMap::new();
        for line in String::from_utf8_lossy(&units.stdout).lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [name, load, active, sub, ..] = words[..] {
                let state = match (active, sub) {
                    (_, "running" | "exited" | "failed") => sub,
                    ("active", _) => "running",
                    _ => "stopped",
                };
                let status = if load == "not-found" {
                    "not-found"
                } else {
                    "unknown"
                };
                let state = if state == "exited" { "stopped" } else { state };
                services.insert(name.to_owned(), entry(name, state, status));
            }
        }
        for line in String::from_utf8_lossy(&seen.executed(&question(FILES))?.stdout).lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [name, status, ..] = words[..] {
                let service = services
                    .entry(name.to_owned())
                    .or_insert_with(|| entry(name, "inactive", status));
                service["status"] = json!(status);
            }
        }
        let mut steps = Steps::none("only looks");
        steps.set("ansible_facts", json!({ "services": services }));
        Ok(steps)
    }
}
