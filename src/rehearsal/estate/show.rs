//! What is on the estate, for `rehearse show` and for tests.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Estate;
use crate::rehearsal::host::Host;
use crate::rehearsal::packages::Packages;
use crate::rehearsal::tree::{Body, Caller, Time};
use crate::rehearsal::units::Phase;

impl Estate {
    /// Every host with what differs from a bare one.
    pub fn show(&self) -> Value {
        let world = self.world();
        let now = Time::from(self.clock.since_epoch());
        let hosts: Vec<Value> = world.hosts.values().map(|host| host.show(now)).collect();
        let services: Vec<Value> = world
            .network
            .all()
            .map(|((host, port), _)| json!({"host": host, "port": port}))
            .collect();
        json!({"hosts": hosts, "services": services})
    }

    /// As [`Estate::show`], for people.
    pub fn show_text(&self) -> String {
        let shown = self.show();
        let mut lines = Vec::new();
        let list = |value: &Value| -> String {
            let items = value.as_array().cloned().unwrap_or_default();
            items
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        };
        for host in shown["hosts"].as_array().into_iter().flatten() {
            let text = |key: &str| host[key].as_str().unwrap_or_default().to_owned();
            lines.push(format!(
                "{}  {}  {}  {}",
                text("name"),
                text("address"),
                text("distribution"),
                text("power")
            ));
            for (title, key) in [
                ("packages", "packages"),
                ("units", "active"),
                ("failed", "failed"),
                ("users", "users"),
            ] {
                let items = list(&host[key]);
                if !items.is_empty() {
                    lines.push(format!("  {title:<9} {items}"));
                }
            }
            for file in host["files"].as_array().into_iter().flatten() {
                lines.push(format!("  file      {}", file.as_str().unwrap_or_default()));
            }
        }
        if lines.is_empty() {
            lines.push(
                "no hosts yet: they are made when a rehearsal first connects to them".to_owned(),
            );
        }
        lines.join("\n")
    }

    /// A file on a host, for `rehearse shell` and tests; `None` if there is no such file.
    pub fn file(&self, host: &str, path: &str) -> Option<Vec<u8>> {
        let world = self.world();
        let content = world
            .hosts
            .get(host)?
            .tree
            .read(&Caller::root(), path)
            .ok()?;
        Some(content.bytes().to_vec())
    }

    /// Every file that a host did not come with, whoever may read it: host, path, mode and bytes.
    /// For tests that look for what must not be there.
    pub fn files(&self) -> Vec<(String, String, u32, Vec<u8>)> {
        let world = self.world();
        let mut all = Vec::new();
        for host in world.hosts.values() {
            let found = host.tree.below(&Caller::root(), "/", None);
            for (path, ino, node) in found.unwrap_or_default() {
                if let Body::File(content) = &node.body
                    && host.tree.own().contains_key(&ino)
                {
                    let bytes = content.bytes().to_vec();
                    all.push((host.name.clone(), format!("/{path}"), node.mode, bytes));
                }
            }
        }
        all
    }

    /// Everything that should be equal at the end of two runs, by host and name: files with their
    /// attributes, packages, units. What a thing is made of stands last, behind a space.
    pub fn described(&self) -> BTreeMap<(String, String), String> {
        let world = self.world();
        let mut all = BTreeMap::new();
        for host in world.hosts.values() {
            host.describe(&mut |name, what| {
                all.insert((host.name.clone(), name), what);
            });
        }
        all
    }

    /// A digest of everything that should be equal at the end of two runs: files with their
    /// attributes, packages, units; not times and numbers of inodes.
    pub fn fingerprint(&self) -> String {
        let all = self.described().into_iter();
        let text: String = all
            .map(|((host, name), what)| format!("{host} {name} {what}\n"))
            .collect();
        crate::rehearsal::tree::hex(&ring::digest::SHA256, text.as_bytes())
    }
}

/// Where files change by themselves.
fn is_volatile(path: &str) -> bool {
    ["proc/", "run/", "dev/", "sys/", "tmp/", "var/log/"]
        .iter()
        .any(|head| path.starts_with(head))
}

impl Host {
    fn show(&self, now: Time) -> Value {
        let bare = Packages::bare(&self.profile.distribution);
        let packages: Vec<String> = self
            .packages
            .all()
            .filter(|(name, _)| bare.get(name).is_none())
            .map(|(name, package)| format!("{name}={}", package.version))
            .collect();
        let units = |wanted: fn(&Phase) -> bool| -> Vec<&String> {
            self.units
                .all()
                .filter(|(_, unit)| wanted(&unit.phase))
                .map(|(name, _)| name)
                .collect()
        };
        let ports: Vec<u16> = self
            .units
            .all()
            .filter(|(_, unit)| unit.ready <= now)
            .flat_map(|(_, unit)| unit.ports.clone())
            .collect();
        let users: Vec<String> = self
            .accounts()
            .users
            .into_iter()
            .filter(|user| user.uid >= 1000 && user.uid < 60_000)
            .map(|user| user.name)
            .collect();
        let files: Vec<String> = self
            .tree
            .below(&Caller::root(), "/", None)
            .unwrap_or_default()
            .into_iter()
            .filter(|(path, ino, node)| {
                let own = self.tree.own().contains_key(ino);
                own && !is_volatile(path) && !matches!(node.body, Body::Directory(_))
            })
            .map(|(path, _, _)| format!("/{path}"))
            .collect();
        json!({
            "name": self.name,
            "address": self.profile.address,
            "distribution": format!("{} {}", self.profile.distribution.name, self.profile.distribution.version),
            "power": format!("{:?}", self.power).split('(').next().unwrap_or_default().to_lowercase(),
            "requests": self.requests,
            "packages": packages,
            "active": units(|phase| !matches!(phase, Phase::Failed(_))),
            "failed": units(|phase| matches!(phase, Phase::Failed(_))),
            "ports": ports,
            "users": users,
            "files": files,
            "used_bytes": self.tree.used(),
        })
    }

    fn describe(&self, tell: &mut dyn FnMut(String, String)) {
        let accounts = self.accounts();
        for (path, _, node) in self
            .tree
            .below(&Caller::root(), "/", None)
            .unwrap_or_default()
        {
            if is_volatile(&path) || path.starts_with("var/lib/dpkg") {
                continue;
            }
            let what = match &node.body {
                Body::File(content) => content.digest("sha256").unwrap_or_default(),
                Body::Link(target) => format!("-> {target}"),
                Body::Directory(_) => "directory".to_owned(),
                Body::Other => "other".to_owned(),
            };
            let (user, group) = (accounts.user_name(node.uid), accounts.group_name(node.gid));
            tell(
                format!("/{path}"),
                format!("{:o} {user} {group} {what}", node.mode),
            );
        }
        for (name, package) in self.packages.all() {
            tell(format!("package {name}"), package.version.clone());
        }
        for (name, unit) in self.units.all() {
            tell(format!("unit {name}"), format!("{:?}", unit.phase));
        }
    }
}
