//! `hostname`: the host's name, now and after a restart.

use serde_json::json;

use crate::connection::{Action, Attributes, Exec, Probe};
use crate::modules::seen::read;
use crate::modules::{Change, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Hostname {
    name: String,
}

/// The name that is kept.
const KEPT: &str = "/etc/hostname";
/// The name now.
const NOW: &str = "/proc/sys/kernel/hostname";

impl Hostname {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let name = given.string("name");
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if name.is_empty() || name.len() > 253 || !name.chars().all(legal) {
            return Err(Failure::msg(format!("`{name}` is not a host name")));
        }
        if let Some(strategy) = given.some("use")
            && !matches!(
                strategy.as_str(),
                "systemd" | "debian" | "redhat" | "generic"
            )
        {
            return Err(Failure::msg(format!("`use: {strategy}` is not supported")));
        }
        Ok(Self { name })
    }
}

impl Recipe for Hostname {
    fn questions(&self) -> Vec<Probe> {
        vec![read(KEPT), read(NOW)]
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let kept = seen.text(KEPT)?.unwrap_or_default();
        let now = seen.text(NOW)?.unwrap_or_default();
        let mut steps = Steps::default();
        if kept.trim() != self.name {
            steps.step(
                Change::new(KEPT, kept, format!("{}\n", self.name)),
                Action::WriteFile {
                    path: KEPT.to_owned(),
                    content: format!("{}\n", self.name).into_bytes().into(),
                    attributes: Attributes {
                        mode: Some(0o644),
                        ..Attributes::default()
                    },
                    validate: None,
                    backup: None,
                },
            );
        }
        if now.trim() != self.name {
            steps.step(
                Change::new("host name", now.trim(), &self.name),
                Action::Exec(Exec::new(["hostname", &self.name])),
            );
        }
        let (short, domain) = self.name.split_once('.').unwrap_or((&self.name, ""));
        steps.set("name", self.name.as_str());
        steps.set(
            "ansible_facts",
            json!({
                "ansible_hostname": short,
                "ansible_nodename": self.name,
                "ansible_fqdn": self.name,
                "ansible_domain": domain,
            }),
        );
        Ok(steps.or_reason("that is its name already"))
    }
}
