//! `setup`: what the host says about itself.

use serde_json::{Map, Value};

use crate::connection::{Probe, Reply};
use crate::input::Json;
use crate::modules::regex::wildcard;
use crate::modules::{Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Setup {
    subsets: Vec<String>,
    filters: Vec<String>,
}

impl Setup {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let subsets = given.list("gather_subset");
        for subset in &subsets {
            let name = subset.trim_start_matches('!');
            if !KNOWN.contains(&name) {
                return Err(Failure::msg(format!(
                    "Bad subset '{subset}' given to Ansible. gather_subset options allowed: {}",
                    KNOWN.join(", ")
                )));
            }
        }
        Ok(Self {
            subsets,
            filters: given.list("filter"),
        })
    }

    /// Whether the subsets asked for have this fact.
    fn has(&self, name: &str, value: &Json) -> bool {
        let part = subset(name, value);
        let says = |text: &str| self.subsets.iter().any(|s| s == text);
        if part == "min" {
            return !says("!min") || says("min");
        }
        if says(part) {
            return true;
        }
        let only_takes_away = self.subsets.iter().all(|s| s.starts_with('!'));
        (says("all") || only_takes_away) && !says("!all") && !says(&format!("!{part}"))
    }
}

/// Names that `gather_subset` may have. Those that name a single source of facts count as `min`.
const KNOWN: &[&str] = &[
    "all",
    "min",
    "hardware",
    "network",
    "virtual",
    "ohai",
    "facter",
    "distribution",
    "pkg_mgr",
    "service_mgr",
    "platform",
    "python",
    "date_time",
    "env",
    "user",
    "lsb",
    "local",
    "dns",
    "default_ipv4",
    "default_ipv6",
    "interfaces",
    "all_ipv4_addresses",
    "all_ipv6_addresses",
    "processor",
    "processor_cores",
    "processor_count",
    "mounts",
    "devices",
    "selinux",
    "apparmor",
    "caps",
    "cmdline",
    "fips",
    "fibre_channel_wwn",
    "iscsi",
    "nvme",
    "ssh_pub_keys",
    "system",
    "kernel",
    "machine",
    "architecture",
    "os_family",
    "loadavg",
    "systemd",
    "system_capabilities",
    "virtualization_role",
    "virtualization_type",
];

/// Which subset a fact belongs to.
fn subset(name: &str, value: &Json) -> &'static str {
    const HARDWARE: &[&str] = &[
        "mem",
        "swap",
        "processor",
        "device",
        "mounts",
        "uptime",
        "bios",
        "board",
        "chassis",
        "product",
        "system_vendor",
        "form_factor",
        "lvm",
    ];
    const NETWORK: &[&str] = &[
        "default_ipv",
        "interfaces",
        "all_ipv",
        "fibre",
        "iscsi",
        "hostnqn",
    ];
    if name.starts_with("virtualization") {
        "virtual"
    } else if HARDWARE.iter().any(|prefix| name.starts_with(prefix)) {
        "hardware"
    } else if NETWORK.iter().any(|prefix| name.starts_with(prefix))
        || value.get("macaddress").is_some()
        || value.get("device").is_some()
    {
        "network"
    } else {
        "min"
    }
}

impl Recipe for Setup {
    fn questions(&self) -> Vec<Probe> {
        vec![Probe::Facts]
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let Reply::Facts(facts) = seen.get(&Probe::Facts)? else {
            return Err(Failure::msg("the host did not tell its facts"));
        };
        let kept: Map<String, Json> = facts
            .iter()
            .filter(|(name, value)| self.has(name, value))
            .map(|(name, value)| (format!("ansible_{name}"), value.clone()))
            .filter(|(name, _)| {
                self.filters.is_empty()
                    || self.filters.iter().any(|f| {
                        let bare = name.trim_start_matches("ansible_");
                        wildcard(f.as_bytes(), name.as_bytes())
                            || wildcard(f.as_bytes(), bare.as_bytes())
                    })
            })
            .collect();
        let mut steps = Steps::none("only looks");
        steps.set("ansible_facts", Value::Object(kept));
        Ok(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn subsets_and_patterns() {
        let setup = |subsets: &[&str]| Setup {
            subsets: subsets.iter().map(|s| (*s).to_owned()).collect(),
            filters: Vec::new(),
        };
        let none = json!(null);
        assert!(setup(&["all"]).has("memtotal_mb", &none));
        assert!(!setup(&["!all"]).has("memtotal_mb", &none));
        assert!(setup(&["!all"]).has("distribution", &none));
        assert!(setup(&["!all", "network"]).has("default_ipv4", &none));
        assert!(!setup(&["!all", "network"]).has("mounts", &none));
        assert!(!setup(&["!hardware"]).has("mounts", &none));
        assert!(setup(&["!hardware"]).has("virtualization_role", &none));
        assert!(setup(&["!all"]).has("machine", &none));
        assert!(wildcard(b"ansible_*_mb", b"ansible_memfree_mb"));
        assert!(!wildcard(b"ansible_?", b"ansible_xy"));
    }
}
