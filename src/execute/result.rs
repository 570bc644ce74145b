//! A task's result as Ansible shapes it: `changed`, `failed`, `msg`, and the module's own fields.

use crate::diagnostic::Diagnostic;
use crate::event::Status;
use crate::input::Json;

/// What came of a task on a host (or of one item of its loop).
#[derive(Clone, Debug)]
pub struct Ended {
    /// How.
    pub status: Status,
    /// The result as `register` keeps it.
    pub result: serde_json::Map<String, Json>,
    /// What changed, for `--diff`.
    pub diff: Vec<crate::event::Difference>,
    /// For `Unknown`: until when.
    pub until: Option<std::sync::Arc<str>>,
    /// What one could do, for a failure.
    pub help: Option<String>,
    /// Whether the host is lost.
    pub lost: bool,
    /// In check mode: only running it would tell what it changes.
    pub blind: bool,
    /// Why nothing was done; for people, no part of the result.
    pub note: String,
    /// The slug of the failure, if the host told.
    pub code: Option<&'static str>,
    /// A failure that already has its place: a wrong template or value.
    pub error: Option<Box<crate::diagnostic::Diagnostic>>,
}

/// The lines of a text, as Python's `splitlines` has them: a progress bar's too.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let parts = if text.is_empty() { 0 } else { usize::MAX };
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n')
        .take(parts)
        .flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

impl Ended {
    /// An end with this status and message.
    pub fn new(status: Status, msg: impl Into<String>) -> Self {
        let mut result = serde_json::Map::new();
        let msg: String = msg.into();
        if !msg.is_empty() {
            result.insert("msg".to_owned(), msg.into());
        }
        let (diff, until, help) = (Vec::new(), None, None);
        Self {
            status,
            result,
            diff,
            until,
            help,
            lost: false,
            blind: false,
            note: String::new(),
            code: None,
            error: None,
        }
        .marked()
    }

    /// Says why, in the words of `skip_reason`.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.result.insert("skip_reason".to_owned(), reason.into());
        self
    }

    /// Something that does not exist yet is needed.
    pub fn unknown(until: std::sync::Arc<str>) -> Self {
        let mut ended = Self::new(Status::Unknown, format!("unknown until {until}"));
        ended.until = Some(until);
        ended
    }

    /// Where changes are made nothing is waited for: what is not known is of a component that was
    /// only looked at and is not there.
    #[must_use]
    pub fn or_not_installed(self, is_component: impl Fn(&str) -> bool) -> Self {
        let unknown = self.status == Status::Unknown;
        // Or it is of a task in check mode, whose result nobody knows.
        let until = self.until.as_deref();
        let Some(component) = until.filter(|name| unknown && is_component(name)) else {
            return self;
        };
        let diagnostic = Diagnostic::error(
            "task/not-installed",
            format!("it needs what component `{component}` makes, and that is not there"),
        )
        .help(format!(
            "let this run make it too: `--only …,{component}`, or none"
        ));
        let mut ended = Self::new(Status::Failed, diagnostic.what.clone());
        ended.error = Some(Box::new(diagnostic));
        ended.marked()
    }

    /// Sets `changed`, `failed`, `skipped` from the status.
    #[must_use]
    pub fn marked(mut self) -> Self {
        let flags = [
            (
                "changed",
                self.status == Status::Changed || self.flag("changed"),
            ),
            (
                "failed",
                matches!(
                    self.status,
                    Status::Failed | Status::Ignored | Status::Rescued
                ),
            ),
        ];
        for (name, value) in flags {
            self.result.insert(name.to_owned(), value.into());
        }
        if self.status == Status::Skipped {
            self.result.insert("skipped".to_owned(), true.into());
        }
        if self.status == Status::Unreachable {
            self.result.insert("unreachable".to_owned(), true.into());
        }
        self.with_lines()
    }

    /// What a program printed is there line by line as well.
    fn with_lines(mut self) -> Self {
        for name in ["stdout", "stderr"] {
            let lines = format!("{name}_lines");
            let Some(text) = self.result.get(name).and_then(Json::as_str) else {
                continue;
            };
            if !self.result.contains_key(&lines) {
                let split: Vec<Json> = split(text).map(Json::from).collect();
                self.result.insert(lines, split.into());
            }
        }
        self
    }

    /// Whether a field is true.
    pub fn flag(&self, name: &str) -> bool {
        self.result
            .get(name)
            .and_then(Json::as_bool)
            .unwrap_or_default()
    }

    /// Ansible's `msg`, as text.
    pub fn msg(&self) -> String {
        match self.result.get("msg") {
            Some(Json::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }

    /// Whether a failure in check mode may come of a change that was not made: the module's own
    /// failure, or a field that only the real result has.
    pub fn may_come_of_waiting(&self) -> bool {
        self.error
            .as_ref()
            .is_none_or(|error| error.code == "template/undefined")
    }

    /// Whether it failed, ignored or not.
    pub fn is_failure(&self) -> bool {
        matches!(self.status, Status::Failed | Status::Unreachable)
    }
}

/// The version whose language this program follows.
pub fn ansible_version() -> Json {
    serde_json::json!({ "full": "2.19.0", "major": 2, "minor": 19, "revision": 0, "string": "2.19.0" })
}

/// Names of facts (without `ansible_`) that the facts probe gives: asking for one gathers them.
/// The list is that of `facts/engine` §7.7 and what the probe answers.
#[expect(
    clippy::too_many_lines,
    reason = "one step after the other, each used once"
)]
pub fn is_fact(name: &str) -> bool {
    const FACTS: &[&str] = &[
        "os_family",
        "distribution",
        "distribution_version",
        "distribution_major_version",
        "distribution_release",
        "architecture",
        "pkg_mgr",
        "service_mgr",
        "env",
        "hostname",
        "fqdn",
        "nodename",
        "domain",
        "kernel",
        "kernel_version",
        "default_ipv4",
        "default_ipv6",
        "all_ipv4_addresses",
        "all_ipv6_addresses",
        "interfaces",
        "memtotal_mb",
        "memfree_mb",
        "swaptotal_mb",
        "swapfree_mb",
        "memory_mb",
        "processor_vcpus",
        "processor_count",
        "processor_cores",
        "processor_nproc",
        "processor",
        "user_id",
        "user_dir",
        "user_uid",
        "user_gid",
        "user_shell",
        "user_gecos",
        "lsb",
        "selinux",
        "date_time",
        "machine",
        "machine_id",
        "system",
        "python",
        "python_version",
        "mounts",
        "uptime_seconds",
        "virtualization_type",
        "virtualization_role",
        "cmdline",
        "devices",
        "dns",
        "apparmor",
        "is_chroot",
        "system_vendor",
        "product_name",
        "bios_version",
        "form_factor",
        "ssh_host_key_ed25519_public",
        "ssh_host_key_rsa_public",
        "ssh_host_key_ecdsa_public",
        "userspace_architecture",
        "userspace_bits",
        "real_user_id",
        "effective_user_id",
        "real_group_id",
        "effective_group_id",
        "local",
        "services",
        "packages",
        "effective_group_ids",
        "proc_cmdline",
        "loadavg",
        "lvm",
        "fips",
        "caps",
        "hostnqn",
        "iscsi_iqn",
        "gather_subset",
    ];
    FACTS.contains(&name)
}
