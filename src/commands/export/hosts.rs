//! `hosts/`: the inventory as the old installer wrote it, and the key that signs in.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::gather::Page;
use crate::commands::Content;
use crate::commands::snapshot::Snapshot;
use crate::input::{Files as _, Var};
use crate::inventory::Host;

/// The groups of the old installer, in its order.
const GROUPS: [&str; 5] = ["gitlab", "kube_control_plane", "kube_node", "etcd", "vault"];
/// Variables of hosts that say how they are reached, none of them a secret.
const SHOWN: [&str; 3] = ["ansible_host", "ansible_port", "ansible_user"];

/// The files.
pub fn pages(looked: &Snapshot) -> Vec<Page> {
    let key = key(looked);
    let public = key.clone().and_then(|path| read(&format!("{path}.pub")));
    let key = key.and_then(|path| read(&path));
    vec![
        Page::open("hosts/ansible_hosts", Ok(inventory(looked).into_bytes())),
        Page::secret("hosts/id_rsa", key),
        Page::open("hosts/id_rsa.pub", public),
    ]
}

fn inventory(looked: &Snapshot) -> String {
    let inventory = &looked.loaded.inventory;
    let mut out = String::new();
    let mut said = BTreeSet::new();
    for group in GROUPS {
        let _ = writeln!(out, "[{group}]");
        for name in inventory.members(group) {
            out.push_str(name);
            // A host's variables stand where it is named first.
            if let Some(host) = inventory.hosts.get(name).filter(|_| said.insert(name)) {
                for variable in SHOWN {
                    if let Some(value) = value(host, variable) {
                        let _ = write!(out, " {variable}={value}");
                    }
                }
            }
            out.push('\n');
        }
        out.push('\n');
    }
    out + "[k8s_cluster:children]\nkube_control_plane\nkube_node\n\n[all:vars]\nno_log=true\nlocal_path_provisioner_enabled=true\n"
}

/// A variable of a host, if it is plain: a template stays where it is.
fn value(host: &Host, name: &str) -> Option<String> {
    let text = match host.vars.get(name)? {
        Var::Written(node) => node.key_text(),
        Var::Data(data) => data
            .as_str()
            .map_or_else(|| data.to_string(), ToOwned::to_owned),
        _ => return None,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:-@".contains(c);
    Some(text).filter(|text| !text.is_empty() && text.chars().all(plain))
}

/// The one key that all hosts are reached with.
fn key(looked: &Snapshot) -> Result<String, String> {
    if looked.args.rehearse {
        return Err("a rehearsal reads no key of yours".to_owned());
    }
    let hosts = looked.loaded.inventory.hosts.values();
    let keys: BTreeSet<Option<String>> = hosts
        .map(
            |host| match host.vars.get("ansible_ssh_private_key_file")? {
                Var::Written(node) => node.as_str().map(ToOwned::to_owned),
                _ => None,
            },
        )
        .collect();
    let mut keys = keys.into_iter();
    match (keys.next(), keys.next()) {
        (Some(Some(path)), None) => Ok(match (path.strip_prefix("~/"), std::env::var("HOME")) {
            (Some(rest), Ok(home)) => format!("{home}/{rest}"),
            _ => path,
        }),
        (Some(None), None) | (None, _) => {
            Err("no `ansible_ssh_private_key_file` says which key it is".to_owned())
        }
        _ => Err("the hosts do not all have the same key".to_owned()),
    }
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    let content = Content::new().read(std::path::Path::new(path));
    content.map_err(|error| format!("`{path}`: {error}"))
}
